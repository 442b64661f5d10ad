"""docs/transport.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evalkit.transport.deadline import CEILING_S, ENOUGH_ANSWERS, FLOOR_S, LONGER, SLACK
from evalkit.transport.http import CONNECT_TIMEOUT_S
from evalkit.transport.retry import MAX_ATTEMPTS, MAX_BACKOFF_S, MAX_RETRY_AFTER_S, RULES, rule_for

TEXT = (Path(__file__).parents[2] / "docs" / "transport.md").read_text(encoding="utf-8")


def test_the_table_of_failures_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| [^|]+ \| (\d+) \| ([a-z ]+) \|$", TEXT, re.M)
    documented = {reason: (int(retries), then == "the run ends") for reason, retries, then in rows}
    assert {reason: (rule.retries, rule.fatal) for reason, rule in RULES.items()} == documented


def test_anything_else_is_void_at_once() -> None:
    assert "| anything else | such as `http-400`, or a program that fails | 0 | void |" in TEXT
    assert (0, False) == (rule_for("http-400").retries, rule_for("program-error").fatal)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (MAX_ATTEMPTS, r"made more than (\d+) times"),
        (MAX_BACKOFF_S, r"from half a second to (\d+) seconds"),
        (CONNECT_TIMEOUT_S, r"to connect \| (\d+)"),
        (ENOUGH_ANSWERS, r"until (\d+) answers have come"),
        (CEILING_S, r"`--timeout`, (\d+) by default"),
        (FLOOR_S, r"so far, at least (\d+)"),
    ],
)
def test_numbers_are_those_of_the_code(number: float, sentence: str) -> None:
    found = re.search(sentence, TEXT)
    assert found is not None
    assert number == int(found[1])


def test_numbers_in_words_are_those_of_the_code() -> None:
    assert (10, 4, 600) == (SLACK, LONGER, MAX_RETRY_AFTER_S)
    assert all(words in TEXT for words in ("ten times the slowest", "four times as long", "more than ten minutes"))
