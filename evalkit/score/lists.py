"""Constraints on answers that are lists, however a model writes them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from evalkit.score.constraint import Check, Constraint, counted, quoted
from evalkit.score.json_text import NotJsonError, parse_json
from evalkit.score.normal import normalised
from evalkit.score.numbers import read_number
from evalkit.score.values import show, text_of

Element: TypeAlias = str
"""An element for comparison: folded, and a number in one way of writing."""

_BULLET = re.compile(r"\s*(?:[-*•+]|\(?\d{1,4}[.)])\s+")
_AND = re.compile(r"(?:and|or|&)\s+", re.IGNORECASE)
_LAST_AND = re.compile(r"\s+(?:and|&)\s+", re.IGNORECASE)
_NOTHING = frozenset({"", "[]", "none", "nothing", "-", "empty", "(none)", "n/a", "null"})
_WRAPPING = " \t\"'“”‘’«»`*_.;"


def elements(text: str) -> list[str]:
    r"""The elements of a written list.

    A JSON array, one element a line (bullets and numbers in front do not count), or elements with commas or semicolons
    between them, the last with an `and` before it. `none`, `nothing`, `-` and nothing at all are the empty list.

    >>> elements("- pears\n- figs"), elements("pears, figs and plums")
    (['pears', 'figs'], ['pears', 'figs', 'plums'])
    """
    text = text.strip()
    if text.casefold().strip(_WRAPPING) in _NOTHING:
        return []
    if text.startswith("["):
        try:
            value = parse_json(text)
        except NotJsonError:
            text = text.strip("[]")
        else:
            return [each if isinstance(each, str) else show_json(each) for each in value]
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return [_BULLET.sub("", line, count=1).strip(_WRAPPING) for line in lines]
    parts = re.split(r"\s*[;]\s*" if ";" in text else r",\s+|,(?!\d)", text)
    if len(parts) > 1:
        parts[-1] = _AND.sub("", parts[-1], count=1) if _AND.match(parts[-1]) else parts[-1]
        head, *tail = _LAST_AND.split(parts[-1], maxsplit=1)
        parts[-1:] = [head, *tail]
    else:
        parts = _LAST_AND.split(text)
    return [part for part in (part.strip(_WRAPPING) for part in parts) if part]


def show_json(value: Any) -> str:
    """An element of a JSON array as text: numbers as they are written."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def comparable(element: str) -> Element:
    """An element such that equal ones are the same text.

    >>> comparable("3.0") == comparable("3"), comparable("Figs ") == comparable("figs")
    (True, True)
    """
    number = read_number(element) if element[-1:].isdigit() else None
    if number is not None and not any(map(str.isalpha, element)):
        return f"{number.normalize():f}"
    return normalised(element, ["case"])


def _values(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError(f"found {show(value)}, expected a list")
    return tuple(text_of(each) for each in value)


Values = Annotated[
    tuple[str, ...],
    BeforeValidator(_values),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "number"]}}),
]


class ListOf(Constraint):
    """The response lists these elements in this order."""

    key: ClassVar[str] = "list"
    short: ClassVar[str | None] = "value"
    value: Values
    """The elements; may be none. Case does not matter, nor how a number is written."""

    def check(self, text: str) -> Check:
        """The score is the share of places that hold the right element."""
        found = [comparable(each) for each in elements(text)]
        wanted = [comparable(each) for each in self.value]
        if found == wanted:
            return Check(passed=True, score=1.0)
        right = sum(one == other for one, other in zip(found, wanted, strict=False))
        reason = f"{counted(len(found), 'element')}, {right} of {len(wanted)} in place"
        return Check(passed=False, score=right / max(len(found), len(wanted)), found=reason)

    def wishes(self) -> tuple[str, ...]:
        """Another order, or less."""
        if len(self.value) < 2:
            return ('add "unknown" to the list',)
        return ("give the list from back to front", "leave out the first element of the list")


class SetOf(Constraint):
    """The response lists these elements in any order."""

    key: ClassVar[str] = "set"
    short: ClassVar[str | None] = "value"
    value: Values
    """The elements; may be none. Case does not matter, nor how a number is written, nor that one is given twice."""

    def check(self, text: str) -> Check:
        """The score is the share of elements, of both lists together, that both have."""
        found = {comparable(each): each for each in elements(text)}
        wanted = {comparable(each): each for each in self.value}
        missing = [each for key, each in wanted.items() if key not in found]
        extra = [each for key, each in found.items() if key not in wanted]
        if not missing and not extra:
            return Check(passed=True, score=1.0)
        reasons = [f"lacks {', '.join(map(quoted, missing[:3]))}"] if missing else []
        reasons += [f"has {', '.join(map(quoted, extra[:3]))}"] if extra else []
        n_common, n_all = len(wanted) - len(missing), len(wanted) + len(extra)
        return Check(passed=False, score=n_common / n_all, found="; ".join(reasons))

    def wishes(self) -> tuple[str, ...]:
        """One element more, or less."""
        return ('add "unknown" to the list', *(("leave out one element of the list",) if self.value else ()))


class Sorted(Constraint):
    """The response lists its elements in order."""

    key: ClassVar[str] = "sorted"
    short: ClassVar[str | None] = "order"
    order: Literal["ascending", "descending"] = "ascending"
    """Numbers by size, where all elements are numbers; else texts by the alphabet, whatever their case."""

    def check(self, text: str) -> Check:
        """The score is the share of neighbours that stand in order."""
        found = elements(text)
        numbers = [read_number(each) for each in found]
        keys: list[Any] = numbers if all(number is not None for number in numbers) else list(map(comparable, found))
        if self.order == "descending":
            keys.reverse()
        pairs = [one <= other for one, other in pairwise(keys)]
        share = sum(pairs) / len(pairs) if pairs else float(bool(found))
        reason = "" if share == 1 else f"{sum(pairs)} of {counted(len(pairs), 'pair')} in order" if found else "no list"
        return Check(passed=share == 1, score=share, found=reason)

    def wishes(self) -> tuple[str, ...]:
        """The opposite order."""
        opposite = "largest" if self.order == "ascending" else "smallest"
        return (f"sort it with the {opposite} first", "mix the order up a little")
