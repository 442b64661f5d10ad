"""Find the answer inside a response before constraints read it.

Every step takes text to text in time linear in its length; the first one may take the response's tool calls instead.
What is not there gives nothing, which every constraint that reads it counts as a fail: an observation, never an error.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field

from evalkit.errors import did_you_mean
from evalkit.json_path import PATTERN, follow
from evalkit.score.arguments import build
from evalkit.score.errors import ConstraintError
from evalkit.score.json_text import NotJsonError, first_json, parse_json
from evalkit.score.numbers import numbers_in
from evalkit.score.values import show

T = TypeVar("T")

Marker = Annotated[str, Field(min_length=1)]
Which = Literal["first", "last"]
Name = Literal["whole", "first_number", "last_number", "choice", "json", "fenced"]

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n?", re.MULTILINE)
_STATED = re.compile(
    r"\b(?i:(?:answer|choice|option)(?:[ \t]{1,3}is|[ \t]{0,3}[:=])|answer)[:*_\"'“(\[ \t]{0,6}"
    # A capital states an option, except the pronoun; a small letter only where nothing of a sentence follows.
    r"(?:([A-HJ-Z]|I(?! [a-z]))(?![\w'’])|([a-z])(?=[)\].](?!\w)|[ \t]*$))",
    re.MULTILINE,
)
_LEADING = re.compile(r"[*_\"'“(\[]{0,4}([A-Za-z])[*_\"'”]{0,3}(?:[).\]:](?!\w)|[ \t]*(?:\n|$))")
# What follows a letter that is named along with another one.
_HEDGE = re.compile(
    r"[\s).\]*,\"'”]{0,6}(?:\bor\b|\band\b|[/&,])[\s(\[*\"'“]{0,6}(?:[A-HJ-Z](?!\w)|(?<=[(\[])[a-z][)\]])"
)
_BRACKETED = re.compile(r"[(\[]([A-Za-z])[)\]]")
# The pronoun and the article are no options.
_ALONE = re.compile(
    r"(?<![\w'’])(?:([B-HJ-Z]|A(?! (?!(?:is|as|because|since|seems|would|fits|holds)\b)[a-z]))"
    r"|(?<=[Oo]ption )(A)|(?<=[Cc]hoice )(A))(?![\w'’])"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Nothing:
    """What was looked for is not in the response."""

    sought: str
    """Such as `number`."""

    @property
    def reason(self) -> str:
        """For people."""
        return f"nothing to extract: no {self.sought}"


class Step(BaseModel):
    """One extractor."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    @abstractmethod
    def take(self, text: str) -> str | Nothing:
        """The part of a text that it looks for."""


class After(Step):
    """What follows a marker."""

    key: ClassVar[str] = "after"
    after: Marker
    """The marker, whatever its case."""
    which: Which = "last"
    """Which occurrence, when there are several; models come to their answer at the end."""
    line: bool = False
    """Up to the end of the line only."""

    def take(self, text: str) -> str | Nothing:
        """Without white space at the ends."""
        place = _occurrence(text, self.after, self.which)
        if place is None:
            return Nothing(sought=show(self.after))
        rest = text[place.end() :]
        return (rest.partition("\n")[0] if self.line else rest).strip()


class Before(Step):
    """What comes before a marker."""

    key: ClassVar[str] = "before"
    before: Marker
    """The marker, whatever its case."""
    which: Which = "first"
    """Which occurrence, when there are several."""

    def take(self, text: str) -> str | Nothing:
        """Without white space at the ends."""
        place = _occurrence(text, self.before, self.which)
        return Nothing(sought=show(self.before)) if place is None else text[: place.start()].strip()


class Path(Step):
    """A value inside the first JSON object or array."""

    key: ClassVar[str] = "path"
    path: Annotated[str, Field(pattern=PATTERN, examples=["orders[0].total"])]
    """Names with dots between, and places in lists: `customer.orders[0].total`."""

    def take(self, text: str) -> str | Nothing:
        """A text as it is, anything else as JSON: `49.9`, `null`, `["a"]`; a whole number without a fraction: `50`."""
        found = _json(text)
        try:
            value = follow(parse_json(text.strip() if found is None else found), self.path)
        except NotJsonError:
            return Nothing(sought="JSON")
        except LookupError:
            return Nothing(sought=show(self.path))
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Strip(Step):
    """The text without certain characters, and white space, at both ends."""

    key: ClassVar[str] = "strip"
    strip: Marker
    """The characters, in any order."""

    def take(self, text: str) -> str:
        """Perhaps nothing but the empty text."""
        return text.strip(f"{self.strip} \t\r\n")


class Named(Step):
    """An extractor without settings."""

    name: Name

    def take(self, text: str) -> str | Nothing:
        """As the name says."""
        reader = READERS[self.name]
        found = reader.take(text)
        return Nothing(sought=reader.sought) if found is None else found


