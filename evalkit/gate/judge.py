"""Judge a run that was recorded: is every task usable, and did none get worse than a baseline?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evalkit.engine import measure
from evalkit.engine.baseline import check_comparable, comparisons, open_baseline, stored_baseline
from evalkit.engine.outcomes import complete_units, outcome_of
from evalkit.errors import RecordError
from evalkit.findings.gate import BaselineSummary, GatedCondition, GatedTask, GateResult
from evalkit.gate.changes import changes
from evalkit.record import Baseline, RunFile, TrialReader, read_run_file
from evalkit.verdict import Key, PairedResult, Regression, TaskResult

DEFAULT_TOLERANCE = 0.02
"""By how much a pass rate may be lower than the baseline's when nothing else is said."""


def judge(
    folder: Path,
    baseline: Baseline | None = None,
    *,
    name: str = "",
    tolerance: float = DEFAULT_TOLERANCE,
    strict: bool = False,
    edge_passes: bool = False,
) -> GateResult:
    """What a gate says of a run.

    Args:
        folder: The run's.
        baseline: What it is compared with; None: thresholds alone.
        name: Where the baseline was read from, for messages.
        tolerance: By how much a rate may be lower; 0 ≤ tolerance < 1.
        strict: Whether it must be shown that nothing got worse.
        edge_passes: Whether an edge lets the run through.

    Raises:
        RecordError: If there is no run, it has not come to its end, or it has no task of the baseline.
    """
    run = read_run_file(folder)
    if run.finished is None:
        found = f"{folder}: this run has not come to its end, and a gate must not judge a part of it"
        raise RecordError(f"{found}; go on with: evalkit run --resume {folder}")
    with TrialReader(folder) as reader:
        results = measure(run, reader)
        paired: Mapping[Key, PairedResult] = {}
        if baseline is not None:
            check_comparable(run.thresholds, baseline, name)
            paired = _paired(run, reader, baseline, tolerance)
    summary = None
    if baseline is not None:
        summary = BaselineSummary(
            name=name,
            model=baseline.model,
            started=baseline.started,
            tolerance=tolerance,
            changes=tuple(changes(run, results, baseline)),
        )
    return GateResult(
        result=results,
        baseline=summary,
        strict=strict,
        edge_passes=edge_passes,
        tasks=tuple(_gated(task, paired, baseline) for task in results.tasks),
    )


def judge_run(
    folder: Path,
    baseline: Path | None = None,
    *,
    tolerance: float | None = None,
    strict: bool | None = None,
    edge_passes: bool = False,
) -> GateResult:
    """As `judge`, with what the run itself was gated by where nothing else is said.

    Args:
        folder: The run's.
        baseline: A file, or the folder of a run; the one that the run was compared with when None, if there was one.
        tolerance: That of the run, else 0.02, when None.
        strict: That of the run, else False, when None.
        edge_passes: Whether an edge lets the run through.

    Raises:
        RecordError: As `judge`, or if there is no such baseline, or none for the tolerance given.
    """
    run = read_run_file(folder)
    stored = run.gate
    found = stored_baseline(folder, run) if baseline is None else open_baseline(baseline)
    name = str(baseline or (stored and stored.baseline) or "")
    if found is None and (tolerance is not None or strict):
        message = f"{folder}: was compared with nothing, where --tolerance and --strict say nothing"
        raise RecordError(f"{message}; name a baseline with --baseline")
    if tolerance is None:
        tolerance = DEFAULT_TOLERANCE if stored is None else stored.tolerance
    if strict is None:
        strict = stored is not None and stored.strict
    return judge(folder, found, name=name, tolerance=tolerance, strict=strict, edge_passes=edge_passes)


def _paired(run: RunFile, reader: TrialReader, baseline: Baseline, tolerance: float) -> dict[Key, PairedResult]:
    """How each condition stands against the baseline, pairs taken in the run's plan order."""
    tests = comparisons(run.terms, baseline, tolerance=tolerance, strict=True)
    terms = {each.key: each for each in run.terms}
    for key, rows in complete_units(reader.rows(), terms):
        if key in tests:
            outcome = outcome_of(rows)
            cluster = outcome.cluster if terms[key].clustered else None
            tests[key].observe(outcome.item, outcome.value(terms[key]), cluster=cluster)
    return {key: comparison.test.result() for key, comparison in tests.items() if comparison.test.pairs}


def _gated(task: TaskResult, paired: Mapping[Key, PairedResult], baseline: Baseline | None) -> GatedTask:
    conditions = tuple(
        GatedCondition(result=each, paired=paired.get((task.task, each.condition))) for each in task.conditions
    )
    known = baseline is not None and any(task.task == each.task for each in baseline.tasks)
    return GatedTask(result=task, regression=_regression(conditions) if known else None, conditions=conditions)


def _regression(conditions: tuple[GatedCondition, ...]) -> Regression:
    """Regressed when a condition is; held when all that count are."""
    found = {"unclear" if each.paired is None else each.paired.regression for each in conditions if each.result.counts}
    if "regressed" in found:
        return "regressed"
    return "held" if found == {"held"} else "unclear"
