"""What chat models put around an answer that was asked for alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from evalkit.score.constraint import Check, Constraint, Places, quoted

Wrapping: TypeAlias = Literal["courtesy", "announcement", "label", "quotes", "markdown", "remark"]

_LABELS = (
    "answer|category|description|headline|json|message|output|queue|reply|response|result|subject|subject line|summary|"
    "ticket|title|translation"
)
# These begin real titles (`Email: change of address`), unless something before them says whose they are.
_WEAK_LABELS = "email|label|suggestion|proposal|recommendation"
_OWNERS = "a|the|my|your|final|best|suggested|proposed|possible|new|good|better"
# Every pattern is anchored, or bounded in what it may skip: the time is linear in the text.
_BEGINNINGS: Mapping[Wrapping, re.Pattern[str]] = {
    "courtesy": re.compile(
        r"(?:sure(?: thing)?|certainly|absolutely|of course|okay|ok|got it|understood|al(?:l )?right|no problem"
        r"|great|gladly|happy to help"
        r"|i'?d be happy to[^.!:\n]{0,40})[,!.:]",
        re.IGNORECASE,
    ),
    "announcement": re.compile(
        r"(?:here(?:'s|’s|\s+is|\s+are|\s+you\s+go)\b|below\s+(?:is|are)\b|the\s+following\s+is\b"
        r"|(?:based\s+on|as\s+requested|as\s+per|after\s+reading)\b[^:,\n]{0,60}[:,]"
        r"|given\s+(?:the|this|that|your)\s(?:[\w-]{1,20}\s){0,3}(?:complaint|context|description|details|email"
        r"|information|instructions?|message|request|text)\b[^:,\n]{0,40}[:,]"
        r"|i(?:'d|’d|\s+would)?\s+(?:suggest|propose|recommend|go\s+with)\b[^:.,\n]{0,30}:"
        rf"|(?:an?|the|my|your|one|this)\s(?:[\w-]{{1,20}}\s){{0,4}}(?:{_LABELS}|{_WEAK_LABELS})\b[^:.,\n]{{0,60}}"
        r"\b(?:(?:is|are|be)(?:\s(?:as\s+follows|below|here|now|simply|then|therefore|this))?\s?"
        r"|(?:follows|below)\b[^:.,\n]{0,30}):)",
        re.IGNORECASE,
    ),
    "label": re.compile(
        rf"(?:\[[^\]\n]{{0,30}}\b(?:{_LABELS})\b[^\]\n]{{0,10}}\]"
        rf"|(?:(?:{_OWNERS}|ticket|customer|customer-support|support|help ?desk)\s+){{0,3}}"
        rf"(?:{_LABELS}|option(?=\s?\d))"
        r"(?:\s+(?:title|option|draft))?(?:\s*#?\s?\d{1,6})?(?:\s?:|\s[-–—]\s)"
        rf"|(?:(?:{_OWNERS})\s+){{1,3}}(?:{_WEAK_LABELS})(?:\s?:|\s[-–—]\s))",
        re.IGNORECASE,
    ),
    "markdown": re.compile(r"#{1,6}\s|[*_]{1,3}\S[^*_\n]{0,300}[*_]{1,3}(?:\W|$)|>\s|[-*+]\s|1[.)]\s|`|~~~|\|"),
}
_QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»", "‘": "’", "'": "'"}
_ENDINGS = re.compile(
    r"[(\[][^)\]\n]{0,20}\b\d{1,4}\s+(?:words?|characters?)\b[^)\]\n]{0,10}[)\]]\.?[*_]{0,3}$"
    r"|(?:[(\[]\s?|\n[ \t*_]{0,6})(?:word|character) count:?[*_]{0,3}:?\s?\d{1,4}\s?[)\]]?\.?[*_]{0,3}$"
    r"|(?:^|[\n.!?]\s{0,4})[*_]{0,3}(?:(?:please )?let me know\b|(?:i )?hope (?:this|that|it)\b"
    r"|(?:please )?feel free to\b|would you like (?:me to|another)\b)[^\n]{0,300}$"
    # A text may begin with these.
    r"|[\n.!?]\s{0,4}[*_]{0,3}(?:note(?: that\b|[*_]{0,3}:)|(?:explanation|reasoning)[*_]{0,3}:"
    r"|this (?:title|answer|reply|response|summary|version)\b)[^\n]{0,300}$",
    re.IGNORECASE,
)
_LAST = 400  # characters in which a remark at the end is looked for
_TOLD: Mapping[Wrapping, str] = {
    "courtesy": "an opening courtesy",
    "announcement": "an announcement",
    "label": "a label",
    "quotes": "quotation marks around it",
    "markdown": "Markdown",
    "remark": "a closing remark",
}


class NoPreamble(Constraint):
    """The response is the answer alone: nothing announces it, surrounds it or comments on it."""

    key: ClassVar[str] = "no_preamble"
    allow: Annotated[tuple[Wrapping, ...], Field(strict=False)] = ()
    """What may stand there all the same: `courtesy` ("Sure!"), `announcement` ("Here is …"), `label` ("Title: …"),
    `quotes`, `markdown`, `remark` ("(5 words)", "Let me know if …")."""

    def check(self, text: str) -> Check:
        """The score falls with every kind of wrapping, to 1/2, 1/3 and so on."""
        found = [kind for kind, _, _ in _wrappings(text.strip()) if kind not in self.allow]
        told = ", ".join(_TOLD[kind] for kind in found)
        reason = f"has {told}: {quoted(text)}" if found else ""
        return Check(passed=not found, score=1 / (1 + len(found)), found=reason)

    def places(self, text: str) -> Places:
        """The wrappings."""
        before = len(text) - len(text.lstrip())
        found = [place for kind, *place in _wrappings(text.strip()) if kind not in self.allow]
        return tuple(sorted((before + start, before + end) for start, end in found))

    def wishes(self) -> tuple[str, ...]:
        """Some wrapping that is not allowed."""
        wishes: Mapping[Wrapping, str] = {
            "announcement": 'start with "Here is what you asked for:"',
            "label": 'put the word "Answer:" in front',
            "quotes": "put quotation marks around the whole of your answer",
            "remark": "finish by saying how many words you used, in brackets",
        }
        return tuple(wish for kind, wish in wishes.items() if kind not in self.allow)


def _is_quoted(text: str) -> bool:
    """Whether the mark that opens a text is closed at its end, or before its full stop, and not before."""
    closing = _QUOTES.get(text[:1], "")
    # An apostrophe inside a word closes nothing.
    first = re.search(rf"[{closing}](?!\w)", text[1:]) if closing else None
    return first is not None and text[first.end() + 1 :] in {"", ".", "!", "?", ","}


def _wrappings(text: str) -> Iterator[tuple[Wrapping, int, int]]:
    """Each with where it begins and ends."""
    start = 0
    for kind, pattern in _BEGINNINGS.items():
        begins = pattern.match(text[start:])
        if begins is not None:
            yield kind, start, start + begins.end()
            if kind == "courtesy":  # "Sure! Here is a title:" has both
                start = len(text) - len(text[begins.end() :].lstrip())
    if _is_quoted(text):
        yield "quotes", 0, len(text)
    remark = _ENDINGS.search(text, max(0, len(text) - _LAST))
    if remark is not None:
        yield "remark", *remark.span()
