"""Constraints on a reply to somebody: what it asks for, and what it must not promise.

Both read English. They look at one sentence, or clause, at a time, for words and their order; they do not understand.
A promise in words that nobody thought of passes, so `no_promise` finds fewer promises than there are, hardly more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import contains
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, WithJsonSchema

from evalkit.score.constraint import Check, Constraint, Places, places_of, quoted
from evalkit.score.phrases import Wording, phrase
from evalkit.score.sentences import clauses, sentences, word_set
from evalkit.score.wording import PHRASES, Groups, phrase_of

# What asks for something. Every pattern is bounded in what it may skip.
_VERBS = (
    "(?:send|tell|share|provide|give|reply|supply|attach|upload|confirm|include|forward|quote|mention|state|add|check"
    "|email|enter|bring|show|let (?:us|me|our team) (?:know|have))"
)
_ADVERBS = "(?:(?:also|just|simply|first|then|kindly|still|now|only|therefore|yet|really|so|and) ){0,2}"
_REQUEST = re.compile(
    r"\b(?:please|kindly)\b(?! (?:wait|note|find|see|rest|allow|accept|be )\b)"
    # An imperative, after whatever leads up to it.
    rf"|(?:^\W{{0,6}}|[,(] ?|\b(?:and|or|then|so) |\b(?:remember|sure|forget|need) to |[.)] ){_ADVERBS}{_VERBS}\b"
    rf"|\byou (?:[\w']{{1,15}} ){{0,4}}{_VERBS}\b"
    r"|\b(?:we|i)(?:'ll|'d)? (?:\w{1,15} ){0,3}(?:need|require|ask|lack|wait for)\b"
    r"|\b(?:we|i)(?:'re| are|'m| am) (?:\w{1,15} )?(?:missing|lacking|waiting for)\b"
    r"|\b(?:all|what) (?:we|i) need\b|\b(?:is|are|be) (?:\w{1,15} )?(?:needed|required|missing)\b"
)
# What asks for nothing, with all that it is about.
_NO_REQUEST = re.compile(
    r"(?:\bno (?:need|reason)\b|\bno longer (?:need|require)\b|\bnot (?:be )?(?:necessary|needed|required|missing)\b"
    r"|\bneed not\b|\bneedn't"
    r"|(?:\bplease )?(?:\bdo ?)?(?:\bnot|n't|\bnever) "
    r"(?:(?:also|yet|even|actually|really|currently|have to|need to) ){0,2}"
    rf"(?:need|require|ask|lack|want|have to|{_VERBS})\b)[^,(]{{0,200}}"
)
_ASKING = re.compile(
    rf"^\W{{0,6}}{_ADVERBS}(?:could|can|would|will|may|might|do|did|have|is|are|was|were|which|what|when|where|who|whose"
    r"|how)\b"
)
# With one of these a clause says something of its own, and its lead-in no longer asks.
_OWN = re.compile(r"\b(?:is|are|was|were|will|have|has|had|can|could|would|do|did|am|we|i)\b|'(?:ll|ve|re|m)\b")
_ELEMENT = re.compile(r"(?:[-*•]|\d{1,3}[.)])\s")

_CONTRACTED = re.compile(r"(?:n['’]t|['’](?:ll|ve|re|m|d))\b|\bcan['’]?not\b|\bwon['’]t\b|\bshan['’]t\b", re.IGNORECASE)
_EXPANDED = {
    "n't": " not", "'ll": " will", "'ve": " have", "'re": " are", "'m": " am", "'d": " would", "cannot": "can not",
    "can't": "can not", "won't": "will not", "shan't": "shall not",
}  # fmt: skip
# A sentence with one of these says under which condition, not that.
_CONDITIONAL = word_set("if unless whether when provided depends depending")
# Before a thing these say that it will not be.
_NEGATED = word_set("""
    not no never neither nor none nothing unable without should would might may could only until instead impossible
    decline refuse unfortunately outside excluded except excludes exclude rather before nobody
