"""Names beside each other: short, and none like another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.plain import fitting, one_line, pieces, room

_WHOLE = 400
"""Most columns of a name of which anything is shown."""


def labels(names: Sequence[str], width: int) -> list[str]:
    """Names cut to a width, none like another; where `shortened` leaves some alike, they are numbered.

    >>> labels(["title-in-english", "title-in-german", "b"], 10), labels(["rules", "rules"], 10)
    (['titl…glish', 'titl…erman', 'b'], ['rules', 'rules 2'])

    Args:
        names: In the order in which they are numbered.
        width: Most columns of a terminal that one takes, and most characters.
    """
    taken: list[str] = []
    for name in shortened(names, width):
        shown, n = name, 1
        while shown in taken:
            n += 1
            shown = f"{one_line(name, width - len(str(n)) - 1)} {n}"
        taken.append(shown)
    return taken


def shortened(names: Sequence[str], width: int) -> list[str]:
    """Names cut to a width so that different ones stay different, where that can be: their ends, or else their middles.

    Args:
        names: Any.
        width: As for `labels`.
    """
    whole = [one_line(name, _WHOLE) for name in names]
    cut = [one_line(name, width) for name in whole]
    told: dict[str, str] = dict(zip(whole, cut, strict=True))
    for short in dict.fromkeys(cut):
        alike = [name for name in told if told[name] == short]
        if len(alike) > 1:
            others = {*told.values()} - {short}
            best = max(_ways(alike, width), key=lambda way: len({*way} - others))
            told.update(zip(alike, best, strict=True))
    return [told[name] for name in whole]


def _ways(names: Sequence[str], width: int) -> Iterator[list[str]]:
    """Ways to cut names that begin alike: the middle, in two or three places, or all but where they begin to differ."""
    parts = [[*pieces(name)] for name in names]
    for end in (width // 2, 2 * width // 3, width - 2):
        yield [_cut(each, width, end) for each in parts]
    differ = next((place for place, found in enumerate(zip(*parts, strict=False)) if len({*found}) > 1), 0)
    head = width // 4
    yield ["".join([*fitting(each, head), "…", *fitting(each[differ:], width - head - 2), "…"]) for each in parts]


def _cut(parts: Sequence[str], width: int, end: int) -> str:
    """A name without its middle, with so much of its end."""
    if room("".join(parts)) <= width:
        return "".join(parts)
    tail = fitting(reversed(parts), end)[::-1]
    return "".join([*fitting(parts, width - 1 - sum(map(room, tail))), "…", *tail])
