"""Constraints on answers that are lists, however a model writes them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from evalkit.plain import counted
from evalkit.score.constraint import Check, Constraint, quoted
from evalkit.score.json_text import NotJsonError, parse_json
from evalkit.score.normal import normalised
from evalkit.score.numbers import read_number
from evalkit.score.values import show, text_of

Element: TypeAlias = str
"""An element for comparison: folded, and a number in one way of writing."""

_BULLET = re.compile(r"\s?(?:[-–—*+](?:\s|$)|[•‣◦▪]\s?|\(?(?:\d{1,4}[.)]|[a-zA-Z]\))\s)")
_SPACE = re.compile(r"[^\S\u00a0\u2009\u202f]+|\s{2,}")
"""White space to write as one space; alone, the spaces that group digits stay."""
_COMMA = re.compile(r",\s|,(?!\d)")
_AND = re.compile(r"\s?(?:and|or|&)\s", re.IGNORECASE)
_LAST_AND = re.compile(r"\s(?:and|&)\s", re.IGNORECASE)
_NUMBER = r"[-−–+]?\d+(?:\.\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:(?: {_NUMBER})+|(?:,{_NUMBER})+(?:,? (?:and|&) {_NUMBER})?)")
_GROUPED = re.compile(r"[-−–+]?[1-9]\d{0,2}(?:(?:,\d{3})+(?:\.\d+)?|(?:\.\d{3})+,\d+),?")
_BARE = re.compile(r"[-−–+]?\d(?:[\d.,'’\u00a0\u2009\u202f]*\d)?")
_QUOTED = re.compile(
    r"""(?<!\w)"[^"]*"(?!\w)|“[^“”]*”|«[^«»]*»|(?<!\w)`[^`]*`(?!\w)|(?<!\w)'[^']*'(?!\w)|‘[^‘’]*’(?!\w)"""
)
_HIDDEN = str.maketrans(" ,;", "\ue000\ue001\ue002")
_SHOWN = str.maketrans("\ue000\ue001\ue002", " ,;")
_NOTHING = frozenset({"", "none", "nothing", "empty", "n/a", "null"})
_OPENING = " \t\"'“”‘’«»`*_,;"
_WRAPPING = f"{_OPENING}."
_EMPTY = f"{_WRAPPING}\r\n-–—•()[]{{}}"


def elements(text: str) -> list[str]:
    r"""The elements of a written list.

    A JSON array, one element a line (bullets and numbers in front do not count), or elements with commas or semicolons
    between them, the last with an `and` before it. Bare numbers may have a comma or a space alone between them, as in
    `3,5,8`. `none`, `nothing`, `-` and nothing at all are the empty list.

    >>> elements("- pears\n- figs"), elements("pears, figs and plums")
    (['pears', 'figs'], ['pears', 'figs', 'plums'])
    """
    text = _unfenced(text)
    if (values := _json_list(text)) is not None:
        return [each if isinstance(each, str) else show_json(each) for each in values]
    if text.casefold().strip(_EMPTY) in _NOTHING:
        return []
    if text.startswith("["):
        text = text.strip("[]")
    lines = [line for line in (_SPACE.sub(" ", line).strip() for line in text.splitlines()) if line]
    parts = [_unbulleted(line) for line in lines] if len(lines) > 1 else _in_line(lines[0] if lines else "")
    return [part for part in (part.rstrip(_WRAPPING).lstrip(_OPENING) for part in parts) if part]


def _unfenced(text: str) -> str:
    """A text without white space at its ends and without the fence of a Markdown block around it."""
    text = text.strip()
    if len(text) < 6 or not text.startswith("```") or not text.endswith("```"):
        return text
    language, _, block = text[3:-3].partition("\n")
    return block.strip() if block and (not language.strip() or language.strip().isalnum()) else text[3:-3].strip()


def _json_list(text: str) -> list[Any] | None:
    if not text.startswith("["):
        return None
    try:
        value = parse_json(text)
    except NotJsonError:
        return None
    return value if isinstance(value, list) else None


def _unbulleted(text: str) -> str:
    bullet = _BULLET.match(text)
    return text[bullet.end() :] if bullet else text


def _in_line(line: str) -> list[str]:
    """The elements of a list on one line, on which no two white spaces stand side by side."""
    bulleted = _BULLET.match(line) is not None
    line = _unbulleted(line).rstrip(" ,;")
    numbers = _bare_numbers(line.rstrip(_WRAPPING).lstrip(_OPENING))
    if numbers:
        return numbers
    if ("," in line or ";" in line) and _QUOTED.fullmatch(line):
        line = line[1:-1].rstrip(" ,;")
    # What stands in quotes is one element, whatever it holds.
    line = _QUOTED.sub(lambda quote: quote.group().translate(_HIDDEN), line)
    parts = line.split(";") if ";" in line else _COMMA.split(line)
    if len(parts) > 1:
        last = parts.pop()
        joined = _AND.match(last)
        parts += _LAST_AND.split(last[joined.end() :] if joined else last, maxsplit=1)
    elif not bulleted:
        parts = _LAST_AND.split(line)
    if bulleted and all(map(_BULLET.match, parts[1:])):
        parts[1:] = map(_unbulleted, parts[1:])
    return [part.translate(_SHOWN) for part in parts]


def _bare_numbers(line: str) -> list[str]:
    """The numbers of a line of nothing else, such as `3,5 and 8`; none where commas group or part off digits."""
    if not _NUMBERS.fullmatch(line) or _GROUPED.fullmatch(line.partition(" ")[0]):
        return []
    return re.findall(_NUMBER, line)


def show_json(value: Any) -> str:
    """An element of a JSON array as text: numbers as they are written."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def comparable(element: str) -> Element:
    """An element such that equal ones are the same text.

    >>> comparable("3.0") == comparable("3"), comparable("Figs ") == comparable("figs")
    (True, True)
    """
    number = read_number(element) if _BARE.fullmatch(element.strip()) else None
    if number is None:
        return normalised(element, ["case"])
    # By its digits, since arithmetic would round it.
    digits = f"{number.copy_abs():f}"
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"-{digits}" if number < 0 else digits


def _comparables(listed: list[str]) -> list[Element]:
    # Each spelling once: a response can repeat a short one very often.
    known = {each: comparable(each) for each in set(listed)}
    return [known[each] for each in listed]


def _lists_one(text: str) -> bool:
    """Whether a text with a single element is a list: a JSON array, or a line with a bullet."""
    text = _unfenced(text)
    return _json_list(text) is not None or _BULLET.match(text) is not None


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
        found = _comparables(elements(text))
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
        listed = elements(text)
        found = dict(zip(_comparables(listed), listed, strict=True))
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
        if not found or (len(found) == 1 and not _lists_one(text)):
            return Check(passed=False, score=0.0, found="no list")
        numbers = {each: read_number(each) for each in set(found)}
        in_size = all(number is not None for number in numbers.values())
        keys: list[Any] = [numbers[each] for each in found] if in_size else _comparables(found)
        if self.order == "descending":
            keys.reverse()
        pairs = [one <= other for one, other in pairwise(keys)]
        share = sum(pairs) / len(pairs) if pairs else 1.0
        reason = "" if share == 1 else f"{sum(pairs)} of {counted(len(pairs), 'pair')} in order"
        return Check(passed=share == 1, score=share, found=reason)

    def wishes(self) -> tuple[str, ...]:
        """The opposite order."""
        opposite = "largest" if self.order == "ascending" else "smallest"
        return (f"sort it with the {opposite} first", "mix the order up a little")