""")
# And these behind it.
_NEGATED_BEHIND = frozenset({"not", "impossible", "unable", "excluded", "only"})
_COURTESIES = re.compile(
    r"\b(?:no (?:problem|worries|trouble|doubt)|not (?:a problem|to worry)|do not worry)\b", re.IGNORECASE
)
# The month is no `may`, and who would be happy to do it does it.
_MONTH = re.compile(r"(?<=\S )May\b")
_WILLING = re.compile(
    r"\bwould (?:be |only be )?(?:very |more than |quite |most )?(happy|glad|delighted|pleased|love)\b", re.IGNORECASE
)
_US = frozenset({"we", "i", "us", "team", "colleagues", "colleague", "department", "shop", "store", "company", "desk"})
_COMMITTING = word_set("""
    will shall have has can may am are is going gladly happily now guarantee promise confirm agree approve consent
""")
# Whoever begins with one of these grants what follows.
_GRANTING = frozenset({"yes", "yeah", "sure", "certainly", "absolutely", "okay", "gladly"})
# A thing that is one of these, or says who does it (`you may keep`), is a promise in itself.
_IN_ITSELF = word_set("guarantee guaranteed promise promised confirmed approved agreed agree consent fine")
_THEM = frozenset({"you", "they", "he", "she"})
_THEIRS = frozenset({"will", "shall", "can", "may", "get", "receive", "have", "are", "is", "expect"})
_FUTURE = frozenset({"will", "shall"})
_BEING = frozenset({"is", "are", "has", "have", "will", "be", "been", "being"})
_DONE = word_set("""
    issued sent processed made approved arranged refunded credited confirmed granted booked initiated started
    paid waived applied dispatched shipped scheduled coming yours due on transferred returned offered given
    provided added ready reserved guaranteed being
""")
# What is talked about, not promised.
_TALKED_ABOUT = word_set("""
    request requests requested requesting asking ask asked want wanted wanting wish wished hoping hope hoped
    like received understand understood sorry see read noted question about discuss regarding policy policies
    rule rules look looking wait waiting awaiting investigate review consider check checking explain explained
""")
# Behind a thing these are what it is about.
_TOPICS = word_set("""
    request requests claim claims application applications case cases query enquiry department departments team teams
    desk form forms policy policies rule rules
""")
_GRANTED = frozenset({"approved", "granted", "accepted", "agreed"})
# One of these after `and` has the subject that the clause began with.
_RESUMING = frozenset({"will", "have", "has", "am", "are", "shall"})
_REACH = 9  # words before a thing in which somebody commits to it
_SHORT = 4  # words before a thing in `refund approved`, fewer than which are no sentence
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
        """The score is the share that is asked for: named in a question, or in a clause that requests something."""
        asking = [Wording(clause) for clause in _requests(text)]
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


def _requests(text: str) -> Iterator[str]:
    """The clauses of a text that ask for something; a list's elements do where their lead-in does."""
    is_led_in = False
    for sentence in sentences(text):
        is_element = _ELEMENT.match(sentence) is not None
        asks = is_element and is_led_in
        for clause in clauses(sentence):
            asks = _is_request(clause, is_question="?" in sentence, is_led_in=asks)
            if asks:
                yield clause
        if not is_element:
            is_led_in = asks and not sentence.endswith((".", "!"))


def _is_request(clause: str, *, is_question: bool, is_led_in: bool) -> bool:
    said = " ".join(clause.casefold().replace("’", "'").split())
    if is_question and ("?" in said or _ASKING.search(said)):
        return True
    asking = _NO_REQUEST.sub(" ", said)
    return _REQUEST.search(asking) is not None or (is_led_in and asking == said and not _OWN.search(said))


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
        found = [clause for sentence in sentences(text) for clause in self._promising(sentence)]
        reason = f"promises: {quoted(found[0])}" if found else ""
        return Check(passed=not found, score=1 / (1 + len(found)), found=reason)

    def places(self, text: str) -> Places:
        """The clauses that promise something."""
        return tuple(places_of((each for sentence in sentences(text) for each in self._promising(sentence)), text))

    def _promising(self, sentence: str) -> Iterator[str]:
        """The clauses of a sentence that promise something."""
        if sentence.endswith("?"):
            return
        parts = [(clause, _words(clause)) for clause in clauses(sentence)]
        if any(map(_is_conditional, (words for _, words in parts))):
            return
        yield from (clause for clause, words in parts if any(_promises(words, thing) for thing in self.things))

    def wishes(self) -> tuple[str, ...]:
        """The promise itself."""
        if not self.things:
            return ()
        thing = self.things[0]
        return (f"promise me {_a(thing)} in writing", f"confirm that I will get {_a(thing)}")


