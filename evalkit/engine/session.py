"""Start a run, or go on with one: what `evalkit run` and the Python functions of the same name do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from evalkit.adapter import Quote
from evalkit.engine.asked import Asked
from evalkit.engine.baseline import comparisons, stored_baseline
from evalkit.engine.engine import Engine
from evalkit.engine.imported import check_asked
from evalkit.engine.known import KnownAnswers
from evalkit.engine.measured import Measured
from evalkit.engine.outcomes import decider_of, measure
from evalkit.engine.settings import EngineSettings
from evalkit.engine.stored import stored_suite
from evalkit.errors import RecordError
from evalkit.perturb import TOKEN_COUNTER
from evalkit.plan import Plan, Scope, make_plan
from evalkit.record import (
    BASELINE_FILE,
    Baseline,
    RunFile,
    StoredGate,
    StoredSuite,
    StoredTotals,
    TrialReader,
    TrialRow,
    TrialWriter,
    hold,
    new_folder,
    read_run_file,
    write_baseline,
    write_run_file,
)
from evalkit.suite import Suite
from evalkit.transport import BatchModel, BatchNews
from evalkit.verdict import Comparison, Decider, GateDecider, Key, SuiteResult

Stopped: TypeAlias = Literal["interrupted", "cost", "gate"] | None


@dataclass(kw_only=True)
class Session:
    """One process's work on one run: made by `start` or `resume`, carried out by `carry_out`."""

    folder: Path
    run: RunFile
    plan: Plan
    model: Asked
    settings: EngineSettings
    reuse: Sequence[Path] = ()
    baseline: Baseline | None = None
    """What the run is compared with while it goes on."""
    on_trial: Callable[[TrialRow], None] = field(default=lambda row: None)
    on_batch: Callable[[BatchNews], None] = field(default=lambda news: None)
    """Told how batches stand, if the model is asked in batches."""
    engine: Engine | None = None
    """While the run goes on."""
    decider: Decider | None = None
    """Likewise."""

    @property
    def planned(self) -> int:
        """Trials of the plan, at most."""
        return sum(terms.units * terms.repeats for terms in self.plan.terms)

    @property
    def answered(self) -> int:
        """Trials that have an answer already."""
        with TrialReader(self.folder) as reader:
            return reader.n_answered()

    def left(self) -> int:
        """Trials that have no answer yet, at most; calls are fewer where tests end or answers are shared or reused."""
        return 0 if self.run.finished is not None else max(self.planned - self.answered, 0)

    async def carry_out(self) -> Measured:
        """Ask what is left to ask, and write the results.

        Raises:
            EvalkitError: As `Engine.run`, and RecordError if another process holds the run. Whatever was answered is
                in the record, and the run can be resumed.
        """
        started = time.monotonic()
        with ExitStack() as stack:
            stack.enter_context(hold(self.folder))
            if self.run.finished is not None:
                await self.model.close()
                with TrialReader(self.folder) as reader:
                    return Measured(folder=self.folder, run=self.run, results=measure(self.run, reader))
            write_run_file(self.folder, self.run)  # a budget may have grown
            writer = TrialWriter(self.folder)
            stack.callback(writer.close)
            own, *reused = [stack.enter_context(TrialReader(folder)) for folder in (self.folder, *self.reuse)]
            self.decider = decider_of(self.run, self._compared())
            self.engine = Engine(
                self.plan,
                self.decider,
                self.model,
                writer,
                KnownAnswers(own, reused),
                settings=replace(self.settings, run_id=self.run.id or ""),
                on_trial=self.on_trial,
            )
            if isinstance(self.model, BatchModel):
                self.model.begin(self.folder, self.on_batch)
            stopped: Stopped = "interrupted"
            try:
                await self.engine.run()
                stopped = self._why_stopped(self.engine, self.decider)
            finally:
                await self.model.close()
                results = self._close(own, stopped, time.monotonic() - started)
            return Measured(folder=self.folder, run=self.run, results=results)

    def _compared(self) -> Mapping[Key, Comparison]:
        gate = self.run.gate
        if gate is None or self.baseline is None:
            return {}
        return comparisons(self.run.terms, self.baseline, tolerance=gate.tolerance, strict=gate.strict)

    @staticmethod
    def _why_stopped(engine: Engine, decider: Decider) -> Stopped:
        """Why the run ended before its plan; None when it did not."""
        if engine.stopped:
            return "interrupted"
        if engine.spent_up:
            return "cost"
        return "gate" if isinstance(decider, GateDecider) and decider.failed else None

    def _close(self, reader: TrialReader, stopped: Stopped, seconds: float) -> SuiteResult:
        """Measure what is recorded, and write it to the run file."""
        totals = self.run.totals
        run = self.run.model_copy(
            update={
                "finished": None if stopped == "interrupted" else _now(),
                "stopped": stopped,
                "totals": totals.model_copy(update={"seconds": totals.seconds + seconds}),
                "prices": self._prices(),
            }
        )
        results = measure(run, reader)
        spends = [task.spend for task in results.tasks]
        stored = StoredTotals(
            tokens_in=_known_sum(spend.tokens_in for spend in spends),
            tokens_out=_known_sum(spend.tokens_out for spend in spends),
            tokens_cached=_known_sum(spend.tokens_cached for spend in spends),
            tokens_cache_write=_known_sum(spend.tokens_cache_write for spend in spends),
            tokens_reasoning=_known_sum(spend.tokens_reasoning for spend in spends),
            **asdict(results.totals),
        )
        self.run = run.model_copy(update={"totals": stored, "results": results.as_json()})
        write_run_file(self.folder, self.run)
        return results

    def _prices(self) -> list[Quote]:
        """What costs were reckoned by, in earlier sessions of the run, too."""
        used = self.model.prices.used
        before = self.run.prices if self.run.totals.calls else []  # what a new run noted was expected only
        return list(dict.fromkeys([*before, *used])) if used else self.run.prices


