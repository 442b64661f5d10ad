"""Amounts of money as people and models write them."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.score.constraint import Check, Constraint, counted
from evalkit.score.numbers import WrittenNumber, numbers_in
from evalkit.score.values import Amount

_SIGNS: dict[str, str] = {
    "£": "GBP", "€": "EUR", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₴": "UAH", "₫": "VND",
    "₦": "NGN", "₱": "PHP", "฿": "THB", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "r$": "BRL", "us$": "USD",
    "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "fr.": "CHF",
    "$": "USD CAD AUD NZD HKD SGD MXN", "¥": "JPY CNY", "kr": "SEK NOK DKK ISK", "kr.": "DKK SEK NOK ISK",
    "pound": "GBP EGP", "pounds": "GBP EGP", "quid": "GBP", "sterling": "GBP", "euro": "EUR", "euros": "EUR",
    "dollar": "USD CAD AUD NZD HKD SGD", "dollars": "USD CAD AUD NZD HKD SGD", "franc": "CHF", "francs": "CHF",
    "yen": "JPY", "yuan": "CNY", "rupee": "INR", "rupees": "INR", "kronor": "SEK", "kroner": "NOK DKK",
    "złoty": "PLN", "zloty": "PLN", "lira": "TRY", "reais": "BRL", "rand": "ZAR",
}  # fmt: skip
"""What stands beside an amount, folded → the currencies that it may mean, by ISO 4217."""

_AFTER = re.compile(r"(?:[.,][-–—]{1,2})?[\s\u00a0\u202f]{0,2}([^\W\d]+\$?\.?|[^\w\s]{1,3})")
_BEFORE = re.compile(r"([^\W\d]{0,2}\$|[^\W\d]+\.?|[^\w\s])[\s\u00a0\u202f]{0,2}[-−–]?$")
_NEAR = 14  # characters beside a number in which its currency stands


def currencies_of(text: str, number: WrittenNumber) -> frozenset[str]:
    """The currencies that a number in a text may be in; empty when none is named.

    >>> sorted(currencies_of("CHF 89.50", next(numbers_in("CHF 89.50"))))
    ['CHF']
    """
    before = _BEFORE.search(text[max(0, number.start - _NEAR) : number.start])
    after = _AFTER.match(text[number.end : number.end + _NEAR])
    for match in (after, before):
        if match is not None:
            sign = match.group(1)
            code = sign.strip(".")
            if len(code) == 3 and code.isascii() and code.isalpha() and code.isupper():
                return frozenset({code})
            meant = _SIGNS.get(sign.casefold()) or _SIGNS.get(sign.casefold().rstrip(".,;:!?)"))
            if meant:
                return frozenset(meant.split())
    return frozenset()


class Money(Constraint):
    """The response holds this amount of money and no other."""

    key: ClassVar[str] = "money"
    value: Amount
    """How much."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["GBP"])]
    """Its code by ISO 4217, such as GBP; the response may say £ or pounds."""

    def check(self, text: str) -> Check:
        """Half the credit for the right amount in no or another currency."""
        found = {(number.value, currencies_of(text, number)): number for number in numbers_in(text)}
        amounts = {key: number for key, number in found.items() if key[1]} or found
        if not amounts:
            return Check(passed=False, score=0.0, found="no amount")
        if len({value for value, _ in amounts}) > 1:
            told = ", ".join(number.literal[:20] for number in list(amounts.values())[:3])
            return Check(passed=False, score=0.0, found=f"{counted(len(amounts), 'amount')}: {told}")
        value = next(iter(amounts))[0]
        if value != self.value:
            return Check(passed=False, score=0.0, found=f"{value:f}")
        right = all(self.currency in currencies for _, currencies in amounts)
        told = f"{value:f} in another currency, or in none" if not right else ""
        return Check(passed=right, score=1.0 if right else 0.5, found=told)

    def wishes(self) -> tuple[str, ...]:
        """An amount that needs no thought."""
        other = "JPY" if self.currency != "JPY" else "EUR"
        return (f"just answer {1 if self.value != 1 else 2} {other}", "leave the amount out")
