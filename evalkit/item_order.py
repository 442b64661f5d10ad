"""In which order a condition's items are asked, fixed by the seed and the items' ids alone.

With a population claim items come in a permutation that a new item does not disturb (they are ordered by a hash of
their id), and can run out; where they stand or fall together in groups, one of every group comes first, then a second
of every group, and so on. With a claim about the very set, and for generators, they are drawn with replacement.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from evalkit.suite import Task
from evalkit.trial import Item, Level, rng_for


def draws_with_replacement(task: Task) -> bool:
    """Whether items may come again: the claim is about this very set, or a generator is its own population."""
    return task.claim == "set" or not isinstance(task.supply, tuple)


def items_available(task: Task, levels: Sequence[Level] | None, *, apart: bool) -> int | None:
    """How many units a condition can have; None when it cannot run out.

    Args:
        task: Whose items.
        levels: Difficulty levels to draw from; None for all.
        apart: Whether no two may come from one group.
    """
    if draws_with_replacement(task):
        return None
    items = items_at(task, levels)
    return len({item.group or item.id for item in items}) if apart and task.grouped else len(items)


def items_at(task: Task, levels: Sequence[Level] | None) -> list[Item]:
    """The listed items of some difficulty levels, in the file's order; none of a generator."""
    items = task.supply if isinstance(task.supply, tuple) else ()
    if levels is None or task.axis is None:
        return list(items)
    return [item for item in items if item.fields[task.axis.field] in levels]


def item_order(
    task: Task, seed: int, levels: Sequence[Level] | None, *, limit: int | None = None
) -> Iterator[tuple[Item, int]]:
    """A condition's items in their fixed order.

    Args:
        task: Whose items.
        seed: Of the run.
        levels: Difficulty levels to draw from; None for all.
        limit: Of items that do not come again, only so many, the first of the order.

    Yields:
        Each item with how often it came before; endless when items are drawn with replacement.
    """
    listed = _in_rounds(task, seed, items_at(task, levels))
    if not draws_with_replacement(task):
        yield from ((item, 0) for item in listed[:limit])
        return
    drawn: Counter[str] = Counter()
    for item in _drawn(task, seed, levels, listed):
        yield item, drawn[item.id]
        drawn[item.id] += 1


def _in_rounds(task: Task, seed: int, items: Sequence[Item]) -> list[Item]:
    """Items by the hash of their id; of groups first one each, by the hash of the group, then a second each."""
    ranked = sorted(items, key=lambda item: _rank(seed, task.name, item.id))
    if not task.grouped or draws_with_replacement(task):
        return ranked
    taken: Counter[str] = Counter()
    places = []
    for item in ranked:
        group = item.group or item.id
        places.append((taken[group], _rank(seed, task.name, group)))
        taken[group] += 1
    return [item for _, item in sorted(zip(places, ranked, strict=True), key=lambda pair: pair[0])]


def _rank(seed: int, task: str, item: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{task}\0{item}".encode()).digest()


def _drawn(task: Task, seed: int, levels: Sequence[Level] | None, listed: Sequence[Item]) -> Iterator[Item]:
    rng = rng_for(seed, task.name, "items", *(str(level) for level in levels or ()))
    if isinstance(task.supply, tuple):
        items = sorted(listed, key=lambda item: item.id)
        while True:
            yield rng.choice(items)
    choices = list(levels) if levels is not None else task.supply.levels()
    while True:
        level = rng.choice(choices)
        fields = task.supply.draw(rng, level)  # type: ignore[arg-type]  # an axis has its generator's levels
        yield Item(id=str(fields["id"]), fields=fields)


def levels_of(task: Task, perturbation: str, level: Level | None) -> Sequence[Level] | None:
    """The difficulty levels that a condition's items come from; None when the task has no axis."""
    if task.axis is None:
        return None
    return [level] if perturbation == task.axis.field and level is not None else task.axis.counting
