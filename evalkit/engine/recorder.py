"""Puts trials on the disk, many with each commit, and knows which are not there yet."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from evalkit.engine.asking import Ask
from evalkit.record import TrialRow, TrialWriter

Ended: TypeAlias = tuple[Ask, TrialRow]
"""A trial that is answered or void."""


class Recorder:
    """Collects trials and scores for the next commit.

    Args:
        writer: Where they are recorded.
    """

    def __init__(self, writer: TrialWriter) -> None:
        self._writer = writer
        self._ended: list[Ended] = []
        self._scored: list[TrialRow] = []
        self._uncommitted: tuple[list[TrialRow], list[TrialRow]] = ([], [])
        """Rows and scores of the commit that is under way, or has failed."""
        # A thread of its own: commits must not queue behind whatever else runs in threads.
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evalkit-commit")

    def __len__(self) -> int:
        """Trials that wait for the next commit."""
        return len(self._ended)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to commit."""
        return not self._ended and not self._scored

    def ended(self, ask: Ask, row: TrialRow) -> None:
        """A trial is answered or void."""
        self._ended.append((ask, row))

    def scored(self, row: TrialRow) -> None:
        """A recorded trial has its score."""
        self._scored.append(row)

    async def commit(self) -> list[Ended]:
        """Put on the disk what there is.

        Returns:
            The trials that are there now, unscored.

        Raises:
            RecordError: If the disk refuses.
        """
        if self.idle:
            return []
        ended, self._ended = self._ended, []
        self._uncommitted = ([row for _, row in ended], self._scored)
        self._scored = []
        self._writer.stage(*self._uncommitted)
        await asyncio.get_running_loop().run_in_executor(self._disk, self._save)
        return ended

    def _save(self) -> None:
        self._writer.save()
        self._uncommitted = ([], [])

    def save_rest(self) -> None:
        """Put on the disk what a run that ends early has not, failed commits included; it blocks.

        Raises:
            RecordError: If the disk refuses.
        """
        self._disk.shutdown()  # waits for a commit that is under way
        rows = [*self._uncommitted[0], *(row for _, row in self._ended)]
        scored = [*self._uncommitted[1], *self._scored]
        self._ended, self._scored = [], []
        if rows or scored:
            self._writer.commit(rows, scored)
