"""A model that is asked in batches: what is wanted at the same time is handed in together, for less money.

Calls that are waiting form a round. When no further call has come for a moment, the round is handed in as one batch, or
several where it is larger than the provider takes. As answers come back the decider sees them, and what it wants next
is the next round: adaptive stopping goes on as ever, only in larger steps.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evalkit.adapter import BatchDialect, BatchResult, ModelSize, Prices, ReplyError, Request
from evalkit.errors import AdapterError, FatalTransportError, TransportError
from evalkit.plain import one_line
from evalkit.transport.batch_provider import BatchProvider, Patience
from evalkit.transport.model import Model
from evalkit.transport.retry import MESSAGE_CHARS, rule_for
from evalkit.transport.submitted import Submission, SubmissionStore, ask_key
from evalkit.trial import Answer, Call, Response

MAX_ROUNDS = 4
"""How often a request is handed in before its trial is void."""
PATIENCE = Patience()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ask:
    """A call that waits for its answer."""

    key: str
    request: Request
    result: asyncio.Future[BatchResult]


@dataclass(frozen=True, slots=True)
class BatchNews:
    """How a batch stands."""

    number: int
    """1 is the run's first."""
    n_requests: int
    state: str
    """In words, such as `in progress at the provider`; "" when it is over."""
    sent: datetime
    """When it was handed in."""


def with_batches(model: object) -> tuple[Model, BatchDialect]:
    """A model, and what its provider's batches speak.

    Raises:
        AdapterError: If it has none.
    """
    if isinstance(model, Model) and model.batch is not None:
        return model, model.batch
    name = getattr(model, "name", "this model")
    raise AdapterError(f'model "{name}": its adapter knows no batches; leave --batch out')


