"""What the terminal says of a task below its table: what breaks, what void trials cost, how stable it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.plain import one_line, percent, percent_range
from evalkit.report.conjunction import conjunction_note
from evalkit.report.levels import level_notes
from evalkit.verdict import ConditionResult, Served, SuiteResult, TaskResult, VariantResult

_SERVED = 4
"""Models or configurations that a note names."""
LEAST_OF_A_WORDING = 10
"""Trials without which a wording's pass rate says nothing."""


def changes(result: SuiteResult) -> Iterator[str]:
    """Whether the provider changed what answered: a verdict is then about a mixture."""
    for what, served in (("model", result.served), ("configuration (fingerprint)", result.configured)):
        if len(served) > 1:
            yield f"answers came from more than one {what}: {_served(served)}"


def _served(served: Sequence[Served]) -> str:
    told = [f"{one_line(each.name, 60)} ({each.trials:,} trials, first at {each.since})" for each in served]
    more = f" and {len(told) - _SERVED:,} more" if len(told) > _SERVED else ""
    return ", ".join(told[:_SERVED]) + more


def before_reasons(task: TaskResult) -> Iterator[str]:
    """What has to be known to read the table."""
    if task.claim == "set":
        yield "the verdict is about these items only (claim: set)"
    if any(condition.measure == "score" for condition in task.conditions):
        yield "judged by the mean score, not by how many trials pass"
    yield from _other_thresholds(task)
    yield from _void(task)


def after_reasons(task: TaskResult) -> Iterator[str]:
    """What the trials show beside the verdict."""
    for notes in (_broken, conjunction_note, _wordings, _conflicts, level_notes, _repeats):
        yield from notes(task)


def _other_thresholds(task: TaskResult) -> Iterator[str]:
    names: dict[float, list[str]] = {}
    for condition in task.conditions:
        if condition.threshold != task.threshold:
            names.setdefault(condition.threshold, []).append(one_line(condition.condition, 20))
    for threshold, conditions in names.items():
        yield f"needs {percent(threshold)} % at {', '.join(conditions)}"


def _void(task: TaskResult) -> Iterator[str]:
    void = [f"{one_line(each.condition, 20)} {each.void}" for each in task.conditions if each.void]
    if void:
        yield f"void (no answer came; intervals count them both ways): {', '.join(void)}"
    prices = [f"{each.void_price:,} at {one_line(each.condition, 20)}" for each in task.conditions if each.void_price]
    if prices:
        yield f"they cost about so many calls more: {', '.join(prices)}"


def _broken(task: TaskResult) -> Iterator[str]:
    """Which constraints break at the weakest condition, the weakest first; nothing when there is only one."""
    if task.weakest is None or len(task.weakest.constraints) < 2:
        return
    results = sorted(task.weakest.constraints, key=lambda constraint: constraint.pass_rate)
    broken = [
        f"{one_line(each.constraint, 24)} holds {percent(each.pass_rate)} % ({percent_range(each.low, each.high)})"
        for each in results
        if each.pass_rate < 1
    ]
    where = f"at {one_line(task.weakest.condition, 20)}"
    others = len(results) - len(broken)
    always = f"{others} other constraint{'s always hold' if others > 1 else ' always holds'}"
    if broken:
        yield f"what breaks {where}: {', '.join([*broken, always] if others else broken)}"
    else:
        yield f"every constraint always holds {where}"


def _wordings(task: TaskResult) -> Iterator[str]:
    """How far the wordings of the instruction lie apart: the spread is part of the answer."""
    for condition in task.conditions:
        variants = [each for each in condition.variants if each.lost is None and each.trials >= LEAST_OF_A_WORDING]
        if len(variants) < 2:
            continue
        where = one_line(condition.condition, 20)
        best, worst = (choose(variants, key=lambda each: each.pass_rate) for choose in (max, min))
        if best.pass_rate == worst.pass_rate:
            yield f"{len(variants)} wordings at {where}: all pass {percent(best.pass_rate)} %"
            continue
        mean = sum(each.pass_rate for each in variants) / len(variants)
        between = percent_range(worst.low, worst.high)
        yield (
            f"{len(variants)} wordings at {where}: best {percent(best.pass_rate)} %, mean {percent(mean)} %, worst "
            f"{percent(worst.pass_rate)} % ({one_line(worst.variant, 20)}, {between} % in {worst.trials} trials)"
        )


def _conflicts(task: TaskResult) -> Iterator[str]:
    """Which constraint lost to a contradiction, the most often lost first, beside how often it breaks without one."""
    for condition in task.conditions:
        lost = [each for each in condition.variants if each.lost]
        lost.sort(key=lambda each: -(each.lost or 0) / each.trials)
        if lost:
            told = ", ".join(_lost(condition, each) for each in lost)
            yield f"lost when contradicted at {one_line(condition.condition, 20)}: {told}"


def _lost(condition: ConditionResult, variant: VariantResult) -> str:
    name = variant.variant.removeprefix("conflict ")
    told = f"{one_line(name, 24)} {variant.lost} of {variant.trials}"
    whole = next((each for each in condition.constraints if each.constraint == name), None)
    if whole is None or whole.trials <= variant.trials:
        return told
    # The condition's other trials contradict other constraints: there this one stood alone.
    others = whole.trials - variant.trials
    return f"{told} (else {whole.trials - whole.passes - (variant.lost or 0)} of {others})"


def _repeats(task: TaskResult) -> Iterator[str]:
    repeat = task.repeat
    if repeat is None:
        return
    if repeat.pass_hat_k is not None:
        first, last = percent(repeat.pass_hat_k[0]), percent(repeat.pass_hat_k[-1])
        curve = f"{first} % pass once, {last} % all {repeat.k} times"
    else:
        curve = f"{percent(repeat.consistent)} % pass all {repeat.k} times"
    agreement = "" if repeat.agreement is None else f"; two asks end alike in {percent(repeat.agreement)} %"
    # Not so many items: the same one may have been drawn, and asked so often, several times.
    yield f"{repeat.items:,} series of up to {repeat.k} asks of the same item: {curve}{agreement}"
