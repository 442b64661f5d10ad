from __future__ import annotations

from typing import Any

import pytest

from evalkit.adapter import logprob_of, number_of, sum_of, tokens_of


def test_counts_are_read() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 0,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    assert {"tokens_in": 10, "tokens_out": 0, "tokens_cached": 4, "tokens_reasoning": 2} == tokens_of(usage)


def test_the_largest_count_that_a_record_holds_is_read() -> None:
    assert 2**63 - 1 == tokens_of({"prompt_tokens": 2**63 - 1})["tokens_in"]


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        "12",
        {},
        {"prompt_tokens": None},
        {"prompt_tokens": -1, "completion_tokens": True},
        {"prompt_tokens": 2**63, "completion_tokens": 10**400},
        {"prompt_tokens_details": 3, "completion_tokens": 1.5},
    ],
)
def test_what_is_no_count_is_unknown(usage: Any) -> None:
    assert {None} == set(tokens_of(usage).values())


def test_a_sum_of_counts_is_known_when_one_of_them_is() -> None:
    assert [3, 0, None] == [sum_of(1, None, 2), sum_of(0), sum_of(None)]


def test_a_sum_that_no_record_holds_is_unknown() -> None:
    assert sum_of(2**63 - 1, 1) is None


@pytest.mark.parametrize("value", [None, True, "1", [1], 10**400, float("nan"), float("inf"), -1e13])
def test_what_is_no_price_and_no_log_probability_is_unknown(value: Any) -> None:
    assert number_of(value) is None
    assert logprob_of([-1.0, value]) is None


def test_log_probabilities_of_no_token_are_unknown() -> None:
    assert logprob_of([]) is None
