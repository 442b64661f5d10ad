"""How requests get to models and answers back: servers, programs, processes, recordings."""

from __future__ import annotations

from evalkit.transport.model import Model
from evalkit.transport.opening import DEFAULT_TIMEOUT_S, Opener, open_model, opener

__all__ = ["DEFAULT_TIMEOUT_S", "Model", "Opener", "open_model", "opener"]
