"""Every error that evalkit raises on purpose.

    EvalkitError            exit 2: wrong usage
    ├── SuiteError          exit 2: a suite or its items are wrong; all problems of the file at once
    ├── AdapterError        exit 2: no such adapter, a bad card, a key that is not set
    ├── TransportError      one trial without an observation; within a run it becomes a void trial
    │   └── FatalTransportError   exit 4: no trial can succeed (authentication refused, unknown model)
    └── RecordError         exit 2, or 4 when the disk refuses: a run folder cannot be used

Each says where, what was found, what was expected, and what to do. Bad numeric arguments of pure functions
stay ValueError.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

EXIT_UNUSABLE = 1
"""A gate failed: unusable, regressed, or no model can be chosen."""
EXIT_USAGE = 2
EXIT_EDGE = 3
"""A gate could not say."""
EXIT_INFRASTRUCTURE = 4
EXIT_CRASH = 70
EXIT_INTERRUPTED = 130
_SHOWN = 10
"""Problems of one kind that a message lists."""


class EvalkitError(Exception):
    """Anything that went wrong and can be explained in one message."""

    exit_code: int = EXIT_USAGE


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file that somebody wrote by hand."""

    path: Path
    """The file, as the user named it."""
    line: int = 0
    """1-based; 0 when the problem is not on a line (a missing file)."""
    key: str = ""
    """Path to the value, such as `tasks.addition.threshold`."""
    message: str
    """What was found, what was expected, what to do."""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class SuiteError(EvalkitError):
    """A suite, or a file that it names, is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class AdapterError(EvalkitError):
    """A model cannot be reached because of how it was named or set up."""


class TransportError(EvalkitError):
    """A call brought no observation; the trial is void.

    Args:
        reason: A short word for the record, such as `timeout`, `http-500`, `truncated-body`.
        message: For people; never holds a key or a request header.
        attempts: How often the call was made before it was given up.
    """

    exit_code = EXIT_INFRASTRUCTURE

    def __init__(self, reason: str, message: str, *, attempts: int = 1) -> None:
        self.reason = reason
        self.attempts = attempts
        super().__init__(message)


class FatalTransportError(TransportError):
    """No call of this run can succeed: stop at once."""


class RecordError(EvalkitError):
    """A run folder cannot be read or written.

    Args:
        message: What is wrong and what to do.
        exit_code: 4 when the machine is at fault (a full disk), else 2.
    """

    def __init__(self, message: str, *, exit_code: int = EXIT_USAGE) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def refuse(problems: Sequence[object]) -> None:
    """End with a message of what is wrong, the first ten of many.

    Raises:
        EvalkitError: If there is anything.
    """
    if problems:
        lines = [str(problem) for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            lines.append(f"… and {len(problems) - _SHOWN:,} more like these")
        raise EvalkitError("\n".join(lines))


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Complete a message about an unknown name: the nearest known one, then all of them.

    >>> did_you_mean("exakt", ["exact", "number"])
    'Did you mean "exact"? Known: exact, number.'
    """
    names = sorted(known)
    near = difflib.get_close_matches(found, names, n=1, cutoff=0.6)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    return f"{hint}Known: {', '.join(names)}." if names else hint.rstrip()
