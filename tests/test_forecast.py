from __future__ import annotations

from pathlib import Path

from evalkit.forecast import expected_calls, forecast
from evalkit.perturb import count_tokens
from evalkit.plan import Scope, make_plan
from evalkit.suite import load_suite
from evalkit.verdict import ASSUMED_PASS_RATES, decidability

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
    assert (2000, 2000, 90) == (clean.calls, repeat.calls, clean.least_units)
    assert units[0].expected_units == clean.expected_calls
    assert {rate: 5 * number for rate, number in units[1].expected_units.items()} == repeat.expected_calls
    assert [each.chances for each in units] == [clean.chances, repeat.chances]
    assert count_tokens("Say one.") == clean.tokens_per_call


def test_calls_to_all_verdicts_are_those_of_what_counts(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(SUITE, encoding="utf-8")
    suite = load_suite(tmp_path / "t.yaml")
    clean, repeat = forecast(make_plan(suite, Scope()))
    assert not repeat.terms.counts
    assert round(clean.expected_calls[0.99]) == expected_calls(make_plan(suite, Scope()), 0.99)
    demanded = SUITE.replace("repeat: 5", "repeat: {times: 5, threshold: 0.9}")
    (tmp_path / "t.yaml").write_text(demanded, encoding="utf-8")
    plan = make_plan(load_suite(tmp_path / "t.yaml"), Scope())
    assert round(sum(row.expected_calls[1.0] for row in forecast(plan))) == expected_calls(plan, 1.0)
    assert 0 == expected_calls(make_plan(suite, Scope(conditions=("repeat",))), 0.99)
