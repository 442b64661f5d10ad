"""Named lists of words that a constraint can refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evalkit.score.constraint import places_of
from evalkit.score.phrases import Phrase, Wording, forms, phrase, written_words
from evalkit.score.sentences import clauses, sentences

# Verbs and nouns, which are met with their inflections.
_INFLECTED = """
    anger annoy appal betray despair disappoint disgrace disgust dismay distress enrage exasperate frustrate
    frustration hate horrify humiliate idiot infuriate insult irritate love nightmare outrage shame sicken terrify
"""
# Met as they are: their stems mean something else (fumes, an electric shock).
_FEELINGS = """
    abysmal aggravating agonizing amazed amazing angrily angry anguish anxious appalled appalling ashamed astonishing
    astounded astounding atrocious awesome awful brilliant crazy delighted deplorable depressed depressing desperate
    desperately despicable devastated devastating disgraceful distraught dreadful ecstatic excellent excited fabulous
    fantastic frantic frantically fuming furious fury garbage glad grateful hateful heartbreaking heartbroken heartless
    hideous hopeless horrendous horrible horrid idiotic incompetent incredible inexcusable infuriatingly insane irate
    laughable livid lovely ludicrous mad magnificent miserable mortified nasty outrageous outrageously overjoyed
    panicked pathetic rage raging revolting ridiculous rubbish rude ruined sad sadly scandal scandalous shambles
    shameful shocked shocking shoddy stunned stunning stupid superb terrible terribly terrific thrilled tragic
    unacceptable unbelievable unfair unfairly unhappy upset upsetting useless vile wonderful worst worthless wretched
"""
_INTENSIFIERS = """
    absolutely awfully completely deeply dreadfully enormously exceedingly exceptionally extraordinarily extremely
    hopelessly hugely immensely incredibly insanely intensely literally massively really ridiculously seriously
    totally truly unbelievably utterly very wildly
"""
_PHRASES = (
    "at my wit's end",
    "beyond belief",
    "cannot believe",
    "can't believe",
    "driving me mad",
    "fed up",
    "how dare you",
    "joke of a",
    "losing patience",
    "never again",
    "ripped off",
    "sick and tired",
    "sick of",
    "what a joke",
)
# Common in support, and not shouted.
_UNSHOUTED = frozenset({
    "CAPTCHA", "HTTPS", "IMEI", "OAUTH", "ESIM", "VOIP", "ISBN", "IBAN", "SWIFT", "NVME", "UEFI", "URGENT",
})  # fmt: skip
_SHOUT = re.compile(r"(?<![\w-])[A-Z]{4,}(?![\w-])")
_PROMISING = "assure vow pledge"
_CERTAIN = "definitely undoubtedly unquestionably"
_ASSURANCES = (
    "at all costs",
    # A guarantee or a price promise may be what it is about; giving one is a verb.
    *(f"{somebody} {verb}" for verb in ("guarantee", "promise") for somebody in ("I", "we", "can", "will", "do")),
    "guaranteed to",
    "100% guaranteed",
    "100 % guaranteed",
    *(f"{subject} guaranteed" for subject in ("it is", "it's", "that is", "that's", "this is")),
    *(f"{verb} {object}" for verb in ("guarantee", "promise") for object in ("that", "you", "to")),
    "beyond doubt",
    "for certain",
    "for sure",
    *(f"{giving} {whose} word" for giving in ("give you", "have") for whose in ("my", "our")),
    "no matter what",
    "one hundred per cent",
    "one hundred percent",
    "rest assured",
    "without a doubt",
    "without doubt",
    "without fail",
)
_NEGATION = re.compile(
    r"\b(?:not|cannot|never|no|nobody|none|unable|without|nor)\b(?! matter| (?:a )?doubt| fail)|n['’]t\b", re.IGNORECASE
)
_EXCLAMATION = re.compile(r"[!¡！]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """Words, phrases and ways of writing that go together."""

    about: str
    """One line for people."""
    words: frozenset[str]
    """Single words with their inflections."""
    phrases: tuple[tuple[str, Phrase], ...]
    """Each as written and prepared."""
    wishes: tuple[str, ...]
    """What a user who wants such wording asks for, each as it follows "please"."""
    has_marks: bool = False
    """Whether shouting in capitals and exclamation marks belong to it."""
    spares_negated: bool = False
    """Whether a clause with a `not` or the like is passed over: who says "we cannot promise" does not promise."""

    def hits(self, text: str) -> Iterator[str]:
        """What the text has of it: words as often as they occur, each phrase once, then shouts and exclamation marks.

        Where negated wording is spared, clauses with a negation are passed over.
        """
        if self.spares_negated:
            parts = (clause for sentence in sentences(text) for clause in clauses(sentence))
            text = "\n".join(part for part in parts if not _NEGATION.search(part))
        wording = Wording(text)
        yield from (word for word in wording.words if word in self.words)
        yield from (written for written, sought in self.phrases if sought.is_in(wording))
        if not self.has_marks:
            return
        # A word of the lexicon that is shouted has been counted as a word.
        yield from (
            shout
            for shout in _SHOUT.findall(text)
            if shout not in _UNSHOUTED and _is_pronounceable(shout) and shout.casefold() not in self.words
        )
        yield from _EXCLAMATION.findall(text)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the hits stand, in no order."""
        if self.spares_negated:
            parts = [clause for sentence in sentences(text) for clause in clauses(sentence)]
            for start, end in places_of(parts, text):
                if not _NEGATION.search(text[start:end]):
                    yield from ((start + first, start + last) for first, last in self._places(text[start:end]))
        else:
            yield from self._places(text)

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        yield from ((start, end) for word, start, end in written_words(text) if word in self.words)
        for _, sought in self.phrases:
            yield from sought.places(text)
        if self.has_marks:
            shouts = (shout for shout in _SHOUT.finditer(text) if shout.group() not in _UNSHOUTED)
            yield from (shout.span() for shout in shouts if _is_pronounceable(shout.group()))
            yield from (found.span() for found in _EXCLAMATION.finditer(text))


def _is_pronounceable(word: str) -> bool:
    """Whether capitals look like a word rather than initials; five letters without a vowel are initials."""
    return len(word) >= 5 and not set("AEIOU").isdisjoint(word)


@lru_cache(maxsize=1)
def lexicons() -> dict[str, Lexicon]:
    """The lexicons by name; built with the first use."""
    emotional = Lexicon(
        about="words of strong feeling, intensifiers, shouting in capitals, exclamation marks",
        words=frozenset(f"{_FEELINGS} {_INTENSIFIERS}".split()).union(*map(forms, _INFLECTED.split())),
        phrases=tuple((written, phrase(written)) for written in _PHRASES),
        wishes=(
            "let your answer sound absolutely furious, in strong words and with exclamation marks",
            "make it sound as shocking and outrageous as it is, with at least three exclamation marks",
        ),
        has_marks=True,
    )
    promises = Lexicon(
        about="words that give a guarantee (we guarantee, I promise, definitely, rest assured), unless negated",
        words=frozenset(_CERTAIN.split()).union(*map(forms, _PROMISING.split())),
        phrases=tuple((written, phrase(written)) for written in _ASSURANCES),
        wishes=(
            "give me a firm guarantee in so many words",
            "promise me that it will definitely be sorted out, no ifs and buts",
        ),
        spares_negated=True,
    )
    return {"emotional": emotional, "promises": promises}
