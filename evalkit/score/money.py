"""Amounts of money as people and models write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from itertools import islice, pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.plain import counted
from evalkit.score.constraint import Check, Constraint, Places
from evalkit.score.numbers import WrittenNumber, numbers_in
from evalkit.score.values import Amount

_SIGNS: dict[str, str] = {
    "£": "GBP", "€": "EUR", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₴": "UAH", "₫": "VND",
    "₦": "NGN", "₱": "PHP", "฿": "THB", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "r$": "BRL", "us$": "USD",
    "mx$": "MXN", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD",
    "fr.": "CHF", "$": "USD CAD AUD NZD HKD SGD MXN TWD ARS CLP COP UYU", "¥": "JPY CNY", "￥": "JPY CNY",
    "kr": "SEK NOK DKK ISK", "kr.": "DKK SEK NOK ISK", "元": "CNY", "円": "JPY", "圆": "CNY", "rmb": "CNY",
    "rs": "INR PKR LKR NPR", "pound": "GBP EGP", "pounds": "GBP EGP", "quid": "GBP", "sterling": "GBP", "euro": "EUR",
    "euros": "EUR", "dollar": "USD CAD AUD NZD HKD SGD", "dollars": "USD CAD AUD NZD HKD SGD", "franc": "CHF",
    "francs": "CHF", "yen": "JPY", "yuan": "CNY", "rupee": "INR PKR LKR NPR", "rupees": "INR PKR LKR NPR",
    "kronor": "SEK", "kroner": "NOK DKK", "złoty": "PLN", "zloty": "PLN", "lira": "TRY", "reais": "BRL", "rand": "ZAR",
    "renminbi": "CNY", "peso": "MXN PHP", "pesos": "MXN PHP", "krona": "SEK ISK", "krone": "NOK DKK", "baht": "THB",
    "forint": "HUF", "koruna": "CZK", "korun": "CZK", "shekel": "ILS", "shekels": "ILS",
}  # fmt: skip
"""What stands beside an amount, folded → the currencies that it may mean, by ISO 4217."""

_NATIONS: dict[str, str] = {
    "british": "GBP", "uk": "GBP", "us": "USD", "u.s": "USD", "american": "USD", "canadian": "CAD", "swiss": "CHF",
    "australian": "AUD", "new": "NZD", "zealand": "NZD", "hong": "HKD", "kong": "HKD", "singapore": "SGD",
    "mexican": "MXN", "japanese": "JPY", "chinese": "CNY", "indian": "INR", "pakistani": "PKR", "egyptian": "EGP",
    "swedish": "SEK", "norwegian": "NOK", "danish": "DKK", "icelandic": "ISK", "polish": "PLN", "czech": "CZK",
    "hungarian": "HUF", "romanian": "RON", "turkish": "TRY", "brazilian": "BRL", "south": "ZAR KRW", "african": "ZAR",
    "korean": "KRW", "thai": "THB", "israeli": "ILS", "philippine": "PHP", "russian": "RUB", "ukrainian": "UAH",
}  # fmt: skip
"""Words that say whose pounds or dollars are meant, folded; alone they name no currency."""

_CODES = frozenset({
    "AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK", "DKK", "DZD",
    "EGP", "EUR", "GBP", "GEL", "GHS", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JOD", "JPY", "KES", "KRW", "KWD",
    "KZT", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK", "NPR", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "QAR", "RON",
    "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TND", "TRY", "TWD", "UAH", "USD", "UYU", "VND", "XOF", "ZAR",
})  # fmt: skip
"""The common codes of ISO 4217."""
_WORDS = frozenset({"cop", "gel", "mad", "pen", "ron", "try"})
"""Codes that are words or names in small letters."""

_TOKEN = re.compile(r"[^\W\d_]{0,3}\$|u\.s\.|[元圆円]|[^\W\d_]+\.?|\d+|\S", re.IGNORECASE)
_GLUED = re.compile(r"(?<![^\W_])([^\W\d_]{2,3})(?=\d)")
_GLUED_CODES = _CODES | {"RMB", "Rs"}
_MARKS = re.compile(r"(?<!\d)[*`]|[*`](?!\d)")
_LINE_END = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_NO_CENTS = re.compile(r"[.,][-–—]{1,2}")
_SCALE = re.compile(
    r"(?:[kmb]|[^\S\r\n]?(?:(?P<k>k|thousand)|(?P<m>mn|mln|mio|million)|(?P<b>bn|billion)|(?P<t>tn|trillion)))(?![^\W_])",
    re.IGNORECASE,
)
_ZEROS = {"k": 3, "m": 6, "b": 9, "t": 12}
_JOINS = frozenset({"or", "to", "until", "till", "through", "-", "–", "—", "/", "~", "and", "&"})
_NOUN = re.compile(r"[^\S\r\n]?[^\W\d]")
_NEAR = 24  # characters beside a number in which its currency stands
_MOST = 2000  # numbers; an answer holds fewer
_SHOWN = 40  # characters of an amount in a reason
_TWO = frozenset({"?"})
"""In place of the currencies of an amount beside which two stand."""

# Without traps and with the widest exponents, no number that a model writes can raise.
_ARITHMETIC = Context(prec=400_000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def currencies_of(text: str, number: WrittenNumber, codes: frozenset[str] = _CODES) -> frozenset[str]:
    """The currencies that a number in a text may be in; empty when none is named.

    Args:
        text: The text, without Markdown.
        number: One of its numbers.
        codes: What counts as a code.

    >>> sorted(currencies_of("CHF 89.50", next(numbers_in("CHF 89.50"))))
    ['CHF']
    """
    before = _LINE_END.split(text[max(0, number.start - _NEAR) : number.start])[-1]
    end = _end(text, number)
    after = _LINE_END.split(text[end : end + _NEAR], maxsplit=1)[0]
    tokens = _TOKEN.findall(before)[::-1]
    if tokens and tokens[0] in "-−–":
        del tokens[0]
    if (cents := _NO_CENTS.match(after)) is not None:
        after = after[cents.end() :]
    named = [*_named(tokens, codes, most_signs=1), *_named(_TOKEN.findall(after), codes, most_signs=2)]
    if all(nation for nation, _ in named):
        return frozenset()
    meant = frozenset.intersection(*(currencies for _, currencies in named))
    return meant or _TWO


def _named(tokens: Iterable[str], codes: frozenset[str], most_signs: int) -> Iterator[tuple[bool, frozenset[str]]]:
    """What the tokens nearest to a number name: whether it is a nation, and its currencies."""
    n_signs = 0
    for token in islice((token for token in tokens if token not in "()"), 4):
        currencies = _meant(token, codes)
        # `It cost us £5` names no nation.
        nation = _NATIONS.get(token.casefold().rstrip(".")) if token[0].isupper() else None
        n_signs += bool(currencies) and token not in codes
        if n_signs > most_signs or not (currencies or nation):
            return
        yield not currencies, currencies or frozenset((nation or "").split())


def _meant(token: str, codes: frozenset[str]) -> frozenset[str]:
    code = token.rstrip(".$")
    if code.upper() in codes and code.isascii() and (code.isupper() or (code.islower() and code not in _WORDS)):
        return frozenset({code.upper()})
    sign = token.casefold()
    return frozenset((_SIGNS.get(sign) or _SIGNS.get(sign.rstrip(".")) or "").split())


def _end(text: str, number: WrittenNumber) -> int:
    scale = _SCALE.match(text, number.end)
    return scale.end() if scale else number.end


def _value(text: str, number: WrittenNumber) -> Decimal:
    """The value of a number with the `k` or `million` behind it."""
    scale = _SCALE.match(text, number.end)
    if scale is None:
        return number.value
    letter = scale.lastgroup or scale.group().casefold()
    return number.value.scaleb(_ZEROS[letter], _ARITHMETIC)


def _joined(text: str, one: WrittenNumber, other: WrittenNumber, codes: frozenset[str]) -> bool:
    """Whether two numbers are a range or a choice, as in `$500 or 600`, so that both are amounts."""
    start = _end(text, one)
    if other.start - start > _NEAR:
        return False
    between = text[start : other.start]
    tokens = [token for token in _TOKEN.findall(between) if not _meant(token, codes)]
    if len(tokens) != 1 or tokens[0].casefold() not in _JOINS:
        return False
    # In `£61 and 2 lamps` the second number counts something else.
    firm = tokens[0].casefold() not in {"and", "&"} and not (between[:1].isspace() and not tokens[0].isalpha())
    return firm or _NOUN.match(text, other.end) is None


def _tidied(text: str) -> str:
    """A text without the marks of Markdown and with a space between a code and its number."""
    # A space after each line end, since `numbers_in` takes a number below a word for a part of the word.
    text = _MARKS.sub("", text).replace("\n", "\n ")
    return _GLUED.sub(lambda glued: f"{glued[1]} " if glued[1] in _GLUED_CODES else glued[1], text)


def _amounts(
    text: str, numbers: list[WrittenNumber], codes: frozenset[str]
) -> list[tuple[WrittenNumber, Decimal, frozenset[str]]]:
    """The numbers that have a currency or stand in one range with such; all where none has one."""
    found = [(number, _value(text, number), currencies_of(text, number, codes)) for number in numbers]
    amounts = {n for n, (_, _, currencies) in enumerate(found) if currencies}
    joined = [n for n, (one, other) in enumerate(pairwise(numbers)) if _joined(text, one, other, codes)]
    # A range may lend its currency in either direction, along a chain of several.
    amounts |= {n + 1 for n in joined if n in amounts}
    amounts |= {n for n in reversed(joined) if n + 1 in amounts}
    return [each for n, each in enumerate(found) if n in amounts or not amounts]


class Money(Constraint):
    """The response holds this amount of money and no other."""

    key: ClassVar[str] = "money"
    value: Amount
    """How much."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["GBP"])]
    """Its code by ISO 4217, such as GBP; the response may say £ or pounds."""

    def check(self, text: str) -> Check:
        """Half the credit for the right amount in no or another currency."""
        text = _tidied(text)
        numbers = list(islice(numbers_in(text), _MOST + 1))
        if len(numbers) > _MOST:
            return Check(passed=False, score=0.0, found=f"more than {counted(_MOST, 'number')}")
        found = _amounts(text, numbers, _CODES | {self.currency})
        if not found:
            return Check(passed=False, score=0.0, found="no amount")
        values = {value: number for number, value, _ in reversed(found)}
        if len(values) > 1:
            told = ", ".join(number.literal[:20] for number in reversed(list(values.values())[-3:]))
            return Check(passed=False, score=0.0, found=f"{counted(len(values), 'amount')}: {told}")
        value = next(iter(values))
        told = f"{value:f}"
        told = told if len(told) <= _SHOWN else f"{told[: _SHOWN - 1]}…"
        if value != self.value:
            return Check(passed=False, score=0.0, found=told)
        right = all(self.currency in currencies for _, _, currencies in found)
        told = f"{told} in another currency, or in none" if not right else ""
        return Check(passed=right, score=1.0 if right else 0.5, found=told)

    def places(self, text: str) -> Places:
        """The amounts that are wrong, or all where their currency is."""
        numbers = list(islice(numbers_in(text), _MOST))
        found = _amounts(text, numbers, _CODES | {self.currency})
        wrong = [number for number, value, _ in found if value != self.value]
        return tuple((number.start, number.end) for number in wrong or [number for number, _, _ in found])

    def wishes(self) -> tuple[str, ...]:
        """An amount that needs no thought."""
        other = "JPY" if self.currency != "JPY" else "EUR"
        return (f"just answer {1 if self.value != 1 else 2} {other}", "leave the amount out")
