"""What an address asks for, read strictly: a parameter that is not understood is said to be, never passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from evalkit.errors import EvalkitError, did_you_mean
from evalkit.findings.trials import Outcome, TrialFilter
from evalkit.plain import one_line

_FILTERS = ("task", "condition", "outcome", "constraint", "reason", "item", "text")
_DIGITS = 9
_SHOWN = 60
PAGE = 50
"""Trials of a page when nothing is said."""


class BadRequestError(EvalkitError):
    """An address asks for something in a way that is not understood."""


def trial_filter(query: Mapping[str, str]) -> TrialFilter:
    """Which trials an address wants; what is empty means any.

    Raises:
        BadRequestError: If it has a parameter of another name, or an outcome that there is not.
    """
    known = (*_FILTERS, "offset", "limit")
    check_names(query, known)
    outcome = query.get("outcome") or None
    if outcome is not None and outcome not in get_args(Outcome):
        told = did_you_mean(one_line(outcome, _SHOWN), get_args(Outcome))
        raise BadRequestError(f"outcome: found {one_line(outcome, _SHOWN)!r}. {told}")
    return TrialFilter(**{name: query.get(name) or None for name in _FILTERS})  # type: ignore[arg-type]


def check_names(query: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Refuse parameters that mean nothing.

    Raises:
        BadRequestError: If there is one.
    """
    for name in query:
        if name not in known:
            raise BadRequestError(f"found the parameter {one_line(name, _SHOWN)!r}. {did_you_mean(name, known)}")


def whole_number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    """A number from 0 on.

    Raises:
        BadRequestError: If it is none.
    """
    text = query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise BadRequestError(
            f"{name}: found {one_line(text, _SHOWN)!r}, expected a whole number of at most {_DIGITS} digits"
        )
    return int(text)


def wanted(query: Mapping[str, str], name: str) -> str:
    """A parameter that must be there.

    Raises:
        BadRequestError: If it is not.
    """
    text = query.get(name, "")
    if not text:
        raise BadRequestError(f"found no {name}, expected the name of a run, such as {name}=NAME")
    return text
