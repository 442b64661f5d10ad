"""Where two texts differ, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# A word with the white space behind it; where a script puts no spaces between words, a character.
_TOKEN = re.compile(
    r"[\u0e00-\u109f\u1780-\u17ff\u2e80-\uffff]\s*|[^\s\u0e00-\u109f\u1780-\u17ff\u2e80-\uffff]+\s*|\s+"
)
_MOST = 10_000
"""Words of either text beyond which it is not looked closer: time and memory grow with their product."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of two texts: the same in both, or what one has in the place of the other's."""

    old: str
    """Empty: there is nothing."""
    new: str

    @property
    def same(self) -> bool:
        """Whether the texts have it in common."""
        return self.old == self.new


def differences(old: str, new: str) -> list[Piece]:
    """Two texts side by side, from start to end.

    >>> [(piece.old, piece.new) for piece in differences("send it now", "send them now")]
    [('send ', 'send '), ('it', 'them'), (' now', ' now')]
    """
    joined = _joined(_pieces(old, new))
    return _joined(part for piece in joined for part in _split(piece))


def _pieces(old: str, new: str) -> Iterator[Piece]:
    start = _common(old, new)
    # What both begin with is not counted again at the end.
    end = min(_common(old[::-1], new[::-1]), len(old) - start, len(new) - start)
    start, end = _at_words(old, new, start, end)
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    yield Piece(old=old[:start], new=new[:start])
    at = middle_new.find(middle_old) if middle_old else -1
    if at >= 0:  # what is put around a text, however long, needs no alignment
        yield Piece(old="", new=middle_new[:at])
        yield Piece(old=middle_old, new=middle_old)
        yield Piece(old="", new=middle_new[at + len(middle_old) :])
    else:
        yield from _aligned(_TOKEN.findall(middle_old), _TOKEN.findall(middle_new))
    yield Piece(old=old[len(old) - end :], new=new[len(new) - end :])


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    length = min(len(one), len(other))
    low = 0
    while low < length:  # halving, since slices are compared quickly
        middle = (low + length + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            length = middle - 1
    return low


def _at_words(old: str, new: str, start: int, end: int) -> tuple[int, int]:
    """Common ends that cut no word: what differs is shown whole."""
    while start and not old[start - 1].isspace() and not (start == len(old) == len(new)):
        start -= 1
    while end and not old[len(old) - end].isspace() and not (end == len(old) - start or end == len(new) - start):
        end -= 1
    return start, end


def _aligned(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if max(len(old), len(new)) > _MOST:
        yield Piece(old="".join(old), new="".join(new))
        return
    # Loaded with the first use, as where answers are compared.
    from rapidfuzz.distance import Levenshtein

    for step in Levenshtein.opcodes(old, new):
        yield Piece(old="".join(old[step.src_start : step.src_end]), new="".join(new[step.dest_start : step.dest_end]))


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces that differ and those in common, by turns; empty ones left out."""
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.old and not piece.new:
            continue
        if joined and joined[-1].same == piece.same:
            piece = _sum(joined.pop(), piece)
        joined.append(piece)
        if len(joined) > 2 and not piece.same and _is_chance(*joined[-3:]):
            joined[-3:] = [_sum(_sum(joined[-3], joined[-2]), joined[-1])]
    return joined


def _sum(one: Piece, other: Piece) -> Piece:
    return Piece(old=one.old + other.old, new=one.new + other.new)


def _is_chance(before: Piece, same: Piece, after: Piece) -> bool:
    """Whether what is the same is little beside what differs on both sides: the one `the` of two other wordings."""
    return 4 * len(same.new) < min(len(piece.old) + len(piece.new) for piece in (before, after))


def _split(piece: Piece) -> Iterator[Piece]:
    """White space behind words that differ is the same."""
    space = len(piece.new) - len(piece.new.rstrip())
    if piece.same or not space or not piece.new.strip() or piece.old[-space:] != piece.new[-space:]:
        yield piece
    else:
        yield Piece(old=piece.old[:-space], new=piece.new[:-space])
        yield Piece(old=piece.old[-space:], new=piece.new[-space:])
