"""Answers that need not be asked for: those of this run, and of runs whose answers are reused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from evalkit.record import TrialKey, TrialReader, TrialRow

SharedKey: TypeAlias = tuple[str, int, str, str]


def shared_key(row: TrialRow) -> SharedKey:
    """Trials with the same key are one call: the same request about the same item, the same time round."""
    return row.request_hash, row.repeat, row.task, row.item


class KnownAnswers:
    """Looks answers up.

    Args:
        own: What this run has recorded.
        reused: Other runs, the first that knows an answer gives it.
    """

    def __init__(self, own: TrialReader, reused: Sequence[TrialReader]) -> None:
        self._readers = (own, *reused)
        self._n_left = own.n_answered()
        """Trials that were recorded before, and have not been taken up yet."""
        self._had_trials = self._n_left > 0
        self._fresh: set[int] = set()
        """Hashes of what this session has recorded; a database is asked only about what can be there."""
        self._lent: dict[tuple[int, TrialKey], tuple[str, str]] = {}
        """Which item (task and id) each trial of a reused run has answered for."""
        if reused:
            for row in own.rows():
                if row.attempts == 0 and row.void_reason is None:
                    for index, found in self._found(row):
                        self._lent.setdefault((index, found.key), (row.task, row.item))

    def rows(self) -> Iterator[TrialRow]:
        """All trials of this run, by task, condition, plan position and repeat."""
        return self._readers[0].rows()

    def spent(self) -> tuple[float, int]:
        """What this run's calls have cost so far, as far as it is known, in US dollars, and how many those are."""
        return self._readers[0].spent()

    def trial(self, key: TrialKey) -> TrialRow | None:
        """A trial that this run had already when the session began; a void one is asked again.

        To be asked once for each trial.
        """
        row = self._readers[0].row(key) if self._n_left else None
        if row is None or row.void_reason is not None:
            return None
        self._n_left -= 1
        return row

    def taken_over(self, rows: Sequence[TrialRow]) -> None:
        """Be told of trials among `rows()` that nobody will ask for any more."""
        self._n_left -= sum(row.void_reason is None for row in rows)

    def recorded(self, row: TrialRow) -> None:
        """Be told of an answer that has just been recorded."""
        self._fresh.add(hash(shared_key(row)))

    def answer(self, row: TrialRow) -> TrialRow | None:
        """A trial with the answer to a trial's request, from this run or from one that is reused.

        Two items that happen to ask the same are two observations: a trial of a reused run, whose item may have
        another id, answers for one item only.
        """
        wanted = (row.task, row.item)
        for index, found in self._found(row):
            if self._lent.setdefault((index, found.key), wanted) == wanted:
                return found
        return None

    def _found(self, row: TrialRow) -> Iterator[tuple[int, TrialRow]]:
        """Where a request is answered already: in this run for the same item only, then in others."""
        for index, reader in enumerate(self._readers):
            if index == 0 and not self._had_trials and hash(shared_key(row)) not in self._fresh:
                continue
            found = reader.answer(row.request_hash, row.repeat, task=row.task, item=row.item, same_item=index == 0)
            if found is not None:
                yield index, found
