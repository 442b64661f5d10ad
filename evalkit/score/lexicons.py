"""Named lists of words that a constraint can refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evalkit.score.phrases import Phrase, Wording, forms, phrase

_FEELINGS = """
    aggravating agonizing amazed amazing anger angry anguish annoy annoying anxious appalled appalling ashamed
    astonishing astounded astounding atrocious awesome awful beloved betray bitter brilliant crazy dear delighted
    deplorable depressed depressing despair desperate despicable devastated devastating disappointed disappointing
    disgrace disgraceful disgust disgusting dismayed distraught distressed distressing dreadful ecstatic enrage
    exasperated exasperating excellent excited fabulous fantastic frustrated frustrating frustration fuming furious
    fury garbage glad grateful hate hateful heartbreaking heartbroken hideous horrendous horrible horrid horrified
    horrifying humiliated humiliating idiot idiotic incompetent incredible infuriating insane insulting irate
    irritated irritating joke laughable livid love lovely ludicrous mad magnificent miserable mortified nasty
    nightmare outrage outrageous overjoyed panic pathetic perfect rage resent revolting rid ridiculous rubbish rude
    sad scandalous shame shameful shocked shocking sickening stunned stunning stupid superb terrible terrific
    terrified thrilled tragic unacceptable unbelievable unhappy upset upsetting useless vile wonderful worst
    worthless wretched
"""
_INTENSIFIERS = """
    absolutely awfully beyond completely deeply dreadfully enormously entirely especially exceedingly exceptionally
    extraordinarily extremely hopelessly hugely immensely incredibly insanely intensely literally massively really
    ridiculously seriously severely simply so-called super terribly totally truly unbelievably utterly very wildly
"""
_PHRASES = (
    "at my wit's end",
    "beyond belief",
    "blown away",
    "cannot believe",
    "can't believe",
    "driving me mad",
    "fed up",
    "how dare you",
    "let down",
    "losing patience",
    "never again",
    "sick and tired",
    "so angry",
    "what a joke",
)
# Common in support, and not shouted.
_ACRONYMS = frozenset({"CAPTCHA", "HTTPS", "IMEI", "OAUTH", "ESIM", "VOIP", "ISBN", "IBAN", "SWIFT", "NVME", "UEFI"})
_SHOUT = re.compile(r"(?<![\w-])[A-Z]{4,}(?![\w-])")
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
    wish: str
    """What a user who wants such wording asks for, as it follows "please"."""

    def hits(self, text: str) -> Iterator[str]:
        """What the text has of it, repetitions included: words, then phrases, shouts and exclamation marks."""
        wording = Wording(text)
        yield from (word for word in wording.words if word in self.words)
        yield from (written for written, sought in self.phrases if sought.is_in(wording))
        # A word of the lexicon that is shouted has been counted as a word.
        yield from (
            shout
            for shout in _SHOUT.findall(text)
            if shout not in _ACRONYMS and _is_pronounceable(shout) and shout.casefold() not in self.words
        )
        yield from _EXCLAMATION.findall(text)


def _is_pronounceable(word: str) -> bool:
    """Whether capitals look like a word rather than initials; five letters without a vowel are initials."""
    return len(word) >= 5 and not set("AEIOU").isdisjoint(word)


@lru_cache(maxsize=1)
def lexicons() -> dict[str, Lexicon]:
    """The lexicons by name; built with the first use."""
    single = f"{_FEELINGS} {_INTENSIFIERS}".split()
    emotional = Lexicon(
        about="words of strong feeling, intensifiers, shouting in capitals, exclamation marks",
        words=frozenset().union(*map(forms, single)),
        phrases=tuple((written, phrase(written)) for written in _PHRASES),
        wish="make it sound absolutely furious, in strong words and with exclamation marks",
    )
    return {"emotional": emotional}
