"""Runs as the HTML report wants them: measured, with a selection of their trials, and what they show together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalkit.browse.known_suite import Suites
from evalkit.browse.run_trials import open_trials
from evalkit.choose.judged import price_of
from evalkit.engine import measure
from evalkit.engine.scaling import read_ladder
from evalkit.errors import EvalkitError, RecordError
from evalkit.record import RunFile, TrialReader, read_run_file
from evalkit.report.charts import Price
from evalkit.report.page import RunReport, run_report, trials_room
from evalkit.scale import Question, Scale, find_scale
from evalkit.scale.conjunction import conjunctions
from evalkit.scale.scale import known_against
from evalkit.verdict import SuiteResult


def report_runs(folders: Sequence[Path]) -> list[RunReport]:
    """Read runs for one file, with as many of their trials as there is room for.

    Args:
        folders: Of the runs, at least one.

    Raises:
        RecordError: If one of them cannot be read.
    """
    reports = []
    suites: Suites = {}
    for folder in folders:
        run = read_run_file(folder)
        with TrialReader(folder) as reader:
            result = measure(run, reader)
        with open_trials(folder, suites) as trials:
            selection = trials.selection(max_bytes=trials_room(len(folders)))
        price = run_price(folder, run) if len(folders) > 1 else None
        reports.append(run_report(folder, run, result, price=price, trials=selection))
    return reports


def run_price(folder: Path, run: RunFile) -> Price:
    """What using a run's model takes; its trials are read for that.

    Raises:
        RecordError: If they cannot be read.
    """
    cost, p95_s = price_of(folder, run)
    return Price(cost_per_1k=cost, p95_s=p95_s)


def scale_of(folders: Sequence[Path], results: Sequence[SuiteResult] = ()) -> Scale | str | None:
    """How ability rises with size; None unless models of two sizes, or more, were measured with the same suite.

    Args:
        folders: Of the runs.
        results: What they measured, in the same order, where that is known already.

    Returns:
        What they show together, or a sentence that says why they do not stand on one curve.

    Raises:
        RecordError: If a run cannot be read.
    """
    sizes: dict[str, set[float]] = {}
    for run in map(read_run_file, folders):
        if run.size is not None and run.size.params is not None:
            sizes.setdefault(run.suite.name, set()).add(run.size.params)
    if all(len(known) < 2 for known in sizes.values()):
        return None
    try:
        ladder = read_ladder(folders, {}, measured=dict(zip(folders, results, strict=False)))
        return find_scale(
            ladder.series,
            Question(against=known_against(ladder.series)),
            total=ladder.total,
            conjunctions=conjunctions(ladder.results),
            notes=ladder.notes,
        )
    except RecordError:
        raise
    except EvalkitError as error:  # such as thresholds that differ
        return str(error)
