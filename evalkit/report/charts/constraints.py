"""The constraint ladder: which link of the chain breaks, and what all of them together come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.plain import one_line, percent, percent_range, sentence
from evalkit.report.charts.forest import Row, forest
from evalkit.report.charts.words import CONDITION, listed, model_labels
from evalkit.report.conjunction import conjunction_note
from evalkit.report.figure import Cell, Column, Figure, Table
from evalkit.report.names import labels
from evalkit.verdict import ConditionResult, ConstraintResult, SuiteResult

_TOGETHER, _PRODUCT = "all hold together", "product of the parts"
_COLUMNS = (
    *(Column(name=name) for name in ("model", "condition", "constraint")),
    *(Column(name=name, kind="count") for name in ("trials", "holds in")),
    *(Column(name=name, kind="share") for name in ("rate", "low", "high", "all others hold")),
    Column(name="weakest link"),
)


def constraint_figure(task: str, results: Sequence[SuiteResult]) -> Figure | None:
    """How often each constraint of a task holds at its weakest condition, and all of them.

    Args:
        task: Its name.
        results: Of one suite, each of another model.

    Returns:
        None where no model was measured, or the task has a single constraint.
    """
    models = model_labels(results)
    found = [
        (name, index, each)
        for index, (name, result) in enumerate(zip(models, results, strict=True))
        for each in result.tasks
        if each.task == task and each.weakest is not None and len(each.weakest.constraints) > 1
    ]
    weakest = [(name, index, each.weakest) for name, index, each in found if each.weakest is not None]
    if not weakest:
        return None
    several = len(results) > 1
    names = list(dict.fromkeys(each.constraint for *_, condition in weakest for each in condition.constraints))
    shown = dict(zip(names, labels(names, CONDITION), strict=True))
    rows = [*_links(shown, weakest, several=several), *_wholes(weakest, several=several)]
    places = list(dict.fromkeys(one_line(condition.condition, CONDITION) for *_, condition in weakest))
    notes = [note for _, _, each in found for note in conjunction_note(each)] if not several else []
    return Figure(
        id="constraints",
        title=f"Which constraint breaks: {one_line(task, 40)}",
        says=" ".join([_says(weakest, places), *map(sentence, notes)]),
        spec=forest(rows, models=models if several else (), title="share of trials in which it holds"),
        table=Table(
            columns=_COLUMNS,
            rows=tuple(row for _, index, condition in weakest for row in _table_rows(results[index].model, condition)),
        ),
    )


def _links(
    shown: dict[str, str], weakest: Sequence[tuple[str, int, ConditionResult]], *, several: bool
) -> Iterator[Row]:
    """A row for each constraint and model, in the order of the suite."""
    for constraint, group in shown.items():
        for name, _, condition in weakest:
            each = next((one for one in condition.constraints if one.constraint == constraint), None)
            if each is None:
                continue
            says = f"{percent(each.pass_rate)} %" + (f" · {name}" if several else "")
            yield Row(
                group=group,
                rate=each.pass_rate,
                low=each.low,
                high=each.high,
                threshold=condition.threshold,
                says=f"{says} ← breaks most often" if _is_weakest(condition, each) else says,
                hover=f"{name if several else ''} {_hover(each, condition)}".strip(),
                model=name if several else None,
            )


def _is_weakest(condition: ConditionResult, each: ConstraintResult) -> bool:
    lowest = min(one.pass_rate for one in condition.constraints)
    return each.pass_rate == lowest < 1


def _hover(each: ConstraintResult, condition: ConditionResult) -> str:
    return (
        f"{one_line(each.constraint, 40)} at {one_line(condition.condition, 40)}: holds in {each.passes:,} of "
        f"{each.trials:,} trials, {percent(each.pass_rate)} % (between {percent_range(each.low, each.high)} %)"
    )


def _wholes(weakest: Sequence[tuple[str, int, ConditionResult]], *, several: bool) -> Iterator[Row]:
    """What all constraints come to, beside what they would if they broke independently."""
    held = [(name, condition, condition.conjunction) for name, _, condition in weakest]
    for group, told in ((_TOGETHER, "joint"), (_PRODUCT, "product")):
        for name, condition, whole in held:
            if whole is None:
                continue
            rate = whole.joint if told == "joint" else whole.product
            passes = told == "joint" and condition.measure == "pass" and condition.pass_rate == whole.joint
            yield Row(
                group=group,
                rate=rate,
                low=condition.low if passes else None,
                high=condition.high if passes else None,
                threshold=condition.threshold,
                says=f"{percent(rate)} %" + (f" · {name}" if several else ""),
                hover=f"{name if several else ''} {group}: {percent(rate)} % of {whole.trials:,} trials".strip(),
                model=name if several else None,
                counts=told == "joint",
            )


def _says(weakest: Sequence[tuple[str, int, ConditionResult]], places: Sequence[str]) -> str:
    """What breaks most often, of one model or of each."""
    if not any(_is_weakest(condition, each) for *_, condition in weakest for each in condition.constraints):
        return f"Every constraint holds in every trial at {listed(places)}."
    found: dict[str, list[str]] = {}
    for name, _, condition in weakest:
        broken = [
            one_line(each.constraint, CONDITION) for each in condition.constraints if _is_weakest(condition, each)
        ]
        rate = percent(min(each.pass_rate for each in condition.constraints))
        what = f"{listed(broken)} (holds in {rate} %)" if broken else "none"
        found.setdefault(what, []).append(name)
    told = [f"{what} for {listed(names)}" if len(weakest) > 1 else what for what, names in found.items()]
    return f"What breaks most often at {listed(places)}: {listed(told, most=6)}."


def _table_rows(model: str, condition: ConditionResult) -> Iterator[tuple[Cell, ...]]:
    whole = condition.conjunction
    fixed = {} if whole is None else {link.constraint: link.if_fixed for link in whole.links}
    for each in condition.constraints:
        numbers = (each.trials, each.passes, each.pass_rate, each.low, each.high, fixed.get(each.constraint))
        yield (model, condition.condition, each.constraint, *numbers, _is_weakest(condition, each))
    if whole is not None:
        for name, rate in ((_TOGETHER, whole.joint), (_PRODUCT, whole.product)):
            yield (model, condition.condition, name, whole.trials, None, rate, None, None, None, None)
