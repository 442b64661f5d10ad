from __future__ import annotations

import math
from collections.abc import Sequence

from evalkit.perturb.block import PARAGRAPH_BREAK, item_block, with_paragraphs
from evalkit.perturb.filler import composed, giveaways, variant_of, without_mentions
from evalkit.perturb.source import Source
from evalkit.perturb.tokens import CHARACTERS_PER_TOKEN, count_tokens
from evalkit.trial import Level, Prompt

HEADER = "Earlier correspondence and notes, for reference:"
FOOTER = "End of the earlier correspondence."
MIN_CONTEXT = 100
"""Tokens; with fewer, the two label lines would be most of the text."""
TOLERANCE = 0.02
"""How far the added tokens may be from the level, as a share of it."""

_LABELS = len(HEADER) + len(FOOTER) + 2 * len(PARAGRAPH_BREAK)
# How much is composed in vain, as a multiple of the level, before an item whose words are everywhere is given up.
_PATIENCE = 16


def context(source: Source, level: Level | None) -> Prompt:
    """Surround the item with on-topic material that has nothing to do with it; the instruction stays where it is.

    Passages come from one of eight fillers that the item's id chooses. A higher level extends the passages of a
    lower one (only the last is cut to length), and all items of a filler share their beginning. Passages that
    mention the item's targets, numbers or identifiers are left out for that item.

    Args:
        source: Task and item; `place` says where the material goes, `material` what it is made of.
        level: Tokens added by the reference counter, labels included, to within 2 %; a whole number from 100.

    Raises:
        ValueError: If the level is out of range, there is no material, or not enough.
    """
    if not isinstance(level, int) or level < MIN_CONTEXT:
        raise ValueError(f"context level: found {level!r}, expected a whole number of tokens, at least {MIN_CONTEXT}")
    n_blocks = 2 if source.place == "around" else 1
    blocks = [PARAGRAPH_BREAK.join((HEADER, text, FOOTER)) for text in _texts(source, level, n_blocks)]
    before = "" if source.place == "after" else blocks[0]
    after = "" if source.place == "before" else blocks[-1]
    return Prompt(messages=with_paragraphs(source, item_block(source.prompt), before=before, after=after))


def _texts(source: Source, level: int, n_blocks: int) -> list[str]:
    if source.material is None:
        raise ValueError(f"context@{level}: the task names no filler material")
    variant = variant_of(source.seed, source.item.id)
    terms = giveaways(source)
    # Sizes are powers of two: neighbouring levels then share what is cached.
    size = 2 ** math.ceil(math.log2(level + level // 4))
    while True:
        passages = composed(source.material, source.seed, variant, size)
        # A passage belongs to its block before any is left out, so that one left out moves none to the other block.
        usable = [without_mentions(passages[block::n_blocks], terms) for block in range(n_blocks)]
        texts = [_cut_to_level(part, level, n_blocks) for part in usable]
        if None not in texts:
            return [text for text in texts if text is not None]
        n_composed = sum(count_tokens(passage.text) for passage in passages)
        if n_composed < size or size > _PATIENCE * level:
            n_usable = sum(count_tokens(text) for part in usable for text in part)
            raise ValueError(
                f"context@{level}: the filler material has {n_composed} tokens, of which {n_usable} may stand beside"
                f" item {source.item.id!r}; add passages, or slots that vary them"
            )
        size *= 2


def _cut_to_level(passages: Sequence[str], level: int, n_blocks: int) -> str | None:
    """Join passages to one block's share of the level, the last one cut; None if there are too few."""
    around = _LABELS + len(PARAGRAPH_BREAK)
    low = math.ceil((1 - TOLERANCE) * level * CHARACTERS_PER_TOKEN / n_blocks) - around
    high = math.floor((1 + TOLERANCE) * level) * CHARACTERS_PER_TOKEN // n_blocks - around
    parts: list[str] = []
    length = -len(PARAGRAPH_BREAK)
    for passage in passages:
        length += len(PARAGRAPH_BREAK)
        part = passage if length + len(passage) <= high else _cut(passage, low - length, high - length)
        parts.append(part)
        length += len(part)
        if length >= low:
            return PARAGRAPH_BREAK.join(parts)
    return None


def _cut(passage: str, low: int, high: int) -> str:
    """The beginning of a passage, `low` to `high` characters: to the end of a sentence, else of a word, else as it is.

    Args:
        passage: Longer than `high`.
        low: May be below 1: then the shortest beginning will do.
        high: At least 2.
    """
    low = max(low, 1)
    sentence = max(passage.rfind(mark, low - 1, high + 1) for mark in (". ", "? ", "! ")) + 1
    if sentence:
        return passage[:sentence]
    word = passage.rfind(" ", low, high)
    return passage[: word if word > 0 else high - 1] + "…"