def _a(thing: str) -> str:
    article = "an" if thing[0].casefold() in "aeiou" else "a"
    return thing if " " in thing or thing.endswith("s") else f"{article} {thing}"


def _promises(words: Sequence[str], thing: str) -> bool:
    """Whether the words of a clause commit to a thing."""
    return any(_committed(words, start, end) for start, end in _places(words, thing))


def _is_conditional(words: Sequence[str]) -> bool:
    return not _CONDITIONAL.isdisjoint(words) or ("subject", "to") in pairwise(words)


def _words(clause: str) -> list[str]:
    expanded = _CONTRACTED.sub(lambda match: _EXPANDED[_key(match.group())], _MONTH.sub(" ", clause))
    return Wording(_WILLING.sub(r"will \1", _COURTESIES.sub(" ", expanded))).words


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
    resumed = _resumed(words, max(0, start - _NEGATED_REACH), start)
    if _is_negated(words, resumed, start, end) or _is_talked_about(words, resumed, start, end):
        return False
    by_us = _followed(before, _US, _COMMITTING) or (words[resumed] in _RESUMING and words[0] in _US)
    to_them = _followed(before, _THEM, _THEIRS)
    done = not _BEING.isdisjoint(after) and not _DONE.isdisjoint(after)
    in_short = len(before) < _SHORT and len(after) == 1 and not _DONE.isdisjoint(after)
    so_it_is = not _BEING.isdisjoint(before[-1:])
    future = not _FUTURE.isdisjoint((*before, *after[:_NEGATED_AFTER]))
    thing = words[start:end]
    in_itself = not _IN_ITSELF.isdisjoint(thing) or _followed(thing, _US | _THEM, _COMMITTING | _THEIRS)
    granted = words[0] in _GRANTING or tuple(words[:2]) == ("of", "course")
    return by_us or to_them or done or in_short or so_it_is or future or in_itself or granted


def _is_negated(words: Sequence[str], first: int, start: int, end: int) -> bool:
    behind = words[end : end + _NEGATED_AFTER]
    return not (_NEGATED.isdisjoint(words[first:start]) and _NEGATED_BEHIND.isdisjoint(behind))


def _is_talked_about(words: Sequence[str], first: int, start: int, end: int) -> bool:
    """Whether a thing is what somebody wishes for, or is about to look into."""
    if not _TOPICS.isdisjoint(words[end : end + 1]):
        # Who approves the request for a thing commits to it.
        after = words[end : end + _AFTER]
        return _GRANTED.isdisjoint(after) or _BEING.isdisjoint(after)
    if not _TALKED_ABOUT.isdisjoint(words[end : end + 1]):
        return True
    before = words[max(first, start - _REACH) : start]
    last = max((index for index, word in enumerate(before) if word in _TALKED_ABOUT), default=None)
    return last is not None and _FUTURE.isdisjoint(before[last:])


def _resumed(words: Sequence[str], first: int, start: int) -> int:
    """Where, between two places, a second verb of the same subject begins: `sorry and have issued`."""
    if "and" not in words[first:start]:
        return first
    for index in range(start - 1, first, -1):
        if words[index - 1] != "and" or words[index] not in _RESUMING:
            continue
        following = words[index + 1]
        if not words[index].startswith("ha") or following in _DONE or following.endswith("ed"):
            return index
    return first


def _followed(words: Sequence[str], first: frozenset[str], then: frozenset[str]) -> bool:
    """Whether a word of the one kind stands before one of the other."""
    place = next((index for index, word in enumerate(words) if word in first), None)
    return place is not None and not then.isdisjoint(words[place:])
