from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from evalkit.errors import did_you_mean
from evalkit.score.constraint import Check, Constraint, quoted
from evalkit.score.lexicons import lexicons
from evalkit.score.phrases import Wording, phrase
from evalkit.score.values import show

_SHOWN = 3


def _alternatives(value: Any) -> Any:
    """Widen to a tuple of tuples: every element must be mentioned, in one of its forms."""
    elements = value if isinstance(value, list | tuple) else [value]
    widened = tuple(
        tuple(map(_word, element)) if isinstance(element, list | tuple) else (_word(element),) for element in elements
    )
    if not widened or not all(widened):
        raise ValueError("found an empty list, expected at least one word or phrase")
    return widened


def _avoided(value: Any) -> Any:
    """A lexicon's name, or a tuple of words and phrases."""
    if isinstance(value, str):
        if value not in lexicons():
            hint = did_you_mean(value, lexicons())
            raise ValueError(f"no lexicon {show(value)}; write words to avoid as a list. {hint}")
        return value
    if not isinstance(value, list | tuple):
        raise ValueError(f"found {show(value)}, expected a list of words or the name of a lexicon")
    return tuple(map(_word, value))


def _word(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not any(map(str.isalnum, value)):
        raise ValueError(f"found {show(value)}, expected a word or phrase")
    return value


_PHRASES: dict[str, Any] = {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1}


class Mentions(Constraint):
    """The response mentions every one of these words or phrases."""

    key: ClassVar[str] = "mentions"
    short: ClassVar[str | None] = "phrases"
    phrases: Annotated[
        tuple[tuple[str, ...], ...],
        BeforeValidator(_alternatives),
        WithJsonSchema(
            {"anyOf": [{"type": ["string", "number"]}, {**_PHRASES, "items": {"anyOf": [_PHRASES["items"], _PHRASES]}}]}
        ),
    ]
    """What to mention; an element that is a list itself holds alternatives, any of which will do."""

    def check(self, text: str) -> Check:
        """The score is the share that is mentioned."""
        wording = Wording(text)
        missing = [group[0] for group in self.phrases if not any(phrase(each).is_in(wording) for each in group)]
        share = (len(self.phrases) - len(missing)) / len(self.phrases)
        return Check(passed=not missing, score=share, found=_listed("lacks", missing))

    def wish(self) -> str | None:
        """To leave one element out with all its alternatives: any that was left would do."""
        *others, last = min(map(_needed, self.phrases), key=len)
        return f"leave out any mention of {', '.join(others)} or {last}" if others else f"do not mention {last}"


class Avoids(Constraint):
    """The response has none of these words or phrases, or nothing of a named lexicon."""

    key: ClassVar[str] = "avoids"
    short: ClassVar[str | None] = "phrases"
    phrases: Annotated[
        str | tuple[str, ...],
        BeforeValidator(_avoided),
        # An item may have nothing to avoid.
        WithJsonSchema({"anyOf": [{"type": "string"}, {**_PHRASES, "minItems": 0}]}),
    ] = Field(union_mode="left_to_right")
    """What to leave out: a list, which may be empty, or the name of a lexicon (`emotional`)."""

    def check(self, text: str) -> Check:
        """The score falls with every hit, to 1/2, 1/3 and so on."""
        if isinstance(self.phrases, str):
            hits = list(lexicons()[self.phrases].hits(text))
        else:
            wording = Wording(text)
            hits = [each for each in self.phrases if phrase(each).is_in(wording)]
        return Check(passed=not hits, score=1 / (1 + len(hits)), found=_listed("has", hits))

    def wish(self) -> str | None:
        """To use the first of them."""
        if isinstance(self.phrases, str):
            return lexicons()[self.phrases].wish
        if not self.phrases:
            return None
        return f"use the {'words' if ' ' in self.phrases[0] else 'word'} {quoted(self.phrases[0])}"


def _needed(alternatives: Iterable[str]) -> list[str]:
    """Alternatives without those that hold another one: who leaves `refund` out leaves `refunds` and `refund fee` out.

    >>> _needed(["refund", "refunds", "refund fee", "money back"])
    ['refund', 'money back']
    """
    needed: list[str] = []
    for each in alternatives:
        if not any(phrase(kept).is_in(Wording(each)) for kept in needed):
            needed.append(each)
    return needed


def _listed(verb: str, words: Iterable[str]) -> str:
    """The first few different ones and how many more.

    >>> _listed("has", ["a", "b", "a", "c", "d"])
    'has "a", "b", "c" and 1 more'
    """
    different = list(dict.fromkeys(words))
    if not different:
        return ""
    shown = ", ".join(map(quoted, different[:_SHOWN]))
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return f"{verb} {shown}{more}"
