"""Cut English prose into sentences and clauses, in time linear in its length."""

from __future__ import annotations

import re


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(text.split())


# A full stop after these ends no sentence.
_ABBREVIATIONS = word_set("mr mrs ms dr prof st ref tel ext approx incl excl e.g i.e vs ca inc ltd co")
# Nor after these, unless a capital follows.
_CLOSING_ABBREVIATIONS = word_set("a.m p.m p.s etc jan feb mar apr jun jul aug sep sept oct nov dec")
# Nor after these before a number.
_NUMBERED = word_set("no nos nr fig figs vol")
# One letter is an initial (`J. Doe`), but not after these (`option B.`).
_LETTERED = word_set("""
    option plan part section class type grade group point gate appendix annex letter column row answer choice room
    terminal size version vitamin is was or and
""")
# Marks are taken whole, from their first, or a run of them would be read again from each.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]*_]*+(?=\s|$)|\n[ \t]*+\n|\n(?=[ \t]*+(?:[-*•]|\d{1,3}[.)])[ \t])")
_OPENING = "(\"'“”‘’*_[/"
_NUMBER_FOLLOWS = re.compile(r"\s{1,3}#?[A-Z]{0,4}-?\d")
_CAPITAL_FOLLOWS = re.compile(r"\s{1,3}(?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)[A-Z]")
_ELEMENT = re.compile(r"(?:^|\n)[ \t]{0,8}\d{1,3}$")
_ELEMENT_FOLLOWS = re.compile(r"[ \t]{1,8}\S")
_VERB = (
    r"(?:['’](?:ll|ve|re|m|d|s)\b|\s(?:will|shall|have|has|had|are|am|is|was|were|can|cannot|could|would|do|did|get"
    r"|receive|need|may)\b|\s(?:ca|wo|do|did|have|are|is|was)n['’]t\b)"
)
# A subject with its verb after one of these does not begin anew.
_DEPENDING = """
    that think sure say believe if when until before unless after as which what where once how than nor only may can
    could will would shall should must might do did have had are am
"""
_BEGINS_ALONE = "".join(rf"(?<!\b{word})" for word in _DEPENDING.split())
_CLAUSE = re.compile(
    r"[;:–—]|\s-\s"
    r"|(?:,\s*+|(?<![\s,])\s++)(?:but|however|although|though|yet)\b,?"
    r"|,\s++(?=(?:and|so)?\s?(?:we|i|you|it)\b)"
    rf"|(?:,\s*+|(?<![\s,])\s++)(?:and|so)\s++(?=(?:we|i|you|it|they){_VERB}"
    rf"|(?:your|the|an?|this)\s(?:\w{{1,20}}\s){{0,2}}\w{{1,20}}{_VERB})"
    # The look-ahead comes first: the many look-behinds are then tried at few places.
    rf"|(?<![\s,])(?=\s++(?:we|i)\b){_BEGINS_ALONE}"
    r"\s++(?=(?:we|i)(?:['’](?:ll|ve|re|m)\b|\s(?:will|shall|have|are|am)\b))",
    re.IGNORECASE,
)
_LOOK_BACK = 24  # characters; no abbreviation with the word before it is longer


def sentences(text: str) -> list[str]:
    """The sentences of a text, without white space at their ends.

    A paragraph's end and the start of a list's element end a sentence too. Abbreviations (`No. 5`, `e.g.`) and initials
    end none, nor does the number of a list's element.

    >>> sentences("See order No. 5. It is late! Why?")
    ['See order No. 5.', 'It is late!', 'Why?']
    """
    found = []
    start = 0
    for end in _END.finditer(text):
        if end.group() == "." and _goes_on(text, end.start()):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if any(map(str.isalnum, sentence))]


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence that a `but`, a semicolon, a colon, a dash or a new subject with its verb divides.

    >>> clauses("We cannot refund it, but we will repair it")
    ['We cannot refund it', 'we will repair it']
    """
    return [clause.strip() for clause in _CLAUSE.split(sentence) if clause.strip()]


def _goes_on(text: str, stop: int) -> bool:
    """Whether a sentence goes on behind the full stop at a place."""
    before = text[max(0, stop - _LOOK_BACK) : stop]
    if not before[-1:].isalnum():
        return False
    previous, written = ["", *before.split()][-2:]
    written = written.lstrip(_OPENING)
    last = written.casefold()
    if last in _NUMBERED:
        return _NUMBER_FOLLOWS.match(text, stop + 1) is not None
    if last in _CLOSING_ABBREVIATIONS:
        return _CAPITAL_FOLLOWS.match(text, stop + 1) is None
    if last.isdecimal():
        return _ELEMENT.search(before) is not None and _ELEMENT_FOLLOWS.match(text, stop + 1) is not None
    if len(last) == 1 and last.isalpha():
        return written != "I" and previous.casefold() not in _LETTERED
    return last in _ABBREVIATIONS
