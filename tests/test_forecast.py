from __future__ import annotations

from pathlib import Path

from evalkit.forecast import forecast
from evalkit.perturb import count_tokens
from evalkit.plan import Scope, make_plan
from evalkit.suite import load_suite

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
    assert [(200, True), (0, False)] == [(row.calls, row.tokens_in > 0) for row in forecast(plan)]
