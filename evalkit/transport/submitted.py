"""What a run has handed in at its provider: a small file for each batch, in the run's folder.

It is written before the batch is made and again when its id is known, so that whoever goes on after a kill knows what
may have been paid for.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from evalkit.adapter import Request
from evalkit.errors import EXIT_INFRASTRUCTURE, RecordError

BATCHES = "batches"
"""The folder within a run's."""
_KEY_CHARS = 48
_TOKEN_BYTES = 6


def ask_key(request: Request, time: int) -> str:
    """What identifies a call within a run: hex over the request and the call's task, item and repeat number.

    The condition is not part of it: the same prompt under two conditions is one call.

    Args:
        request: What is asked.
        time: How often this very call was made before in this session.
    """
    call = request.call
    assert call is not None  # Endpoint.request sets it
    parts = json.dumps([request.hash, call.repeat, call.task, call.item, time])
    return hashlib.sha256(parts.encode()).hexdigest()[:_KEY_CHARS]


class Submission(BaseModel):
    """One batch, as far as we know it ourselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    """1 is the run's first."""
    token: str
    """Random; by it the batch is recognised as ours."""
    keys: tuple[str, ...]
    """What it asks, in order; see `ask_key`."""
    sent: AwareDatetime
    """Just before it was made."""
    uploaded: str | None = None
    """The provider's id of what was uploaded for it."""
    id: str | None = None
    """The provider's id; None: nobody knows whether it was made."""

    def custom_id(self, key: str) -> str:
        """What a request is called inside the batch; the token makes it this batch's alone."""
        return f"{key}-{self.token}"

    def key_of(self, custom_id: str) -> str | None:
        """The key that a custom id was made of; None when it is not of this batch."""
        key, _, token = custom_id.partition("-")
        return key if token == self.token else None


class SubmissionStore:
    """Keeps the submissions of a run.

    Args:
        folder: The run's, which this process holds.

    Raises:
        RecordError: If what is there cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / BATCHES
        self._kept = {kept.number: kept for kept in map(_read, self._folder.glob("*.json"))}
        self._earlier = [self._kept[number] for number in sorted(self._kept)]
        self._last = max(self._kept, default=0)

    @property
    def earlier(self) -> list[Submission]:
        """Those of earlier sessions, the first first."""
        return self._earlier

    def new(self, keys: Sequence[str]) -> Submission:
        """Number one that is about to be made."""
        self._last += 1
        return Submission(
            number=self._last, token=secrets.token_hex(_TOKEN_BYTES), keys=tuple(keys), sent=datetime.now(UTC)
        )

    def save(self, submission: Submission) -> None:
        """Put it on the disk at one stroke; durable when this returns.

        Raises:
            RecordError: With exit code 4 if the disk refuses.
        """
        self._kept[submission.number] = submission
        path = self.path(submission)
        partial = path.with_suffix(".json.partial")
        try:
            if not self._folder.is_dir():
                self._folder.mkdir()
                _sync(self._folder.parent)
            with partial.open("w", encoding="utf-8") as file:
                file.write(submission.model_dump_json(indent=1) + "\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _sync(self._folder)
        except OSError as error:
            message = f"{path}: cannot be written: {error.strerror}. Free some space or check the folder, then --resume"
            raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE) from None

    def ids(self) -> set[str]:
        """The provider's ids of all that are known to be made."""
        return {submission.id for submission in self._kept.values() if submission.id is not None}

    def drop(self, submission: Submission) -> None:
        """Forget one that was never made."""
        del self._kept[submission.number]
        self.path(submission).unlink(missing_ok=True)

    def path(self, submission: Submission) -> Path:
        """Its file."""
        return self._folder / f"{submission.number}.json"


def _sync(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(path: Path) -> Submission:
    try:
        return Submission.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RecordError(
            f"{path}: cannot be read ({error}), expected what evalkit noted of a batch; without it, what the batch "
            "answered would be paid for again"
        ) from None
