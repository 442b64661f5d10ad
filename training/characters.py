"""The characters that the models read and write, and the numbers that stand for them."""

from __future__ import annotations

END = "\n"
"""Ends an answer; in a prompt it is a character like others."""
UNKNOWN = "?"
"""Read in place of every other character."""
VOCABULARY = END + " abcdefghijklmnopqrstuvwxyz0123456789+-*/=:;,.!?'\"(){}[]#%&@$_|"

_CODES = {character: code for code, character in enumerate(VOCABULARY)}


def encode(text: str) -> list[int]:
    """The tokens of a text, one a character.

    >>> "".join(VOCABULARY[code] for code in encode("Ünique: 7"))
    '?nique: 7'
    """
    unknown = _CODES[UNKNOWN]
    return [_CODES.get(character, unknown) for character in text.lower()]
