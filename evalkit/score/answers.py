"""Constraints on the answer itself: the right text, number, option."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from evalkit.plain import counted
from evalkit.score.constraint import Check, Constraint, Places, quoted
from evalkit.score.normal import Ignore, normalised, unified
from evalkit.score.numbers import WrittenNumber, numbers_in
from evalkit.score.values import Amount, Share, Text, show, text_of

_WRAPPED_AT_MOST = 120
"""Characters around an option that may be its wrapping (quotes, `Final answer:`)."""
_LABEL = (
    r"(?:[^\W\d_][\w ]{0,40}[*_`\"']{0,3}\s?[:=]"
    r"|(?:(?:the|my|final|correct|best|right)\s){0,3}(?:answer|choice|option|queue|category|class|label|department)\sis:?)"
)
_DENYING = re.compile(r"\b(?:not|never|no|neither|nor|but|except|unsure|isn't|instead of)\b", re.IGNORECASE)
"""Words in the wrapping of an option that take it back."""

_GOES_ON = re.compile(r"[^\W_]|[²³/^]")
"""What makes another unit of one: m², m/s."""
_UNIT_NEAR = 40
"""Characters beside a number in which its unit stands."""


def _units(value: Any) -> Any:
    units = tuple(text_of(each).strip() for each in (value if isinstance(value, list | tuple) else [value]))
    if not all(units):
        raise ValueError("found empty text, expected a unit such as km")
    return units


_UNIT: dict[str, Any] = {"type": "string"}
Units = Annotated[
    tuple[str, ...],
    BeforeValidator(_units),
    WithJsonSchema({"anyOf": [_UNIT, {"type": "array", "items": _UNIT}]}),
]

# Without traps and with the widest exponents, no pair of numbers that a model writes can raise.
_ARITHMETIC = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


class Exact(Constraint):
    """The response is this text."""

    key: ClassVar[str] = "exact"
    short: ClassVar[str | None] = "value"
    value: Text
    """The right answer."""
    ignore: Ignore = ()
    """Differences that do not matter: `case`, `accents`, `punctuation`, `spaces`."""

    def check(self, text: str) -> Check:
        """Pass when equal, white space at both ends aside; else the score is the edit similarity."""
        found, wanted = normalised(text, self.ignore), normalised(self.value, self.ignore)
        if found == wanted:
            return Check(passed=True, score=1.0)
        return Check(passed=False, score=_similarity(found, wanted), found=quoted(text))

    def places(self, text: str) -> Places:
        """All of it."""
        return ((0, len(text)),)

    def wishes(self) -> tuple[str, ...]:
        """A wrong answer that needs no thought."""
        other = "unknown" if normalised(self.value, ["case"]) != "unknown" else "none"
        return f'just answer "{other}"', f'write "{other}" and leave it at that'


class Similar(Constraint):
    """The response is close to this text in spelling, or no copy of it."""

    key: ClassVar[str] = "similar"
    short: ClassVar[str | None] = "value"
    value: Text
    """What to compare with."""
    min: Share | None = None
    """Least similarity that passes: 1 minus edits over the length of the longer text; 0.8 where no end is given."""
    max: Share | None = None
    """Most similarity that passes."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"found min {self.min} above max {self.max}")
        return self

    def check(self, text: str) -> Check:
        """The score is the similarity where it has to be high, else how far from the most it is."""
        similarity = _similarity(text.strip(), self.value.strip())
        least = 0.8 if self.min is None and self.max is None else self.min or 0.0
        most = 1.0 if self.max is None else self.max
        score = similarity
        if similarity > most:
            score = (1 - similarity) / (1 - most)
        elif self.max is not None and similarity >= least:
            score = 1.0
        return Check(passed=least <= similarity <= most, score=score, found=f"similarity {similarity:.2f}")

    def wishes(self) -> tuple[str, ...]:
        """A wrong answer that needs no thought."""
        if self.max is not None:
            return ("repeat what I wrote word for word", "just copy my message as it is")
        return 'just answer "unknown"', 'write "unknown" and leave it at that'


class Number(Constraint):
    """The response holds this number and no other."""

    key: ClassVar[str] = "number"
    short: ClassVar[str | None] = "value"
    value: Amount
    """The right answer."""
    tolerance: Annotated[Amount, Field(ge=0)] = Decimal(0)
    """Greatest distance that passes, in the unit of the value."""
    unit: Units = ()
    """What must stand beside the number, such as km or €; one of several spellings, whatever their case. None needed
    without it."""

    def check(self, text: str) -> Check:
        """The score is the share of digits that are right, right-aligned, or the closeness; half without the unit."""
        found = list(numbers_in(text))
        if not found:
            return Check(passed=False, score=0.0, found="no number")
        first = found[0]
        if any(number.value != first.value for number in found):
            several = ", ".join(number.literal[:20] for number in found[:3])
            return Check(passed=False, score=0.0, found=f"{counted(len(found), 'number')}: {several}")
        distance = _ARITHMETIC.subtract(first.value, self.value).copy_abs()
        passed = first.value == self.value or distance <= self.tolerance
        score = 1.0 if passed else _closeness(first.value, self.value)
        if self.unit and not any(_has_unit(text, number, self.unit) for number in found):
            return Check(passed=False, score=score / 2, found=f"{first.literal[:40]} without {self.unit[0]}")
        return Check(passed=passed, score=score, found=first.literal[:40])

    def places(self, text: str) -> Places:
        """The numbers that are wrong, or all where they are right and lack their unit."""
        found = list(numbers_in(text))
        wrong = [
            number for number in found if _ARITHMETIC.subtract(number.value, self.value).copy_abs() > self.tolerance
        ]
        return tuple((number.start, number.end) for number in wrong or found)

    def wishes(self) -> tuple[str, ...]:
        """A number that needs no thought."""
        other = 0 if self.value.copy_abs() > self.tolerance else self.value + self.tolerance + 1
        return f"just answer {other}", f"skip the working out and put {other}"


