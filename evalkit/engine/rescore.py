"""Score stored responses by another suite: a run whose every answer comes from an earlier one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.adapter import Request
from evalkit.engine.asked import Asked
from evalkit.engine.imported import check_asked
from evalkit.engine.outcomes import complete_units
from evalkit.engine.session import Session, start
from evalkit.engine.settings import EngineSettings
from evalkit.errors import EvalkitError, RecordError, TransportError
from evalkit.plan import condition_names, make_plan
from evalkit.record import TrialReader, read_run_file
from evalkit.suite import Suite
from evalkit.trial import Answer, Call
from evalkit.verdict import SequentialTest, Terms, make_test_of

NOT_RECORDED = "not-recorded"


class StoredAnswers:
    """Stands in for a model without ever calling it: a request that the record does not answer is void."""

    def __init__(self, model: Asked) -> None:
        self._model = model
        self.name = model.name
        self.address = model.address
        self.size = model.size
        self.usual_concurrency = model.usual_concurrency
        self.free = True
        self.prices = model.prices

    @property
    def steady(self) -> bool:
        """As the model."""
        return self._model.steady

    @property
    def capacity(self) -> int | None:
        """Any number: nothing is asked."""
        return None

    def expected_usd(self, request: Request) -> float | None:
        """Nothing."""
        return 0.0

    def cost_usd(self, answer: Answer) -> float | None:
        """Nothing."""
        return 0.0

    def check(self, tasks: Sequence[str]) -> None:
        """Whatever the tasks, the answers are there or not."""

    def request(self, call: Call) -> Request:
        """The request as the model would get it."""
        return self._model.request(call)

    async def ask(self, request: Request) -> Answer:
        """Never answers.

        Raises:
            TransportError: Always.
        """
        raise TransportError(NOT_RECORDED, "the run has no answer to this request", attempts=0)

    async def close(self) -> None:
        """Let go of the model."""
        await self._model.close()


def rescore(folder: Path, suite: Suite, model: Asked, *, out: Path) -> Session:
    """Make a run that scores the responses of another by a suite with changed constraints or thresholds.

    Args:
        folder: The run whose responses are scored.
        suite: How.
        model: The run's model at the address and with the options it had; builds requests, is never asked.
        out: Where the new run's folder is made.

    Raises:
        RecordError: If there is no such run, or it cannot be judged as it is.
        EvalkitError: If the suite has none of the run's tasks.
    """
    run = read_run_file(folder)
    check_asked(folder, run)
    tasks = tuple(name for name in suite.task_names if name in run.thresholds)
    if not tasks:
        raise EvalkitError(
            f"{suite.path}: found the tasks {', '.join(suite.task_names)}, expected some of the run's: "
            f"{', '.join(run.thresholds)}"
        )
    if run.scope.fixed is not None and (run.finished is None or run.stopped is not None):
        message = f"{folder}: has not come to its end, and a fixed number of trials is judged there; resume it first"
        raise RecordError(message)
    known = condition_names(suite, tasks)
    conditions = tuple(name for name in run.scope.conditions if name in known)
    scope = replace(run.scope, tasks=tasks, conditions=conditions)
    if scope.fixed is None:
        scope = replace(scope, until="budget")
    plan = make_plan(suite, scope, seed=run.seed, confidence=run.confidence)
    with TrialReader(folder) as reader:
        # What was not asked has no answer, and what comes after a gap was never judged.
        asked = Counter(key for key, _ in complete_units(reader.rows(), {each.key: each for each in run.terms}))
    first = {each.key: each.test for each in run.terms}
    terms = [replace(each, units=min(each.units, asked[each.key])) for each in plan.terms]
    return start(
        replace(plan, terms=tuple(_with_bets(each, first.get(each.key)) for each in terms)),
        StoredAnswers(model),
        scope=scope,
        confidence=run.confidence,
        options=run.options,
        settings=EngineSettings(max_void=1.0),
        out=out,
        reuse=(folder,),
        directory=Path(run.directory),
    )


def _with_bets(terms: Terms, first: SequentialTest | None) -> Terms:
    """Terms with the `n_max` of the run's own test: a budget that grew since was chosen by what was seen."""
    if terms.test is None or first is None or terms.test.calibrated is not None:
        return terms
    return replace(terms, test=make_test_of(terms.threshold, terms.alpha, terms.alpha_high, first.n_max))
