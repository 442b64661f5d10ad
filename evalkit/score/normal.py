"""Make texts comparable: what a comparison leaves out, in any language."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
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


def without_accents(text: str) -> str:
    """The letters without the marks on, below or through them.

    >>> without_accents("Ærøskøbing, Łódź, façade")
    'AEroskobing, Lodz, facade'
    """
    decomposed = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return unicodedata.normalize("NFC", "".join(char for char in decomposed if not unicodedata.combining(char)))


def normalised(text: str, ignore: Collection[Ignored] = ()) -> str:
    """A text for comparison with another one.

    White space at both ends never matters, nor whether a character is written as one code point or several, in full
    width or half (Unicode's form NFKC).

    Args:
        text: Any text.
        ignore: Which differences to remove besides.

    >>> normalised(" Café, au lait! ", ["case", "accents", "punctuation"])
    'cafe au lait'
    """
    text = unicodedata.normalize("NFKC", text)
    if "accents" in ignore:
        text = without_accents(text)
    if "case" in ignore:
        text = text.casefold()
    if "punctuation" in ignore:
        text = "".join(char for char in text if not unicodedata.category(char).startswith("P"))
    if "spaces" in ignore:
        text = "".join(text.split())
    return text.strip()