@dataclass(frozen=True, kw_only=True, slots=True)
class Extract:
    """Extractors to be applied in order."""

    steps: tuple[Step, ...]
    tool_calls: bool = False
    """Whether the first of them reads the response's tool calls, not its text."""

    def take(self, text: str, tool_calls: Sequence[Mapping[str, Any]] = ()) -> str | Nothing:
        """What constraints are to read.

        Args:
            text: The response's text.
            tool_calls: Its tool calls, each `{"name": …, "arguments": {…}}`.
        """
        if self.tool_calls:
            if not tool_calls:
                return Nothing(sought="tool call")
            text = json.dumps([dict(call) for call in tool_calls], ensure_ascii=False)
        for step in self.steps:
            part = step.take(text)
            if isinstance(part, Nothing):
                return part
            text = part
        return text


WITH_SETTINGS: tuple[type[After] | type[Before] | type[Path] | type[Strip], ...] = (After, Before, Path, Strip)
TOOL_CALLS = "tool_calls"
TOOL_CALLS_ABOUT = 'The tool calls as JSON, `[{"name": …, "arguments": {…}}]`; in a list of extractors it stands first.'
WHOLE = Extract(steps=(Named(name="whole"),))


def read_extract(entry: object) -> Extract:
    """Read an `extract:` of a suite: one extractor, or a list of them.

    Raises:
        ConstraintError: If it is written wrongly; its path is relative to the entry.
    """
    if entry == TOOL_CALLS:
        return Extract(steps=(), tool_calls=True)
    if not isinstance(entry, list):
        return Extract(steps=(_read_step(entry, ()),))
    if not entry:
        raise ConstraintError((), "found an empty list, expected at least one extractor")
    calls = entry[0] == TOOL_CALLS
    steps = tuple(_read_step(step, (index,)) for index, step in enumerate(entry) if index or not calls)
    return Extract(steps=steps, tool_calls=calls)


def _read_step(entry: object, path: tuple[str | int, ...]) -> Step:
    known = [TOOL_CALLS, *get_args(Name), *(kind.key for kind in WITH_SETTINGS)]
    if entry == TOOL_CALLS:
        raise ConstraintError(path, f'"{TOOL_CALLS}" reads the response itself; put it first')
    if isinstance(entry, dict):
        for kind in WITH_SETTINGS:
            if kind.key in entry:
                return build(kind, entry, path)
        name = next((str(key) for key in entry), "")
        raise ConstraintError(path, f'unknown extractor "{name}". {did_you_mean(name, known)}')
    if not isinstance(entry, str):
        raise ConstraintError(path, f"found {show(entry)}, expected an extractor. {did_you_mean('', known)}")
    if any(kind.key == entry for kind in WITH_SETTINGS):
        raise ConstraintError(path, f'"{entry}" needs a text, as in {{{entry}: "…"}}')
    if entry not in get_args(Name):
        raise ConstraintError(path, f'unknown extractor "{entry}". {did_you_mean(entry, known)}')
    return Named.model_validate({"name": entry})


def _occurrence(text: str, marker: str, which: Which) -> re.Match[str] | None:
    found = re.finditer(re.escape(marker), text, re.IGNORECASE)
    return next(found, None) if which == "first" else _last(found)


def _last(values: Iterable[T]) -> T | None:
    kept = deque(values, maxlen=1)
    return kept[0] if kept else None


def _first_number(text: str) -> str | None:
    return next((number.literal for number in numbers_in(text)), None)


def _last_number(text: str) -> str | None:
    return _last(number.literal for number in numbers_in(text))


def _fenced(text: str) -> str | None:
    opening = _FENCE.search(text)
    if opening is None:
        return None
    mark = opening.group(1)
    closing = re.compile(rf"^[ \t]*{mark[0]}{{{len(mark)},}}[ \t]*$", re.MULTILINE).search(text, opening.end())
    # Like Markdown: a fence that is never closed goes on to the end.
    return text[opening.end() : closing.start() if closing else None].strip("\r\n")


def _json(text: str) -> str | None:
    inside = _fenced(text)
    found = first_json(inside) if inside is not None else None
    return found if found is not None else first_json(text)


def _choice(text: str) -> str | None:
    """The letter of an option: as stated last, at the start, in brackets, or alone; never guessed among several."""
    text = text.lstrip()
    told = _last(_STATED.finditer(text)) or _LEADING.match(text)
    if told is not None:
        return None if _HEDGE.match(text, told.end()) else _letter(told)
    for pattern in (_BRACKETED, _ALONE):
        letters = {_letter(match) for match in pattern.finditer(text)}
        if letters:
            return letters.pop() if len(letters) == 1 else None
    return None


def _letter(match: re.Match[str]) -> str:
    return match.group(match.lastindex or 0).upper()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """How an extractor without settings works."""

    take: Callable[[str], str | None]
    sought: str
    """What is lacking when it finds nothing."""
    about: str
    """One line for people."""


READERS: dict[Name, Reader] = {
    "whole": Reader(take=str.strip, sought="text", about="The response without white space at the ends."),
    "first_number": Reader(take=_first_number, sought="number", about="The first number."),
    "last_number": Reader(take=_last_number, sought="number", about="The last number."),
    "choice": Reader(take=_choice, sought="single choice letter", about="The letter of an option: (B), B., answer: B."),
    "json": Reader(
        take=_json, sought="JSON object or array", about="The first JSON object or array, in a fence or in prose."
    ),
    "fenced": Reader(take=_fenced, sought="fenced block", about="The contents of the first fenced block."),
}