class BatchModel:
    """Asks a model in batches.

    Args:
        model: The model, whose provider has batches.

    Raises:
        AdapterError: If the provider has none.
    """

    def __init__(self, model: object) -> None:
        self._model, self._dialect = with_batches(model)
        self.prices: Prices = self._model.prices.discounted(self._model.batch_discount)
        """What its calls cost, unless it is free."""
        self._earlier: dict[str, Submission] = {}
        """By key, the last batch of an earlier session that asked it."""
        self._found: dict[int, asyncio.Task[dict[str, BatchResult]]] = {}
        """What came of those, by their number."""
        self._times: Counter[str] = Counter()
        self._round: list[_Ask] = []
        self._latest = 0.0
        self._collecting = False
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, folder: Path, tell: Callable[[BatchNews], None]) -> None:
        """To be called before anything is asked.

        Args:
            folder: The run's, which this process holds, where it is kept what was handed in.
            tell: Told how the batches stand.

        Raises:
            RecordError: If what was handed in before cannot be read.
        """
        self._store, self._tell = SubmissionStore(folder), tell
        self._provider = BatchProvider(self._model, self._dialect, self._store, PATIENCE)
        self._earlier = {key: submission for submission in self._store.earlier for key in submission.keys}

    @property
    def name(self) -> str:
        """The full name, such as `openai/x`."""
        return self._model.name

    @property
    def address(self) -> str:
        """The base URL that is asked."""
        return self._model.address

    @property
    def size(self) -> ModelSize | None:
        """How large it is; None when its card does not say."""
        return self._model.size

    @property
    def free(self) -> bool:
        """Whether a call costs nothing that evalkit could count."""
        return self._model.free

    @property
    def steady(self) -> bool:
        """Whether it is known to answer the same request the same way."""
        return self._model.steady

    @property
    def usual_concurrency(self) -> None:
        """A round has as many calls as a run's rounds have by default."""
        return None

    @property
    def capacity(self) -> None:
        """A round has as many calls as one likes."""

    def expected_usd(self, request: Request) -> float | None:
        """What a call may cost at most, as far as that can be known before it is made; None when unknown."""
        return 0.0 if self.free else self.prices.at_most(request)

    def cost_usd(self, answer: Answer) -> float | None:
        """What an answer cost; None when unknown."""
        return 0.0 if self.free else self.prices.usd(answer.response)

    def check(self, tasks: Sequence[str]) -> None:
        """As the model's."""
        self._model.check(tasks)

    def request(self, call: Call) -> Request:
        """As the model's."""
        return self._model.request(call)

    async def ask(self, request: Request) -> Answer:
        """Hand a request in with the next round until it is answered; what an earlier session handed in is found again.

        Raises:
            TransportError: If there is no observation; the trial is void.
            FatalTransportError: If no call of this run can succeed.
        """
        key = self._key(request)
        answer = await self._answered_earlier(key, request)
        if answer is not None:
            return answer
        for rounds in itertools.count(1):
            result = await self._asked(key, request)
            try:
                return Answer(response=self._read(result), latency_s=None, attempts=rounds)
            except ReplyError as error:
                message = one_line(str(error), MESSAGE_CHARS)
                if rule_for(error.reason).fatal:
                    failure = FatalTransportError(error.reason, message, attempts=rounds)
                    raise self._model.advised(failure) from error
                if rounds >= _most_rounds(error.reason):
                    raise TransportError(error.reason, message, attempts=rounds) from error
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Let go of connections; batches go on at the provider."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._model.close()

    def _key(self, request: Request) -> str:
        first = ask_key(request, 0)
        self._times[first] += 1
        return first if self._times[first] == 1 else ask_key(request, self._times[first] - 1)

    def _read(self, result: BatchResult) -> Response:
        if result.reply is None:
            raise ReplyError(result.reason, f"the batch ended without an answer to this request: {result.reason}")
        return self._model.read(result.reply)

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- what earlier sessions handed in

    async def _answered_earlier(self, key: str, request: Request) -> Answer | None:
        """An answer that was paid for already; failures cost nothing, and are asked again."""
        submission = self._earlier.pop(key, None)
        if submission is None:
            return None
        if submission.number not in self._found:
            self._found[submission.number] = self._start(self._results_of(submission, request.url))
        # Others wait for the same results when this call is given up.
        result = (await asyncio.shield(self._found[submission.number])).get(key)
        try:
            return None if result is None else Answer(response=self._read(result), latency_s=None, attempts=1)
        except ReplyError:
            return None

    async def _results_of(self, submission: Submission, url: str) -> dict[str, BatchResult]:
        tell = self._teller(submission)
        if submission.id is None:
            adopted = self._provider.adopt(submission, await self._provider.find(submission, url, tell))
            if adopted is None:
                return {}
            submission = adopted
        assert submission.id is not None
        batch = await self._provider.wait(submission, submission.id, url, tell)
        results = {} if batch.state == "failed" else await self._provider.results(submission, batch, url, tell)
        tell("")
        return results

    # --- rounds

    def _asked(self, key: str, request: Request) -> asyncio.Future[BatchResult]:
        """Put a call in the round that is being collected."""
        loop = asyncio.get_running_loop()
        ask = _Ask(key=key, request=request, result=loop.create_future())
        self._round.append(ask)
        self._latest = loop.time()
        if not self._collecting:
            self._collecting = True
            self._start(self._hand_in_when_quiet())
        return ask.result

    async def _hand_in_when_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        left = PATIENCE.quiet_s
        while left > 0:  # at least once: whoever asks may keep the loop busy for longer than that
            await asyncio.sleep(left)
            left = self._latest + PATIENCE.quiet_s - loop.time()
        asks, self._round, self._collecting = self._round, [], False
        with _failing(asks):
            for part in self._parts([ask for ask in asks if not ask.result.done()]):
                self._start(self._carry(part))

    def _parts(self, asks: Sequence[_Ask]) -> Iterator[list[_Ask]]:
        """A round as so many batches as the provider's limits make of it."""
        part: list[_Ask] = []
        size = 0
        for ask in asks:
            n_bytes = len(self._dialect.entry("-" * 64, ask.request)) + 1
            if part and (len(part) == self._dialect.MAX_REQUESTS or size + n_bytes > self._dialect.MAX_BYTES):
                yield part
                part, size = [], 0
            part.append(ask)
            size += n_bytes
        if part:
            yield part

    async def _carry(self, asks: list[_Ask]) -> None:
        """One batch, from handing it in to its results."""
        url = asks[0].request.url
        with _failing(asks):
            submission = self._store.new([ask.key for ask in asks])
            tell = self._teller(submission)
            tell("handing it in")
            submission = await self._submitted(submission, asks, tell)
            assert submission.id is not None
            batch = await self._provider.wait(submission, submission.id, url, tell)
            if batch.queue_full:
                tell("")
                await self._carry_halves(asks)
                return
            if batch.state == "failed":
                message = f"batch {submission.number}: the provider refused it as a whole ({batch.problem})"
                raise FatalTransportError("batch-failed", one_line(message, MESSAGE_CHARS))
            results = await self._provider.results(submission, batch, url, tell)
            tell("")
            for ask in asks:
                if not ask.result.done():
                    ask.result.set_result(results.get(ask.key) or BatchResult(custom_id="", reason="batch-missing"))

    async def _submitted(self, submission: Submission, asks: Sequence[_Ask], tell: Callable[[str], None]) -> Submission:
        try:
            return await self._provider.submit(submission, [ask.request for ask in asks], tell)
        except FatalTransportError:
            raise
        except TransportError as error:
            # Nothing was asked yet: better to stop and go on later than to have thousands of void trials.
            message = f"batch {submission.number}: {self._model.address}: cannot hand it in: {error}"
            raise FatalTransportError(error.reason, message, attempts=error.attempts) from error

    async def _carry_halves(self, asks: list[_Ask]) -> None:
        await asyncio.sleep(PATIENCE.longest_poll_s)
        half = (len(asks) + 1) // 2
        for part in filter(None, (asks[:half], asks[half:])):
            await self._carry(part)

    def _teller(self, submission: Submission) -> Callable[[str], None]:
        def tell(state: str) -> None:
            self._tell(BatchNews(submission.number, len(submission.keys), one_line(state, 200), submission.sent))

        return tell


@contextmanager
def _failing(asks: Sequence[_Ask]) -> Iterator[None]:
    """Whoever waits hears of a failure, whatever it is."""
    try:
        yield
    except Exception as error:
        for ask in asks:
            if not ask.result.done():
                ask.result.set_exception(error)


def _most_rounds(reason: str) -> int:
    """What a batch leaves out is asked again; other failures as often as outside batches, within limits."""
    return MAX_ROUNDS if reason.startswith("batch-") else min(rule_for(reason).retries + 1, MAX_ROUNDS)
