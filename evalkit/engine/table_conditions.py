"""Sort a table's trials by condition, and refuse tables whose pass rates would mean something else than they seem to.

Theory of operation. Trials of a table are judged as if items had been drawn independently. That fails silently when
the same trial stands twice, when rows that belong to many items carry one id, or when some items were asked more often
than others and so weigh more. None of this can be repaired without knowing how the table came about, so it is refused
with the rows. That models or conditions were not asked the same items spoils comparisons only, so it is a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from evalkit.engine.table import TableTrial
from evalkit.errors import Problem, refuse
from evalkit.plain import one_line
from evalkit.trial import CLEAN, Condition

REPEAT = "repeat"
"""The perturbation whose unit is an item asked several times."""
_NAMED = 5
"""Items that a message names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableCondition:
    """What one model did with one task under one condition."""

    model: str
    task: str
    condition: Condition
    trials: Sequence[TableTrial]
    """In the table's order."""
    items: Mapping[str, Sequence[TableTrial]]
    """Those of each item, in the order of their repeats; as many for each."""

    @property
    def repeats(self) -> int:
        """Trials of each item."""
        return len(next(iter(self.items.values())))


def table_conditions(path: Path, trials: Iterable[TableTrial]) -> list[TableCondition]:
    """Sort trials by model, task and condition.

    Args:
        path: Of the table, for messages.
        trials: As they were read; at least one.

    Returns:
        Models and tasks as they first appear; of a task `clean` first, levels by size, and `repeat` last.

    Raises:
        EvalkitError: If a trial stands twice, an item has two groups, all rows of a condition are about one item, or
            items were asked unequally often, or a condition is not what its name says.
    """
    found: dict[tuple[str, str, str], list[TableTrial]] = {}
    for trial in trials:
        found.setdefault((trial.model, trial.task, trial.condition.id), []).append(trial)
    refuse([Problem(path=path, message=message) for each in found.values() for message in _one_item(each)])
    refuse([problem for each in found.values() for problem in _doubles(path, each)])
    refuse(list(_two_groups(path, (trial for each in found.values() for trial in each))))
    conditions = [_condition(each) for each in found.values()]
    refuse([Problem(path=path, message=message) for each in conditions for message in _unequal(each)])
    refuse([Problem(path=path, message=message) for each in conditions for message in _misnamed(each)])
    refuse([Problem(path=path, message=message) for message in _only_repeats(conditions)])
    return _in_order(conditions)


def _where(trial: TableTrial) -> str:
    return f"model {_short(trial.model)}, task {_short(trial.task)}, condition {_short(trial.condition.id)}"


def _short(text: str) -> str:
    return one_line(text, 40)


def _one_item(trials: Sequence[TableTrial]) -> Iterator[str]:
    item = trials[0].item
    if len(trials) > 1 and all(trial.item == item for trial in trials):
        yield (
            f"{_where(trials[0])}: found the item {_short(item)!r} in every one of {len(trials):,} rows, expected at "
            "least two items; however often one is asked, it says nothing of others. Map item= to the column that "
            "tells them apart"
        )


def _doubles(path: Path, trials: Sequence[TableTrial]) -> Iterator[Problem]:
    seen: dict[tuple[str, str | None], TableTrial] = {}
    for trial in trials:
        first = seen.setdefault((trial.item, trial.repeat), trial)
        if first is trial:
            continue
        if trial.repeat is None:
            advice = "if rows are repeats or of several models, say which with --map repeat=COLUMN or model=COLUMN"
        else:
            advice = f"both are repeat {_short(trial.repeat)}"
        message = f"{_where(trial)}: found the item {_short(trial.item)!r} again, first on line {first.line}"
        yield Problem(path=path, line=trial.line, message=f"{message}; {advice}; if they are copies, remove one")


def _two_groups(path: Path, trials: Iterable[TableTrial]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], TableTrial] = {}
    for trial in trials:
        first = seen.setdefault((trial.task, trial.item), trial)
        if first.group != trial.group:
            message = (
                f"task {_short(trial.task)}: found the item {_short(trial.item)!r} in the group "
                f"{_short(trial.group or '')!r}, expected {_short(first.group or '')!r} as on line {first.line}"
            )
            yield Problem(path=path, line=trial.line, message=message)


