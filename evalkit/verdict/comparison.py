"""A condition against a baseline while the run goes on: which units make pairs, and whether more of them are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from evalkit.verdict.paired_test import PairedTerms, PairedTest
from evalkit.verdict.side import MOST_IN_FLIGHT

Before = Mapping[str, Sequence[float | None]]
"""Of one condition of a baseline, by item: what each time brought that it was asked; 1, 0, a score, or None (void)."""


class Comparison:
    """One condition against a baseline, fed with units of the later run.

    Args:
        terms: Of its test.
        before: The baseline's outcomes.
        units: Planned of the later run.
        strict: Whether it must be shown that nothing regressed.
    """

    def __init__(self, terms: PairedTerms, before: Before, *, units: int, strict: bool = False) -> None:
        self.test = PairedTest(terms)
        self.hopeful = True
        """Whether a claim is wanted that the pairs that are left could still show."""
        self._before, self._strict = before, strict
        self._came: Counter[str] = Counter()
        self._clusters: set[str] = set()
        self._pairs_left, self._units_left = sum(map(len, before.values())), units
        self._hope()

    def observe(self, item: str, after: float | None, *, cluster: str | None = None) -> None:
        """Take in a unit; one without a counterpart tells nothing.

        Args:
            item: Its item.
            after: What it brought; None when void.
            cluster: With which others it may stand or fall: of them only the first pair counts. None: with none.
        """
        self._units_left -= 1
        known, came = self._before.get(item, ()), self._came[item]
        if came < len(known):
            self._came[item] += 1
            self._pairs_left -= 1
            if cluster is None or cluster not in self._clusters:
                self.test.observe(known[came], after)
            if cluster is not None:
                self._clusters.add(cluster)
        self._hope()

    def room(self, ahead: float) -> int:
        """Units that may be in flight: as many as the comparison likely takes, times how far to go ahead."""
        return max(1, int(ahead * min(self.test.likely_further(), MOST_IN_FLIGHT)))

    def _hope(self) -> None:
        """Once given up, for good: what is still in flight would else start the hunt again and again."""
        further = min(self._pairs_left, self._units_left)
        self.hopeful = self.hopeful and (
            self.test.hopeful(further, of="regressed") or (self._strict and self.test.hopeful(further, of="held"))
        )
