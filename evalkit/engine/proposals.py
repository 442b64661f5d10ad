"""Wordings that a model proposes for a prompt: how it is asked, how its answer is read, which ones will do."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from evalkit.plain import printable
from evalkit.score.answers import Similar
from evalkit.score.normal import normalised
from evalkit.score.numbers import numbers_in
from evalkit.template import TemplateError, parse

NEAR = 0.9
"""From this similarity on, two wordings are as good as the same."""
LONGEST = 10
"""How many times as long as the prompt a wording may be."""

REQUEST = """\
The prompt between the two lines of dashes is given to a language model. Reword it: write {n} other prompts that \
ask for exactly the same, so that somebody who follows any of them gives the very same answer.

-----
{prompt}
-----

- Use a different manner for each: imperative, question, terse, verbose, polite, the demands in another order, other \
vocabulary.
- Keep every demand, and add none. Give no hint and no example that the prompt does not give.
- Keep every number as it is.
- Copy each placeholder in braces exactly, as often as the prompt has it ({placeholders}). Keep doubled braces doubled.
- Write in the language of the prompt.
{known}
Answer with a JSON array of {n} strings and nothing else."""

_OPENING = re.compile(r"[\[{]")
_MOST_OPENINGS = 50
_NUMBERED = re.compile(r"^[ \t]*\(?(\d{1,3})[.):][ \t]+", re.MULTILINE)
_BULLETED = re.compile(r"^[-*•][ \t]+", re.MULTILINE)
_QUOTES = {'"': '"', "“": "”", "'": "'", "`": "`", "«": "»", "„": "“"}
_LENIENT = json.JSONDecoder(strict=False)  # models write line breaks into strings as they are


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A proposal that will not do."""

    text: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposals:
    """What came of asking once."""

    accepted: tuple[str, ...]
    rejected: tuple[Rejected, ...]

    @property
    def came(self) -> int:
        """How many the model sent, which may be others than it was asked for."""
        return len(self.accepted) + len(self.rejected)


def request_text(prompt: str, known: Sequence[str], n: int) -> str:
    """What a model is asked.

    Args:
        prompt: The template that is to be reworded.
        known: The variants that there are.
        n: How many more are wanted.
    """
    fields = ", ".join(f"{{{name}}}" for name in dict.fromkeys(_fields(prompt))) or "it has none"
    listed = f"- Repeat none of these: {json.dumps(list(known), ensure_ascii=False)}\n" if known else ""
    return REQUEST.format(n=n, prompt=prompt.strip("\n"), placeholders=fields, known=listed)


def read_proposals(reply: str) -> list[Any]:
    """The elements of the list that a model answered with: a JSON array, in a fence or in prose, or numbered lines.

    Returns:
        Texts, and whatever else a JSON array held; nothing where there is no list.
    """
    position = 0
    for _ in range(_MOST_OPENINGS):
        opening = _OPENING.search(reply, position)
        if opening is None:
            break
        try:
            value, _ = _LENIENT.raw_decode(reply, opening.start())
        except (ValueError, RecursionError):
            position = opening.end()
            continue
        found = _list_in(value)
        if found is not None:
            return found
        position = opening.end()
    return _listed(reply)


def _list_in(value: Any) -> list[Any] | None:
    """A list that may be a list of wordings, also as the one value of an object."""
    if isinstance(value, dict):
        value = next((part for part in value.values() if isinstance(part, list)), None)
    if not isinstance(value, list) or not any(isinstance(each, str | dict) for each in value):
        return None
    return [_only_text(each) for each in value]


def _only_text(value: Any) -> Any:
    """The text of `{"manner": …, "text": …}`: the longest."""
    texts = [part for part in value.values() if isinstance(part, str)] if isinstance(value, dict) else []
    return max(texts, key=len) if texts else value


def _listed(reply: str) -> list[Any]:
    starts: list[re.Match[str]] = []
    for found in _NUMBERED.finditer(reply):
        if int(found[1]) == len(starts) + 1:  # a wording may hold a numbered list of its own
            starts.append(found)
    starts = starts or list(_BULLETED.finditer(reply))
    ends = [found.start() for found in starts[1:]] + [len(reply)]
    return [_unquoted(reply[found.end() : end].strip()) for found, end in zip(starts, ends, strict=False)]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] else text


def check_proposals(proposed: Sequence[Any], prompt: str, known: Sequence[str], n: int) -> Proposals:
    """Keep the proposals that a person should look at.

    Args:
        proposed: What the model wrote.
        prompt: The template that they are to replace.
        known: The variants that there are.
        n: How many are kept at most.

    Returns:
        Those that will do, each ending as the prompt ends, and the others with the reason.
    """
    accepted: list[str] = []
    rejected: list[Rejected] = []
    for each in proposed:
        text = _tidied(each) if isinstance(each, str) else str(each)
        mended = _mended(text, prompt)
        reason = "is no text" if not isinstance(each, str) else flaw(mended, prompt, [*known, *accepted])
        if reason is None and len(accepted) == n:
            reason = f"is more than the {n} asked for"
        if reason is None:
            accepted.append(mended + ("\n" if prompt.endswith("\n") else ""))
        else:
            rejected.append(Rejected(text=text, reason=reason))
    return Proposals(accepted=tuple(accepted), rejected=tuple(rejected))


