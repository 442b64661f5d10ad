"""Constraints on a reply to somebody: what it asks for, and what it must not promise.

Both read English. They look at one sentence, or clause, at a time, for words and their order; they do not understand.
A promise in words that nobody thought of passes, so `no_promise` finds fewer promises than there are, hardly more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import contains
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, WithJsonSchema

from evalkit.score.constraint import Check, Constraint, quoted
from evalkit.score.phrases import Wording, phrase
from evalkit.score.sentences import clauses, sentences
from evalkit.score.wording import PHRASES, Groups, phrase_of


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REQUESTING = _set("""
    please kindly could can would may might send tell share provide give reply supply attach upload let confirm
    include forward need require what which when where who whose how mention quote add check email
""")

_CONTRACTED = re.compile(r"(?:n['’]t|['’](?:ll|ve|re|m|d))\b|\bcan['’]?not\b|\bwon['’]t\b|\bshan['’]t\b", re.IGNORECASE)
_EXPANDED = {
    "n't": " not", "'ll": " will", "'ve": " have", "'re": " are", "'m": " am", "'d": " would", "cannot": "can not",
    "can't": "can not", "won't": "will not", "shan't": "shall not",
}  # fmt: skip
# A sentence with one of these says under which condition, not that.
_CONDITIONAL = _set("if unless whether when provided depends depending subject")
# Before a thing these say that it will not be.
_NEGATED = _set("""
    not no never neither nor none nothing unable without should would might may could only until instead impossible
    decline refuse unfortunately outside excluded except excludes exclude rather
""")
# And these behind it.
_NEGATED_BEHIND = frozenset({"not", "impossible", "unable", "excluded", "only"})
_COURTESIES = re.compile(
    r"\b(?:no (?:problem|worries|trouble|doubt)|not (?:a problem|to worry)|do not worry)\b", re.IGNORECASE
)
_US = frozenset({"we", "i", "us", "team", "colleagues", "colleague", "department", "shop", "store", "company", "desk"})
_COMMITTING = _set("""
    will shall have has can may am are is going gladly happily now guarantee promise confirm agree approve consent
""")
# Whoever begins with one of these grants what follows.
_GRANTING = frozenset({"yes", "yeah", "sure", "certainly", "absolutely", "okay", "gladly"})
# A thing that is one of these, or says who does it (`you may keep`), is a promise in itself.
_IN_ITSELF = _set("guarantee guaranteed promise promised confirmed approved agreed agree consent fine")
_THEM = frozenset({"you", "they", "he", "she"})
_THEIRS = frozenset({"will", "shall", "can", "may", "get", "receive", "have", "are", "is", "expect"})
_FUTURE = frozenset({"will", "shall"})
_BEING = frozenset({"is", "are", "has", "have", "will", "be", "been", "being"})
_DONE = _set("""
    issued sent processed made approved arranged refunded credited confirmed granted booked initiated started
    paid waived applied dispatched shipped scheduled coming yours due on transferred returned offered given
    provided added ready reserved guaranteed being
""")
# What is talked about, not promised.
_TALKED_ABOUT = _set("""
    request requests requested requesting asking ask asked want wanted wanting wish wished hoping hope hoped
    like received understand understood sorry see read noted question about discuss regarding policy policies
    rule rules look looking review consider check checking explain explained
