"""Small suites, and a model of the tests' own, for whoever tests whole runs."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evalkit.adapter import ModelSize, Prices, Request
from evalkit.engine import EngineSettings, Measured, Session, start
from evalkit.plan import Scope, make_plan
from evalkit.record import TrialReader, TrialRow
from evalkit.suite import Suite, load_suite
from evalkit.trial import Answer, Call, Response


def suite_text(
    *,
    n_items: int = 20,
    claim: str = "population",
    perturbations: str = "{}",
    threshold: float = 0.9,
    constraints: str = '[{number: "{sum}"}]',
    prompt: str = "What is {a} + {b}?",
    more: str = "",
) -> str:
    """A suite `sums` with one task `add`: item `i7` asks for 7 + 1; `more` is put into the task."""
    items = "\n".join(f"      - {{id: i{n}, a: {n}, b: 1, sum: {n + 1}, half: {n % 2}}}" for n in range(n_items))
    return f"""
suite: sums
threshold: {threshold}
tasks:
  add:
    prompt: "{prompt}"
    claim: {claim}
    items:
{items}
    constraints: {constraints}
    perturbations: {perturbations}
{more}
"""


def write_suite(folder: Path, **given: Any) -> Path:
    path = folder / "sums.yaml"
    path.write_text(suite_text(**given), encoding="utf-8")
    return path


def make_suite(folder: Path, **given: Any) -> Suite:
    return load_suite(write_suite(folder, **given))


def right(call: Call) -> str:
    """The sum of the first two numbers of the prompt."""
    words = call.messages[-1].content.replace("?", " ").split()
    return str(sum([int(word) for word in words if word.isdecimal()][:2]))


class Scripted:
    """Answers by a function of the call, after a wait; counts who was asked what, and how many at once.

    Args:
        answer: Gives the text, or the error to raise.
        seconds: How long the answer to a call takes.
        steady: Whether it is known to answer the same request the same way.
        cost_usd: What an answer costs.
    """

    name = address = "scripted/x"
    size: ModelSize | None = None
    usual_concurrency: int | None = None
    free = True

    def check(self, tasks: Sequence[str]) -> None:
        """It does any task."""

    def __init__(
        self,
        answer: Callable[[Call], str | BaseException] = right,
        *,
        seconds: Callable[[Call], float] = lambda call: 0.0,
        steady: bool = False,
        cost_usd: Callable[[Answer], float | None] = lambda answer: 0.0,
    ) -> None:
        self._answer, self._seconds, self._steady = answer, seconds, steady
        self.cost_usd = cost_usd
        self.capacity: int | None = None
        self.prices = Prices("x", ())
        self.asked: Counter[tuple[str, int]] = Counter()
        """By request hash and repeat number."""
        self.answered: list[Call] = []
        self.in_flight = self.most_in_flight = 0
        self.closed = False

    @property
    def steady(self) -> bool:
        return self._steady

    def expected_usd(self, request: Request) -> float | None:
        return None

    def request(self, call: Call) -> Request:
        body = {"messages": [message.as_json() for message in call.messages]}
        return Request(method="CALL", url=self.name, body=body, call=call)

    async def ask(self, request: Request) -> Answer:
        call = request.call
        assert call is not None
        self.asked[request.hash, call.repeat] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self._seconds(call))
        finally:
            self.in_flight -= 1
        given = self._answer(call)
        if isinstance(given, BaseException):
            raise given
        self.answered.append(call)
        return Answer(response=Response(text=given), latency_s=self._seconds(call), attempts=1)

    async def close(self) -> None:
        self.closed = True


def shuffled(seed: int, most_s: float = 0.01) -> Callable[[Call], float]:
    """Waits that bring answers in an order of their own."""
    rng = random.Random(seed)
    return lambda call: rng.uniform(0, most_s)


def session(
    suite: Suite,
    model: Any,
    out: Path,
    *,
    scope: Scope | None = None,
    reuse: Sequence[Path] = (),
    **settings: Any,
) -> Session:
    """A run of 200 units a condition unless the scope says otherwise."""
    scope = scope or Scope(fixed=200)
    return start(
        make_plan(suite, scope),
        model,
        scope=scope,
        confidence=None,
        options={},
        settings=EngineSettings(**settings),
        out=out,
        reuse=reuse,
    )


def carry_out(suite: Suite, model: Any, out: Path, **given: Any) -> Measured:
    return asyncio.run(session(suite, model, out, **given).carry_out())


def rows_of(folder: Path) -> list[TrialRow]:
    with TrialReader(folder) as reader:
        return list(reader.rows())
