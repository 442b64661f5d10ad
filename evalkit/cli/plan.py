"""`evalkit plan`."""

from __future__ import annotations

from typing import Any

import click

from evalkit.cli.shared import (
    allow_code_option,
    json_option,
    print_json,
    say,
    scope_options,
    seed_option,
)
from evalkit.forecast import Forecast, expected_calls, forecast
from evalkit.lint import undecidable
from evalkit.perturb import TOKEN_COUNTER
from evalkit.plain import one_line
from evalkit.plan import Scope, make_plan
from evalkit.suite import load_suite
from evalkit.verdict import ASSUMED_PASS_RATES


@click.command(epilog="Example: evalkit plan suites/support.yaml --fixed 100")
@click.argument("suite", metavar="SUITE")
@scope_options
@seed_option
@allow_code_option
@json_option
def command(suite: str, seed: int, allow_code: bool, as_json: bool, **options: Any) -> None:
    """Say what a run would ask and take; spends nothing.

    For each condition: the calls to its verdict if the model's true pass rate is what the column says, on average. A
    condition that does not count is asked less, or not at all. Tokens are estimates by a reference counter; a
    provider's own count differs by model. Prices are not known yet.
    """
    loaded = load_suite(suite, allow_code=allow_code)
    confidence = options.pop("confidence")
    plan = make_plan(loaded, Scope(**options), seed=seed, confidence=confidence)
    rows, fixed = forecast(plan), options["fixed"]
    if as_json:
        print_json({"suite": loaded.name, "token_counter": TOKEN_COUNTER, **_totals(rows), "conditions": _json(rows)})
        return
    rates = " ".join(f"{rate:>7g}" for rate in ASSUMED_PASS_RATES)
    say(f"{'':<47}calls to a verdict at a pass rate of")
    say(f"{'task':<20} {'condition':<18} {'counts':<6} {rates} {'at most':>8} {'tokens/call':>12}")
    for row in rows:
        counts = "yes" if row.terms.counts else "no"
        calls = " ".join(_calls(row, rate) for rate in ASSUMED_PASS_RATES)
        say(
            f"{one_line(row.terms.task, 20):<20} {one_line(row.terms.condition, 18):<18} {counts:<6} {calls} "
            f"{row.calls:>8,} {round(row.tokens_per_call):>12,}"
        )
    if fixed is None:
        if any("(" in _calls(row, rate) for row in rows for rate in ASSUMED_PASS_RATES):
            say("(in brackets: more likely given up than decided)")
        for rate in (0.99, 1.0):
            verdicts, margins = expected_calls(plan, rate)
            told = f"{verdicts:,} calls to the verdicts, {margins:,} with the margins"
            say(f"if the model really is at {rate:g} everywhere: {told}")
    totals = _totals(rows)
    say(f"at most {totals['calls']:,} calls, about {totals['tokens_in']:,} tokens in ({TOKEN_COUNTER}); price unknown")
    for finding in undecidable(plan):
        say(f"warning: {finding.problem}", err=True)


def _calls(row: Forecast, rate: float) -> str:
    """Expected calls of a condition."""
    calls = f"{round(row.expected_calls[rate]):,}"
    unlikely = row.terms.test is not None and row.calls > 0 and row.chances[rate] < 0.5
    return f"{f'({calls})' if unlikely else calls:>7}"


def _totals(rows: list[Forecast]) -> dict[str, int | None]:
    return {
        "calls": sum(row.calls for row in rows),
        "tokens_in": sum(row.tokens_in for row in rows),
        "cost_usd": None,
    }


def _json(rows: list[Forecast]) -> list[dict[str, Any]]:
    return [
        {
            "task": row.terms.task,
            "condition": row.terms.condition,
            "counts": row.terms.counts,
            "threshold": row.terms.threshold,
            "units": row.terms.units,
            "calls": row.calls,
            "tokens_in": row.tokens_in,
            "least_units_to_usable": row.least_units,
            "expected_calls": {f"{rate:g}": round(calls, 1) for rate, calls in row.expected_calls.items()},
            "chance_of_a_verdict": {f"{rate:g}": round(chance, 4) for rate, chance in row.chances.items()},
        }
        for row in rows
    ]
