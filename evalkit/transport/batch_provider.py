"""Batches at a provider: made exactly once, waited for, read.

Only making one costs money. Before it, what is about to be made is on the disk, with a random token; after it, the
provider's id. Where nobody knows whether it was made (a kill, or a reply that never came), the provider is asked for
its batches, and ours is recognised by the token: in what the provider keeps about a batch, or in its custom ids.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from evalkit.adapter import Batch, BatchDialect, BatchResult, Reply, ReplyError, Request
from evalkit.adapter.wire import MISSHAPEN
from evalkit.errors import FatalTransportError, TransportError
from evalkit.transport.model import Model
from evalkit.transport.ratelimit import retry_after_s
from evalkit.transport.retry import MAX_RETRY_AFTER_S, rule_for
from evalkit.transport.submitted import Submission, SubmissionStore

_Result = TypeVar("_Result")

_CLOCKS_DIFFER = timedelta(hours=1)
"""How far the provider's clock may be behind ours."""
_MAX_UNCLEAR = 4
"""How often a batch is made anew after replies that left it open whether it was made."""
_REFUSED = frozenset({"connect", "unreachable", "certificate", "quota"})
"""Failures, beside statuses from 400 to 499, after which it is certain that nothing was made."""
_PASSES = frozenset({"connect", "reset", "timeout", "truncated"})
"""Failures, beside statuses that are tried again, that say nothing about what is asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How patient we are, in seconds."""

    quiet_s: float = 0.5
    """A round is handed in when nothing was asked for this long."""
    poll_s: float = 5.0
    """Between the first two questions how far a batch is."""
    longest_poll_s: float = 60.0
    """Between later ones."""
    settle_s: float = 30.0
    """How long after it was sent a batch may still turn up in the provider's list."""


class _UnclearError(Exception):
    """Nobody knows whether a batch was made."""


