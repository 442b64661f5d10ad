from __future__ import annotations

from typing import Any, Literal

import pytest

from evalkit.findings.choose import Choice, Limits
from evalkit.verdict import ConditionResult
from tests.choices import broken, candidate, choice, measured
from tests.results import condition


@pytest.mark.parametrize(
    ("code", "statuses", "edge"),
    [
        (0, ["unusable", "chosen", "not asked"], "fail"),
        (0, ["failed", "edge", "chosen"], "fail"),
        (4, ["failed", "edge", "unusable"], "pass"),
        (3, ["unusable", "edge"], "fail"),
        (0, ["unusable", "edge"], "pass"),
        (3, ["unusable", "not asked"], "fail"),
        (1, ["unusable", "too dear", "too slow"], "fail"),
        (1, ["unusable"], "pass"),
    ],
)
def test_the_exit_code_says_what_came_of_it(code: int, statuses: list[Any], edge: Literal["pass", "fail"]) -> None:
    made = choice(*[candidate(f"m{at}", status) for at, status in enumerate(statuses)])
    assert code == made.exit_code(edge=edge)


def test_an_interruption_goes_before_everything() -> None:
    assert 130 == choice(candidate("a", "failed"), interrupted=True).exit_code(edge="fail")


def runner_up(made: Choice) -> str | None:
    return None if made.runner_up is None else made.runner_up.model


def test_the_runner_up_is_the_next_that_is_not_excluded() -> None:
    cheap, left = candidate("a", "unusable", 100), candidate("c", "not asked")
    assert "c" == runner_up(choice(cheap, candidate("b", "chosen", 200), candidate("x", "too dear"), left))
    assert "e" == runner_up(choice(candidate("e", "edge", 180), candidate("b", "chosen", 200), left))
    assert None is runner_up(choice(cheap, candidate("b", "chosen", 200)))


def test_where_latency_is_preferred_the_runner_up_is_the_next_quickest() -> None:
    others = [candidate("a", "usable", 200, p95_s=3.0), candidate("c", "usable", 200, p95_s=2.0)]
    made = choice(others[0], candidate("b", "chosen", 200, p95_s=1.0), others[1], limits=Limits(prefer="latency"))
    assert "c" == runner_up(made)


def test_a_candidate_fails_on_its_worst_task_first_and_on_what_broke_most() -> None:
    tasks: dict[str, int | list[ConditionResult] | None] = {
        "title": 150,
        "mail": [broken(condition(100), words=90, one_line=20)],
        "sort": 200,
    }
    failed = candidate("a", "unusable", results=measured("a", {**tasks}))
    assert ["mail", "title"] == [each.task for each in failed.shortfalls]
    assert ("words", 90, 200) == failed.shortfalls[0].broken
    assert None is failed.shortfalls[1].broken
    assert failed.weakest is not None
    assert "mail" == failed.weakest[0]


def test_json_has_every_candidate_with_what_it_took() -> None:
    made = choice(candidate("a", "unusable", 100), candidate("b", "chosen", 200), undominated=frozenset({"b"}))
    value = made.as_json()
    assert ("b", None, ["b"], 800, 0.2) == tuple(
        value[key] for key in ("chosen", "runner_up", "pareto", "calls", "cost_usd")
    )
    first = value["candidates"][0]
    assert ("unusable", "title", -0.4, False) == (
        first["status"],
        first["failed_on"][0]["task"],
        first["margin"],
        first["undominated"],
    )


def test_a_cost_that_is_not_known_makes_that_of_all_unknown() -> None:
    unknown = candidate("a", "unusable", results=measured("a", {"title": 100}, cost_usd=None))
    assert None is choice(unknown, candidate("b", "chosen", 200)).cost_usd
