from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import Prices, Quote
from evalkit.adapter.card import Price
from evalkit.adapter.prices import Fixed
from evalkit.forecast import bill, expected_calls, forecast
from evalkit.perturb import count_tokens
from evalkit.plan import Plan, Scope, make_plan
from evalkit.suite import load_suite
from evalkit.verdict import ASSUMED_PASS_RATES, decidability, units_to_precision

SUITE = """\
suite: t
threshold: 0.95
tasks:
  a:
    prompt: "Say {q}."
    items: [{q: "one"}, {q: "two"}]
    claim: set
    constraints: [one_line]
    perturbations: {repeat: 5}
"""


def test_a_forecast_counts_calls_and_tokens_of_every_condition(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(SUITE, encoding="utf-8")
    clean, repeat = forecast(make_plan(load_suite(tmp_path / "t.yaml"), Scope(fixed=100)))
    assert (100, 500) == (clean.calls, repeat.calls)
    assert count_tokens("Say one.") * 100 == clean.tokens_in
    assert (72, 72) == (clean.least_units, repeat.least_units)


def test_what_is_not_run_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(SUITE, encoding="utf-8")
    plan = make_plan(load_suite(tmp_path / "t.yaml"), Scope(conditions=("clean",)))
    assert [(2000, True), (0, False)] == [(row.calls, row.tokens_in > 0) for row in forecast(plan)]
    nothing = dict.fromkeys(ASSUMED_PASS_RATES, 0.0)
    assert [False, True] == [nothing == row.expected_calls == row.chances for row in forecast(plan)]


def test_the_calls_of_a_fixed_number_of_units_are_known(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(SUITE, encoding="utf-8")
    clean, repeat = forecast(make_plan(load_suite(tmp_path / "t.yaml"), Scope(fixed=100)))
    assert dict.fromkeys(ASSUMED_PASS_RATES, 100.0) == clean.expected_calls
    assert dict.fromkeys(ASSUMED_PASS_RATES, 500.0) == repeat.expected_calls


def test_a_test_that_stops_by_itself_is_expected_to_take_what_its_prospects_say(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(SUITE, encoding="utf-8")
    plan = make_plan(load_suite(tmp_path / "t.yaml"), Scope())
    clean, repeat = forecast(plan)
    units = [decidability(terms) for terms in plan.terms]
    assert (2000, 400, 90) == (clean.calls, repeat.calls, clean.least_units)
    assert units[0].expected_units == clean.expected_calls
    assert {rate: 5 * number for rate, number in units[1].expected_units.items()} == repeat.expected_calls
    assert [each.chances for each in units] == [clean.chances, repeat.chances]
    assert count_tokens("Say one.") == clean.tokens_per_call


def _plan(folder: Path, perturbations: str = "{}", *, more: str = "", **scope: Any) -> Plan:
    text = SUITE.replace("{repeat: 5}", perturbations) + more
    (folder / "t.yaml").write_text(text, encoding="utf-8")
    return make_plan(load_suite(folder / "t.yaml"), Scope(**scope))


def _sums(plan: Plan, rate: float) -> tuple[int, int]:
    """Calls of all conditions to the verdicts, and with the margins."""
    verdicts, margins = expected_calls(plan, rate)
    return round(sum(verdicts.values())), round(sum(margins.values()))


def _precise(plan: Plan, rate: float) -> list[int]:
    """Units of each condition until its margin is measured."""
    return [units_to_precision(terms, rate, plan.suite.precision) for terms in plan.terms]


@pytest.mark.parametrize("rate", [0.9, 0.99, 1.0])
def test_calls_to_all_verdicts_are_those_of_what_counts(tmp_path: Path, rate: float) -> None:
    plan = _plan(tmp_path, "{repeat: 5}")
    clean, repeat = forecast(plan)
    assert not repeat.terms.counts
    assert round(clean.expected_calls[rate]) == _sums(plan, rate)[0]
    demanded = _plan(tmp_path, "{repeat: {times: 5, threshold: 0.9}}")
    assert round(sum(row.expected_calls[rate] for row in forecast(demanded))) == _sums(demanded, rate)[0]


@pytest.mark.parametrize(("perturbations", "times"), [("{}", 0), ("{repeat: 5}", 5)])
def test_calls_to_the_margins_are_those_of_verdicts_and_precision_and_of_repeats(
    tmp_path: Path, perturbations: str, times: int
) -> None:
    """At this precision the margin of what counts comes after its verdict; repeats are measured only."""
    plan = _plan(tmp_path, perturbations, more="precision: 0.02\n")
    verdicts, margins = _sums(plan, 0.99)
    precise = _precise(plan, 0.99)
    assert verdicts < precise[0]
    assert precise[0] + times * sum(precise[1:]) == margins


def test_margins_that_are_wide_enough_at_the_verdict_take_no_more_calls(tmp_path: Path) -> None:
    verdicts, margins = _sums(_plan(tmp_path, more="precision: 0.2\n"), 0.99)
    assert verdicts == margins > 0


def test_of_levels_that_do_not_count_a_bisection_is_expected(tmp_path: Path) -> None:
    """Three of seven; one of one, where no other was chosen."""
    levels = "{noise: {levels: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4], require: 0.05, on: prompt}}"
    plan = _plan(tmp_path, levels)
    explored = [row.expected_calls[0.99] for row in forecast(plan) if not row.terms.counts]
    without = _sums(_plan(tmp_path, levels, conditions=("clean", "noise@0.05")), 0.99)[1]
    assert 7 == len(explored)
    assert pytest.approx(without + 3 * explored[0], abs=1) == _sums(plan, 0.99)[1]
    one = _plan(tmp_path, levels, conditions=("clean", "noise@0.05", "noise@0.2"))
    assert pytest.approx(without + explored[0], abs=1) == _sums(one, 0.99)[1]


def test_what_is_not_chosen_is_not_expected_to_be_asked(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "{repeat: 5}", conditions=("repeat",))
    assert (0, 5 * _precise(plan, 0.99)[1]) == _sums(plan, 0.99)


# --- tokens and prices


def test_an_answer_is_assumed_to_have_100_tokens_unless_fewer_are_allowed(tmp_path: Path) -> None:
    plan = _plan(tmp_path, more="sampling: {max_tokens: 60}\n")
    assert [60] == [row.tokens_per_answer for row in forecast(plan)]
    assert [20] == [row.tokens_per_answer for row in forecast(plan, {"max_tokens": 20})]
    assert [100] == [row.tokens_per_answer for row in forecast(plan, {"max_tokens": 4000})]
    assert [100] == [row.tokens_per_answer for row in forecast(_plan(tmp_path))]


PRICES = Prices("x", [lambda model: Fixed(Quote(model=model, source="test", price=Price(input=1.0, output=10.0)))])


def test_a_bill_is_that_of_each_conditions_own_calls(tmp_path: Path) -> None:
    """Long prompts are dearer: the mean of all conditions would not do."""
    rows = forecast(_plan(tmp_path, "{context: {levels: [1000]}, repeat: 5}"))
    clean, context, repeat = rows
    assert clean.tokens_per_call < 10 < 900 < context.tokens_per_call
    taken = bill(rows, {context.terms.key: 1000.0, repeat.terms.key: 50.0}, PRICES)
    tokens_in = 1000 * context.tokens_per_call + 50 * repeat.tokens_per_call
    assert (1050, round(tokens_in), 105_000) == (taken.calls, taken.tokens_in, taken.tokens_out)
    assert pytest.approx(tokens_in / 1e6 + 1.05, rel=0.001) == taken.cost_usd


@pytest.mark.parametrize("prices", [None, Prices("x", ())])
def test_a_bill_without_prices_has_calls_and_tokens_only(tmp_path: Path, prices: Prices | None) -> None:
    rows = forecast(_plan(tmp_path))
    taken = bill(rows, {rows[0].terms.key: 3.0}, prices)
    assert (3, 300, None) == (taken.calls, taken.tokens_out, taken.cost_usd)
    assert {"calls": 3, "tokens_in": taken.tokens_in, "tokens_out": 300, "cost_usd": None} == taken.as_json()


def test_no_calls_cost_nothing_where_a_price_is_known(tmp_path: Path) -> None:
    assert 0.0 == bill(forecast(_plan(tmp_path)), {}, PRICES).cost_usd
