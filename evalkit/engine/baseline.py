"""A run as a baseline, and what later runs of it are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evalkit.engine.outcomes import complete_units, measure, outcome_of
from evalkit.errors import RecordError
from evalkit.plain import one_line
from evalkit.record import (
    BASELINE_FILE,
    RUN_FILE,
    Baseline,
    BaselineCondition,
    BaselineTask,
    RunFile,
    TrialReader,
    read_baseline,
    read_run_file,
)
from evalkit.suite.digests import suite_digests
from evalkit.verdict import Comparison, ConditionResult, Key, PairedTerms, TaskResult, Terms

SCORE_DIGITS = 6
"""Significant digits of a score that a baseline keeps."""


def open_baseline(path: Path) -> Baseline:
    """A baseline from its file, or from the folder of a run.

    Raises:
        RecordError: If there is neither.
    """
    if path.is_dir():
        return baseline_of(path)
    return read_baseline(path)


def stored_baseline(folder: Path, run: RunFile) -> Baseline | None:
    """The baseline that a run was compared with while it went on; None when there was none.

    Raises:
        RecordError: If the run's copy is lost.
    """
    return None if run.gate is None or run.gate.baseline is None else read_baseline(folder / BASELINE_FILE)


def baseline_of(folder: Path) -> Baseline:
    """What a run brought, as a baseline.

    Raises:
        RecordError: If there is no run, or it has not come to its end.
    """
    run = read_run_file(folder)
    if run.finished is None:
        found = f"{folder / RUN_FILE}: this run has not come to its end, and would be a weak baseline"
        raise RecordError(f"{found}; go on with: evalkit run --resume {folder}")
    with TrialReader(folder) as reader:
        return made_baseline(run, reader)


def made_baseline(run: RunFile, reader: TrialReader) -> Baseline:
    """What a run that has ended brought, as a baseline.

    Raises:
        RecordError: If its files do not belong together.
    """
    results = measure(run, reader)
    counting = {terms.key: terms for terms in run.terms if terms.counts}
    asked: dict[Key, tuple[list[str], list[float | None]]] = {key: ([], []) for key in counting}
    for key, rows in complete_units(reader.rows(), {terms.key: terms for terms in run.terms}):
        if key in counting:
            outcome = outcome_of(rows)
            items, values = asked[key]
            items.append(outcome.item)
            values.append(outcome.value(counting[key]))
    digests = suite_digests(Path(run.suite.path), run.suite.text)
    return Baseline(
        evalkit=run.evalkit,
        suite=run.suite.name,
        sha256=run.suite.sha256,
        defined=dict(digests.suite),
        files={name: digest for name, digest in run.suite.files.items() if digest != run.suite.sha256},
        model=run.model,
        options=run.options,
        served_model=list(results.served_model),
        seed=run.seed,
        confidence=run.confidence,
        started=run.started,
        tasks=[
            BaselineTask(
                task=task.task,
                threshold=task.threshold,
                verdict=task.verdict,
                defined=dict(digests.tasks.get(task.task, {})),
                **_task_parts(task, asked),
            )
            for task in results.tasks
        ],
    )


def _task_parts(
    task: TaskResult, asked: Mapping[Key, tuple[list[str], list[float | None]]]
) -> dict[str, list[list[str]] | list[BaselineCondition]]:
    """A task's lists of items, none the beginning of another, and its conditions."""
    measured = [each for each in task.conditions if asked.get((task.task, each.condition), ([], []))[0]]
    lists: list[list[str]] = []
    for items in sorted((asked[task.task, each.condition][0] for each in measured), key=len, reverse=True):
        if all(known[: len(items)] != items for known in lists):
            lists.append(items)
    conditions = []
    for each in measured:
        items, values = asked[task.task, each.condition]
        place = next(place for place, known in enumerate(lists) if known[: len(items)] == items)
        conditions.append(_condition(each, place, values))
    return {"items": lists, "conditions": conditions}


def _condition(result: ConditionResult, place: int, values: Sequence[float | None]) -> BaselineCondition:
    outcomes: str | list[float | None]
    if result.measure == "pass":
        outcomes = "".join("-" if value is None else "1" if value else "0" for value in values)
    else:
        outcomes = [None if value is None else float(f"{value:.{SCORE_DIGITS}g}") for value in values]
    return BaselineCondition(
        condition=result.condition,
        measure=result.measure,
        trials=result.trials,
        passes=result.passes,
        void=result.void,
        pass_rate=result.pass_rate,
        low=result.low,
        high=result.high,
        items=place,
        outcomes=outcomes,
    )


def check_comparable(tasks: Iterable[str], baseline: Baseline, name: str, *, seed: int | None = None) -> None:
    """See that a run has something to be compared with.

    Args:
        tasks: That it measures.
        baseline: What it is compared with.
        name: Where that was read from.
        seed: Of a run that is still to be made; None: it has been.

    Raises:
        RecordError: If they have no task in common, or the run would be asked other texts.
    """
    known, ours = [task.task for task in baseline.tasks], list(tasks)
    if not set(known) & set(ours):
        found, expected = (", ".join(one_line(task, 40) for task in each) for each in (known, ours))
        message = f"{name}: found a baseline of {found or 'no task'}, expected one of {expected}"
        raise RecordError(f"{message}; name another baseline")
    if seed is not None and seed != baseline.seed:
        message = f"{name}: was measured with --seed {baseline.seed}, found --seed {seed}, whose items and texts differ"
        raise RecordError(f"{message}; say --seed {baseline.seed}, or make another baseline")


def comparisons(terms: Sequence[Terms], baseline: Baseline, *, tolerance: float, strict: bool) -> dict[Key, Comparison]:
    """The tests of a run against a baseline, before they have seen anything.

    Args:
        terms: Of every condition of the run.
        baseline: What it is compared with.
        tolerance: By how much a rate may be lower.
        strict: Whether it must be shown that nothing regressed.

    Returns:
        Of every condition that counts, is run, and has an outcome in the baseline.
    """
    counting = [(each, baseline.before(*each.key, each.measure)) for each in terms if each.counts and each.units]
    compared = [(each, before) for each, before in counting if before]
    return {
        each.key: Comparison(
            PairedTerms(tolerance=tolerance, alpha=each.alpha, n_compared=len(compared)),
            before,
            units=each.units,
            strict=strict,
        )
        for each, before in compared
    }
