from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from evalkit.score import Check, Constraint, ConstraintError, ScoreError, read_constraint

NAME = "checks.py:polite"


def calling(function: Callable[[str, Mapping[str, Any]], object], **fields: Any) -> Constraint:
    return read_constraint({"python": NAME}).bind(fields, {NAME: function})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (True, Check(passed=True, score=1.0)),
        (False, Check(passed=False, score=0.0)),
        (1, Check(passed=True, score=1.0)),
        (0.5, Check(passed=False, score=0.5)),
    ],
)
def test_a_function_gives_a_verdict_or_a_score(given: object, expected: Check) -> None:
    assert expected == calling(lambda text, fields: given).check("")


def test_a_function_sees_the_text_and_the_item() -> None:
    agrees = calling(lambda text, fields: text == fields["answer"], answer="yes")
    assert [True, False] == [agrees.check(text).passed for text in ("yes", "no")]


@pytest.mark.parametrize("given", [None, "yes", 1.5, -0.1, float("nan")])
def test_a_function_that_gives_no_score_is_broken(given: object) -> None:
    with pytest.raises(ScoreError, match=r"checks\.py:polite gave .*, expected true, false or a number from 0 to 1"):
        calling(lambda text, fields: given).check("")


def test_a_function_that_raises_is_broken() -> None:
    with pytest.raises(ScoreError, match=r"checks\.py:polite raised KeyError: 'answer'"):
        calling(lambda text, fields: bool(fields["answer"])).check("")


def test_binding_for_one_item_leaves_the_others_alone() -> None:
    spec = read_constraint({"python": NAME})
    functions = {NAME: lambda text, fields: fields["ok"]}
    first, second = spec.bind({"ok": True}, functions), spec.bind({"ok": False}, functions)
    assert (True, False) == (first.check("").passed, second.check("").passed)


def test_a_function_that_is_not_loaded_is_named() -> None:
    with pytest.raises(ConstraintError, match=r'function "checks\.py:polite" is not loaded'):
        read_constraint({"python": NAME}).bind({}, {})


def test_an_item_cannot_choose_the_function() -> None:
    with pytest.raises(ConstraintError, match="the same for all items"):
        read_constraint({"python": "{function}"})


@pytest.mark.parametrize("name", ["checks", "checks.py", "checks.py:not a name", ":f"])
def test_a_function_is_named_with_its_file(name: str) -> None:
    with pytest.raises(ConstraintError, match=r"expected something like file\.py:function"):
        read_constraint({"python": name})
