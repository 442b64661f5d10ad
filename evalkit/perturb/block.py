"""Where the item stands in a prompt: instruction before and after it, the item's paragraphs between."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from evalkit.perturb.source import Source, filled
from evalkit.template import fields_of, fill
from evalkit.trial import Message, Messages

PARAGRAPH_BREAK = "\n\n"
_BREAK = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """The item block: from the first to the last paragraph that names a field, in the message that asks."""

    message: int
    """Index of the message."""
    start: int
    """First character of the block in that message's template."""
    end: int
    """One past the last; white space at the message's ends is outside."""


def item_block(prompt: Messages) -> Block:
    """Find the item in a prompt.

    The message is the last user message that names a field; where there is none, the last user message, or the
    last message at all, is taken whole.

    Args:
        prompt: Templates; at least one message.
    """
    index = max(range(len(prompt)), key=lambda at: (*_fitness(prompt[at]), at))
    content = prompt[index].content
    paragraphs = _paragraphs(content)
    naming = [(start, end) for start, end in paragraphs if fields_of(content[start:end])] or paragraphs
    return Block(message=index, start=naming[0][0], end=naming[-1][1])


def with_paragraphs(source: Source, block: Block, *, before: str = "", after: str = "") -> Messages:
    """Fill the prompt and put paragraphs of plain text next to the item block.

    Args:
        source: Task and item.
        block: As `item_block` found it in the source's prompt.
        before: Text for the paragraph before the block; none when empty.
        after: Text for the paragraph after the block; none when empty.
    """
    content = source.prompt[block.message].content
    parts = (content[: block.start], content[block.start : block.end], content[block.end :])
    head, item, tail = (fill(part, source.item.fields) for part in parts)
    lead = before + PARAGRAPH_BREAK if before else ""
    trail = PARAGRAPH_BREAK + after if after else ""
    messages = list(filled(source.prompt, source.item.fields))
    messages[block.message] = replace(messages[block.message], content=head + lead + item + trail + tail)
    return tuple(messages)


def _fitness(message: Message) -> tuple[bool, bool]:
    by_user = message.role == "user"
    return by_user and bool(fields_of(message.content)), by_user


def _paragraphs(content: str) -> list[tuple[int, int]]:
    start = len(content) - len(content.lstrip())
    end = max(start, len(content.rstrip()))
    edges = [start]
    for found in _BREAK.finditer(content, start, end):
        edges += found.span()
    edges.append(end)
    return list(zip(edges[::2], edges[1::2], strict=True))