def _condition(trials: Sequence[TableTrial]) -> TableCondition:
    items: dict[str, list[TableTrial]] = {}
    for trial in trials:
        items.setdefault(trial.item, []).append(trial)
    if all((trial.repeat or "0").isdecimal() for trial in trials):
        for asked in items.values():
            asked.sort(key=lambda trial: int(trial.repeat or "0"))
    first = trials[0]
    return TableCondition(model=first.model, task=first.task, condition=first.condition, trials=trials, items=items)


def _unequal(condition: TableCondition) -> Iterator[str]:
    counts = Counter(len(asked) for asked in condition.items.values())
    if len(counts) < 2:
        return
    shares = ", ".join(f"{n} of {times}" for times, n in sorted(counts.items(), reverse=True))
    most = counts.most_common(1)[0][0]
    others = [item for item, asked in condition.items.items() if len(asked) != most]
    yield (
        f"{_where(condition.trials[0])}: found items with different numbers of repeats ({shares}), expected the same "
        f"for each: those asked more often would weigh more. Not asked {most} times: {_listed(others)}. Leave the "
        "surplus out, or add what is missing with an empty outcome, which makes it void"
    )


def _misnamed(condition: TableCondition) -> Iterator[str]:
    """A condition that is called after more or fewer repeats than there are."""
    its = condition.condition
    if its.perturbation == REPEAT and (its.level != condition.repeats or condition.repeats < 2):
        yield (
            f"{_where(condition.trials[0])}: found {condition.repeats} repeats of each item, expected {its.level} by "
            f"the condition's name{'' if condition.repeats > 1 else ', and two at least'}; map repeat= to the column "
            "that tells them apart, or name the condition after their number"
        )


def _only_repeats(conditions: Iterable[TableCondition]) -> Iterator[str]:
    counting: dict[tuple[str, str], bool] = {}
    for each in conditions:
        key = (each.model, each.task)
        counting[key] = counting.get(key, False) or each.condition.perturbation != REPEAT
    for (model, task), counts in counting.items():
        if not counts:
            yield (
                f"model {_short(model)}, task {_short(task)}: found only {REPEAT}@…, which no verdict is about; leave "
                "the condition empty or call it clean: what repeats say is reported beside it"
            )


def _listed(items: Iterable[str]) -> str:
    names = [_short(item) for item in items]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _in_order(conditions: Sequence[TableCondition]) -> list[TableCondition]:
    tasks = list(dict.fromkeys((each.model, each.task) for each in conditions))
    names = dict.fromkeys(each.condition.perturbation for each in conditions)
    order = [CLEAN, *(name for name in names if name not in {CLEAN, REPEAT}), REPEAT]
    levels = dict.fromkeys(each.condition.level for each in conditions)
    numbers = sorted(level for level in levels if isinstance(level, int | float))
    ladder = [*numbers, *(level for level in levels if not isinstance(level, int | float))]

    def place(each: TableCondition) -> tuple[int, int, int]:
        its = each.condition
        return tasks.index((each.model, each.task)), order.index(its.perturbation), ladder.index(its.level)

    return sorted(conditions, key=place)


def coverage(conditions: Sequence[TableCondition]) -> list[str]:
    """Where conditions of a task, or models, were not asked the same items; a sentence each."""
    models = list(dict.fromkeys(each.model for each in conditions))
    by_condition: dict[str, dict[str, AbstractSet[str]]] = {}
    by_model: dict[str, dict[str, AbstractSet[str]]] = {}
    for each in conditions:
        items, condition = each.items.keys(), each.condition.id
        by_condition.setdefault(f"model {each.model}, task {each.task}", {})[f"condition {condition}"] = items
        where = f"task {each.task}, condition {condition}"
        by_model.setdefault(where, {f"model {model}": frozenset() for model in models})
        by_model[where][f"model {each.model}"] = items
    return [*_differing(by_condition, "conditions"), *_differing(by_model, "models")]


def _differing(compared: Mapping[str, Mapping[str, AbstractSet[str]]], what: str) -> Iterator[str]:
    for where, sets in compared.items():
        everything = dict.fromkeys(item for items in sets.values() for item in items)
        partial = {name: items for name, items in sets.items() if len(items) < len(everything)}
        if partial:
            told = "; ".join(
                f"{name} has {len(items):,}, not {_listed(item for item in everything if item not in items)}"
                for name, items in partial.items()
            )
            yield (
                f"{where}: not all {what} have the same items. Of {len(everything):,}, {told}. Each verdict is about "
                f"the items that are there; a difference between {what} may come from the items"
            )