class Choice(Constraint):
    """The response is this one of the options."""

    key: ClassVar[str] = "choice"
    value: Text
    """The right answer, one of the options."""
    options: Annotated[tuple[Text, ...], Field(strict=False, min_length=2)]
    """All that may be answered. Case, quotes and a label such as `Answer:` do not matter."""

    @model_validator(mode="after")
    def _among(self) -> Self:
        names = [option.strip().casefold() for option in self.options]
        if "" in names or len(set(names)) < len(names):
            raise ValueError("found an empty or repeated option, expected different ones")
        if self.value.strip().casefold() not in names:
            raise ValueError(f"found {show(self.value)}, expected one of the options: {', '.join(self.options)}")
        return self

    def check(self, text: str) -> Check:
        """Half the credit for the right option inside a longer text; none for two options, whichever they are."""
        text = unified(text)
        named, answer = _options(tuple(map(unified, self.options)))
        found = list(dict.fromkeys(match.group().casefold() for match in named.finditer(text)))
        if not found:
            return Check(passed=False, score=0.0, found=f"none of the options: {quoted(text)}")
        if len(found) > 1:
            return Check(passed=False, score=0.0, found=f"names {len(found)} options: {', '.join(found[:3])}")
        right = found[0] == unified(self.value).strip().casefold()
        wrapped = len(text) <= len(found[0]) + _WRAPPED_AT_MOST and answer.fullmatch(text)
        if not wrapped or _DENYING.search(named.sub("", text)):
            return Check(passed=False, score=0.5 if right else 0.0, found=f"{quoted(found[0])} inside a longer text")
        return Check(passed=right, score=float(right), found=found[0])

    def places(self, text: str) -> Places:
        """The options that are wrong."""
        named, _ = _options(tuple(map(unified, self.options)))
        right, read = unified(self.value).strip().casefold(), unified(text)
        if len(read) != len(text):  # places in the one are not those in the other
            return ()
        return tuple(match.span() for match in named.finditer(read) if match.group().casefold() != right)

    def wishes(self) -> tuple[str, ...]:
        """The option that follows the right one, so that the answers asked for differ as the right ones do."""
        names = [option.strip().casefold() for option in self.options]
        following = self.options[(names.index(self.value.strip().casefold()) + 1) % len(names)].strip()
        return f"put this down as {following}", f"file it under {following}"


@lru_cache(maxsize=256)
def _options(options: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns for an option somewhere in a text, and for a text that is an option in its wrapping."""
    # Longest first, so that "yes, partly" is not read as "yes".
    longest_first = sorted((option.strip() for option in options), key=len, reverse=True)
    either = "|".join(re.escape(option) for option in longest_first)
    named = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    return named, re.compile(rf"[\W_]*(?:{_LABEL})?[\W_]*?(?:{either})[\W_]*", re.IGNORECASE)


def _has_unit(text: str, number: WrittenNumber, units: Sequence[str]) -> bool:
    after = text[number.end : number.end + _UNIT_NEAR].lstrip().casefold()
    before = text[max(0, number.start - _UNIT_NEAR) : number.start].rstrip().casefold()
    for unit in map(str.casefold, units):
        follows = after.startswith(unit) and not _GOES_ON.match(after, len(unit))
        if follows or (before.endswith(unit) and not (unit[0].isalpha() and before[: -len(unit)][-1:].isalpha())):
            return True
    return False


def _closeness(found: Decimal, wanted: Decimal) -> float:
    digits, wanted_digits = _digits(found), _digits(wanted)
    if digits is not None and wanted_digits is not None:
        places = max(len(digits), len(wanted_digits))
        pairs = zip(digits.zfill(places), wanted_digits.zfill(places), strict=True)
        wrong_sign = (found < 0) != (wanted < 0)
        return sum(one == other for one, other in pairs) / (places + wrong_sign)
    distance = _ARITHMETIC.subtract(found, wanted).copy_abs()
    scale = max(found.copy_abs(), wanted.copy_abs())
    return float(max(Decimal(0), 1 - _ARITHMETIC.divide(distance, scale)))


def _digits(value: Decimal) -> str | None:
    """The digits of an integer; None for any other number."""
    whole, _, fraction = format(value.copy_abs(), "f").partition(".")
    return None if fraction.strip("0") else whole


def _similarity(one: str, other: str) -> float:
    # Loaded with the first use: most suites need no edit distance.
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(one, other))
