"""Make texts comparable: what a comparison leaves out, in any language."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

Ignored: TypeAlias = Literal["case", "accents", "punctuation", "spaces"]

Ignore = Annotated[tuple[Ignored, ...], Field(strict=False)]
"""Differences that do not matter: `case`, `accents`, `punctuation`, `spaces`."""

# Letters with a stroke, or joined ones, are letters of their own to Unicode; who types without accents writes others.
_PLAIN = str.maketrans({
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ı": "i",
    "þ": "th", "Þ": "Th", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
})  # fmt: skip


# Hyphens, minus signs and apostrophes that typesetting puts in the place of the typewriter's.
_TYPEWRITTEN = str.maketrans(dict.fromkeys("‐‑‒–−", "-") | dict.fromkeys("’‘ʼ", "'") | dict.fromkeys("“”", '"'))
# What these become is another value: `10²` is not `102`.
_KEPT = ("<super>", "<sub>", "<circle>", "<fraction>")
_MOST_MARKS = 30
"""Combining marks in a row that count, the rest are dropped: putting them into order takes quadratic time.

Source:
    Unicode Standard Annex 15, Stream-Safe Text Format.
"""


def unified(text: str) -> str:
    """A text with every character written in one way.

    One code point or several, full width or half, ligature or letters, typeset or typewriter marks: all the same
    (NFKC, except that superscripts, circled digits and fractions stay).

    >>> unified("cafe\u0301 Ａ‑1 ﬁne 10²")
    'café A-1 fine 10²'
    """
    if text.isascii():
        return text
    import regex  # loaded with the first text that needs it

    text = regex.sub(rf"(\p{{M}}{{{_MOST_MARKS}}})\p{{M}}+", r"\1", text)
    text = unicodedata.normalize("NFC", text.translate(_TYPEWRITTEN))
    return unicodedata.normalize("NFC", "".join(char if char.isascii() else _unified(char) for char in text))


@lru_cache(maxsize=4096)
def _unified(char: str) -> str:
    return char if unicodedata.decomposition(char).startswith(_KEPT) else unicodedata.normalize("NFKC", char)


def without_accents(text: str) -> str:
    """The letters without the marks on, below or through them.

    >>> without_accents("Ærøskøbing, Łódź, façade")
    'AEroskobing, Lodz, facade'
    """
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare.translate(_PLAIN))


def normalised(text: str, ignore: Collection[Ignored] = ()) -> str:
    """A text for comparison with another one.

    White space at both ends never matters, nor what `unified` makes the same.

    Args:
        text: Any text.
        ignore: Which differences to remove besides.

    >>> normalised(" Café, au lait! ", ["case", "accents", "punctuation"])
    'cafe au lait'
    """
    text = unified(text)
    if "accents" in ignore:
        text = without_accents(text)
    if "case" in ignore:
        text = text.casefold()
    if "punctuation" in ignore:
        text = "".join(char for char in text if char not in "`~|^" and not unicodedata.category(char).startswith("P"))
    if "spaces" in ignore:
        text = "".join(text.split())
    return text.strip()
