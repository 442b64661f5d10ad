"""What people ask for: carrying a plan out, and measuring what was recorded."""

from evalkit.engine.engine import Engine
from evalkit.engine.measured import Measured, trials_frame
from evalkit.engine.outcomes import measure
from evalkit.engine.session import Session, check_model, resume, start
from evalkit.engine.settings import EngineSettings
from evalkit.engine.stored import stored_suite

__all__ = [
    "Engine",
    "EngineSettings",
    "Measured",
    "Session",
    "check_model",
    "measure",
    "resume",
    "start",
    "stored_suite",
    "trials_frame",
]
