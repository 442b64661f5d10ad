"""A run as the page of reports wants it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from evalkit.errors import EvalkitError
from evalkit.findings.trials import TrialSelection
from evalkit.record import RunFile
from evalkit.report.charts import Price
from evalkit.report.page.runs import RunReport
from evalkit.report.reasons import Provenance
from evalkit.suite.document import read_document
from evalkit.suite.models import SuiteFile
from evalkit.verdict import SuiteResult


def run_report(
    folder: Path,
    run: RunFile,
    result: SuiteResult,
    *,
    price: Price | None = None,
    trials: TrialSelection | None = None,
) -> RunReport:
    """What a page says of a run.

    Args:
        folder: Where it lies.
        run: Its file.
        result: What it found, or has found so far.
        price: What using the model takes; None: not known.
        trials: To look at one by one; None: none are carried.
    """
    suite = _suite_file(run)
    return RunReport(
        result=result,
        provenance=Provenance.of(run, folder),
        sha256=run.suite.sha256,
        evalkit=run.evalkit,
        started=run.started,
        finished=run.finished,
        stopped=run.stopped,
        options=run.options,
        size=None if run.size is None else run.size.params,
        about=None if suite is None else suite.about,
        price=price,
        trials=trials,
        tasks_about={} if suite is None else {name: task.about for name, task in suite.tasks.items() if task.about},
    )


def _suite_file(run: RunFile) -> SuiteFile | None:
    """The suite's own words, from the copy that the run keeps; None when there is none that could be read."""
    if run.origin == "imported":
        return None
    try:
        return SuiteFile.model_validate(read_document(Path(run.suite.path), run.suite.text).value)
    except (EvalkitError, ValidationError):
        return None
