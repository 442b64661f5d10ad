from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import measure
from evalkit.engine.outcomes import is_complete, outcome_of
from evalkit.plan import Scope
from evalkit.record import RunFile, StoredSuite, StoredTotals, TrialReader, TrialRow, TrialWriter
from evalkit.verdict import Outcome, SuiteResult, Terms

TERMS = Terms(
    task="add",
    condition="clean",
    perturbation="clean",
    level=None,
    counts=True,
    threshold=0.5,
    alpha=0.025,
    n_counting=1,
    units=4,
    exhausted=False,
)
REPEATED = replace(TERMS, condition="repeat@3", perturbation="repeat", level=3, counts=False, repeats=3)
CURTAILED = replace(REPEATED, curtail=True)


def _row(position: int = 0, repeat: int = 0, *, passed: bool | None = True, **given: Any) -> TrialRow:
    checks = f'{{"number": {{"passed": {str(passed).lower()}, "score": 1.0}}}}'
    row = TrialRow(
        task="add",
        condition="clean",
        position=position,
        repeat=repeat,
        item=f"i{position}",
        item_group=None,
        level=None,
        variant=None,
        request_hash=f"{position} {repeat}",
        response="4",
        attempts=1,
        latency_s=1.0,
        cost_usd=0.25,
        passed=passed,
        score=None if passed is None else float(passed),
        constraints=None if passed is None else checks,
    )
    return replace(row, **given)


def _void(position: int = 0, repeat: int = 0) -> TrialRow:
    return _row(position, repeat, passed=None, response=None, void_reason="timeout", latency_s=None, cost_usd=None)


def _run(**given: Any) -> RunFile:
    values: dict[str, Any] = {
        "evalkit": "0.1.0",
        "suite": StoredSuite(name="sums", path="/s.yaml", sha256="00", text="", files={}),
        "model": "openai/x",
        "address": "https://host/v1",
        "directory": "/project",
        "options": {},
        "seed": 0,
        "confidence": 0.95,
        "scope": Scope(),
        "max_void": 0.02,
        "keep_requests": False,
        "token_counter": "chars/4",
        "terms": [TERMS],
        "thresholds": {"add": 0.5},
        "started": "2026-11-22T03:15:00Z",
        "finished": "2026-11-22T03:16:00Z",
        "totals": StoredTotals(seconds=7.5),
    }
    return RunFile(**{**values, **given})


def _measure(folder: Path, *rows: TrialRow, **given: Any) -> SuiteResult:
    writer = TrialWriter(folder)
    writer.commit(rows, [])
    writer.close()
    with TrialReader(folder) as reader:
        return measure(_run(**given), reader)


def test_a_unit_of_one_trial() -> None:
    expected = Outcome(position=2, cluster="i2", asks=(True,), score=1.0, constraints={"number": True}, item="i2")
    assert expected == outcome_of([_row(2)])


def test_a_units_constraint_holds_when_it_held_in_every_ask() -> None:
    found = outcome_of([_row(0, 0), _row(0, 1, passed=False, score=0.5), _row(0, 2)])
    assert ((True, False, True), {"number": False}) == (found.asks, found.constraints)
    assert 2.5 / 3 == pytest.approx(found.score)


def test_a_units_void_ask_has_no_share_in_its_score() -> None:
    found = outcome_of([_row(0, 0), _void(0, 1)])
    assert ((True, None), 1.0, {"number": True}) == (found.asks, found.score, found.constraints)


def test_a_void_unit_has_neither_score_nor_constraints() -> None:
    assert Outcome(position=0, cluster="i0", asks=(None,), score=None, constraints={}, item="i0") == outcome_of(
        [_void()]
    )


def test_a_units_cluster_is_its_group() -> None:
    assert "story" == outcome_of([_row(item_group="story")]).cluster


@pytest.mark.parametrize(
    ("expected", "rows", "terms"),
    [
        (True, [_row()], TERMS),
        (True, [_row(passed=False)], TERMS),
        (True, [_void()], TERMS),
        (False, [_row(passed=None)], TERMS),
        (False, [_row(0, 0), _row(0, 1)], REPEATED),
        (False, [_row(0, 0, passed=False)], REPEATED),
        (False, [_row(0, 0), _row(0, 1, passed=None), _row(0, 2)], REPEATED),
        (True, [_row(0, 0), _row(0, 1), _row(0, 2)], REPEATED),
        (False, [_row(0, 0)], CURTAILED),
        (True, [_row(0, 0), _row(0, 1, passed=False)], CURTAILED),
        (True, [_row(0, 0), _void(0, 1)], CURTAILED),
        (True, [_row(0, 0), _row(0, 1), _row(0, 2)], CURTAILED),
    ],
)
def test_a_unit_is_complete_with_all_its_asks_or_when_one_ended_it(
    expected: bool, rows: list[TrialRow], terms: Terms
) -> None:
    assert expected is is_complete(rows, terms)


