"""What the terminal says of how far along its levels a perturbation leaves a task usable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.plain import one_line
from evalkit.verdict import ConditionResult, CriticalLevel, TaskResult


def level_notes(task: TaskResult) -> Iterator[str]:
    """How far along its levels each perturbation leaves the task usable: by tested levels, and by a fitted curve."""
    for critical in task.critical_levels:
        ladder = [condition for condition in task.conditions if condition.perturbation == critical.perturbation]
        if all(
            each.verdict == "edge" and each.reason in {None, "task-decided", "gate-decided", "interrupted"}
            for each in ladder
        ):
            continue  # none was asked to its end
        name, curve = one_line(critical.perturbation, 20), _curve(critical)
        reach = "shown usable at no level" if critical.usable_to is None else f"usable to {critical.usable_to}"
        beyond = "" if critical.unusable_from is None else f", unusable from {critical.unusable_from}"
        shown = critical.usable_to is not None or critical.unusable_from is not None
        tested = " (tested)" if shown and curve else ""
        if _passed_over(critical, ladder):
            tested = " (tested, if harder is never easier)"
        yield f"{name}: {reach}{beyond}{tested}{'; ' if curve else ''}{curve}"


def _passed_over(critical: CriticalLevel, ladder: Sequence[ConditionResult]) -> bool:
    """Whether a level below the hardest usable one has no verdict of its own."""
    levels = [each.level for each in ladder]
    reached = levels.index(critical.usable_to) if critical.usable_to is not None else 0
    return any(each.verdict != "usable" for each in ladder[:reached])


def _curve(critical: CriticalLevel) -> str:
    """What a fitted curve adds to the verdicts of levels; empty when it adds nothing."""
    if critical.contradiction is not None:
        easier, harder = critical.contradiction
        return f"harder {harder} passes more often than easier {easier}: no curve is fitted"
    if critical.fit == "separated":
        return f"all trials pass, then all fail: the threshold is met {_between(critical)}, no slope can be fitted"
    if critical.fit == "beyond the tested range":
        # A verdict at the last level says it already.
        end = critical.high if critical.low is None else critical.low
        known = end in (critical.usable_to, critical.unusable_from)
        return "" if known else f"by a fitted curve the threshold is met {_between(critical)} (model-based)"
    if critical.fit == "open":
        return "too few trials to say where the threshold is met"
    if critical.estimate is None:
        return ""
    about = f"about {_level(critical, critical.estimate)} by a fitted curve"
    return f"{about} ({_between(critical)}, model-based{', fits poorly' if critical.fit == 'poor' else ''})"


def _between(critical: CriticalLevel) -> str:
    """The range of levels that a curve leaves; one end may be missing."""
    ends = {
        word: _level(critical, level)
        for word, level in (("above", critical.low), ("below", critical.high))
        if level is not None
    }
    return f"between {' and '.join(ends.values())}" if len(ends) == 2 else " ".join([*ends, *ends.values()])


def _level(critical: CriticalLevel, level: float) -> str:
    """A level to three digits, a tested one as it was written."""
    written = next((each for each in (critical.usable_to, critical.unusable_from) if each == level), None)
    return f"{float(f'{level:.3g}'):.15g}" if written is None else f"{written}"
