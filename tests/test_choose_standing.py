from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.choose.judged import Judged, judge
from evalkit.choose.standing import Alone, candidate_of
from evalkit.findings.choose import Candidate, Latency, Limits
from evalkit.plan import Scope
from tests.runs import Scripted, make_suite, right, session


@pytest.fixture(scope="module")
def usable(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return run(tmp_path_factory.mktemp("usable"))


def run(folder: Path, *, wrong_from: int = 100, scope: Scope | None = None, options: Any = None) -> Judged:
    """Of a model that does not know the last items."""
    model = Scripted(lambda call: right(call) if int(call.item[1:]) < wrong_from else "no")
    made = session(make_suite(folder, threshold=0.6), model, folder / "runs", scope=scope or Scope(until="verdict"))
    made.run = made.run.model_copy(update={"options": options or {}})
    return judge(asyncio.run(made.carry_out()).folder, alpha=0.025, max_p95_s=None)


def standing(judged: Judged, limits: Limits | None = None, **given: Any) -> Candidate:
    return candidate_of("scripted/x", judged, limits or Limits(), **{"expected_per_1k": None, **given})


def quick(judged: Judged, p95_s: float) -> Judged:
    return replace(judged, latency=Latency(p50_s=0.1, p95_s=p95_s, calls=240))


def test_one_that_is_usable_and_within_the_limits_is_usable(usable: Judged) -> None:
    found = standing(quick(usable, 1.9), Limits(max_cost_per_1k=0.0, max_p95_s=2.0))
    assert ("usable", None, None) == (found.status, found.note, found.next_step)


@pytest.mark.parametrize(
    ("status", "note", "cost", "p95_s"),
    [
        ("too dear", "1,000 answers cost 3.00 USD, at most 2.00 USD is allowed", 3.0, 1.0),
        ("too dear", "what it costs is not known, so nobody can say that it is at most 2.00 USD", None, 1.0),
        ("too slow", "95 % of 240 calls took up to 2.1 s, at most 2 s is allowed", 2.0, 2.1),
        ("too dear", "1,000 answers cost 3.00 USD, at most 2.00 USD is allowed", 3.0, 2.1),
    ],
)
def test_what_is_beyond_a_limit_is_left_whatever_it_can_do(
    usable: Judged, status: str, note: str, cost: float | None, p95_s: float
) -> None:
    judged = replace(quick(usable, p95_s), cost_per_1k=cost)
    found = standing(judged, Limits(max_cost_per_1k=2.0, max_p95_s=2.0))
    assert (status, note) == (found.status, found.note)


def test_calls_that_nobody_timed_are_not_taken_for_quick_ones(usable: Judged) -> None:
    found = standing(replace(usable, latency=None), Limits(max_p95_s=2.0))
    assert ("too slow", "no call was timed, so nobody can say that 95 % take 2 s at most") == (found.status, found.note)


def test_one_that_costs_nothing_is_within_every_limit(usable: Judged) -> None:
    found = standing(replace(usable, cost_per_1k=None), Limits(max_cost_per_1k=0.0), expected_per_1k=0.0)
    assert ("usable", 0.0) == (found.status, found.cost_per_1k)


def test_that_it_is_unusable_goes_before_what_it_costs(tmp_path: Path) -> None:
    found = standing(run(tmp_path, wrong_from=0), Limits(max_cost_per_1k=0.0))
    assert ("unusable", None) == (found.status, found.note)


@pytest.mark.parametrize(
    ("scope", "note", "step"),
    [
        (Scope(until="verdict"), "there are too few items to settle it; add some, or say `claim: set`", None),
        (Scope(until="verdict", max_calls=5), "not settled within its budget of calls", "--max-calls 20"),
    ],
)
def test_one_at_the_edge_is_told_why_and_how_to_go_on(
    tmp_path: Path, scope: Scope, note: str, step: str | None
) -> None:
    judged = run(tmp_path, wrong_from=12, scope=scope)
    found = standing(judged)
    assert ("edge", note) == (found.status, found.note)
    assert (None if step is None else f"evalkit run --resume {judged.folder} {step}") == found.next_step


def test_the_run_that_makes_sure_keeps_the_settings_that_answers_hang_on(tmp_path: Path) -> None:
    judged = run(tmp_path, options={"temperature": 0, "style": "short"}, scope=Scope(until="verdict", tasks=("add",)))
    strict = judge(judged.folder, alpha=1e-6, max_p95_s=None)
    found = standing(strict, alone=Alone(results=judged.results, confidence=0.99, n_named=5, tasks=("add",)))
    assert found.note is not None
    assert found.note.startswith("sure enough alone, but not among 5: add clean would be usable (has evidence ")
    assert found.next_step is not None
    more = "-M temperature=0 -M style=short --tasks add --until verdict --confidence 0.99 --reuse"
    assert found.next_step.endswith(f"--model scripted/x --seed 0 {more} {judged.folder}")


def test_more_evidence_is_not_spoken_of_where_other_conditions_are_open_anyway(tmp_path: Path) -> None:
    judged = run(tmp_path, wrong_from=12)
    found = standing(judged, alone=Alone(results=judged.results, confidence=0.99, n_named=5, tasks=("add",)))
    assert found.note is not None
    assert "sure enough" not in found.note
