from __future__ import annotations

import random
import re

from evalkit.perturb.block import Block, item_block, with_paragraphs
from evalkit.perturb.source import Source, filled
from evalkit.perturb.voice import VOICES
from evalkit.template import fields_of
from evalkit.trial import Level, Prompt, rng_for

MIN_TEXT = 20
"""Characters from which a field counts as the user's text, with room for a sentence more."""

_PARAGRAPHS = "\n\n"
# Where a sentence more fits: after a paragraph, else after a line, else after a sentence.
_SEAMS = tuple(re.compile(pattern) for pattern in (r"\n[ \t]*\n\s*", r"\n\s*", r"(?<=[a-z)][.!?])\s+(?=[A-Z])"))
_FORWARDED = re.compile(r"(?m)^(?:[-_=]{3,}.*|>.*|(?:from|fwd):.*)$", re.IGNORECASE)


def conflict(source: Source, level: Level | None) -> Prompt:
    """A sentence inside the user's data that asks for the opposite of one constraint.

    Constraint, wording and place (the start, the end or a seam between, of the longest text field that the asking
    message names and the suite does not protect) are drawn per item. Only how firmly it is said depends on the level.
    Where no text field has 20 characters, the sentence follows the item as a paragraph of its own.

    Args:
        source: Task and item.
        level: `soft` is a wish, `direct` an instruction, `override` says to ignore the earlier instruction.

    Returns:
        The prompt, with `variant` naming the constraint, such as `conflict words`.

    Raises:
        ValueError: If there is no such level, or no constraint has an opposite.
    """
    if level not in VOICES:
        raise ValueError(f"conflict level: found {level!r}, expected one of {', '.join(VOICES)}")
    if not source.opposites:
        raise ValueError(f"conflict@{level}: no constraint of this task has an opposite; give one with `opposite:`")
    # Each name draws its own number and the smallest wins: a constraint that comes or goes leaves the others' order.
    name = min(source.opposites, key=lambda name: rng_for(source.seed, source.item.id, "conflict", name).random())
    rng = rng_for(source.seed, source.item.id, "conflict")
    voice = _one_of(VOICES[str(level)], rng)
    wish = _one_of(source.opposites[name], rng)
    sentence = voice.replace("{wish}", wish)
    block = item_block(source.prompt)
    field = _longest_text(source, block)
    if field is None:
        messages = with_paragraphs(source, block, after=sentence)
    else:
        text = _inserted(source.item.fields[field], sentence, rng)
        messages = filled(source.prompt, {**source.item.fields, field: text})
    return Prompt(messages=messages, variant=f"conflict {name}")


def _one_of(choices: tuple[str, ...], rng: random.Random) -> str:
    return choices[int(rng.random() * len(choices))]


def _longest_text(source: Source, block: Block) -> str | None:
    fields = source.item.fields
    named = fields_of(source.prompt[block.message].content)
    # What is protected (a policy, a date) the author wrote, not the user.
    typed = named - set(source.protect)
    texts = sorted(name for name in typed if isinstance(fields.get(name), str) and len(fields[name]) >= MIN_TEXT)
    return max(texts, key=lambda name: len(fields[name]), default=None)


def _inserted(text: str, sentence: str, rng: random.Random) -> str:
    """The text with a sentence more: at its start, at a seam, or at its end."""
    place, choice = rng.random(), rng.random()
    # What a forwarded mail holds, its sender did not say to us: the sentence belongs above it.
    forwarded = _FORWARDED.search(text)
    own = len(text) if forwarded is None else forwarded.start()
    seams = _seams(text[:own])
    n_places = 3 if seams else 2
    chosen = int(place * n_places)
    if chosen == 1 and seams:
        start, end = seams[int(choice * len(seams))]
        gap = text[start:end]
        return f"{text[:start]}{gap}{sentence}{gap}{text[end:]}"
    if chosen == 0 or len(text[:own].strip()) < MIN_TEXT:
        return _joined(sentence, text.lstrip())
    rest = text[own:]
    return _joined(text[:own].rstrip(), sentence) + (f"{_PARAGRAPHS}{rest}" if rest else "")


def _seams(text: str) -> list[tuple[int, int]]:
    """Where one piece of a text ends and the next begins."""
    text = text.rstrip()
    for pattern in _SEAMS:
        found = [match.span() for match in pattern.finditer(text) if match.start() > 0]
        if found:
            return found
    return []


def _joined(first: str, second: str) -> str:
    """Two pieces of text, each as a sentence of its own and in the manner of the longer one."""
    if _PARAGRAPHS in first or _PARAGRAPHS in second:
        return f"{first}{_PARAGRAPHS}{second}"
    separator = " " if first.endswith((".", "!", "?", "…", '"', "”", "»", ")")) else "\n"
    return f"{first}{separator}{second}"
