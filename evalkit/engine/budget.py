"""What a run may cost: what was paid, what calls in flight may cost, and whether one more fits beside them."""

from __future__ import annotations


class Budget:
    """Keeps a run within its money, as far as costs are known.

    A call whose cost can be told beforehand is begun only when what was paid, what all calls in flight may cost and
    what it may cost itself fit the budget together. Of others, each counts as the mean of those that were paid.

    Args:
        max_usd: What the run may cost, in US dollars.
        spent_usd: What was paid before.
        n_priced: For how many calls.
    """

    def __init__(self, max_usd: float, *, spent_usd: float = 0.0, n_priced: int = 0) -> None:
        self._max_usd = max_usd
        self._spent_usd = spent_usd
        self._n_priced = n_priced
        self._reserved_usd = 0.0
        """What calls in flight may cost whose cost could be told."""
        self._n_reserved = self._n_unknown = 0
        """Calls in flight whose cost could be told beforehand, and the others."""

    def fits(self, expected_usd: float | None) -> bool:
        """Whether a call may be begun that may cost so much; None when that is unknown."""
        committed = self._spent_usd + self._reserved_usd
        n_unknown = self._n_unknown + (expected_usd is None)
        if n_unknown and self._n_priced:
            committed += n_unknown * self._spent_usd / self._n_priced
        return committed + (expected_usd or 0.0) <= self._max_usd

    def begin(self, expected_usd: float | None) -> None:
        """A call has begun that may cost so much."""
        if expected_usd is None:
            self._n_unknown += 1
        else:
            self._n_reserved += 1
            self._reserved_usd += expected_usd

    def end(self, expected_usd: float | None, cost_usd: float | None, *, answered: bool) -> None:
        """A call has ended.

        Args:
            expected_usd: What was said when it began.
            cost_usd: What it cost; None when unknown.
            answered: Whether there was an answer: one without a cost is taken to have cost what was expected.
        """
        if expected_usd is None:
            self._n_unknown -= 1
        else:
            self._n_reserved -= 1
            # Sums of many small numbers drift; with nothing in flight there is nothing reserved.
            self._reserved_usd = self._reserved_usd - expected_usd if self._n_reserved else 0.0
        if cost_usd is None and answered:
            cost_usd = expected_usd
        if cost_usd is not None:
            self._spent_usd += cost_usd
            self._n_priced += 1
