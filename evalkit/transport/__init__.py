"""How requests get to models and answers back: servers, programs, processes, recordings."""

from __future__ import annotations

from evalkit.transport.batch import BatchModel, BatchNews
from evalkit.transport.model import Model
from evalkit.transport.opening import Opener, open_model, opener
from evalkit.transport.pace import Bounds
from evalkit.transport.rate import read_rate

__all__ = ["BatchModel", "BatchNews", "Bounds", "Model", "Opener", "open_model", "opener", "read_rate"]