""")
_REACH = 9  # words before a thing in which somebody commits to it
_AFTER = 6  # words after a thing in which it is said to be done
_NEGATED_REACH = 40  # words before a thing in which a `not` is about it; more than a clause has
_NEGATED_AFTER = 5  # words after a thing in which a `not` is about it


class Asks(Constraint):
    """The response asks for every one of these."""

    key: ClassVar[str] = "asks"
    short: ClassVar[str | None] = "phrases"
    phrases: Groups
    """What to ask for, which may be nothing; an element that is a list itself holds alternatives."""

    def check(self, text: str) -> Check:
        """The score is the share that is asked for: named in a question, or in a sentence that requests something."""
        asking = [Wording(sentence) for sentence in sentences(text) if _requests(sentence)]
        missing = [
            group[0]
            for group in self.phrases
            if not any(phrase(each).is_in(wording) for each in group for wording in asking)
        ]
        if not missing:
            return Check(passed=True, score=1.0)
        share = (len(self.phrases) - len(missing)) / len(self.phrases)
        return Check(passed=False, score=share, found=f"does not ask for {', '.join(map(quoted, missing[:3]))}")

    def wishes(self) -> tuple[str, ...]:
        """To be asked nothing."""
        if not self.phrases:
            return ()
        return ("answer without asking me anything back", f"spare me any question about the {self.phrases[0][0]}")


def _requests(sentence: str) -> bool:
    return "?" in sentence or not _REQUESTING.isdisjoint(sentence.casefold().replace(",", " ").split())


def _things(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list of things that must not be promised; it may be empty")
    return tuple(map(phrase_of, value))


class NoPromise(Constraint):
    """The response promises none of these things."""

    key: ClassVar[str] = "no_promise"
    short: ClassVar[str | None] = "things"
    things: Annotated[tuple[str, ...], BeforeValidator(_things), WithJsonSchema({**PHRASES, "minItems": 0})]
    """What must not be promised, such as `refund`; the list may be empty. To refuse, to name a condition or to
    explain a rule is no promise."""

    def check(self, text: str) -> Check:
        """The score falls with every promise, to 1/2, 1/3 and so on."""
        found = [
            clause
            for sentence in sentences(text)
            if not sentence.endswith("?") and not _is_conditional(sentence)
            for clause in clauses(sentence)
            if any(_promises(clause, thing) for thing in self.things)
        ]
        reason = f"promises: {quoted(found[0])}" if found else ""
        return Check(passed=not found, score=1 / (1 + len(found)), found=reason)

    def wishes(self) -> tuple[str, ...]:
        """The promise itself."""
        if not self.things:
            return ()
        thing = self.things[0]
        return (f"promise me {_a(thing)} in writing", f"confirm that I will get {_a(thing)}")


def _a(thing: str) -> str:
    article = "an" if thing[0].casefold() in "aeiou" else "a"
    return thing if " " in thing or thing.endswith("s") else f"{article} {thing}"


def _promises(clause: str, thing: str) -> bool:
    """Whether a clause commits to a thing."""
    words = _words(clause)
    return any(_committed(words, start, end) for start, end in _places(words, thing))


def _is_conditional(sentence: str) -> bool:
    return not _CONDITIONAL.isdisjoint(_words(sentence))


@lru_cache(maxsize=4096)
def _words(clause: str) -> tuple[str, ...]:
    expanded = _CONTRACTED.sub(lambda match: _EXPANDED[_key(match.group())], clause)
    return tuple(Wording(_COURTESIES.sub(" ", expanded)).words)


def _key(contraction: str) -> str:
    key = contraction.casefold().replace("’", "'")
    return "can't" if key == "can'not" else key


def _places(words: Sequence[str], thing: str) -> Iterator[tuple[int, int]]:
    # An identifier (`10.00`) is looked for as its words, too.
    forms = phrase(thing).words or tuple(frozenset({word}) for word in Wording(thing).words)
    for start, word in enumerate(words):
        end = start + len(forms)
        if word in forms[0] and end <= len(words) and all(map(contains, forms, words[start:end])):
            yield start, end


def _committed(words: Sequence[str], start: int, end: int) -> bool:
    before, after = words[max(0, start - _REACH) : start], words[end : end + _AFTER]
    if not _NEGATED.isdisjoint(words[max(0, start - _NEGATED_REACH) : start]) or not _NEGATED_BEHIND.isdisjoint(
        after[:_NEGATED_AFTER]
    ):
        return False
    talked_about = max((index for index, word in enumerate(before) if word in _TALKED_ABOUT), default=None)
    if talked_about is not None and _FUTURE.isdisjoint(before[talked_about:]):
        return False
    if not _TALKED_ABOUT.isdisjoint(words[end : end + 1]):
        return False
    by_us = _followed(before, _US, _COMMITTING)
    to_them = _followed(before, _THEM, _THEIRS)
    done = not _BEING.isdisjoint(after) and not _DONE.isdisjoint(after)
    so_it_is = not _BEING.isdisjoint(before[-1:])
    future = not _FUTURE.isdisjoint((*before, *after[:_NEGATED_AFTER]))
    thing = words[start:end]
    in_itself = not _IN_ITSELF.isdisjoint(thing) or _followed(thing, _US | _THEM, _COMMITTING | _THEIRS)
    granted = words[0] in _GRANTING or tuple(words[:2]) == ("of", "course")
    return by_us or to_them or done or so_it_is or future or in_itself or granted


def _followed(words: Sequence[str], first: frozenset[str], then: frozenset[str]) -> bool:
    """Whether a word of the one kind stands before one of the other."""
    place = next((index for index, word in enumerate(words) if word in first), None)
    return place is not None and not then.isdisjoint(words[place:])
