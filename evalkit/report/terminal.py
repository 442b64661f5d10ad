"""The report that a tired person understands at 80 columns, with or without colour."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evalkit.plain import at_least, at_most, one_line, percent, percent_range, printable
from evalkit.report.levels import level_notes
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult, VariantResult, claims, least_units

Style = Callable[[str, str], str]
"""Colours a text: takes it and one of `good`, `bad`, `open`, `dim`, `strong`."""

WIDTH = 80
_BAR = 12
_NAME = 19
_NAMED_IN_HEADLINE = 3
_NO_MARGIN = "+0.00"
"""What is left of the margin of a test that stopped as soon as it could."""
_LEAST_OF_A_WORDING = 10
"""Trials without which a wording's pass rate says nothing."""
_OUT_OF_SIGHT_CALLS = 10_000
_SIGNS = {"usable": "✓", "edge": "?", "unusable": "✗"}
_COLOURS = {"usable": "good", "edge": "open", "unusable": "bad"}
_REASONS = {
    "futility": "too close to the threshold to tell with the calls that were left",
    "budget": "its trials did not settle it; allow more with --max-calls, or plan more with --fixed",
    "cost": "the money allowed was spent; resume it with a larger --max-cost",
    "items": "the items ran out; add items, or say `claim: set` (the verdict is then about these items only)",
    "void": "trials without an answer could change the verdict",
    "task-decided": "the task was decided without it",
    "interrupted": "the run was stopped; resume it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where results come from, for the report's last lines."""

    folder: str
    seed: int
    confidence: float
    """Of each verdict, both sides together."""


def plain_style(text: str, _: str) -> str:
    """No colour."""
    return text


def render(result: SuiteResult, provenance: Provenance, *, style: Style = plain_style) -> str:
    """A run's results as text, at most 80 columns wide.

    Args:
        result: What was measured.
        provenance: Of which run.
        style: Colours it; `plain_style` for logs and screen readers.
    """
    return "\n".join(_Terminal(style, provenance).suite(result)) + "\n"


def render_together(results: Sequence[SuiteResult], *, alpha: float) -> str:
    """Which verdicts of several runs can be read together, as a last paragraph.

    Args:
        results: Of models or suites that were measured together.
        alpha: Chance that a single verdict "usable" is wrong, and likewise "unusable".
    """
    verdicts = [(f"{each.model} {task.task}", task.verdict) for each in results for task in each.tasks]
    held = claims(verdicts, alpha=alpha)
    lines = [
        f"\nOver all {len(verdicts)} verdicts, with on average at most {100 * held.level:g} % wrong ones among them:"
    ]
    for kind, names in (("usable", held.usable), ("unusable", held.unusable)):
        reached = [name for name, verdict in verdicts if verdict == kind]
        if reached:
            told = f"all {len(names)}" if names else f"none of the {len(reached)}, which are too few to be sure of"
            lines.append(f"  {kind}: {told}")
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


@dataclass(frozen=True, slots=True)
class _Terminal:
    style: Style
    provenance: Provenance

    def suite(self, result: SuiteResult) -> Iterator[str]:
        yield self.style(f"{_short(result.suite, 30)} with {_short(result.model, 44)}", "strong")
        yield from _headline(result)
        before: TaskResult | None = None
        for task in result.tasks:
            # Tasks of one condition share one table.
            if before is None or len(task.conditions) > 1 or len(before.conditions) > 1:
                yield ""
                yield from self.head(task)
            yield from self.task(task)
            before = task
        yield ""
        for line in self.foot(result):
            yield self.style(line, "dim")

    def head(self, task: TaskResult) -> Iterator[str]:
        single = len(task.conditions) == 1
        if not single:
            verdict = self.style(f"{_SIGNS[task.verdict]} {task.verdict}", _COLOURS[task.verdict])
            name = self.style(_short(task.task, 40), "strong")
            yield f"{name}  {verdict}, needs {percent(task.threshold)} %"
        yield self.style(
            f"  {'task' if single else 'condition':<{_NAME}} {'trials':>6} {'pass %':>6} {'between':>10} "
            f"{'margin':>6}  {'0':<{_BAR - 3}}100  verdict",
            "dim",
        )

    def task(self, task: TaskResult) -> Iterator[str]:
        asked = [condition for condition in task.conditions if condition.counts or condition.trials or condition.void]
        for condition in asked:
            name = task.task if len(task.conditions) == 1 else condition.condition
            yield self.condition(condition, name if condition.counts else f"({name})")
        if any(not condition.counts for condition in asked):
            yield self.style("  (in brackets: explored, does not count for the verdict)", "dim")
        left = [_short(condition.condition, 20) for condition in task.conditions if condition not in asked]
        if left:
            yield from _wrapped(f"not asked, and not needed for the verdict: {', '.join(left)}", indent="  ")
        for notes in (_other_thresholds, _void, self.why, _broken, _wordings, _conflicts, level_notes, _repeats):
            for note in notes(task):
                yield from _wrapped(note, indent="  ")

    def condition(self, condition: ConditionResult, name: str) -> str:
        trials = f"{condition.trials}×{condition.repeat.k}" if condition.repeat else f"{condition.trials}"
        cells = (
            f"  {_short(name, _NAME):<{_NAME}} {trials:>6} {percent(condition.pass_rate):>6} "
            f"{percent_range(condition.low, condition.high):>10} {_margin(condition):>6}  {_bar(condition)}  "
        )
        return cells + self.style(f"{_SIGNS[condition.verdict]} {condition.verdict}", _COLOURS[condition.verdict])

    def why(self, task: TaskResult) -> Iterator[str]:
        """Why the task's conditions are at the edge, and what would settle the weakest."""
        names: dict[str, list[str]] = {}
        for condition in task.conditions:
            if condition.counts and condition.reason is not None:
                names.setdefault(self._reason(condition), []).append(_short(condition.condition, 20))
        for reason, conditions in names.items():
            yield f"edge at {', '.join(conditions)}: {reason}"
        weakest = task.weakest
        if task.verdict == "edge" and weakest is not None and weakest.reason in {"budget", "items"}:
            yield f"at this pass rate {_short(weakest.condition, 20)} would take {_further(weakest)}"

    def _reason(self, condition: ConditionResult) -> str:
        if condition.reason is None or (condition.trials + condition.void == 0 and condition.reason != "interrupted"):
            return "it was not run"
        least = least_units(condition.threshold, (1 - self.provenance.confidence) / 2)
        fixed = condition.evidence is None
        if fixed and condition.reason in {"budget", "items"} and (least is None or condition.trials < least):
            shortest = "no number of passes" if least is None else f"nothing short of {least} passes in a row"
            return f"{_REASONS[condition.reason]}; {shortest} would show it usable"
        return _REASONS[condition.reason]

    def foot(self, result: SuiteResult) -> Iterator[str]:
        totals = result.totals
        cost = "cost unknown" if totals.cost_usd is None else f"{totals.cost_usd:.2f} USD"
        void = f", {totals.void:,} void" if totals.void else ""
        yield f"{totals.calls:,} calls{void}, {cost}, {totals.seconds:.1f} s"
        where = [f"seed {self.provenance.seed}", self.provenance.folder]
        served = [f"served by {', '.join(result.served_model)}"] if result.served_model else []
        yield from _wrapped("; ".join([*served, *where]))
        yield from _wrapped(
            f"Each task's verdict holds at {100 * self.provenance.confidence:g} %; upper ends allow for the number of "
            "conditions that count. The margin is what is guaranteed, in points."
        )
        yield from _wrapped(_together(result))


def _together(result: SuiteResult) -> str:
    """Whether the verdicts of several tasks can be read together."""
    shares = []
    for verdict, held in (("usable", result.claims.usable), ("unusable", result.claims.unusable)):
        reached = sum(task.verdict == verdict for task in result.tasks)
        if reached > len(held):
            shares.append(f"{reached} {verdict}")
    if len(result.tasks) < 2 or all(task.verdict == "edge" for task in result.tasks):
        return ""
    if shares:
        return f"So few of {len(result.tasks)} tasks ({', '.join(shares)}) may be there by chance: confirm them alone."
    rate = f"{100 * result.claims.level:g} %"
    return f"Taken together, on average at most {rate} of the usable verdicts are wrong, and of the unusable ones."


def _short(text: str, width: int) -> str:
    return one_line(text, width)


def _wrapped(text: str, *, indent: str = "") -> Iterator[str]:
    following = indent + ("  " if indent else "")
    yield from textwrap.wrap(printable(text), WIDTH, initial_indent=indent, subsequent_indent=following)


def _headline(result: SuiteResult) -> Iterator[str]:
    """The answer in a few sentences: how many tasks are what, and the worst of them."""
    counts = Counter(task.verdict for task in result.tasks)
    parts = [f"{counts[verdict]} {verdict}" for verdict in ("unusable", "edge", "usable") if counts[verdict]]
    shares = f": {', '.join(parts)} of {len(result.tasks)} tasks" if len(result.tasks) > 1 else ""
    yield f"{result.verdict.upper()}{shares}"
    if result.verdict == "usable":
        weakest = min(_weakest(result.tasks), key=lambda pair: pair[1].margin_low or 0.0)
        least = at_least(weakest[1].margin_low or 0.0)
        by = "if only just" if least == _NO_MARGIN else f"by at least {least} points"
        yield from _wrapped(f"Every task is above its threshold, {by} ({_place(*weakest)}).")
        return
    concerned = [task for task in result.tasks if task.verdict == result.verdict]
    concerned.sort(key=lambda task: (task.weakest.margin_high or 0.0) if task.weakest else 0.0)
    for task in concerned[:_NAMED_IN_HEADLINE]:
        yield from _wrapped(f"- {_sentence(task)}", indent="")
    if len(concerned) > _NAMED_IN_HEADLINE:
        yield f"- and {len(concerned) - _NAMED_IN_HEADLINE} more"


def _weakest(tasks: Sequence[TaskResult]) -> list[tuple[TaskResult, ConditionResult]]:
    return [(task, task.weakest) for task in tasks if task.weakest is not None]


def _place(task: TaskResult, condition: ConditionResult) -> str:
    return f"{_short(task.task, 40)}, {_short(condition.condition, 20)}"


def _sentence(task: TaskResult) -> str:
    """What keeps a task from being usable."""
    name, weakest = _short(task.task, 40), task.weakest
    if weakest is None:
        return f"{name} was not measured."
    plain = task.conditions[0]
    if plain.verdict == "unusable" and plain is not weakest:
        return f"{name} fails already at {_stands(plain)}; it is weakest at {_stands(weakest)}."
    if task.verdict == "unusable":
        return f"{name} fails at {_stands(weakest)}."
    return f"{name} could be either: {_stands(weakest)}."


def _stands(condition: ConditionResult) -> str:
    between = percent_range(condition.low, condition.high)
    return f"{_short(condition.condition, 20)} ({between} %, needs {percent(condition.threshold)} %)"


def _margin(condition: ConditionResult) -> str:
    """What is guaranteed; nothing is at the edge."""
    if condition.verdict == "usable" and condition.margin_low is not None:
        least = at_least(condition.margin_low)
        return ">0" if least == _NO_MARGIN else f"≥{least}"
    if condition.verdict == "unusable" and condition.margin_high is not None:
        most = at_most(condition.margin_high)
        return "<0" if most == _NO_MARGIN else f"≤{most}"
    return "–"


def _bar(condition: ConditionResult) -> str:
    """The interval between 0 and 100 % as a line, the threshold as a mark that it crosses only at the edge."""
    mark = min(max(int(condition.threshold * _BAR), 1), _BAR - 2)
    cells = ["·"] * _BAR
    low, high = condition.low, condition.high
    if low is not None and high is not None:
        first, last = min(int(low * _BAR), _BAR - 1), min(int(high * _BAR), _BAR - 1)
        if low > condition.threshold:
            first, last = max(first, mark + 1), max(last, mark + 1)
        elif high < condition.threshold:
            first, last = min(first, mark - 1), min(last, mark - 1)
        else:
            first, last = min(first, mark), max(last, mark)
        cells[first : last + 1] = "━" * (last + 1 - first)
    cells[mark] = "╋" if cells[mark] == "━" else "┃"
    return "".join(cells)


def _further(condition: ConditionResult) -> str:
    """How much more would settle a condition, to the precision that can be known."""
    calls = condition.calls_to_decide
    if calls is None or calls > _OUT_OF_SIGHT_CALLS:
        return "more than 10,000 further calls: it is too close to its threshold to tell"
    return f"about {float(f'{calls:.2g}'):,.0f} further calls to settle"


def _other_thresholds(task: TaskResult) -> Iterator[str]:
    names: dict[float, list[str]] = {}
    for condition in task.conditions:
        if condition.threshold != task.threshold:
            names.setdefault(condition.threshold, []).append(_short(condition.condition, 20))
    for threshold, conditions in names.items():
        yield f"needs {percent(threshold)} % at {', '.join(conditions)}"


def _void(task: TaskResult) -> Iterator[str]:
    void = [f"{_short(each.condition, 20)} {each.void}" for each in task.conditions if each.void]
    if void:
        yield f"void (no answer came; intervals count them both ways): {', '.join(void)}"
    prices = [f"{each.void_price:,} at {_short(each.condition, 20)}" for each in task.conditions if each.void_price]
    if prices:
        yield f"they cost about so many calls more: {', '.join(prices)}"


def _broken(task: TaskResult) -> Iterator[str]:
    """Which constraints break at the weakest condition, the weakest first; nothing when there is only one."""
    if task.weakest is None or len(task.weakest.constraints) < 2:
        return
    results = sorted(task.weakest.constraints, key=lambda constraint: constraint.pass_rate)
    broken = [
        f"{_short(each.constraint, 24)} holds {percent(each.pass_rate)} % ({percent_range(each.low, each.high)})"
        for each in results
        if each.pass_rate < 1
    ]
    where = f"at {_short(task.weakest.condition, 20)}"
    others = len(results) - len(broken)
    always = f"{others} other constraint{'s always hold' if others > 1 else ' always holds'}"
    if broken:
        yield f"what breaks {where}: {', '.join([*broken, always] if others else broken)}"
    else:
        yield f"every constraint always holds {where}"


def _wordings(task: TaskResult) -> Iterator[str]:
    """How far the wordings of the instruction lie apart: the spread is part of the answer."""
    for condition in task.conditions:
        variants = [each for each in condition.variants if each.lost is None and each.trials >= _LEAST_OF_A_WORDING]
        if len(variants) < 2:
            continue
        best, worst = (choose(variants, key=lambda each: each.pass_rate) for choose in (max, min))
        if best.pass_rate == worst.pass_rate:
            yield f"{len(variants)} wordings: all pass {percent(best.pass_rate)} %"
            continue
        mean = sum(each.pass_rate for each in variants) / len(variants)
        between = percent_range(worst.low, worst.high)
        yield (
            f"{len(variants)} wordings: best {percent(best.pass_rate)} %, mean {percent(mean)} %, worst "
            f"{percent(worst.pass_rate)} % ({_short(worst.variant, 20)}, {between} % in {worst.trials} trials)"
        )


def _conflicts(task: TaskResult) -> Iterator[str]:
    """Which constraint lost to a contradiction, the most often lost first, beside how often it breaks without one."""
    for condition in task.conditions:
        lost = [each for each in condition.variants if each.lost]
        lost.sort(key=lambda each: -(each.lost or 0) / each.trials)
        if lost:
            told = ", ".join(_lost(condition, each) for each in lost)
            yield f"lost when contradicted at {_short(condition.condition, 20)}: {told}"


def _lost(condition: ConditionResult, variant: VariantResult) -> str:
    name = variant.variant.removeprefix("conflict ")
    told = f"{_short(name, 24)} {variant.lost} of {variant.trials}"
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
    yield f"asked {repeat.k} times, of {repeat.items} items: {curve}{agreement}"