def test_results_count_trials_from_the_start_without_a_gap(tmp_path: Path) -> None:
    """What lies beyond a gap was answered out of order: slow answers are often the wrong ones."""
    result = _measure(tmp_path, _row(0), _row(1, passed=False), _row(3), stopped="interrupted", finished=None)
    (condition,) = result.tasks[0].conditions
    assert (2, 1, "edge", "interrupted") == (condition.trials, condition.passes, condition.verdict, condition.reason)
    assert 3 == result.totals.calls


def test_an_answer_that_was_not_scored_ends_what_counts(tmp_path: Path) -> None:
    result = _measure(tmp_path, _row(0), _row(1, passed=None), _row(2), stopped="interrupted", finished=None)
    assert 1 == result.tasks[0].conditions[0].trials


def test_a_run_that_was_killed_counts_as_interrupted(tmp_path: Path) -> None:
    result = _measure(tmp_path, _row(0), finished=None)
    assert "interrupted" == result.tasks[0].conditions[0].reason


def test_a_finished_run_is_judged(tmp_path: Path) -> None:
    result = _measure(tmp_path, *(_row(n) for n in range(4)))
    (condition,) = result.tasks[0].conditions
    assert (4, "edge", "budget") == (condition.trials, condition.verdict, condition.reason)
    assert 7.5 == result.totals.seconds


def test_what_was_spent_is_added_up(tmp_path: Path) -> None:
    known: dict[str, Any] = {"attempts": 0, "cost_usd": 0.0, "latency_s": None}  # an answer that cost nothing more
    result = _measure(
        tmp_path,
        _row(0, tokens_in=10, tokens_out=1, served_model="x-2"),
        _row(1, tokens_in=20, tokens_out=2, latency_s=3.0, served_model="x-1", attempts=4),
        _row(2, tokens_in=90, served_model="x-2", **known),
        _void(3),
    )
    spend = result.tasks[0].spend
    assert (0.5, 30, 3, None) == (spend.cost_usd, spend.tokens_in, spend.tokens_out, spend.tokens_cached)
    assert (1.0, ("x-2", "x-1")) == (spend.latency_p50_s, result.served_model)
    assert (3, 1, 0.5) == (result.totals.calls, result.totals.void, result.totals.cost_usd)


def test_who_answered_is_counted_by_name(tmp_path: Path) -> None:
    names = ["x-1", "x-2", None, "x-1"]
    rows = [_row(n, served_model=name, fingerprint=name and f"fp {name}") for n, name in enumerate(names)]
    result = _measure(tmp_path, *rows)
    told = [[(each.name, each.trials) for each in served] for served in (result.served, result.configured)]
    assert [[("x-1", 2), ("x-2", 1)], [("fp x-1", 2), ("fp x-2", 1)]] == told
    assert ["fp x-1", "fp x-2"] == result.as_json()["fingerprint"]


def test_a_unit_has_the_loss_of_all_its_asks_that_were_observed() -> None:
    said: dict[str, Any] = {"target_logprob": -1.5, "target_tokens": 4}
    found = outcome_of([_row(0, 0, **said), _row(0, 1, passed=False, **said), _void(0, 2), _row(0, 3)])
    assert (3.0, 8) == (found.target_loss, found.target_tokens)


def test_one_unknown_price_makes_the_sum_unknown(tmp_path: Path) -> None:
    result = _measure(tmp_path, _row(0), _row(1, cost_usd=None))
    spend = result.tasks[0].spend
    assert (None, None) == (spend.cost_usd, result.totals.cost_usd)
    assert (0.25, 1) == (spend.known_usd, spend.unpriced)


def test_every_kind_of_token_is_added_up(tmp_path: Path) -> None:
    counts: dict[str, Any] = {"tokens_cached": 6, "tokens_cache_write": 2, "tokens_reasoning": 3}
    spend = _measure(tmp_path, _row(0, **counts), _row(1, **counts), _row(2)).tasks[0].spend
    assert (12, 4, 6) == (spend.tokens_cached, spend.tokens_cache_write, spend.tokens_reasoning)


def test_what_was_not_measured_is_none(tmp_path: Path) -> None:
    result = _measure(tmp_path)
    spend = result.tasks[0].spend
    assert (None, None, None, None) == (spend.cost_usd, spend.latency_p50_s, spend.latency_p95_s, spend.tokens_in)
    assert (None, None) == (result.totals.cost_usd, result.tasks[0].conditions[0].pass_rate)
    assert () == result.served_model


def test_a_latency_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    result = _measure(tmp_path, _row(0, latency_s=None), _row(1, latency_s=2.0))
    assert 2.0 == result.tasks[0].spend.latency_p50_s
