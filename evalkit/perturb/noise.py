from __future__ import annotations

import math
from dataclasses import replace

from evalkit.perturb.edits import Slips, apply
from evalkit.perturb.source import Source
from evalkit.perturb.spans import protected, protected_values, quoted
from evalkit.template import Span, render
from evalkit.trial import Level, Message, Prompt, rng_for

MAX_NOISE = 0.5


def noise(source: Source, level: Level | None) -> Prompt:
    """Typing slips in what people type: the item's text fields or, when the suite says so, the instruction as well.

    A slip is one step of restricted Damerau–Levenshtein distance (a transposition is one) and touches one eligible
    character: a letter, or a space or punctuation mark between letters, outside the protected spans. Protected are
    numbers, identifiers, quoted names, and `Source.protect`. Fields that are no text (numbers, lists of options) are
    the author's and stay as they are, and so do assistant messages. A text too short for a whole slip gets one with
    the chance that keeps the share right over many items.

    Args:
        source: Task and item.
        level: Share of eligible characters touched; 0 < level ≤ 0.5. What a lower level changes, a higher one
            changes in the same way.

    Raises:
        ValueError: If the level is out of range.
    """
    if not isinstance(level, int | float) or not 0 < level <= MAX_NOISE:
        raise ValueError(f"noise level: found {level!r}, expected a share of characters above 0 and up to {MAX_NOISE}")
    values = protected_values(source.protect, source.item.fields)
    return Prompt(messages=tuple(_noisy(source, index, level, values) for index in range(len(source.prompt))))


def typed_text(source: Source, index: int, values: list[str]) -> tuple[str, bytearray]:
    """A message as it would be sent, and which of its characters a slip may touch.

    Args:
        source: Task and item.
        index: Of the message.
        values: What the suite protects in this item, as `protected_values` gives it.

    Returns:
        The text, and one byte a character: 0 where it is closed.
    """
    spans = render(source.prompt[index].content, source.item.fields)
    text = "".join(span.text for span in spans)
    touchable = bytearray(len(text))
    if source.prompt[index].role == "assistant":
        return text, touchable
    closed = protected(text, values)
    start = 0
    for span in spans:
        end = start + len(span.text)
        if _is_typed(source, span):
            touchable[start:end] = b"\1" * (end - start)
            closed += quoted(text, start, end)
        start = end
    for start, end in closed:
        touchable[start:end] = bytes(end - start)
    return text, touchable


def _noisy(source: Source, index: int, level: float, values: list[str]) -> Message:
    text, touchable = typed_text(source, index, values)
    # The level is no part of the seed: levels are nested.
    rng = rng_for(source.seed, source.item.id, "noise", index)
    rounding = rng.random()
    slips = Slips(text, touchable, rng)
    return replace(
        source.prompt[index], content=apply(text, slips.draw(math.floor(level * slips.n_eligible + rounding)))
    )


def _is_typed(source: Source, span: Span) -> bool:
    if span.field is None:
        return source.noise_on == "prompt"
    return isinstance(source.item.fields[span.field], str)
