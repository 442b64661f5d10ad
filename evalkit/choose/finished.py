"""A choice between runs that are there already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit.choose.advice import Kinds, advise
from evalkit.choose.decision import HABIT, choose, exhaustive, notes, undominated
from evalkit.choose.judged import Judged, judge
from evalkit.choose.order import price_rank
from evalkit.choose.standing import Alone, candidate_of
from evalkit.engine import measure
from evalkit.errors import EvalkitError
from evalkit.findings.choose import Candidate, Choice, Limits
from evalkit.record import RunFile, TrialReader, read_run_file
from evalkit.score import ConstraintError, name_constraints, read_constraint
from evalkit.suite.document import read_document
from evalkit.verdict import SuiteResult

DEFAULT_CONFIDENCE = 0.95
"""Of a suite that does not say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """A run that is named, and what is known of it."""

    judged: Judged
    alone: SuiteResult
    """Under its own terms."""

    @property
    def run(self) -> RunFile:
        return self.judged.run


def choose_finished(folders: Sequence[Path], limits: Limits, *, confidence: float | None = None) -> Choice:
    """Choose between the models of some runs of one suite; of each model the latest run counts.

    Every run that is named is one more chance to err, also one that a later run of its model replaces. So M is the
    number of runs, and each is judged at 1/M of the error rate.

    Args:
        folders: Of the runs.
        limits: What a candidate may take, and which usable one is wanted.
        confidence: Of the choice, both sides together; the suite's when None.

    Raises:
        EvalkitError: If a run cannot be read, or the runs are not of one suite.
    """
    folders = list({folder.resolve(): folder for folder in folders}.values())
    files = [read_run_file(folder) for folder in folders]
    _check_alike(folders, files)
    wanted = _confidence(files) if confidence is None else confidence
    alpha = (1 - wanted) / 2
    runs = _latest([_read(folder, alpha / len(folders), limits) for folder in folders])
    runs.sort(key=_price_rank)
    candidates = list(_candidates(runs, len(folders), alpha, limits))
    marked = choose(candidates, limits)
    terms = {each.key: each for run in runs for each in run.run.terms if each.counts and each.units}
    choice = Choice(
        suite=files[0].suite.name,
        candidates=marked,
        limits=limits,
        alpha=alpha,
        exhaustive=exhaustive(marked, HABIT * sum(each.repeats for each in terms.values()), [None] * len(marked)),
        raced=False,
        undominated=undominated(marked),
        advice=() if any(each.status == "chosen" for each in marked) else advise(marked, _kinds(files[-1])),
    )
    return replace(choice, notes=(*_said_of(files, runs), *notes(choice)))


def _candidates(runs: Sequence[_Run], n_named: int, alpha: float, limits: Limits) -> Iterator[Candidate]:
    tasks = tuple(dict.fromkeys(terms.task for each in runs for terms in each.run.terms if terms.units))
    whole = [replace(each.judged, results=_of_all(each.judged.results, tasks)) for each in runs]
    # Each run that is made once more is one more to be named, and more are needed the more there are.
    n_to_come = n_named + sum(judged.results.verdict == "edge" for judged in whole)
    for each, judged in zip(runs, whole, strict=True):
        alone = Alone(
            results=_of_all(each.alone, tasks), confidence=1 - 2 * alpha / n_to_come, n_named=n_named, tasks=tasks
        )
        yield candidate_of(each.run.model, judged, limits, expected_per_1k=None, alone=alone)


def _read(folder: Path, alpha: float, limits: Limits) -> _Run:
    with TrialReader(folder) as reader:
        alone = measure(read_run_file(folder), reader)
    return _Run(judged=judge(folder, alpha=alpha, max_p95_s=limits.max_p95_s), alone=alone)


def _latest(runs: Sequence[_Run]) -> list[_Run]:
    latest: dict[str, _Run] = {}
    for each in runs:
        before = latest.get(each.run.model)
        if before is None or each.run.started >= before.run.started:
            latest[each.run.model] = each
    return list(latest.values())


def _price_rank(run: _Run) -> tuple[float, float]:
    size = run.run.size
    return price_rank(run.judged.cost_per_1k, None if size is None else size.params)


def _of_all(results: SuiteResult, tasks: Sequence[str]) -> SuiteResult:
    """Results of which a task that others have and this run lacks keeps it from being usable."""
    lacking = set(tasks) - {task.task for task in results.tasks}
    return replace(results, verdict="edge") if lacking and results.verdict == "usable" else results


def _check_alike(folders: Sequence[Path], files: Sequence[RunFile]) -> None:
    """See that verdicts of different runs mean the same."""
    names = list(dict.fromkeys(run.suite.name for run in files))
    if len(names) > 1:
        raise EvalkitError(
            f"{folders[0]}: found runs of the suites {', '.join(names)}, expected of one; choose for each on its own"
        )
    thresholds: dict[tuple[str, str], float] = {}
    for folder, run in zip(folders, files, strict=True):
        for terms in run.terms:
            if terms.counts and thresholds.setdefault(terms.key, terms.threshold) != terms.threshold:
                raise EvalkitError(
                    f"{folder}: {terms.task} {terms.condition}: found the threshold {terms.threshold:g}, expected "
                    f"{thresholds[terms.key]:g} as in the first run; measure all models with the same suite"
                )


def _said_of(files: Sequence[RunFile], runs: Sequence[_Run]) -> Iterator[str]:
    """What has to be known of the runs."""
    if len({run.suite.sha256 for run in files}) > 1:
        yield "the suite's file was not the same for all runs: the models may not have been asked the same"
    again = [each.run.model for each in runs if sum(run.model == each.run.model for run in files) > 1]
    if again:
        yield f"run more than once, of which the latest counts: {', '.join(again)}"
    tasks = list(dict.fromkeys(terms.task for run in files for terms in run.terms if terms.units))
    for each in runs:
        lacking = [task for task in tasks if task not in {terms.task for terms in each.run.terms if terms.units}]
        if lacking:
            yield f"{each.run.model} was not asked {', '.join(lacking)}, so it cannot be called usable"
        if each.run.finished is None:
            yield f"the run of {each.run.model} has not come to its end"


def _confidence(files: Sequence[RunFile]) -> float:
    """The suite's, as the latest run has it; of runs without a suite, the lowest they were made with."""
    latest = max(files, key=lambda run: run.started)
    said = _document(latest).get("confidence", DEFAULT_CONFIDENCE) if latest.suite.text else None
    return float(said) if isinstance(said, int | float) else min(run.confidence for run in files)


def _document(run: RunFile) -> dict[str, Any]:
    """What the suite's file said; empty where there was none."""
    return dict(read_document(Path(run.suite.path), run.suite.text).value) if run.suite.text else {}


def _kinds(run: RunFile) -> Kinds:
    """The kind of each constraint by its name, from the copy of the suite."""
    found: dict[tuple[str, str], str] = {}
    for task, given in _document(run).get("tasks", {}).items():
        try:
            specs = name_constraints([read_constraint(entry) for entry in given.get("constraints", ())])
        except ConstraintError:
            continue  # another version's, with constraints that are no more: names say what can be said
        found.update({(task, spec.name): spec.key for spec in specs})
    return found