def flaw(text: str, prompt: str, known: Sequence[str]) -> str | None:
    """Why a wording may not stand for a prompt; None when it may, as far as a program can tell.

    Args:
        text: A template.
        prompt: The template that it is to replace.
        known: Other variants.
    """
    if not text.strip():
        return "is empty"
    if len(text) > LONGEST * len(prompt):
        return f"has {len(text):,} characters, more than {LONGEST} times those of the prompt"
    if any(printable(char) != char for char in set(text) - set(prompt)):
        return "has characters that nobody can see"
    try:
        words = _words(text)
    except TemplateError as error:
        return str(error)
    return (
        _other_fields(Counter(_fields(text)), Counter(_fields(prompt)))
        or _other_braces(words, _words(prompt))
        or _lost_numbers(words, _words(prompt))
        or _too_near(text, prompt, "the prompt")
        or next((near for other in known if (near := _too_near(text, other, "another variant"))), None)
    )


def _tidied(text: str) -> str:
    """Every line break the same, no white space at the ends of lines, nor around the whole."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def _mended(text: str, prompt: str) -> str:
    """Double the literal braces where the model did not, if then there are as many as in the prompt."""
    fields = set(_fields(prompt))
    with suppress(TemplateError):  # a lone brace is what is to be mended
        if not _other_braces(_words(text), _words(prompt)):
            return text
    doubled = re.sub(
        r"\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]", lambda found: found[0] if found[1] in fields else found[0] * 2, text
    )
    try:
        return text if _other_braces(_words(doubled), _words(prompt)) else doubled
    except TemplateError:
        return text


def _fields(template: str) -> list[str]:
    return [span.field for span in parse(template) if span.field is not None]


def _words(template: str) -> str:
    """A template's own words."""
    return "".join(" " if span.field is not None else span.text for span in parse(template))


def _other_fields(found: Counter[str], wanted: Counter[str]) -> str | None:
    for name in [*wanted, *found]:
        if not found[name]:
            return f"lacks {{{name}}}"
        if not wanted[name]:
            return f"names {{{name}}}, which the prompt does not"
        if found[name] != wanted[name]:
            return f"names {{{name}}} {found[name]} times, the prompt {wanted[name]} times"
    return None


def _other_braces(words: str, prompt: str) -> str | None:
    found, wanted = ([text.count(brace) for brace in "{}"] for text in (words, prompt))
    if found == wanted:
        return None
    return f"has {sum(found)} literal braces, the prompt {sum(wanted)}; they are written {{{{ and }}}}"


def _lost_numbers(words: str, prompt: str) -> str | None:
    held = set(_numbers(words, loosely=True))
    lost = [value for value in dict.fromkeys(_numbers(prompt)) if value not in held]
    return f"lacks the number {', '.join(f'{value.normalize():f}' for value in lost)}" if lost else None


def _too_near(text: str, other: str, what: str) -> str | None:
    one, two = ([_comparable(line) for line in each.splitlines()] for each in (text, other))
    if "".join(one).replace(" ", "") == "".join(two).replace(" ", ""):
        return f"is the same as {what}"
    # Lines that both have, such as a table or the item, say nothing about how near the rest is.
    own = [[line for line in mine if line not in theirs] for mine, theirs in ((one, two), (two, one))]
    one, two = own if all(map(any, own)) else (one, two)
    near = Similar(value=" ".join(two), min=NEAR).check(" ".join(one)).passed
    return f"is nearly the same as {what}" if near else None


def _comparable(line: str) -> str:
    return normalised(" ".join(line.split()), ["case", "punctuation"])


_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SIZES: dict[str, int] = {
    **{name: size for size, name in enumerate(_SMALL)},
    **{name: size for size, name in zip(range(20, 100, 10), _TENS, strict=True)},
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
}
"""English words for numbers."""
_SAY_THE_SAME = {"single": 1, "once": 1, "twice": 2, "both": 2, "thrice": 3, "dozen": 12}
"""Words that keep a number which the prompt names, but demand none of a wording where the prompt has them."""
_WORD = re.compile(r"[^\W\d_]+")
# What makes a demand of "one": "in one sentence" is one, "follow one rule" and "the one that" are not.
_MEASURED = re.compile(
    r"[-\s]+(?:[^\W\d_]+\s+)?(?:sentence|line|word|paragraph|page|character|letter|digit|number|step|bullet|point|item)s?\b"
)


def _numbers(text: str, *, loosely: bool = False) -> Iterator[Decimal]:
    """Every number of a text, in digits or in words.

    Args:
        text: Without placeholders.
        loosely: Whether words count that may say a number; else only those that do.
    """
    yield from (number.value for number in numbers_in(text))
    text = text.casefold()
    sizes = {**_SIZES, **_SAY_THE_SAME} if loosely else _SIZES
    total, end = None, 0
    for found in [*_WORD.finditer(text), None]:
        size = sizes.get(found[0]) if found is not None else None
        joined = _joined(total, size) if found is not None and text[end : found.start()] in {" ", "-"} else None
        if joined is None and total is not None and (loosely or total != 1 or _MEASURED.match(text, end)):
            yield Decimal(total)
        total, end = (size if joined is None else joined), found.end() if found is not None else end


def _joined(total: int | None, size: int | None) -> int | None:
    """A number that goes on with another word, such as 20 with 5 and 3 with 100; None when it does not."""
    if not total or size is None:
        return None
    if size >= 100:
        return total * size if total < size else None
    room = 100 if total % 100 == 0 else 10 if total % 10 == 0 and total % 100 >= 20 else 0
    return total + size if 0 < size < room else None
