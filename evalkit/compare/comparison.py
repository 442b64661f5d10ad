"""Compare two finished runs: task by task, condition by condition, constraint by constraint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.compare.measures import Aspect, Rules, compare_paired, compare_unpaired
from evalkit.compare.pairing import Unit, UnitPair, flips, pair_up, read_units
from evalkit.compare.sameness import Sameness, sameness
from evalkit.compare.together import stand_together
from evalkit.errors import EvalkitError
from evalkit.findings.compare import Compared, ComparedCondition, ComparedRun, ComparedTask, Flip, RunComparison
from evalkit.plain import one_line
from evalkit.record import RunFile, read_run_file
from evalkit.trial import CLEAN, Measure
from evalkit.verdict import Key, Terms

_NAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    folder: Path
    file: RunFile
    units: Mapping[Key, Sequence[Unit]]

    @property
    def fixed(self) -> bool:
        """Whether all its trials were planned beforehand, and made."""
        file = self.file
        ended = file.finished is not None and file.stopped is None
        return ended and all(terms.test is None for terms in file.terms)

    @property
    def tasks(self) -> list[str]:
        """Tasks of which anything was asked, in the suite's order."""
        return list(dict.fromkeys(task for (task, _), units in self.units.items() if units))

    def described(self) -> ComparedRun:
        return ComparedRun(
            folder=str(self.folder),
            model=self.file.model,
            suite=self.file.suite.name,
            started=self.file.started,
            fixed=self.fixed,
        )


def compare_runs(a: Path, b: Path) -> RunComparison:
    """Compare run B with run A, pair by pair where the two asked the same.

    Args:
        a: Folder of the run that is the measure.
        b: Folder of the run that is compared with it.

    Raises:
        EvalkitError: If the two have no task in common.
        RecordError: If one of them cannot be read.
    """
    run_a, run_b = _read(a), _read(b)
    same = sameness(run_a.file, run_b.file)
    confidence = max(run_a.file.confidence, run_b.file.confidence)
    rules = Rules(alpha=(1 - confidence) / 2, fixed_a=run_a.fixed, fixed_b=run_b.fixed)
    common = [task for task in run_a.tasks if task in run_b.tasks]
    if not common:
        raise EvalkitError(
            f"{a} and {b} have no task in common: {_names(run_a.tasks)} and {_names(run_b.tasks)}; compare runs of one "
            "suite"
        )
    tasks = [_task(name, run_a, run_b, same, rules) for name in common]
    return RunComparison(
        a=run_a.described(),
        b=run_b.described(),
        confidence=confidence,
        unpaired=same.everywhere,
        notes=(*same.notes, *_alone(run_a, run_b)),
        tasks=tuple(_read_together(tasks, 1 - confidence)),
    )


def _read(folder: Path) -> _Run:
    file = read_run_file(folder)
    return _Run(folder=folder, file=file, units=read_units(folder, file))


def _alone(a: _Run, b: _Run) -> Iterator[str]:
    """What only one of the two has."""
    for name, run, other in (("A", a, b), ("B", b, a)):
        tasks = [task for task in run.tasks if task not in other.tasks]
        if tasks:
            yield f"Only {name} has: {_names(tasks)}."
        conditions = [
            f"{task} {condition}"
            for (task, condition), units in run.units.items()
            if units and task in other.tasks and not other.units.get((task, condition))
        ]
        if conditions:
            yield f"Only {name} was asked: {_names(conditions)}."


def _task(name: str, a: _Run, b: _Run, same: Sameness, rules: Rules) -> ComparedTask:
    unpaired = (*same.everywhere, *same.tasks.get(name, ()))
    perturbed_unpaired = same.perturbed.get(name, ())
    terms_b = {terms.key: terms for terms in b.file.terms}
    conditions = []
    for terms in a.file.terms:
        units_a, units_b = a.units[terms.key], b.units.get(terms.key)
        if terms.task != name or not units_a or not units_b:
            continue
        if unpaired or (perturbed_unpaired and terms.perturbation != CLEAN):
            beside = _Beside(units_a, units_b, rules)
        else:
            # A run whose trials were not fixed has an order that was.
            beside = _Beside(units_a, units_b, rules, pair_up(units_a, units_b, by_a=rules.fixed_b))
        conditions.append(_condition(terms, terms_b[terms.key], beside))
    return ComparedTask(
        task=name,
        unpaired=unpaired,
        perturbed_unpaired=perturbed_unpaired,
        notes=same.task_notes.get(name, ()),
        conditions=tuple(conditions),
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """The units of one condition in both runs."""

    a: Sequence[Unit]
    b: Sequence[Unit]
    rules: Rules
    pairs: Sequence[UnitPair] | None = None
    """None where units cannot be paired."""

    def compared(self, aspect: Aspect, *, passes: bool) -> Compared:
        if self.pairs is None:
            return compare_unpaired(self.a, self.b, aspect, self.rules, passes=passes)
        return compare_paired(self.pairs, aspect, self.rules, passes=passes)

    def flips(self) -> tuple[Flip, ...]:
        return () if self.pairs is None else tuple(flips(self.pairs))

    @property
    def units(self) -> Iterator[Unit]:
        """Of both, as far as they are compared."""
        if self.pairs is None:
            yield from (*self.a, *self.b)
        else:
            yield from (unit for pair in self.pairs for unit in pair)

    def constraints(self) -> list[str]:
        """Those that both have, in A's order."""
        names = [
            dict.fromkeys(name for unit in units for name in unit.outcome.constraints) for units in (self.a, self.b)
        ]
        return [name for name in names[0] if name in names[1]]


def _condition(terms: Terms, other: Terms, beside: _Beside) -> ComparedCondition:
    measure: Measure = "score" if "score" in (terms.measure, other.measure) else "pass"
    passed, scored = (lambda unit: unit.passed), (lambda unit: unit.score)
    result = beside.compared(scored if measure == "score" else passed, passes=measure == "pass")
    graded = measure == "pass" and any(unit.score != unit.passed for unit in beside.units)
    constraints = beside.constraints()
    return ComparedCondition(
        condition=terms.condition,
        counts=terms.counts,
        measure=measure,
        result=result,
        score=beside.compared(scored, passes=False).difference if graded else None,
        constraints=tuple(
            (name, beside.compared(_holding(name), passes=True)) for name in constraints if len(constraints) > 1
        ),
        flips=beside.flips(),
    )


def _holding(constraint: str) -> Aspect:
    return lambda unit: unit.held(constraint)


def _read_together(tasks: Sequence[ComparedTask], level: float) -> Iterator[ComparedTask]:
    together = iter(stand_together([each for task in tasks for each in task.conditions], level))
    for task in tasks:
        conditions = tuple(replace(each, together=next(together)) for each in task.conditions)
        yield replace(task, conditions=conditions)


def _names(names: Sequence[str]) -> str:
    return ", ".join(one_line(name, _NAME) for name in names)
