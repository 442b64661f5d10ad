from __future__ import annotations

from typing import Protocol

from evalkit.verdict.results import ConditionResult
from evalkit.verdict.terms import Key, Outcome, Reason, Verdict


class Decider(Protocol):
    """Says what to ask next and what it all amounts to.

    A run that is resumed makes a new decider from the same terms and feeds it the recorded outcomes first; units that
    it never handed out itself count as handed out.
    """

    def next(self) -> Key | None:
        """The condition that should get its next unit now; None when nothing should be started before more is known."""

    def observe(self, key: Key, outcome: Outcome) -> None:
        """Take in what a unit brought: in plan order within a condition, in any order between conditions.

        Raises:
            ValueError: If the outcome is not the condition's next one.
        """

    def stop(self, reason: Reason) -> None:
        """Start nothing more; conditions that lack units have this reason."""

    def verdict(self, key: Key) -> Verdict:
        """A condition's verdict so far; cheaper than its result."""

    @property
    def ended(self) -> bool:
        """Whether, by what was observed, nothing more is wanted."""

    def result(self, key: Key) -> ConditionResult:
        """What is known of a condition so far."""
