from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from evalkit.errors import did_you_mean
from evalkit.score.constraint import Check, Constraint, Places, quoted
from evalkit.score.lexicons import lexicons
from evalkit.score.phrases import Wording, phrase
from evalkit.score.values import show

_SHOWN = 3


def _alternatives(value: Any) -> Any:
    """Widen to a tuple of tuples: every element must be there, in one of its forms."""
    elements = value if isinstance(value, list | tuple) else [value]
    widened = tuple(
        tuple(map(phrase_of, element)) if isinstance(element, list | tuple) else (phrase_of(element),)
        for element in elements
    )
    if not all(widened):
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
    return tuple(map(phrase_of, value))


def phrase_of(value: Any) -> str:
    """A word or phrase that an author wrote; a number is one too.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not any(map(str.isalnum, value)):
        raise ValueError(f"found {show(value)}, expected a word or phrase")
    return value


PHRASES: dict[str, Any] = {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1}
"""JSON Schema of a list of words and phrases."""

Groups = Annotated[
    tuple[tuple[str, ...], ...],
    BeforeValidator(_alternatives),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "number"]},
                # An item may have none.
                {**PHRASES, "items": {"anyOf": [PHRASES["items"], PHRASES]}, "minItems": 0},
            ]
        }
    ),
]
"""Words and phrases, each with its alternatives."""


class Mentions(Constraint):
    """The response mentions every one of these words or phrases."""

    key: ClassVar[str] = "mentions"
    short: ClassVar[str | None] = "phrases"
    phrases: Groups
    """What to mention, which may be nothing; an element that is a list itself holds alternatives, any of which will
    do."""

    def check(self, text: str) -> Check:
        """The score is the share that is mentioned."""
        wording = Wording(text)
        missing = [group[0] for group in self.phrases if not any(phrase(each).is_in(wording) for each in group)]
        share = (len(self.phrases) - len(missing)) / len(self.phrases) if missing else 1.0
        return Check(passed=not missing, score=share, found=_listed("lacks", missing))

    def wishes(self) -> tuple[str, ...]:
        """To leave one element out with all its alternatives: any that was left would do."""
        if not self.phrases:
            return ()
        *others, last = min(map(_needed, self.phrases), key=len)
        named = f"{', '.join(others)} or {last}" if others else last
        return (f"leave out any mention of {named}", f"avoid the {'words' if others else 'word'} {named}")


class Avoids(Constraint):
    """The response has none of these words or phrases, or nothing of a named lexicon."""

    key: ClassVar[str] = "avoids"
    short: ClassVar[str | None] = "phrases"
    phrases: Annotated[
        str | tuple[str, ...],
        BeforeValidator(_avoided),
        # An item may have nothing to avoid.
        WithJsonSchema({"anyOf": [{"type": "string"}, {**PHRASES, "minItems": 0}]}),
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

    def places(self, text: str) -> Places:
        """Every hit."""
        if isinstance(self.phrases, str):
            return tuple(sorted(set(lexicons()[self.phrases].places(text))))
        return tuple(sorted({place for each in self.phrases for place in phrase(each).places(text)}))

    def wishes(self) -> tuple[str, ...]:
        """To use one of them."""
        if isinstance(self.phrases, str):
            return lexicons()[self.phrases].wishes
        if not self.phrases:
            return ()
        words = f"the {'words' if ' ' in self.phrases[0] else 'word'} {quoted(self.phrases[0])}"
        return (f"use {words}", f"work {words} into your answer")


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