class BatchProvider:
    """Makes a run's batches, finds them again, and reads them.

    Args:
        model: Whose provider it is.
        dialect: What its batches speak.
        store: What the run has handed in.
        patience: How patient it is.
    """

    def __init__(self, model: Model, dialect: BatchDialect, store: SubmissionStore, patience: Patience) -> None:
        self._model, self._dialect, self._store, self._patience = model, dialect, store, patience

    async def submit(
        self, submission: Submission, requests: Sequence[Request], tell: Callable[[str], None]
    ) -> Submission:
        """Make a batch, once.

        Args:
            submission: What the disk is told first.
            requests: One for each of its keys.
            tell: Told how it stands.

        Returns:
            It, with the provider's id, as it is on the disk.

        Raises:
            TransportError: If the provider takes none.
        """
        dialect, token, url = self._dialect, submission.token, requests[0].url
        keyed = zip(submission.keys, requests, strict=True)
        entries = [dialect.entry(submission.custom_id(key), request) for key, request in keyed]
        upload = dialect.upload(entries, token, url)
        uploaded = None if upload is None else await self._exchanged(upload, dialect.uploaded)
        make = dialect.create(entries, uploaded, token, url)
        problem: Exception | None = None
        for _ in range(_MAX_UNCLEAR):
            submission = submission.model_copy(update={"uploaded": uploaded, "sent": datetime.now(UTC)})
            self._store.save(submission)
            try:
                batch: Batch | None = await self._made(make)
            except _UnclearError as error:
                problem, batch = error, await self.find(submission, url, tell)
            if batch is not None:
                return self._identified(submission, batch)
        raise TransportError("batch-unclear", f"{url}: no batch could be made: {problem}")

    async def find(self, submission: Submission, url: str, tell: Callable[[str], None]) -> Batch | None:
        """Look for a batch that may have been made; None when it was not.

        Args:
            submission: What is known of it.
            url: The address of an ordinary request.
            tell: Told how it stands.
        """
        tell("looking whether the provider has it")
        age_s = (datetime.now(UTC) - submission.sent).total_seconds()
        # However the clock was set meanwhile.
        deadline = time.monotonic() + min(max(self._patience.settle_s - age_s, 0.0), self._patience.settle_s)
        while True:
            found = await self._look(submission, url, tell)
            if found is not None or time.monotonic() >= deadline:
                return found
            await asyncio.sleep(min(self._patience.poll_s, max(deadline - time.monotonic(), 0.0)))

    def adopt(self, submission: Submission, batch: Batch | None) -> Submission | None:
        """Note what came of a search."""
        if batch is None:
            self._store.drop(submission)
            return None
        return self._identified(submission, batch)

    async def wait(self, submission: Submission, batch_id: str, url: str, tell: Callable[[str], None]) -> Batch:
        """Wait until a batch has come to its end.

        A provider that cannot be reached for a while is waited for: the batch goes on without us.

        Args:
            submission: What it is known as here.
            batch_id: The provider's id.
            url: The address of an ordinary request.
            tell: Told how it stands, whenever that was asked for.

        Raises:
            FatalTransportError: If the provider knows nothing of it, or refuses us.
        """
        asked: list[float | None] = [None]

        def read(reply: Reply) -> Batch:
            asked[0] = retry_after_s(reply.headers, datetime.now(UTC))
            return self._dialect.read(reply)

        pause = self._patience.poll_s
        while True:
            batch = await self._insist(self._dialect.poll(batch_id, url), read, submission, tell)
            if batch.state != "open":
                return batch
            tell(f"{batch.status} at the provider")
            await asyncio.sleep(max(pause, min(asked[0] or 0.0, MAX_RETRY_AFTER_S)))
            pause = min(1.5 * pause, self._patience.longest_poll_s)

    async def results(
        self, submission: Submission, batch: Batch, url: str, tell: Callable[[str], None]
    ) -> dict[str, BatchResult]:
        """What became of the requests of a batch that has come to its end, by key.

        Raises:
            FatalTransportError: As for `wait`.
        """
        found: dict[str, BatchResult] = {}
        for request in self._dialect.results(batch, url):
            for result in await self._insist(request, self._lines, submission, tell):
                key = submission.key_of(result.custom_id)
                if key is not None:
                    found[key] = result
        return found

    def _lines(self, reply: Reply) -> list[BatchResult]:
        return [self._dialect.result(json.loads(line)) for line in reply.body.splitlines() if line.strip()]

    def _identified(self, submission: Submission, batch: Batch) -> Submission:
        submission = submission.model_copy(update={"id": batch.id})
        self._store.save(submission)
        return submission

    async def _made(self, make: Request) -> Batch:
        """Make a batch; what certainly was not made is tried again, and nothing else."""

        async def attempt() -> Batch:
            try:
                return self._read(await self._model.exchange(make), self._dialect.read)
            except ReplyError as error:
                # 408 may come after the whole request was taken.
                if error.reason in _REFUSED or (error.reason.startswith("http-4") and error.reason != "http-408"):
                    raise
                raise _UnclearError(str(error)) from error

        batch, _ = await self._model.persist(attempt)
        return batch

    async def _look(self, submission: Submission, url: str, tell: Callable[[str], None]) -> Batch | None:
        """Go through the account's batches once."""
        known, candidates = self._store.ids(), list[Batch]()
        after: str | None = None
        while True:
            page = await self._exchanged(self._dialect.listing(after, url), self._dialect.listed)
            for batch in page.batches:
                if batch.token == submission.token:
                    return batch
                recent = batch.created >= submission.sent - _CLOCKS_DIFFER
                nameless = batch.token is None and batch.n_requests == len(submission.keys)
                if nameless and recent and batch.id not in known:
                    candidates.append(batch)
            after = page.after
            if after is None:
                break
        for batch in candidates:
            if await self._is_ours(submission, batch, url, tell):
                return batch
        return None

    async def _is_ours(self, submission: Submission, batch: Batch, url: str, tell: Callable[[str], None]) -> bool:
        """Whether its custom ids are ours, which can be seen once it has ended."""
        ended = await self.wait(submission, batch.id, url, tell)
        return bool(await self.results(submission, ended, url, tell))

    async def _exchanged(self, request: Request, read: Callable[[Reply], _Result]) -> _Result:
        async def attempt() -> _Result:
            return self._read(await self._model.exchange(request), read)

        result, _ = await self._model.persist(attempt)
        return result

    async def _insist(
        self, request: Request, read: Callable[[Reply], _Result], submission: Submission, tell: Callable[[str], None]
    ) -> _Result:
        """Exchange, however long it takes: what is asked for has been paid for, and is kept at the provider."""
        while True:
            try:
                return await self._exchanged(request, read)
            except FatalTransportError as error:
                if error.reason == "http-404":
                    raise self._unknown(submission, error) from error
                raise
            except TransportError as error:
                passes = error.reason in _PASSES or error.reason.startswith("http-")
                if not passes or not rule_for(error.reason).retries:
                    raise FatalTransportError(error.reason, str(error), attempts=error.attempts) from error
                tell(f"the provider does not answer ({error})")
                await asyncio.sleep(self._patience.longest_poll_s)

    def _unknown(self, submission: Submission, error: FatalTransportError) -> FatalTransportError:
        message = (
            f"batch {submission.number}: the provider does not know {submission.id} any more ({error}). To ask its "
            f"requests anew, and pay for them again, delete {self._store.path(submission)}, then --resume the run"
        )
        return FatalTransportError(error.reason, message, attempts=error.attempts)

    @staticmethod
    def _read(reply: Reply, read: Callable[[Reply], _Result]) -> _Result:
        try:
            return read(reply)
        except MISSHAPEN as error:
            found = f"{type(error).__name__}: {error}"
            raise ReplyError(
                "unexpected-reply", f"found a reply of an unexpected shape ({found}): {reply.excerpt()}"
            ) from error
