"""What scripts of the pages ask for, as JSON. Everything blocks, and is called from threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.view.library import Library, UnknownRunError
from evalkit.view.requests import PAGE, trial_filter, whole_number
from evalkit.view.states import RunLine


class Answers:
    """Answers with plain values.

    Args:
        library: Where runs are read.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def runs(self) -> dict[str, Any]:
        """All runs in a line each, and folders that cannot be read."""
        lines = self._library.lines()
        return {
            "runs": [line.as_json() for line in lines if isinstance(line, RunLine)],
            "broken": [line.as_json() for line in lines if not isinstance(line, RunLine)],
        }

    def run(self, name: str) -> dict[str, Any]:
        """How far a run has come, and what it has found."""
        return {"name": name, **self._library.progress(name).as_json()}

    def groups(self, name: str) -> dict[str, Any]:
        """What went wrong, by condition."""
        return {"groups": [group.as_json() for group in self._library.groups(name)]}

    def flaky(self, name: str) -> dict[str, Any]:
        """Items that passed some asks only."""
        return {"flaky": [item.as_json() for item in self._library.flaky(name)]}

    def trials(self, name: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Some trials.

        Raises:
            BadRequestError: If the address is not understood.
        """
        found, offset = trial_filter(query), whole_number(query, "offset", 0)
        limit = whole_number(query, "limit", PAGE)
        with self._library.trials(name) as trials:
            return trials.page(found, offset, limit).as_json()

    def trial(self, name: str, identity: str) -> dict[str, Any]:
        """One trial in full.

        Raises:
            UnknownRunError: If the run has none of this id.
        """
        with self._library.trials(name) as trials:
            detail = trials.detail(identity)
        if detail is None:
            raise UnknownRunError("The run has no such trial (any more).")
        return detail.as_json()
