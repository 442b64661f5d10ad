"""Score stored responses by another suite: a run whose every answer comes from an earlier one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.adapter import Request
from evalkit.engine.asked import Asked
from evalkit.engine.imported import check_asked
from evalkit.engine.session import Session, start
from evalkit.engine.settings import EngineSettings
from evalkit.errors import EvalkitError, TransportError
from evalkit.plan import condition_names, make_plan
from evalkit.record import TrialReader, read_run_file
from evalkit.suite import Suite
from evalkit.trial import Answer, Call

NOT_RECORDED = "not-recorded"


class StoredAnswers:
    """Stands in for a model without ever calling it: a request that the record does not answer is void."""

    def __init__(self, model: Asked) -> None:
        self._model = model
        self.name = model.name
        self.address = model.address
        self.free = True

    def steady(self, sampling: Mapping[str, Any]) -> bool:
        """As the model."""
        return self._model.steady(sampling)

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
        RecordError: If there is no such run.
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
    known = condition_names(suite, tasks)
    conditions = tuple(name for name in run.scope.conditions if name in known)
    scope = replace(run.scope, tasks=tasks, conditions=conditions)
    if scope.fixed is None:
        scope = replace(scope, until="budget")
    plan = make_plan(suite, scope, seed=run.seed, confidence=run.confidence)
    with TrialReader(folder) as reader:
        asked = Counter((task, condition) for task, condition, _ in {row.key[:3] for row in reader.rows()})
    # No more than the run asked: what it did not ask has no answer to be scored.
    terms = tuple(replace(each, units=min(each.units, asked[each.key])) for each in plan.terms)
    return start(
        replace(plan, terms=terms),
        StoredAnswers(model),
        scope=scope,
        confidence=run.confidence,
        options=run.options,
        settings=EngineSettings(max_void=1.0),
        out=out,
        reuse=(folder,),
        directory=Path(run.directory),
    )
