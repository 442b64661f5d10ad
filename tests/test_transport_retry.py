from __future__ import annotations

import asyncio
import random

import pytest

from evalkit.adapter import ReplyError
from evalkit.errors import FatalTransportError, TransportError
from evalkit.transport.retry import (
    MAX_ATTEMPTS,
    MAX_BACKOFF_S,
    MAX_RETRY_AFTER_S,
    RULES,
    Retries,
    is_refusal,
    rule_for,
)


class Attempts:
    """Fails in a given order, then answers."""

    def __init__(self, *failures: ReplyError) -> None:
        self._failures = list(failures)

    async def __call__(self) -> str:
        if self._failures:
            raise self._failures.pop(0)
        return "answer"


def _run(*failures: ReplyError) -> tuple[str, int, list[float]]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    answer, made = asyncio.run(Retries(sleep=sleep, rng=random.Random(0)).run(Attempts(*failures)))
    return answer, made, waits


def _fail(reason: str, retry_after: float | None = None) -> ReplyError:
    return ReplyError(reason, f"because of {reason}", retry_after_s=retry_after)


def test_success_is_not_repeated() -> None:
    assert _run() == ("answer", 1, [])


@pytest.mark.parametrize("reason", [reason for reason, rule in RULES.items() if rule.retries])
def test_every_row_is_tried_again_as_often_as_it_says(reason: str) -> None:
    retries = RULES[reason].retries
    assert retries + 1 == _run(*[_fail(reason)] * retries)[1]
    with pytest.raises(TransportError, match=f"because of {reason}") as caught:
        _run(*[_fail(reason)] * (retries + 1))
    assert (reason, retries + 1) == (caught.value.reason, caught.value.attempts)


@pytest.mark.parametrize("status", ["408", "409", "425", "429", "500", "502", "503", "504", "529", "507"])
def test_what_passes_is_tried_again_and_void_at_last(status: str) -> None:
    rule = rule_for(f"http-{status}")
    assert (rule.retries >= 4, rule.fatal) == (True, False)


@pytest.mark.parametrize("reason", ["http-401", "http-403", "http-404", "http-301", "quota", "certificate"])
def test_what_somebody_must_mend_ends_the_run_at_once(reason: str) -> None:
    with pytest.raises(FatalTransportError) as caught:
        _run(_fail(reason))
    assert caught.value.attempts == 1


@pytest.mark.parametrize("reason", ["http-400", "http-422", "program-error", "exit-1", "not-recorded"])
def test_what_another_try_cannot_change_is_void_at_once(reason: str) -> None:
    with pytest.raises(TransportError) as caught:
        _run(_fail(reason))
    assert (TransportError, 1) == (type(caught.value), caught.value.attempts)


def test_waits_double_at_most_and_stay_under_the_ceiling() -> None:
    waits = _run(*[_fail("http-429")] * 12)[2]
    ceilings = [min(MAX_BACKOFF_S, 0.5 * 2**n) for n in range(12)]
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
    assert len(set(waits)) == len(waits)


def test_the_provider_is_left_alone_as_long_as_it_asks() -> None:
    (wait,) = _run(_fail("http-429", retry_after=20))[2]
    assert 20 <= wait <= 20.5


def test_a_provider_that_asks_for_too_long_is_given_up() -> None:
    with pytest.raises(TransportError) as caught:
        _run(_fail("http-429", retry_after=MAX_RETRY_AFTER_S + 1))
    assert caught.value.attempts == 1


def test_each_kind_of_failure_has_attempts_of_its_own() -> None:
    """Refusals must not use up the long attempt that a slow answer needs."""
    failures = [_fail("http-429")] * 20 + [_fail("timeout")] * 2 + [_fail("http-500"), _fail("http-502")] * 3
    assert 29 == _run(*failures)[1]
    with pytest.raises(TransportError) as caught:
        _run(*failures, _fail("timeout"))
    assert ("timeout", 29) == (caught.value.reason, caught.value.attempts)


def test_no_call_is_made_for_ever() -> None:
    kinds = ("http-429", "http-503", "http-529")
    with pytest.raises(TransportError) as caught:
        _run(*[_fail(kind) for _ in range(20) for kind in kinds])
    assert MAX_ATTEMPTS == caught.value.attempts


def test_a_provider_that_keeps_asking_for_a_second_is_given_longer_and_longer() -> None:
    """Twenty attempts a second apart would void every call of a minute in which somebody else has used up a limit."""
    waits = _run(*[_fail("http-429", retry_after=1)] * 20)[2]
    assert all(1 <= wait <= 1 + min(MAX_BACKOFF_S, 0.5 * 2**n) for n, wait in enumerate(waits))
    assert sum(waits) > 120


@pytest.mark.parametrize(
    ("expected", "reason"),
    [(True, "http-429"), (True, "http-503"), (True, "http-529"), (False, "http-500"), (False, "timeout")],
)
def test_who_asks_for_patience_asks_it_of_all_calls(expected: bool, reason: str) -> None:
    assert expected is is_refusal(reason)


def test_calls_made_at_the_same_time_do_not_disturb_each_other() -> None:
    retries = Retries(sleep=lambda seconds: asyncio.sleep(seconds / 50), rng=random.Random(0))

    async def all_of_them() -> list[tuple[str, int]]:
        failing = (Attempts(*[_fail("http-500", retry_after=0)] * (n % 3)) for n in range(9))
        return await asyncio.gather(*(retries.run(attempts) for attempts in failing))

    assert [("answer", n % 3 + 1) for n in range(9)] == asyncio.run(all_of_them())
