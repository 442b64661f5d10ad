"""Cut English prose into sentences and clauses, in time linear in its length."""

from __future__ import annotations

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A full stop after these ends no sentence.
_ABBREVIATIONS = _set("""
    mr mrs ms dr prof st no nr ref tel ext approx incl excl e.g i.e etc vs ca p.s a.m p.m inc ltd co jan feb mar
    apr jun jul aug sep sept oct nov dec
""")
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|\n[ \t]*\n|\n(?=[ \t]*(?:[-*•]|\d{1,3}[.)])[ \t])")
_LAST_WORD = re.compile(r"[\w.]+$")
_CLAUSE = re.compile(
    r"[;:–—]|\s-\s|,?\s+(?:but|however|although|though|yet)\b,?|,\s+(?=(?:and|so)?\s?(?:we|i|you|it)\b)", re.IGNORECASE
)
_LOOK_BACK = 12  # characters; no abbreviation is longer


def sentences(text: str) -> list[str]:
    """The sentences of a text, without white space at their ends.

    A paragraph's end and the start of a list's element end a sentence too. Abbreviations (`No. 5`, `e.g.`) and initials
    end none.

    >>> sentences("See order No. 5. It is late! Why?")
    ['See order No. 5.', 'It is late!', 'Why?']
    """
    found = []
    start = 0
    for end in _END.finditer(text):
        if end.group() == "." and _is_abbreviation(text[max(0, end.start() - _LOOK_BACK) : end.start()]):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if any(map(str.isalnum, sentence))]


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence that a `but`, a semicolon, a colon, a dash or a new subject divides.

    >>> clauses("We cannot refund it, but we will repair it")
    ['We cannot refund it', 'we will repair it']
    """
    return [clause.strip() for clause in _CLAUSE.split(sentence) if clause.strip()]


def _is_abbreviation(before: str) -> bool:
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    last = word.group().casefold()
    # One letter is an initial, except the pronoun.
    return last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and word.group() != "I")
