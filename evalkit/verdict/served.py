"""Who answered: models and configurations as the provider names them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A model, or a configuration of one, that some of a run's answers came from."""

    name: str
    """As the provider says it."""
    trials: int
    """How many answers."""
    since: str
    """The first of them, in the order of the plan."""


class ServedCounts:
    """Counts answers by who gave them."""

    def __init__(self) -> None:
        self._trials: dict[str, int] = {}
        self._since: dict[str, tuple[int, str]] = {}

    def add(self, name: str, *, task: str, condition: str, position: int) -> None:
        """Count one answer, at its place in the plan."""
        self._trials[name] = self._trials.get(name, 0) + 1
        known = self._since.get(name)
        if known is None or position < known[0]:
            self._since[name] = position, f"{task} {condition}, unit {position + 1}"

    def served(self) -> tuple[Served, ...]:
        """In the order in which they were first counted."""
        return tuple(
            Served(name=name, trials=trials, since=self._since[name][1]) for name, trials in self._trials.items()
        )
