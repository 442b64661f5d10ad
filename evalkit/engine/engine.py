"""Carry a plan out: ask, record, score, feed the decider, until it wants nothing more.

Theory of operation. The engine asks the decider "which condition next, or stop?", takes that condition's next unit,
and puts its calls in flight. An answer goes to a buffer, which is committed a few milliseconds later; only then are its
rows scored, and scores are written with the next commit. Calls in flight and answers not yet on the disk are
`concurrency` together, at most: so many, at most, does a killed run pay for twice. Outcomes reach the decider in plan
order, whatever the order in which the answers came: slow answers are often the wrong ones.

Calls that start together go out sorted by their prompts, so that those that begin alike meet in a provider's prompt
cache; which trials are asked, and what the decider sees of them, does not change.

Nothing is asked twice: a trial that the record has is taken from there (that is all that resuming is), and a request
about an item whose answer is known for the same repeat number, from this run or one that is reused, is not sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from evalkit.aside import aside
from evalkit.engine.asked import Asked
from evalkit.engine.asking import Ask, Asking, Calls, UnitInProgress, from_another, made_ready
from evalkit.engine.budget import Budget
from evalkit.engine.known import KnownAnswers
from evalkit.engine.outcomes import complete_units, is_complete, outcome_of
from evalkit.engine.recorder import Ended, Recorder
from evalkit.engine.settings import EngineSettings, default_concurrency
from evalkit.errors import FatalTransportError
from evalkit.plan import Plan, Unit
from evalkit.record import TrialRow, TrialWriter
from evalkit.score import ScoreError, judge
from evalkit.verdict import Decider, Key, Outcome

COMMIT_ROWS = 100
COMMIT_SECONDS = 0.001
"""How long an answer waits for others to share its commit."""
GRACE_SECONDS = 10.0
"""How long calls in flight may still answer after the run was told to stop."""
_LEAST_FOR_VOID = 500
"""Trials (or all of them, if there are fewer) that a share of void ones is taken of, before there are as many."""
_KNOWN_AT_ONCE = 500
"""Trials taken over from the record before the event loop gets a turn."""
_STARTED_AT_ONCE, _TURNS = 4, 25
"""Calls started before it does, or this part of all: those that start together end together, and then wait for each
other's commit and scores."""


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
        self._known, self._settings, self._on_trial = known, settings, on_trial
        self._concurrency = settings.concurrency or default_concurrency(model, batch=settings.batch)
        self._terms = {terms.key: terms for terms in plan.terms}
        self._sequences: dict[Key, Iterator[Unit]] = {key: plan.units(terms) for key, terms in self._terms.items()}
        self._backlog: deque[Ask] = deque()
        self._held: deque[Asking] = deque()
        """Trials that are ready, but wait for money."""
        spent_usd, n_priced = known.spent()
        self._budget = Budget(settings.max_cost_usd, spent_usd=spent_usd, n_priced=n_priced)
        self._calls = Calls(model, self._budget, on_end=self._put, on_free=self._freed)
        self._recorder = Recorder(writer)
        self._unsaved = 0
        """Trials that the model was called for and that are not on the disk yet."""
        self._unscored = 0
        """Trials that are answered or void, but have not come to their end."""
        self._waiting: dict[Key, dict[int, Outcome]] = {key: {} for key in self._terms}
        self._next_position = dict.fromkeys(self._terms, 0)
        self._wake = asyncio.Event()
        self._stopping = False
        self._more = True
        """Whether there is more to start than one turn of the event loop is for."""
        self._failure: BaseException | None = None
        self._planned = sum(terms.units * terms.repeats for terms in plan.terms)
        self._trials = self._void = 0
        """Trials that have come to their end, and those of this session that are void."""
        self._last_void = ""
        self._spent_up = False

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
            try:
                await self._calls.leave()
            finally:
                self._recorder.save_rest()
        if self._failure is None and not self._stopping and self._void > self._settings.max_void * self._trials:
            self._failure = self._too_many_void()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Start nothing more; give calls in flight some seconds to answer, then leave them."""
        if not self._stopping:
            self._stopping = True
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self.abandon)
            self._wake.set()

    def abandon(self) -> None:
        """Leave the calls in flight at once."""
        self._stopping = True
        self._calls.abandon()
        self._wake.set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop, wanted or not what was left."""
        return self._stopping

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
        """Trials whose call has not answered yet."""
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
                self._known.taken_over(rows)
                self._decider.observe(key, outcome_of(rows))
                for row in rows:
                    self._tell(row)

    def _under_way(self) -> bool:
        """Start what can be started; whether there is anything to wait for or to write."""
        self._more = self._fill()
        return self._more or not self._idle()

    def _idle(self) -> bool:
        return not self._calls and not self._unscored and self._recorder.idle

    def _fill(self) -> bool:
        """Keep the calls in flight at their number; whether it gave up only to let others have a turn."""
        ready: list[Asking] = []
        most = max(_STARTED_AT_ONCE, self._concurrency // _TURNS)
        more = True
        for _ in range(_KNOWN_AT_ONCE):
            if len(ready) == most:
                break
            ask = self._next_ask() if self._may_start(len(ready)) else None
            if ask is None:
                more = False
                break
            if not self._found(ask):
                asking = self._ready(ask)
                if asking is not None:
                    ready.append(asking)
        self._start(ready)
        return more

    def _may_start(self, n_ready: int) -> bool:
        """Whether there is room for another call beside those that are ready to start."""
        if self._stopping or self._spent_up or self._held:
            return False
        return n_ready < min(self._concurrency - len(self._calls) - self._unsaved, self._calls.room)

    def _next_ask(self) -> Ask | None:
        if self._backlog:
            return self._backlog.popleft()
        key = self._decider.next()
        if key is None:
            return None
        progress = UnitInProgress(unit=next(self._sequences[key]), terms=self._terms[key])
        first = 1 if progress.terms.curtail else progress.terms.repeats
        self._backlog.extend(Ask(unit=progress, index=index) for index in range(first))
        return self._backlog.popleft()

    def _found(self, ask: Ask) -> bool:
        """Take a trial that this run has already; a void one is asked again."""
        unit = ask.unit.unit
        row = self._known.trial((*unit.key, unit.position, unit.repeats[ask.index]))
        if row is None:
            return False
        if row.passed is None:  # answered, but the process ended before it was scored
            self._score(ask, row)
        else:
            self._finish(ask, row)
        return True

    def _ready(self, ask: Ask) -> Asking | None:
        """What is to be asked; None when it need not be, or cannot."""
        settings = self._settings
        try:
            asking = made_ready(
                ask, self._plan, self._model, run_id=settings.run_id, keep_request=settings.keep_requests
            )
        except Exception as failure:  # calls in flight may still answer
            self._fail(failure)
            return None
        known = self._known.answer(asking.row)
        if known is None:
            return asking
        self._put(ask, from_another(known.as_answer(), asking.row))
        return None

    def _start(self, ready: list[Asking]) -> None:
        """Start calls as far as the money goes, in the order of the plan: what lies after a gap is of no use."""
        self._held.extend(ready)
        while self._held and not self._stopping and self._calls.take(self._held[0]):
            self._held.popleft()
        self._calls.start()
        if self._held and self._idle():
            self._held.clear()
            if not self._stopping and not self._decider.ended:
                self._spent_up = True
                self._decider.stop("cost")

    def _freed(self, failure: BaseException | None) -> None:
        """A call has ended."""
        if failure is not None:
            self._fail(failure)
        try:
            self._fill()
        except Exception as found:  # the event loop would only log it
            self._fail(found)
        self._wake.set()

    def _put(self, ask: Ask, row: TrialRow) -> None:
        """A trial is answered or void."""
        self._recorder.ended(ask, row)
        self._unsaved += row.attempts > 0
        self._unscored += 1

    # --- recording, scoring, deciding

    async def _flush(self) -> None:
        """Wait until a commit is due, make it, and score what it saved."""
        if self._more and len(self._recorder) < COMMIT_ROWS:
            await asyncio.sleep(0)
            return
        if self._calls and not len(self._recorder):
            self._wake.clear()
            await self._wake.wait()
        if self._calls and len(self._recorder) < COMMIT_ROWS:
            await asyncio.sleep(COMMIT_SECONDS)
        ended = await self._recorder.commit()
        self._take_in(ended)
        if not ended:
            await asyncio.sleep(0)

    def _take_in(self, recorded: Sequence[Ended]) -> None:
        """Score what is on the disk."""
        for ask, row in recorded:
            self._unsaved -= row.attempts > 0
            self._unscored -= 1
            if row.void_reason is None:
                self._known.recorded(row)
                self._calls.recorded(row)
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
        address = self._model.address
        if self._void == self._trials and self._last_void.startswith("html:"):
            message += f". If {address} is not the right address, start a new run with another -M base_url=…"
        return FatalTransportError("void", message)

    def _score(self, ask: Ask, row: TrialRow) -> None:
        task = self._plan.suite.task(row.task)
        try:
            with aside():  # a judge of the suite's own may print
                scored = row.scored(judge(task.bind(ask.unit.unit.item), row.as_answer().response))
        except ScoreError as error:
            self._fail(error)
            return
        self._recorder.scored(scored)
        self._finish(ask, scored)

    def _finish(self, ask: Ask, row: TrialRow) -> None:
        """A trial has come to its end: go on with its unit, or hand the unit's outcome over in plan order."""
        self._tell(row)
        progress = ask.unit
        progress.rows[ask.index] = row
        if is_complete(progress.in_order(), progress.terms):
            self._deliver(progress)
        elif progress.terms.curtail:
            self._backlog.append(Ask(unit=progress, index=ask.index + 1))

    def _tell(self, row: TrialRow) -> None:
        self._trials += 1
        self._on_trial(row)

    def _deliver(self, progress: UnitInProgress) -> None:
        key = progress.unit.key
        waiting = self._waiting[key]
        waiting[progress.unit.position] = outcome_of(progress.in_order())
        while (position := self._next_position[key]) in waiting:
            self._decider.observe(key, waiting.pop(position))
            self._next_position[key] = position + 1
