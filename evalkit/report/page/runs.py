"""What the page is made from: runs as they were measured, and some of their trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from evalkit.findings.trials import TrialSelection
from evalkit.report.capability_map import MapEntry
from evalkit.report.charts import Price, in_order
from evalkit.report.names import labels
from evalkit.report.reasons import Provenance
from evalkit.verdict import SuiteResult

_NAME = 200
"""Most characters of a name that is given to a run."""
_TRIALS_BYTES = 450_000
"""Of a file: the page, and the charts of ten tasks of six models, take 1.3 MB, and all is to stay within 2 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """One run, with what the page says of it."""

    result: SuiteResult
    provenance: Provenance
    sha256: str
    """Of the suite's file."""
    evalkit: str
    """Version that made the run."""
    started: str
    """UTC, ISO 8601."""
    finished: str | None
    """Likewise; None: interrupted, or still going on."""
    stopped: Literal["interrupted", "cost", "gate"] | None = None
    """Why it ended before its plan; None when it did not."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What was sent with every request, as given."""
    size: float | None = None
    """Parameters of the model; None: unknown."""
    price: Price | None = None
    """What using the model takes; None: not known."""
    about: str | None = None
    """What the suite is for, in its author's words."""
    tasks_about: Mapping[str, str] = field(default_factory=dict)
    """Likewise of tasks, by name."""
    model: str | None = None
    """What was asked, where the page calls it otherwise (`told_apart`); None: what the result says."""
    trials: TrialSelection | None = None
    """To look at one by one; None: none are carried."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """A page that a server serves: styles and scripts are files of its own, trials come in pieces."""

    assets: str
    """Address of the folder of styles and scripts, such as `/static/`; ends with a slash."""
    runs: Sequence[str]
    """For each run the address below which its trials are, such as `/api/run/NAME`.

    There, `groups` gives `{"groups": [FailureGroup, …]}`, `flaky` gives `{"flaky": [FlakyItem, …]}`, `trials` with
    `task`, `condition`, `constraint`, `reason`, `outcome`, `text`, `offset` and `limit` a TrialPage, and `trial/ID` a
    TrialDetail; the shapes are those of `evalkit.findings.trials`.
    """
    scripts: tuple[str, ...] = ()
    """Further scripts of that folder, after the page's own."""
    styles: tuple[str, ...] = ()
    """Likewise styles."""
    counting: int = 0
    """So many trials are still being counted: what runs found is not known yet, and nothing is said of it."""


def trials_room(n_runs: int) -> int:
    """Bytes that the trials of each of several runs may take in one file, compressed.

    Args:
        n_runs: Runs of the file, at least 1.
    """
    return _TRIALS_BYTES // n_runs


def told_apart(runs: Sequence[RunReport]) -> list[RunReport]:
    """Runs of which no two of a suite have a model of the same name: further ones of the same model are numbered.

    Every table, chart and sentence of a page takes a run's name from its result; so there each has one name.

    Args:
        runs: In the order of the page.
    """
    named = [*runs]
    for suite in dict.fromkeys(run.result.suite for run in runs):
        places = [place for place, run in enumerate(runs) if run.result.suite == suite]
        models = [runs[place].result.model for place in places]
        if len({*models}) < len(models):
            for place, name in zip(places, labels(models, _NAME), strict=True):
                run = runs[place]
                named[place] = replace(run, result=replace(run.result, model=name), model=run.result.model)
    return named


def latest(runs: Sequence[RunReport]) -> list[RunReport]:
    """Of several runs of the same model and suite the latest, in the order of the capability map."""
    entries = [MapEntry(result=run.result, sha256=run.sha256, started=run.started, size=run.size) for run in runs]
    return [next(run for run in runs if run.result is result) for result in in_order(entries)]
