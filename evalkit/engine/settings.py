"""How a plan is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from evalkit.engine.asked import Asked


def default_concurrency(model: Asked, *, batch: bool) -> int:
    """Calls in flight unless the user says otherwise; with batches, the most requests of a round."""
    # Where a model takes fewer it sees to that itself, and the next are ready while answers are being recorded.
    return 10_000 if batch else max(16, model.usual_concurrency or 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """How a plan is carried out; nothing here changes what is measured."""

    concurrency: int | None = None
    """Calls in flight, or answered but not yet on the disk: as many, at most, does a killed run pay for twice. 16,
    or as many as the model is made for, when None."""
    max_void: float = 0.02
    """Share of void trials above which the run has failed."""
    keep_requests: bool = False
    batch: bool = False
    """Whether calls are handed in as the provider's batches."""
    max_cost_usd: float = inf
    """What the run may cost, as far as costs are known."""
    run_id: str = ""
    """Of the run, for keys by which a provider knows a call that is made once more; without one there are none."""

    def __post_init__(self) -> None:
        """Refuse what no run could be carried out with.

        Raises:
            ValueError: If a number is out of range.
        """
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"found concurrency {self.concurrency}, expected at least 1")
        if not 0 <= self.max_void <= 1:
            raise ValueError(f"found max_void {self.max_void}, expected a share from 0 to 1")
