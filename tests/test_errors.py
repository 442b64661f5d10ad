from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.errors import (
    EvalkitError,
    FatalTransportError,
    Problem,
    RecordError,
    SuiteError,
    TransportError,
    did_you_mean,
    refuse,
)


def test_a_problem_says_where_first() -> None:
    problem = Problem(path=Path("a.yaml"), line=3, key="tasks.x", message="found 1, expected 2")
    assert "a.yaml:3: tasks.x: found 1, expected 2" == str(problem)


def test_a_problem_of_a_whole_file_has_no_line() -> None:
    assert "a.yaml: is empty" == str(Problem(path=Path("a.yaml"), message="is empty"))


def test_problems_come_in_the_order_of_the_file_and_once() -> None:
    late, early = (Problem(path=Path("a.yaml"), line=line, message="x") for line in (9, 2))
    assert (early, late) == SuiteError([late, early, late]).problems


@pytest.mark.parametrize(
    ("found", "text"),
    [("exat", 'Did you mean "exact"? Known: exact, number.'), ("zzz", "Known: exact, number.")],
)
def test_the_nearest_name_is_proposed_when_there_is_one(found: str, text: str) -> None:
    assert text == did_you_mean(found, ["number", "exact"])


def test_nothing_known_gives_no_hint() -> None:
    assert "" == did_you_mean("x", [])


def test_of_many_problems_the_first_ten_are_told() -> None:
    with pytest.raises(EvalkitError) as raised:
        refuse(range(1012))
    assert [*map(str, range(10)), "… and 1,002 more like these"] == str(raised.value).split("\n")
    refuse([])


def test_exit_codes_tell_usage_from_infrastructure() -> None:
    errors = [SuiteError([]), RecordError("x"), RecordError("x", exit_code=4), TransportError("t", "x")]
    assert [2, 2, 4, 4] == [error.exit_code for error in errors]
    assert issubclass(FatalTransportError, TransportError)
