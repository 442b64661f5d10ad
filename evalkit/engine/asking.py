"""Trials on their way, and the calls that they wait for: whoever wants the same request waits for one call."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from evalkit.adapter import Request
from evalkit.engine.asked import Asked
from evalkit.engine.budget import Budget
from evalkit.engine.known import SharedKey, shared_key
from evalkit.errors import FatalTransportError, TransportError
from evalkit.plan import Plan, Unit
from evalkit.record import TrialRow
from evalkit.trial import Answer
from evalkit.verdict import Terms


@dataclass(kw_only=True, slots=True)
class UnitInProgress:
    """A unit of the plan, and what is known of its trials."""

    unit: Unit
    terms: Terms
    rows: dict[int, TrialRow] = field(default_factory=dict)
    """Trials that have come to their end, by which ask of the unit they are."""

    def in_order(self) -> list[TrialRow]:
        """The trials that have come to their end."""
        return [self.rows[index] for index in sorted(self.rows)]


@dataclass(kw_only=True, slots=True)
class Ask:
    """One trial on its way."""

    unit: UnitInProgress
    index: int
    """Which ask of the unit."""


@dataclass(kw_only=True, slots=True)
class Asking:
    """A trial that is ready to be asked."""

    ask: Ask
    request: Request
    row: TrialRow
    """The trial as far as it is known before the answer."""
    texts: tuple[str, ...]
    """Of the prompt's messages: requests that begin alike stand together when they are sorted by these."""
    expected_usd: float | None
    """What the call may cost at most; None when unknown."""


def beginning(asking: Asking) -> tuple[str, ...]:
    """What calls share that go out together: sorted by it, prompts that begin alike stand side by side."""
    return asking.row.task, *asking.texts


def made_ready(ask: Ask, plan: Plan, model: Asked, *, run_id: str, keep_request: bool) -> Asking:
    """Build what is asked.

    Args:
        ask: The trial.
        plan: Where its prompt comes from.
        model: Who is asked.
        run_id: Of the run, for a key that is the same whenever this run makes this call.
        keep_request: Whether the row holds the request.

    Raises:
        EvalkitError: If the prompt or the request cannot be made.
    """
    unit, terms = ask.unit.unit, ask.unit.terms
    repeat = unit.repeats[ask.index]
    prompt = plan.prompt(terms, unit.item)
    request = model.request(plan.call(terms, unit.item, repeat, prompt))
    row = TrialRow(
        task=terms.task,
        condition=terms.condition,
        position=unit.position,
        repeat=repeat,
        item=unit.item.id,
        item_group=unit.item.group,
        level=terms.level,
        variant=prompt.variant,
        request_hash=request.hash,
        request=json.dumps(request.as_json(), ensure_ascii=False) if keep_request else None,
    )
    if run_id:
        request = replace(request, idempotency_key=_key(run_id, shared_key(row)))
    return Asking(
        ask=ask,
        request=request,
        row=row,
        texts=tuple(message.content for message in prompt.messages),
        expected_usd=model.expected_usd(request),
    )


def _key(run_id: str, shared: SharedKey) -> str:
    """What names a call to a provider that never makes the same one twice."""
    return hashlib.sha256(json.dumps([run_id, *shared]).encode()).hexdigest()[:32]


@dataclass(kw_only=True, slots=True)
class _Shared:
    """One call, and who else waits for it."""

    answer: Answer | None = None
    waiting: list[Asking] = field(default_factory=list)


class Calls:
    """The calls in flight.

    Args:
        model: Who is asked.
        budget: What calls may cost.
        on_end: Told of every trial that ends.
        on_free: Told, after that, whenever a call has ended; with what went wrong, if it is more than a void trial.
    """

    def __init__(
        self,
        model: Asked,
        budget: Budget,
        *,
        on_end: Callable[[Ask, TrialRow], None],
        on_free: Callable[[BaseException | None], None],
    ) -> None:
        self._model, self._budget, self._on_end, self._on_free = model, budget, on_end, on_free
        self._tasks: set[asyncio.Task[None]] = set()
        self._shared: dict[SharedKey, _Shared] = {}
        self._ready: list[Asking] = []
        self._n_waiting = 0
        self._given_up = False

    def __len__(self) -> int:
        """Trials that wait for an answer."""
        return len(self._tasks) + self._n_waiting

    @property
    def room(self) -> float:
        """How many calls more the model takes now."""
        capacity = self._model.capacity
        return float("inf") if capacity is None else capacity - len(self._tasks)

    def take(self, asking: Asking) -> bool:
        """Let a trial wait for a call for the same request, or make ready one of its own, which `start` begins.

        Returns:
            Whether there is money for it.
        """
        shared = self._shared.get(shared_key(asking.row))
        if shared is None:
            if not self._budget.fits(asking.expected_usd):
                return False
            self._budget.begin(asking.expected_usd)
            self._shared[shared_key(asking.row)] = _Shared()
            self._ready.append(asking)
        elif shared.answer is not None:  # not recorded yet
            self._on_end(asking.ask, from_another(shared.answer, asking.row))
        else:
            shared.waiting.append(asking)
            self._n_waiting += 1
        return True

    def start(self) -> None:
        """Begin the calls that are ready, those that begin alike one after the other."""
        for asking in sorted(self._ready, key=beginning):
            task = asyncio.get_running_loop().create_task(self._perform(asking))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        self._ready.clear()

    def recorded(self, row: TrialRow) -> None:
        """An answer is in the record, where whoever wants it finds it."""
        self._shared.pop(shared_key(row), None)

    def abandon(self) -> None:
        """Leave the calls in flight."""
        self._given_up = True
        self._n_waiting = 0
        for shared in self._shared.values():
            shared.waiting.clear()
        for task in self._tasks:
            task.cancel()

    async def leave(self) -> None:
        """Leave the calls in flight, and wait until they are left."""
        self.abandon()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._on_free(None if task.cancelled() else task.exception())

    async def _perform(self, asking: Asking) -> None:
        answer, cost = None, None
        shared = self._shared[shared_key(asking.row)]
        try:
            answer = await self._model.ask(asking.request)
            cost = self._model.cost_usd(answer)
        except (TransportError, asyncio.CancelledError) as error:
            if isinstance(error, FatalTransportError) or (self._given_up and not isinstance(error, TransportError)):
                raise
            for each in (asking, *shared.waiting):  # nobody who waited for this call has an answer
                self._on_end(each.ask, _void(each.row, error))
        else:
            shared.answer = answer
            self._on_end(asking.ask, asking.row.answered(answer, cost_usd=cost))
            for each in shared.waiting:
                self._on_end(each.ask, from_another(answer, each.row))
        finally:
            self._budget.end(asking.expected_usd, cost, answered=answer is not None)
            self._n_waiting -= len(shared.waiting)
            shared.waiting.clear()
            if answer is None:
                del self._shared[shared_key(asking.row)]


def _void(row: TrialRow, error: TransportError | asyncio.CancelledError) -> TrialRow:
    """A trial without an answer."""
    if isinstance(error, TransportError):
        return replace(row, void_reason=error.reason, void_message=str(error), attempts=error.attempts)
    # A model's own code gave the call up: there is no answer, but the trial must not vanish.
    return replace(row, void_reason="cancelled", void_message="the model gave the call up", attempts=1)


def from_another(answer: Answer, row: TrialRow) -> TrialRow:
    """A trial with the answer to somebody else's call."""
    return replace(row.answered(answer, cost_usd=0.0), attempts=0, latency_s=None)
