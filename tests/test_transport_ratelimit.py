from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evalkit.transport.ratelimit import Standing, Stock, retry_after_s, standings

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expected", "header"),
    [
        (7.0, "7"),
        (0.5, " 0.5 "),
        (60.0, "Sun, 22 Nov 2026 03:16:00 GMT"),
        (60.0, "Sun, 22 Nov 2026 03:16:00 -0000"),
        (0.0, "Sun, 22 Nov 2020 03:16:00 GMT"),
        (None, "-3"),
        (None, "soon"),
        (None, "Sun, 22 Nov 99999999999 03:16:00 GMT"),
        (None, "Sun, 22 Nov 999999999999999999999 03:16:00 GMT"),
        (None, "٣"),
        (None, ""),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(expected: float | None, header: str) -> None:
    assert expected == retry_after_s({"retry-after": header}, NOW)


def test_no_retry_after() -> None:
    assert retry_after_s({}, NOW) is None


def test_milliseconds_are_finer_than_seconds() -> None:
    assert 0.12 == retry_after_s({"retry-after": "1", "retry-after-ms": "120"}, NOW)


def test_milliseconds_that_cannot_be_read_leave_the_seconds() -> None:
    assert 1.0 == retry_after_s({"retry-after": "1", "retry-after-ms": "soon"}, NOW)


@pytest.mark.parametrize(
    ("expected", "reset"),
    [
        (1.0, "1s"),
        (360.0, "6m0s"),
        (0.12, "120ms"),
        (7.66, "7.66s"),
        (93_784.0, "1d2h3m4s"),
        (0.0, "0s"),
        (12.5, "12.5"),
    ],
)
def test_openai_and_groq_give_durations(expected: float, reset: str) -> None:
    headers = {"x-ratelimit-limit-tokens": "6000", "x-ratelimit-remaining-tokens": "0"}
    (found,) = standings({**headers, "x-ratelimit-reset-tokens": reset}, NOW)
    assert expected == pytest.approx(found.reset_s)
    assert ("tokens", 6000.0, 0.0) == (found.of, found.limit, found.remaining)
    assert found.refills


def test_anthropic_gives_times() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-22T03:15:02Z",
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-input-tokens-remaining": "1000",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-22T03:16:00Z",
    }
    expected = [
        Standing(of="requests", limit=50.0, remaining=49.0, reset_s=2.0, refills=True),
        Standing(of="tokens", limit=40_000.0, remaining=1000.0, reset_s=60.0, refills=True),
    ]
    assert expected == standings(headers, NOW)


def test_the_ietf_draft_counts_a_window() -> None:
    headers = {"ratelimit-limit": "100", "ratelimit-remaining": "0", "ratelimit-reset": "30"}
    expected = [Standing(of="requests", limit=100.0, remaining=0.0, reset_s=30.0, refills=False)]
    assert expected == standings(headers, NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json"},
        {"x-ratelimit-remaining-requests": "5"},
        {"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "1s"},
        {"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "soon"},
        {"x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "1s"},
    ],
)
def test_what_cannot_be_read_says_nothing(headers: dict[str, str]) -> None:
    assert [] == standings(headers, NOW)


@pytest.mark.parametrize(
    ("expected", "limit", "remaining", "refills"),
    [(10.0, 600.0, 0.0, True), (0.0, 600.0, 0.0, False), (0.0, None, 0.0, True), (0.0, 600.0, 700.0, True)],
)
def test_how_fast_a_limit_comes_back(expected: float, limit: float | None, remaining: float, refills: bool) -> None:
    standing = Standing(of="requests", limit=limit, remaining=remaining, reset_s=60.0, refills=refills)
    assert expected == standing.per_second


def test_a_limit_that_is_whole_at_once_comes_back_unseen() -> None:
    assert 0.0 == Standing(of="requests", limit=5.0, remaining=1.0, reset_s=0.0, refills=True).per_second


def test_a_stock_comes_back_bit_by_bit() -> None:
    stock = Stock(level=2.0, per_second=10.0, whole_at=60.0, at=0.0)
    assert (0.0, 0.1, 60.0) == (stock.ready_at(2), stock.ready_at(3), stock.ready_at(1000))
    stock.take(0.0, 2)
    stock.take(0.05, 0)
    assert 0.1 == pytest.approx(stock.ready_at(1))


def test_a_stock_that_comes_back_at_the_end_is_waited_for() -> None:
    assert 60.0 == Stock(level=0.0, per_second=0.0, whole_at=60.0, at=0.0).ready_at(1)
