"""A comparison of two runs for the terminal: a sentence a task, the figures, and the items that flipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from evalkit.findings.compare import (
    Compared,
    ComparedCondition,
    ComparedRun,
    ComparedTask,
    Difference,
    Flip,
    RunComparison,
    Side,
)
from evalkit.plain import at_least, at_most, columns, counted, one_line, padded, percent
from evalkit.report.layout import WIDTH, Style, plain_style, wrapped

SHOWN_FLIPS = 3
"""Items of a task that flipped, each way, when nothing else is asked for."""
_NAME = 17
_LONG_NAME = 40
_NAMED = 4
"""Conditions that a sentence names."""
_COLOURS = {"better": "good", "worse": "bad", "none": "dim"}
_LEAST_P = 0.0001
_NOTHING = {"+0.00", "−0.00"}


def render_comparison(comparison: RunComparison, *, flips: int = SHOWN_FLIPS, style: Style = plain_style) -> str:
    """What two runs show beside each other, as text of at most 80 columns.

    Args:
        comparison: What was found.
        flips: How many items of a task that flipped are shown, each way; at least 0.
        style: Colours it.
    """
    return "\n".join(_Terminal(comparison, flips, style).lines()) + "\n"


@dataclass(frozen=True, slots=True)
class _Terminal:
    comparison: RunComparison
    flips: int
    style: Style

    def lines(self) -> Iterator[str]:
        both = self.comparison
        yield self.style("B against A", "strong")
        yield from _run("A", both.a)
        yield from _run("B", both.b)
        for warning in both.warnings:
            for line in wrapped(f"Warning: {warning}."):
                yield self.style(line, "open")
        if len(both.tasks) > 1:
            yield self.style(overall(both), "strong")
        for task in both.tasks:
            yield ""
            yield from self.task(task)
        yield ""
        for note in (*both.notes, *closing_notes(both)):
            for line in wrapped(note):
                yield self.style(line, "dim")

    def task(self, task: ComparedTask) -> Iterator[str]:
        yield self.style(one_line(task.task, WIDTH), "strong")
        for sentence in task_sentences(task):
            yield from wrapped(sentence, indent="  ")
        if not task.conditions:
            return
        head = f"  {'condition':<{_NAME}} {'trials':>9} {'A %':>5} {'B %':>5} {'B − A, points':>16} "
        yield self.style(f"{head}{'only A':>6} {'only B':>6}  B is", "dim")
        for condition in task.conditions:
            yield self.row(condition)
        if any(not condition.counts for condition in task.conditions):
            yield self.style("  (in brackets: explored, does not count for the verdict)", "dim")
        for note in task_notes(task, 1 - self.comparison.confidence):
            yield from wrapped(note, indent="  ")
        yield from self.flipped(task)

    def row(self, condition: ComparedCondition) -> str:
        result, difference = condition.result, condition.result.difference
        name = one_line(condition.condition if condition.counts else f"({condition.condition})", _NAME)
        trials = str(result.trials_b) if result.pairs else f"{result.trials_a}/{result.trials_b}"
        ways = (str(result.pairs.only_a), str(result.pairs.only_b)) if result.pairs else ("–", "–")
        cells = (
            f"  {padded(name, _NAME)} {trials:>9} {percent(difference.a):>5} {percent(difference.b):>5} "
            f"{difference_range(difference):>16} {ways[0]:>6} {ways[1]:>6}  "
        )
        return cells + self.style(shown_word(difference), _COLOURS[difference.shown])

    def flipped(self, task: ComparedTask) -> Iterator[str]:
        """Items that passed with one of the two only: first those that B lost."""
        found = [(condition.condition, flip) for condition in task.conditions for flip in condition.flips]
        lost = [(condition, flip) for condition, flip in found if flip.a.passed]
        won = [(condition, flip) for condition, flip in found if not flip.a.passed]
        if not self.flips:
            return
        for ways, members in (("A, not with B", lost), ("B, not with A", won)):
            if not members:
                continue
            shown = f", {self.flips:,} shown" if len(members) > self.flips else ""
            yield self.style(f"  passed with {ways}: {len(members):,}{shown}", "dim")
            for condition, flip in members[: self.flips]:
                yield from _flip(condition, flip)


def _run(name: str, run: ComparedRun) -> Iterator[str]:
    model = one_line(run.model, _LONG_NAME)
    yield from wrapped(f"{name}: {model}, {run.folder}", indent="  ")


# --- sentences


def overall(both: RunComparison) -> str:
    """In how many comparisons B is worse, and better."""
    shown = [condition.result.difference.shown for _, condition in both.conditions]
    if not {"worse", "better"} & set(shown):
        return f"No difference is shown in {counted(len(shown), 'comparison')}."
    return (
        f"Of {counted(len(shown), 'comparison')} B is worse in {shown.count('worse'):,}, better in "
        f"{shown.count('better'):,}; no difference is shown in {shown.count('none'):,}."
    )


def task_sentences(task: ComparedTask) -> Iterator[str]:
    """The answer: where B is worse, where it is better."""
    worse, better = task.with_shown("worse"), task.with_shown("better")
    if not task.conditions:
        yield "Nothing to compare: the two have no condition in common."
        return
    if all(condition.result.difference.value is None for condition in task.conditions):
        yield "Nothing to compare: no item has an answer in both runs."
        return
    if not worse and not better:
        yield _unshown(task)
        return
    for word, conditions in (("worse", worse), ("better", better)):
        if conditions:
            named = [_stands(each) for each in conditions[:_NAMED]]
            more = [f"{len(conditions) - _NAMED} more"] if len(conditions) > _NAMED else []
            yield f"B is {word} at {_list([*named, *more])}."
    others = len(task.conditions) - len(worse) - len(better)
    if others:
        yield f"No difference is shown at the {f'{others} others' if others > 1 else 'other condition'}."


def _unshown(task: ComparedTask) -> str:
    widest = max(task.conditions, key=lambda each: each.result.difference.high - each.result.difference.low)
    ends = difference_range(widest.result.difference)
    if len(task.conditions) == 1:
        return f"No difference is shown: it lies between {ends.replace(' to ', ' and ')} points."
    return f"No difference is shown at any condition; the least is known of {_short(widest.condition)}: {ends} points."


def _stands(condition: ComparedCondition) -> str:
    difference = condition.result.difference
    least = at_least(difference.low) if difference.shown == "better" else at_most(difference.high)
    by = "" if least in _NOTHING else f", by at least {least.lstrip('+−')} points"
    return f"{_short(condition.condition)} ({percent(difference.b)} % against {percent(difference.a)} %{by})"


def task_notes(task: ComparedTask, level: float) -> Iterator[str]:
    """What else is to be known of a task, a phrase each; `level` is the chance that an interval errs."""
    yield from task.notes
    yield from _exact_test(task.conditions, level)
    for condition in task.conditions:
        name, pairs = _short(condition.condition), condition.result.pairs
        if pairs is not None and pairs.void:
            void = counted(pairs.void, "pair")
            yield f"{name}: {void} void on a side; the interval holds whatever those would have been"
        if condition.measure == "score":
            yield f"{name}: what is compared is the mean score; only A and only B are full scores"
        if condition.score is not None:
            yield f"{name}, mean score: {_beside(condition.score)}"
        for constraint, compared in condition.constraints:
            if _tells(condition, compared):
                yield f"{name}, {_short(constraint)} holds: {_of_constraint(compared)}"


def _tells(condition: ComparedCondition, constraint: Compared) -> bool:
    """Whether a constraint is worth a line: where a condition differs, any that flipped may be why."""
    flipped = constraint.pairs is not None and constraint.pairs.only_a + constraint.pairs.only_b > 0
    return constraint.difference.shown != "none" or (condition.result.difference.shown != "none" and flipped)


def _exact_test(conditions: Sequence[ComparedCondition], level: float) -> Iterator[str]:
    tested = [(_short(each.condition), each.result.difference) for each in conditions]
    values = [f"{name} {_p(difference.p)}" for name, difference in tested if difference.p is not None]
    if values:
        yield f"p (exact McNemar test: how often chance alone flips so unevenly): {', '.join(values)}"
    for name, difference in tested:
        if difference.p is not None and difference.p <= level and difference.shown == "none":
            yield f"{name}: by that test there is a difference; its interval, which is more careful, still holds 0"


def _p(p: float) -> str:
    """Rounded up: it never looks smaller than it is."""
    if p < _LEAST_P:
        return "< 0.0001"
    digits = 4 if p < 0.1 else 2
    return f"{ceil(round(p * 10**digits, 6)) / 10**digits:.{digits}f}"


def _of_constraint(compared: Compared) -> str:
    flipped = f"; {compared.pairs.only_a} only with A, {compared.pairs.only_b} only with B" if compared.pairs else ""
    return f"{_beside(compared.difference)}{flipped}"


def _beside(difference: Difference) -> str:
    told = "" if difference.shown == "none" else f", {difference.shown}"
    return f"{percent(difference.b)} % against {percent(difference.a)} %, {difference_range(difference)} points{told}"


def closing_notes(both: RunComparison) -> Iterator[str]:
    """How the numbers are to be read, and which differences can be read together."""
    rate = f"{100 * both.confidence:g} %"
    yield f"Points are B minus A. Each difference holds at {rate}; those of constraints and scores are read one by one."
    if not both.fixed:
        yield (
            "A run stopped by what it found, so intervals are of a kind that holds wherever one stops; they are wider "
            "for that."
        )
    yield from _together(both, f"{100 * (1 - both.confidence):.3g} %")


def _together(both: RunComparison, level: str) -> Iterator[str]:
    """Whether the differences of several conditions can be read together."""
    named = [(f"{_short(task.task)} {_short(condition.condition)}", condition) for task, condition in both.conditions]
    n_read = sum(condition.together is not None for _, condition in named)
    shown = [(name, condition.together) for name, condition in named if condition.result.difference.shown != "none"]
    alone = [name for name, together in shown if together is None]
    standing = [name for name, together in shown if together]
    if alone and len(named) > 1:
        yield f"Shown when read alone only; of many such differences some are chance: {', '.join(alone)}."
    n_shown = len(shown) - len(alone)
    if n_read < 2 or not n_shown:
        return
    sure = f"with a chance of at most {level} that any is wrong" if both.fixed else f"on average at most {level} wrong"
    if len(standing) == n_shown:
        which = "The shown difference stands" if n_shown == 1 else f"{_all(n_shown)} shown differences stand"
        yield f"{which} when {_all(n_read).lower()} comparisons are read together, {sure}."
        return
    start = f"Of {n_read} comparisons {n_shown} show{'s' if n_shown == 1 else ''} a difference; read together,"
    if not standing:
        yield f"{start} none stands: it may be chance."
        return
    stand = f"{len(standing)} of these {'stands' if len(standing) == 1 else 'stand'}"
    yield f"{start} {stand}, {sure}: {', '.join(standing)}. The rest may be chance."


# --- pieces


def _flip(condition: str, flip: Flip) -> Iterator[str]:
    again = f", time {flip.before + 1}" if flip.before else ""
    yield f"    {one_line(flip.item, 30)}, {one_line(condition, 20)}{again}"
    for name, side in (("A", flip.a), ("B", flip.b)):
        yield _answered(name, side)


def _answered(name: str, side: Side) -> str:
    """What one of the two answered, cut to the width of the terminal."""
    start = f"      {name}: "
    failed = f" [fails {one_line(', '.join(side.failed), 30)}]" if side.failed else ""
    response = one_line(side.response or "", WIDTH - len(start) - columns(failed))
    return f"{start}{response or 'no text'}{failed}"


def shown_word(difference: Difference) -> str:
    """Whether B is shown to be better or worse."""
    return "–" if difference.shown == "none" else difference.shown


def difference_range(difference: Difference) -> str:
    """The interval in points, rounded outwards."""
    ends = at_least(difference.low), at_most(difference.high)
    return " to ".join("0.0" if end in _NOTHING else end for end in ends)


def _short(text: str) -> str:
    return one_line(text, _LONG_NAME)


def _all(number: int) -> str:
    return "Both" if number == 2 else f"All {number}"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
