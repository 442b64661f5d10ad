"""Carry a plan out: ask, record, score, feed the decider, until it wants nothing more.

Theory of operation. The engine asks the decider "which condition next, or stop?", takes that condition's next unit,
and puts its calls in flight. An answer goes to a buffer, which is committed a few milliseconds later; only then are its
rows scored, and scores are written with the next commit. Calls in flight and answers not yet on the disk are
`concurrency` together, at most: so many, at most, does a killed run pay for twice. Outcomes reach the decider in plan
order, whatever the order in which the answers came: slow answers are often the wrong ones.

Nothing is asked twice: a trial that the record has is taken from there (that is all that resuming is), and a request
about an item whose answer is known for the same repeat number, from this run or one that is reused, is not sent.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from evalkit.adapter import Request
from evalkit.aside import aside
from evalkit.engine.asked import Asked
from evalkit.engine.known import KnownAnswers, SharedKey, shared_key
from evalkit.engine.outcomes import complete_units, is_complete, outcome_of
from evalkit.engine.settings import EngineSettings
from evalkit.errors import FatalTransportError, RecordError, TransportError
from evalkit.plan import Plan, Unit
from evalkit.record import TrialRow, TrialWriter
from evalkit.score import ScoreError, judge
from evalkit.trial import Answer
from evalkit.verdict import Decider, Key, Outcome, Terms

COMMIT_ROWS = 100
COMMIT_SECONDS = 0.005
"""How long an answer waits for others to share its commit."""
GRACE_SECONDS = 10.0
"""How long calls in flight may still answer after the run was told to stop."""
_LEAST_FOR_VOID = 500
"""Trials (or all of them, if there are fewer) that a share of void ones is taken of, before there are as many."""
_KNOWN_AT_ONCE = 500
"""Trials started or taken over from the record before the event loop gets a turn."""


@dataclass(kw_only=True, slots=True)
class _Ask:
    """One trial on its way."""

    unit: _UnitInProgress
    index: int
    """Which ask of the unit."""


@dataclass(kw_only=True, slots=True)
class _UnitInProgress:
    unit: Unit
    terms: Terms
    rows: dict[int, TrialRow] = field(default_factory=dict)

    def in_order(self) -> list[TrialRow]:
        return [self.rows[index] for index in sorted(self.rows)]


class Engine:
    """Carries out one plan with one model.

    Args:
        plan: What is asked.
        decider: Which condition next, or stop.
        model: Who is asked.
        writer: Where it is recorded.
        known: Answers that need not be asked for.
        settings: How.
        on_trial: Told of every trial once it is recorded and scored, or found in the record.
    """

    def __init__(
        self,
        plan: Plan,
        decider: Decider,
        model: Asked,
        writer: TrialWriter,
        known: KnownAnswers,
        *,
        settings: EngineSettings,
        on_trial: Callable[[TrialRow], None],
    ) -> None:
        self._plan, self._decider, self._model = plan, decider, model
        self._writer, self._known, self._settings, self._on_trial = writer, known, settings, on_trial
        self._terms = {terms.key: terms for terms in plan.terms}
        self._sequences: dict[Key, Iterator[Unit]] = {key: plan.units(terms) for key, terms in self._terms.items()}
        self._backlog: deque[_Ask] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._shared: dict[SharedKey, asyncio.Future[Answer]] = {}
        self._buffer: list[tuple[_Ask, TrialRow]] = []
        self._scored: list[TrialRow] = []
        self._unsaved = 0
        self._waiting: dict[Key, dict[int, Outcome]] = {key: {} for key in self._terms}
        self._next_position = dict.fromkeys(self._terms, 0)
        self._wake = asyncio.Event()
        self._stopping = False
        self._failure: BaseException | None = None
        self._planned = sum(terms.units * terms.repeats for terms in plan.terms)
        self._trials = self._void = 0
        """Trials that have come to their end, and those of this session that are void."""
        self._last_void = ""
        self._spent, self._n_priced = known.spent()
        """In US dollars, and how many answers that was for."""
        self._spent_up = False
        # A thread of its own: commits must not queue behind whatever else runs in threads.
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evalkit-commit")

    async def run(self) -> None:
        """Ask until the decider wants nothing more, or the run is stopped.

        Raises:
            FatalTransportError: If no call can succeed, or more trials are void than allowed.
            RecordError: If the disk refuses; everything committed is kept.
            EvalkitError: If something of the suite's own Python fails.
        """
        try:
            self._take_over()
            while self._under_way():
                await self._flush()
        except BaseException:
            self._stopping = True  # a call that ends now must not start another
            raise
        finally:
            for call in self._calls:
                call.cancel()
            try:
                await asyncio.gather(*self._calls, return_exceptions=True)
            finally:
                self._save_rest()
        if self._failure is None and not self._stopping and self._void > self._settings.max_void * self._trials:
            self._failure = self._too_many_void()
        if self._failure is not None:
            raise self._failure

    def _save_rest(self) -> None:
        """Put on the disk what a cancelled run has not; it blocks, since nothing may come between."""
        rows, self._buffer = [row for _, row in self._buffer], []
        with self._disk:  # which waits for a commit that is under way
            if rows and not isinstance(self._failure, RecordError):
                self._disk.submit(self._writer.commit, rows, []).result()

    def stop(self) -> None:
        """Start nothing more; give calls in flight some seconds to answer, then leave them."""
        if not self._stopping:
            self._stopping = True
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self.abandon)
            self._wake.set()

    def abandon(self) -> None:
        """Leave the calls in flight at once."""
        self._stopping = True
        for call in self._calls:
            call.cancel()
        self._wake.set()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop while more was wanted."""
        return self._stopping and not self._decider.ended

    @property
    def spent_up(self) -> bool:
        """Whether the money ended before the run did."""
        return self._spent_up

    @property
    def in_flight(self) -> int:
        """Calls that have not answered yet."""
        return len(self._calls)

    def _fail(self, failure: BaseException) -> None:
        self._failure = self._failure or failure
        self.stop()

    # --- starting calls

    def _take_over(self) -> None:
        """Give the decider what the record has of each condition, up to its first gap or void trial."""
        closed: set[Key] = set()
        for key, rows in complete_units(self._known.rows(), self._terms):
            if any(row.void_reason is not None for row in rows):
                closed.add(key)  # it is asked again, and what follows is found when its turn comes
            if key not in closed and self._next_position[key] < self._terms[key].units:
                next(self._sequences[key])
                self._next_position[key] += 1
                self._decider.observe(key, outcome_of(rows))
                for row in rows:
                    self._tell(row)

    def _under_way(self) -> bool:
        """Start what can be started; whether there is anything to wait for or to write."""
        more = self._fill()
        return more or bool(self._calls or self._buffer or self._scored)

    def _fill(self) -> bool:
        """Keep the calls in flight at their number; whether it gave up only to let others have a turn."""
        for _ in range(_KNOWN_AT_ONCE):
            if len(self._calls) + self._unsaved >= self._settings.concurrency or self._stopping:
                return False
            if not self._affordable():
                return False
            ask = self._next_ask()
            if ask is None:
                return False
            row = self._recorded(ask)
            if row is None:
                call = asyncio.get_running_loop().create_task(self._perform(ask))
                self._calls.add(call)
                call.add_done_callback(self._ended)
            elif row.passed is None:  # answered, but the process ended before it was scored
                self._score(ask, row)
            else:
                self._finish(ask, row)
        return True

    def _affordable(self) -> bool:
        """Whether one call more, beside those in flight, keeps within the run's budget, as far as costs are known."""
        if not self._n_priced:
            return True
        expected = self._spent * (1 + (len(self._calls) + 1) / self._n_priced)
        if expected <= self._settings.max_cost_usd or self._spent == 0:
            return True
        idle = not self._calls and not self._buffer and not self._scored
        if idle and not self._spent_up and not self._decider.ended:
            self._spent_up = True
            self._decider.stop("cost")
        return False

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled() and (failure := call.exception()) is not None:
            self._fail(failure)
        try:
            self._fill()
        except Exception as failure:  # the event loop would only log it
            self._fail(failure)
        self._wake.set()

    def _next_ask(self) -> _Ask | None:
        if self._backlog:
            return self._backlog.popleft()
        key = self._decider.next()
        if key is None:
            return None
        progress = _UnitInProgress(unit=next(self._sequences[key]), terms=self._terms[key])
        first = 1 if progress.terms.curtail else progress.terms.repeats
        self._backlog.extend(_Ask(unit=progress, index=index) for index in range(first))
        return self._backlog.popleft()

    def _recorded(self, ask: _Ask) -> TrialRow | None:
        """The trial as this run has it already; a void one is asked again."""
        unit = ask.unit.unit
        return self._known.trial((*unit.key, unit.position, unit.repeats[ask.index]))

    # --- one call

    def _request(self, ask: _Ask) -> tuple[Request, TrialRow]:
        """What is asked, and the trial as far as it is known before the answer."""
        unit, terms = ask.unit.unit, ask.unit.terms
        repeat = unit.repeats[ask.index]
        prompt = self._plan.prompt(terms, unit.item)
        request = self._model.request(self._plan.call(terms, unit.item, repeat, prompt))
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
            request=json.dumps(request.as_json(), ensure_ascii=False) if self._settings.keep_requests else None,
        )
        return request, row

    async def _perform(self, ask: _Ask) -> None:
        request, row = self._request(ask)
        known = self._known.answer(row)
        if known is not None:
            self._put(ask, replace(row.answered(known.as_answer(), cost_usd=0.0), latency_s=None))
            return
        shared = self._shared.get(shared_key(row))
        try:
            if shared is not None:
                answer = await asyncio.shield(shared)
                row = replace(row.answered(answer, cost_usd=0.0), attempts=0, latency_s=None)
            else:
                answer = await self._ask(request, shared_key(row))
                row = row.answered(answer, cost_usd=self._model.cost_usd(answer))
        except FatalTransportError:
            raise
        except TransportError as error:
            row = replace(row, void_reason=error.reason, void_message=str(error), attempts=error.attempts)
        except asyncio.CancelledError:
            if self._stopping:
                raise
            # A model's own code gave the call up: there is no answer, but the trial must not vanish.
            row = replace(row, void_reason="cancelled", void_message="the model gave the call up", attempts=1)
        self._put(ask, row)

    async def _ask(self, request: Request, key: SharedKey) -> Answer:
        """Call the model; whoever wants the same meanwhile waits for this call instead of making another."""
        promise: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._shared[key] = promise
        try:
            answer = await self._model.ask(request)
        except BaseException as error:
            del self._shared[key]
            if isinstance(error, TransportError):
                promise.set_exception(error)
                promise.exception()  # often nobody else waits for it
            else:
                promise.cancel()
            raise
        promise.set_result(answer)
        return answer

    def _put(self, ask: _Ask, row: TrialRow) -> None:
        self._buffer.append((ask, row))
        self._unsaved += row.attempts > 0
        if row.attempts > 0 and row.cost_usd is not None:
            self._spent += row.cost_usd
            self._n_priced += 1

    # --- recording, scoring, deciding

    async def _flush(self) -> None:
        """Wait until a commit is due, make it, and score what it saved."""
        if self._calls and not self._buffer:
            self._wake.clear()
            await self._wake.wait()
        if self._calls and len(self._buffer) < COMMIT_ROWS:
            await asyncio.sleep(COMMIT_SECONDS)
        answered, self._buffer = self._buffer, []
        scored, self._scored = self._scored, []
        if not answered and not scored:
            await asyncio.sleep(0)
        else:
            rows = [row for _, row in answered]
            await asyncio.get_running_loop().run_in_executor(self._disk, self._writer.commit, rows, scored)
            self._unsaved -= sum(row.attempts > 0 for _, row in answered)
        for ask, row in answered:
            if row.void_reason is None:
                self._shared.pop(shared_key(row), None)
                self._score(ask, row)
            else:
                self._void += 1
                self._last_void = f"{row.void_reason}: {row.void_message}"
                self._finish(ask, row)
        judged_by = max(self._trials, min(self._planned, _LEAST_FOR_VOID))
        if self._void > self._settings.max_void * judged_by and not self._stopping:
            self._fail(self._too_many_void())

    def _too_many_void(self) -> FatalTransportError:
        message = (
            f"{self._void} of {self._trials} trials so far are void, more than --max-void "
            f"{self._settings.max_void:g} allows. The last one: {self._last_void}"
        )
        return FatalTransportError("void", message)

    def _score(self, ask: _Ask, row: TrialRow) -> None:
        task = self._plan.suite.task(row.task)
        try:
            with aside():  # a judge of the suite's own may print
                scored = row.scored(judge(task.bind(ask.unit.unit.item), row.as_answer().response))
        except ScoreError as error:
            self._fail(error)
            return
        self._scored.append(scored)
        self._finish(ask, scored)

    def _finish(self, ask: _Ask, row: TrialRow) -> None:
        """A trial has come to its end: go on with its unit, or hand the unit's outcome over in plan order."""
        self._tell(row)
        progress = ask.unit
        progress.rows[ask.index] = row
        if is_complete(progress.in_order(), progress.terms):
            self._deliver(progress)
        elif progress.terms.curtail:
            self._backlog.append(_Ask(unit=progress, index=ask.index + 1))

    def _tell(self, row: TrialRow) -> None:
        self._trials += 1
        self._on_trial(row)

    def _deliver(self, progress: _UnitInProgress) -> None:
        key = progress.unit.key
        waiting = self._waiting[key]
        waiting[progress.unit.position] = outcome_of(progress.in_order())
        while (position := self._next_position[key]) in waiting:
            self._decider.observe(key, waiting.pop(position))
            self._next_position[key] = position + 1
