"""A run's trials, to be looked at while it goes on or afterwards."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Self

from evalkit.browse.known_suite import KnownSuite, Suites
from evalkit.browse.requests import request_shown
from evalkit.browse.responses import response_shown
from evalkit.browse.selection import selected
from evalkit.findings.trials import (
    FailureGroup,
    FlakyItem,
    TrialDetail,
    TrialFilter,
    TrialPage,
    TrialSelection,
    trial_key,
)
from evalkit.plain import one_line, printable
from evalkit.record import RunFile, TrialPages, TrialReader, TrialRow, read_run_file

MAX_TRIALS = 300
"""Trials that a file carries at most when nothing else is said."""
MAX_BYTES = 450_000
"""What they take of it at most, likewise."""
NEIGHBOURS = 40
"""Of a trial in full, likewise."""
_MOST_ON_PAGE = 1_000
_SHOWN = 300


def open_trials(folder: Path, suites: Suites | None = None) -> RunTrials:
    """Open a run's trials; nothing is read before it is asked for.

    Args:
        folder: The run's; it may still be going on.
        suites: As in `KnownSuite`.

    Raises:
        RecordError: If there is no such run, or it cannot be read.
    """
    return RunTrials(folder, suites)


class RunTrials:
    """Answers questions about a run's trials; threads may share it. Every method raises RecordError as `open_trials`.

    Args:
        folder: The run's.
        suites: As in `open_trials`.
    """

    def __init__(self, folder: Path, suites: Suites | None = None) -> None:
        self._folder, self._suites = folder, suites
        self.run: RunFile = read_run_file(folder)
        TrialReader(folder).close()  # says what is wrong with a record that another version made
        self._pages = TrialPages(folder, [terms.key for terms in self.run.terms])
        self._known: KnownSuite | None = None

    @property
    def _suite(self) -> KnownSuite:
        if self._known is None:
            self._known = KnownSuite(self.run, self._suites)
        return self._known

    def total(self) -> int:
        """How many trials are recorded."""
        return self._pages.total()

    def groups(self) -> list[FailureGroup]:
        """What went wrong, by condition in plan order, in each the most frequent first."""
        return self._pages.groups()

    def page(self, wanted: TrialFilter, offset: int = 0, limit: int = 50) -> TrialPage:
        """Some of the trials that a filter finds, in plan order.

        Args:
            wanted: Which trials.
            offset: How many of them to skip.
            limit: How many to give, at most 1,000.
        """
        return self._pages.page(wanted, max(0, offset), min(max(0, limit), _MOST_ON_PAGE))

    def flaky_items(self, limit: int = 100) -> list[FlakyItem]:
        """Items that passed some of several asks and failed others, those that vary the most first."""
        return self._pages.flaky(limit)

    def detail(self, identity: str, neighbours: int = NEIGHBOURS) -> TrialDetail | None:
        """One trial in full; None when there is none of this id.

        Args:
            identity: As in `TrialSummary.id`.
            neighbours: How many of these at most.
        """
        with TrialReader(self._folder) as reader:
            return self._detail(reader, identity, neighbours)

    def _detail(self, reader: TrialReader, identity: str, neighbours: int) -> TrialDetail | None:
        key = trial_key(identity)
        summary = None if key is None else self._pages.summary(key)
        row = None if key is None else reader.row(key)
        if key is None or summary is None or row is None:
            return None
        response = response_shown(row, self._suite)
        beside, more = self._pages.neighbours(key, max(0, neighbours))
        return TrialDetail(
            summary=summary,
            request=request_shown(row, self._suite, self.run.options),
            response=response.parts,
            extracted=response.extracted,
            tool_calls=_tool_calls(row),
            finish_reason=row.finish_reason,
            tokens={
                "in": row.tokens_in,
                "out": row.tokens_out,
                "cached": row.tokens_cached,
                "reasoning": row.tokens_reasoning,
            },
            attempts=row.attempts,
            served_model=None if row.served_model is None else one_line(row.served_model, _SHOWN),
            void_message=None if row.void_message is None else printable(row.void_message),
            constraints=response.constraints,
            neighbours=tuple(beside),
            more_neighbours=more,
        )

    def selection(self, max_trials: int = MAX_TRIALS, max_bytes: int = MAX_BYTES) -> TrialSelection:
        """Trials that stand for all, the same whenever it is made of the same record.

        One of every group of failures and one of every condition's passes come first, then more of each in turn.

        Args:
            max_trials: How many at most.
            max_bytes: What the selection may take of a file about, as JSON compressed and in base64; its groups are
                never left out.
        """
        keys = [terms.key for terms in self.run.terms]
        with self._pages.current(), TrialReader(self._folder) as reader:
            return selected(self._pages, partial(self._detail, reader), keys, max_trials, max_bytes)

    def close(self) -> None:
        """Let go of what is kept in memory."""
        self._pages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _tool_calls(row: TrialRow) -> tuple[str, ...]:
    return tuple(printable(json.dumps(call, ensure_ascii=False)) for call in json.loads(row.tool_calls or "[]"))