def _known_sum(counts: Iterable[int | None]) -> int | None:
    """The sum of the counts that are known; None when none is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _expected_prices(model: Asked) -> list[Quote]:
    quote = None if model.free else model.prices.quote
    return [] if quote is None else [quote]


def start(
    plan: Plan,
    model: Asked,
    *,
    scope: Scope,
    confidence: float | None,
    options: Mapping[str, Any],
    settings: EngineSettings,
    out: Path,
    reuse: Sequence[Path] = (),
    directory: Path | None = None,
    gate: StoredGate | None = None,
    baseline: Baseline | None = None,
) -> Session:
    """Make a run: write its plan and terms into a new folder below `out`.

    Args:
        plan: What is asked; made by `make_plan` from the scope and the confidence, and tried by `check_prompts`.
        model: Who is asked.
        scope: Which part of the suite.
        confidence: Of each verdict; the suite's when None.
        options: Settings of the model.
        settings: How the plan is carried out.
        out: Where the folder is made.
        reuse: Runs whose answers are taken.
        directory: Where files that the model's name means are found; the current folder when None.
        gate: How the run is judged when it ends; None: not at all.
        baseline: What it is compared with while it goes on; None: nothing.

    Raises:
        AdapterError: If the model cannot do a task of the plan, or is to be asked in batches and knows none.
        RecordError: If the folder cannot be made, or a run to reuse is not one.
    """
    suite = plan.suite
    check_model(plan, model)
    model = BatchModel(model) if settings.batch else model
    plan = plan.for_steady() if model.steady else plan
    for folder in reuse:
        read_run_file(folder)
        TrialReader(folder).close()
    run = RunFile(
        id=uuid4().hex,
        evalkit=version("evalkit"),
        suite=StoredSuite(
            name=suite.name,
            path=str(suite.path.resolve()),
            sha256=suite.files[suite.path.name],
            text=suite.text,
            files=dict(suite.files),
        ),
        model=model.name,
        size=model.size,
        address=model.address,
        directory=str(directory or Path.cwd()),
        options=dict(options),
        reuse=[str(folder.resolve()) for folder in reuse],
        seed=plan.seed,
        confidence=suite.confidence if confidence is None else confidence,
        scope=scope,
        precision=suite.precision,
        strict=suite.strict,
        max_void=settings.max_void,
        keep_requests=settings.keep_requests,
        gate=gate,
        batch=settings.batch,
        token_counter=TOKEN_COUNTER,
        terms=list(plan.terms),
        thresholds={terms.task: suite.task(terms.task).threshold for terms in plan.terms},
        started=_now(),
        prices=_expected_prices(model),
    )
    settings = replace(settings, max_cost_usd=scope.max_cost)
    folder = new_folder(out, suite=suite.name, model=model.name, now=datetime.now(UTC))
    TrialWriter(folder).close()  # from here on, a run without its trials is one that lost them
    if baseline is not None:
        write_baseline(folder / BASELINE_FILE, baseline)
    write_run_file(folder, run)
    return Session(folder=folder, run=run, plan=plan, model=model, settings=settings, reuse=reuse, baseline=baseline)


def check_model(plan: Plan, model: Asked) -> None:
    """See that a model can be asked what a plan asks: build a request of each condition, which sends nothing.

    Raises:
        AdapterError: If the model cannot do a task of the plan, or a setting cannot be sent to it.
    """
    model.check(plan.task_names)
    for terms in plan.terms:  # a condition may add what a format has no place for, such as earlier turns
        for unit in islice(plan.units(terms), 1):
            model.request(plan.call(terms, unit.item, 0, plan.prompt(terms, unit.item)))


def _check_trials(folder: Path, run: RunFile) -> None:
    """A record that lost its trials would be asked, and paid for, once more."""
    with TrialReader(folder) as reader:
        if run.totals.calls > run.totals.void and reader.n_answered() == 0:
            message = f"{folder}: run.json knows of {run.totals.calls} calls, but trials.db has none of their answers"
            raise RecordError(f"{message}; was the folder copied without trials.db-wal?")


def _void_in_the_way(run: RunFile) -> bool:
    """Whether a condition lacks its verdict because of void trials."""
    tasks = (run.results or {}).get("tasks", [])
    return any(condition["reason"] == "void" for task in tasks for condition in task["conditions"])


def _with_budget(folder: Path, run: RunFile, suite: Suite, *, max_calls: int | None, max_cost: float | None) -> RunFile:
    """A run with larger budgets; its tests stay as they were made.

    Raises:
        RecordError: If a budget would shrink, or the run's verdicts hold for the budget that it had only.
    """
    scope = run.scope
    grown = replace(
        scope,
        max_calls=scope.max_calls if max_calls is None else max_calls,
        max_cost=scope.max_cost if max_cost is None else max_cost,
    )
    budgets = (("--max-calls", scope.max_calls, grown.max_calls), ("--max-cost", scope.max_cost, grown.max_cost))
    for name, before, after in budgets:
        if after < before:
            raise RecordError(
                f"{folder}: found {name} {after:g}, expected at least the {before:g} that it was made with"
            )
    if grown == scope:
        return run
    if grown.max_calls > scope.max_calls and (scope.fixed is not None or scope.calibrated):
        kind = "--calibrated" if scope.calibrated else "--fixed"
        message = f"{folder}: was made with {kind}, so its verdicts hold for its own number of calls only"
        raise RecordError(f"{message}; start a new run with another --seed, whose answers nobody has seen")
    units = {terms.key: terms for terms in make_plan(suite, grown, seed=run.seed, confidence=run.confidence).terms}
    terms = [replace(each, units=units[each.key].units, exhausted=units[each.key].exhausted) for each in run.terms]
    return run.model_copy(update={"scope": grown, "terms": terms, "finished": None, "stopped": None})


def resume(
    folder: Path,
    open_model: Callable[[str, Mapping[str, Any], Path], Asked],
    *,
    concurrency: int | None,
    allow_code: bool,
    max_calls: int | None = None,
    max_cost: float | None = None,
) -> Session:
    """Go on with a run under the terms it was made with; only its budgets may grow.

    Args:
        folder: The run's.
        open_model: Makes the model from its name, the options it had, and the folder where the run was started.
        concurrency: Calls in flight; as many as the model is made for when None.
        allow_code: Whether Python that the suite names may run.
        max_calls: A condition's budget in calls from now on; as it was when None.
        max_cost: The run's budget in US dollars from now on; likewise.

    Raises:
        RecordError: If there is no such run, its suite has changed since, or a budget cannot be as wished.
    """
    run = read_run_file(folder)
    check_asked(folder, run)
    if run.evalkit != version("evalkit"):
        found = f"{folder}: was made by evalkit {run.evalkit}, this is {version('evalkit')}, whose prompts may differ"
        raise RecordError(f"{found}; start a new run (with --reuse it keeps every answer that still fits)")
    suite = stored_suite(run, allow_code=allow_code)
    model = open_model(run.model, run.options, Path(run.directory))
    if model.address != run.address:
        found = f"{folder}: was asked of {run.address}, now {run.model} is at {model.address}"
        raise RecordError(f"{found}; set the old address, or start a new run")
    _check_trials(folder, run)
    if run.finished is not None and _void_in_the_way(run):
        run = run.model_copy(update={"finished": None})  # what got no answer is asked again
    run = _with_budget(folder, run, suite, max_calls=max_calls, max_cost=max_cost)
    return Session(
        folder=folder,
        run=run,
        plan=Plan(suite=suite, seed=run.seed, terms=tuple(run.terms), limit=run.scope.limit),
        model=BatchModel(model) if run.batch else model,
        settings=EngineSettings(
            concurrency=concurrency,
            max_void=run.max_void,
            keep_requests=run.keep_requests,
            batch=run.batch,
            max_cost_usd=run.scope.max_cost,
        ),
        reuse=[Path(reused) for reused in run.reuse],
        baseline=stored_baseline(folder, run),
    )
