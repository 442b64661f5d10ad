"""What `import evalkit` offers: the command line's verbs as functions."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.engine import EngineSettings, Measured, measure, start, trials_frame
from evalkit.engine import resume as go_on
from evalkit.engine.importing import ImportOptions
from evalkit.engine.importing import import_trials as import_table
from evalkit.lint import Finding, lint
from evalkit.plan import DEFAULT_MAX_CALLS, DEFAULT_MAX_COST_USD, Scope, check_prompts, make_plan
from evalkit.record import TrialReader, read_run_file
from evalkit.suite import Suite, load_suite
from evalkit.transport import Bounds, opener, read_rate
from evalkit.verdict import Until

if TYPE_CHECKING:
    import pandas


async def arun(
    suite: str | Path | Suite,
    model: str,
    *,
    tasks: str | Sequence[str] = (),
    conditions: str | Sequence[str] = (),
    until: Until = "margin",
    explore: bool = False,
    fixed: int | None = None,
    calibrated: bool = False,
    max_calls: int = DEFAULT_MAX_CALLS,
    max_cost: float = DEFAULT_MAX_COST_USD,
    limit: int | None = None,
    seed: int = 0,
    confidence: float | None = None,
    options: Mapping[str, Any] | None = None,
    concurrency: int | None = None,
    batch: bool = False,
    rate: str | None = None,
    tpm: int | None = None,
    timeout_s: float | None = None,
    max_void: float = 0.02,
    keep_requests: bool = False,
    out: str | Path = "runs",
    reuse: Sequence[str | Path] = (),
    adapters: Sequence[str | Path] = (),
    allow_code: bool = False,
) -> Measured:
    """Measure a suite with a model; the arguments are the options of `evalkit run`.

    As there, cards in the folder `adapters` and keys in the `.env` of the current folder are found.

    Args:
        suite: A path, the name of a shipped suite, or a loaded one.
        model: `PROVIDER/NAME`.
        tasks: Names; empty: all.
        conditions: Ids or perturbations; empty: all.
        until: `verdict`: the fewest calls to the verdict; `margin`: to the verdict and the suite's precision.
        explore: Whether a task's other conditions go on after its verdict.
        fixed: Units a condition, judged once; as many as it takes when None.
        calibrated: Whether the tests are calibrated exactly for their budget, which can then not grow.
        max_calls: A condition's budget in calls.
        max_cost: The run's budget in US dollars, as far as prices are known.
        limit: Only the first items of each task's order.
        seed: Of item order and perturbations.
        confidence: Of each verdict; the suite's when None.
        options: Settings of the model, as with -M.
        concurrency: Calls in flight; when None 16, or more where the model's card says so. With batches the most of a
            round, then 10,000.
        batch: Whether calls are handed in as the provider's batches: slower, and for less money.
        rate: Calls that begin in any second, minute or hour: `50/s`, `300/m`, `5000/h`; no bound when None.
        tpm: Tokens in any minute, estimated before a call; no bound when None.
        timeout_s: Most seconds of one attempt; 600 when None.
        max_void: Share of void trials above which the run fails.
        keep_requests: Whether every request is recorded, not only its hash.
        out: Where the run's folder is made.
        reuse: Runs whose answers to the same requests are taken.
        adapters: Folders of cards and dialects of yours; their Python may run.
        allow_code: Whether Python that the suite or the model names may run.

    Returns:
        The run's folder and results.

    Raises:
        EvalkitError: If the suite, the model or the record is wrong; its message says what to do.
    """
    loaded = suite if isinstance(suite, Suite) else load_suite(suite, allow_code=allow_code)
    open_by_name = opener(
        [Path(folder) for folder in adapters],
        allow_code=allow_code,
        timeout_s=timeout_s,
        bounds=_bounds(concurrency, rate, tpm),
    )
    scope = Scope(
        tasks=_names(tasks),
        conditions=_names(conditions),
        limit=limit,
        fixed=fixed,
        until=until,
        explore=explore,
        max_calls=max_calls,
        max_cost=max_cost,
        calibrated=calibrated,
    )
    plan = make_plan(loaded, scope, seed=seed, confidence=confidence)
    check_prompts(plan)
    session = start(
        plan,
        open_by_name(model, options or {}),
        scope=scope,
        confidence=confidence,
        options=options or {},
        settings=EngineSettings(
            concurrency=concurrency,
            batch=batch,
            max_void=max_void,
            keep_requests=keep_requests,
        ),
        out=Path(out),
        reuse=[Path(folder) for folder in reuse],
    )
    return await session.carry_out()


def _bounds(concurrency: int | None, rate: str | None, tpm: int | None) -> Bounds:
    return Bounds(concurrency=concurrency, rate=None if rate is None else read_rate(rate), tokens_per_minute=tpm)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def run(suite: str | Path | Suite, model: str, **options: Any) -> Measured:
    """As `arun`, for programs without an event loop."""
    return asyncio.run(arun(suite, model, **options))


def resume(
    folder: str | Path,
    *,
    max_calls: int | None = None,
    max_cost: float | None = None,
    concurrency: int | None = None,
    rate: str | None = None,
    tpm: int | None = None,
    timeout_s: float | None = None,
    adapters: Sequence[str | Path] = (),
    allow_code: bool = False,
) -> Measured:
    """Go on with a run under the terms it was made with; nothing that was answered is asked again.

    Args:
        folder: The run's.
        max_calls: A condition's budget from now on; as it was when None.
        max_cost: The run's budget from now on; likewise.
        concurrency: As for `arun`.
        rate: As for `arun`.
        tpm: As for `arun`.
        timeout_s: As for `arun`.
        adapters: As for `arun`.
        allow_code: As for `arun`.

    Raises:
        EvalkitError: If there is no such run, its suite has changed, or the model cannot be opened.
    """
    open_by_name = opener(
        [Path(path) for path in adapters],
        allow_code=allow_code,
        timeout_s=timeout_s,
        bounds=_bounds(concurrency, rate, tpm),
    )
    session = go_on(
        Path(folder),
        open_by_name,
        concurrency=concurrency,
        allow_code=allow_code,
        max_calls=max_calls,
        max_cost=max_cost,
    )
    return asyncio.run(session.carry_out())


def check(suite: str | Path, *, allow_code: bool = False) -> list[Finding]:
    """What `evalkit check` finds in a suite that is well formed.

    Raises:
        SuiteError: If it is not.
    """
    return lint(load_suite(suite, allow_code=allow_code))


def open_run(folder: str | Path) -> Measured:
    """A run from its folder, its results recomputed from its trials.

    Raises:
        RecordError: If there is no run.
    """
    path = Path(folder)
    with TrialReader(path) as reader:
        run_file = read_run_file(path)
        return Measured(folder=path, run=run_file, results=measure(run_file, reader))


def import_trials(
    table: str | Path,
    out: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    threshold: float | None = None,
    thresholds: Mapping[str, float] | None = None,
    **options: Any,
) -> list[Measured]:
    """Make runs of a table of trials that were measured elsewhere, one for each model; as `evalkit import`.

    Args:
        table: CSV with a header, JSONL or Parquet, one trial a row.
        out: The new run's folder; of several models, the folder that theirs are made in.
        columns: Which key (`item`, `passed`, `repeat`, …) is in which column.
        threshold: The pass rate needed for use, 0–1.
        thresholds: Likewise, of single tasks by name.
        options: `model`, `suite`, `confidence`, `pass_score`, `k`, as on the command line.

    Raises:
        EvalkitError: If the table cannot be judged as it is; its message says why.
    """
    given = ImportOptions(columns=columns or {}, threshold=threshold, thresholds=thresholds or {}, **options)
    imported = import_table(Path(table), Path(out), given)
    for warning in imported.warnings:
        warnings.warn(warning, stacklevel=2)
    return list(imported.runs)


def read_trials(folder: str | Path) -> pandas.DataFrame:
    """A run's trials as a table, one row each; the columns are documented in docs/record.md. `Measured.frame` likewise.

    Raises:
        RecordError: If there is no run.
    """
    return trials_frame(Path(folder))
