from __future__ import annotations

from evalkit.perturb.block import Block, item_block, with_paragraphs
from evalkit.perturb.source import Source, filled
from evalkit.template import fields_of
from evalkit.trial import Level, Prompt, rng_for

MIN_TEXT = 20
"""Characters from which a field counts as the user's text, with room for a sentence more."""


def conflict(source: Source, level: Level | None) -> Prompt:
    """A sentence inside the user's data that asks for the opposite of one constraint.

    Constraint and place (start or end of the longest text field that the asking message names) are drawn per item
    and are the same at every level. Where no text field has 20 characters, the sentence follows the item as a
    paragraph of its own.

    Args:
        source: Task and item.
        level: A key of the constraints' opposites: `soft`, `direct`, `override`.

    Returns:
        The prompt, with `variant` naming the constraint, such as `conflict words`.

    Raises:
        ValueError: If no constraint has an opposite at this level.
    """
    at_level = {name: levels[str(level)] for name, levels in source.opposites.items() if str(level) in levels}
    if not at_level:
        raise ValueError(f"conflict@{level}: no constraint of this task has an opposite at this level")
    # Each name draws its own number and the smallest wins: a constraint without this level leaves the others' order
    # as it was.
    name = min(at_level, key=lambda name: rng_for(source.seed, source.item.id, "conflict", name).random())
    at_end = rng_for(source.seed, source.item.id, "conflict").random() < 0.5
    block = item_block(source.prompt)
    sentence = at_level[name]
    field = _longest_text(source, block)
    if field is None:
        messages = with_paragraphs(source, block, after=sentence)
    else:
        text: str = source.item.fields[field]
        joined = _joined(text.rstrip(), sentence) if at_end else _joined(sentence, text.lstrip())
        messages = filled(source.prompt, {**source.item.fields, field: joined})
    return Prompt(messages=messages, variant=f"conflict {name}")


def _longest_text(source: Source, block: Block) -> str | None:
    fields = source.item.fields
    named = fields_of(source.prompt[block.message].content)
    texts = sorted(name for name in named if isinstance(fields.get(name), str) and len(fields[name]) >= MIN_TEXT)
    return max(texts, key=lambda name: len(fields[name]), default=None)


def _joined(first: str, second: str) -> str:
    """Two pieces of text, the second as a sentence of its own and in the manner of the longer one."""
    if "\n\n" in first or "\n\n" in second:
        return f"{first}\n\n{second}"
    separator = " " if first.endswith((".", "!", "?", "…", '"', "”", "»", ")")) else "\n"
    return f"{first}{separator}{second}"
