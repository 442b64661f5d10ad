from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import AdapterError
from evalkit.transport.rate import CallWindow, Rate, TokenWindow, expected_tokens, read_rate
from evalkit.trial import Call, Message


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Rate(50, 1), "50/s"),
        (Rate(50, 1), "50"),
        (Rate(2.5, 1), " 2.5 / s "),
        (Rate(300, 60), "300/m"),
        (Rate(300, 60), "300/min"),
        (Rate(5000, 3600), "5000/h"),
    ],
)
def test_a_rate_is_read(expected: Rate, text: str) -> None:
    assert expected == read_rate(text)


@pytest.mark.parametrize("text", ["", "0", "0/s", "-1/s", "fast", "50/day", "50/", "1e3/s", "1" + 30 * "0"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(AdapterError, match=r"rate: found .* expected a number above 0 with or without a unit: 50/s"):
        read_rate(text)


def _begun(window: CallWindow, calls: int, idle: list[float]) -> list[float]:
    """When calls begin that are wanted one after the other, with some idle seconds in between."""
    now, begun = 0.0, []
    for number in range(calls):
        now = max(now + (idle[number % len(idle)] if idle else 0.0), window.ready_at())
        window.begin(now)
        begun.append(now)
    return begun


@given(
    count=st.integers(1, 60),
    seconds=st.sampled_from([1.0, 60.0, 3600.0]),
    idle=st.lists(st.floats(0, 3), max_size=5),
)
def test_no_stretch_of_time_has_more_calls_than_the_rate(count: int, seconds: float, idle: list[float]) -> None:
    begun = _begun(CallWindow(Rate(count, seconds)), 3 * count + 2, idle)
    assert all(later - earlier > seconds for earlier, later in zip(begun, begun[count:], strict=False))


@given(count=st.floats(0.01, 200).filter(lambda count: count != int(count)))
def test_a_rate_that_is_not_whole_is_kept_on_average(count: float) -> None:
    begun = _begun(CallWindow(Rate(count, 1.0)), 50, [])
    assert 50 <= (begun[-1] * count + 1) * 1.000_001


def test_a_rate_is_used_up_to_a_hundredth() -> None:
    begun = _begun(CallWindow(Rate(50, 1.0)), 1001, [])
    assert 20 <= begun[-1] <= 20.25


def test_calls_are_spread_over_a_minute() -> None:
    begun = _begun(CallWindow(Rate(300, 60.0)), 300, [])
    assert max(later - earlier for earlier, later in pairwise(begun)) == pytest.approx(0.2)


@given(
    limit=st.integers(1, 1000),
    tokens=st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=1, max_size=60),
)
def test_no_minute_has_more_tokens_than_the_limit(limit: int, tokens: list[tuple[int, int]]) -> None:
    """Where estimates are not too low; a call that is larger than the limit has its minute for itself."""
    window, now = TokenWindow(limit), 0.0
    used: list[tuple[float, int]] = []
    for spent, more in tokens:
        at = window.ready_at(now, spent + more)
        assert now <= at <= now + 60  # nobody starves
        now = at
        charge = window.begin(now, spent + more)
        window.correct(charge, spent)
        used.append((now, spent))
    for start, own in used:
        within = sum(spent for at, spent in used if start <= at < start + 60)
        assert within <= max(limit, own)


def test_a_call_that_took_less_makes_room_at_once() -> None:
    window = TokenWindow(100)
    charge = window.begin(0.0, 100)
    assert 60.0 == window.ready_at(1.0, 10)
    window.correct(charge, 20)
    assert 1.0 == window.ready_at(1.0, 10)


def test_a_correction_that_comes_after_the_minute_changes_nothing() -> None:
    window = TokenWindow(100)
    charge = window.begin(0.0, 100)
    assert 61.0 == window.ready_at(61.0, 100)
    window.correct(charge, 1000)
    assert 61.0 == window.ready_at(61.0, 100)


@pytest.mark.parametrize(
    ("expected", "sampling"),
    [(110.0, {}), (1034.0, {"max_tokens": 1024}), (60.0, {"max_completion_tokens": 50}), (110.0, {"temperature": 0})],
)
def test_tokens_are_guessed_from_characters_and_the_longest_answer(expected: float, sampling: dict[str, int]) -> None:
    messages = (Message(role="system", content="a" * 20), Message(role="user", content="b" * 20))
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)
    assert expected == expected_tokens(call, 100.0)
