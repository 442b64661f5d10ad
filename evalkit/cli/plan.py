"""`evalkit plan`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.shared import (
    adapters_option,
    allow_code_option,
    json_option,
    opener,
    print_json,
    read_settings,
    say,
    scope_options,
    seed_option,
    settings_option,
)
from evalkit.forecast import Bill, Forecast, bill, expected_calls, forecast
from evalkit.lint import undecidable
from evalkit.perturb import TOKEN_COUNTER
from evalkit.plain import one_line, padded, usd
from evalkit.plan import DEFAULT_MAX_COST_USD, Plan, Scope, make_plan
from evalkit.suite import load_suite
from evalkit.verdict import ASSUMED_PASS_RATES

if TYPE_CHECKING:
    from evalkit.adapter import Prices
    from evalkit.transport import Model

_HOPED = (0.99, 1.0)
"""Pass rates of a model that somebody would like to use."""


@click.command(epilog="Example: evalkit plan suites/support.yaml --model openai/gpt-5-mini")
@click.argument("suite", metavar="SUITE")
@click.option("--model", metavar="PROVIDER/NAME", help="Whose prices are reckoned with; it is not asked.")
@scope_options
@seed_option
@settings_option
@adapters_option
@allow_code_option
@json_option
def command(suite: str, model: str | None, seed: int, as_json: bool, **options: Any) -> None:
    """Say what a run would ask, take and cost; spends nothing and needs no key.

    For each condition: the calls to its verdict if the model's true pass rate is what the column says, on average. A
    condition that does not count is asked less, or not at all. Tokens in are estimates by a reference counter; a
    provider's own count differs by model. How long answers are nobody knows beforehand: 100 tokens are assumed, or
    max_tokens if that is less; models that reason write many more. With --model the price is reckoned from that.
    """
    allow_code, confidence = options.pop("allow_code"), options.pop("confidence")
    given, adapters = read_settings(options.pop("settings")), options.pop("adapters")
    loaded = load_suite(suite, allow_code=allow_code)
    plan = make_plan(loaded, Scope(**options), seed=seed, confidence=confidence)
    opened = None
    if model is not None:
        opened = opener(adapters, allow_code=allow_code, need_key=False)(model, given)
        opened.check(plan.task_names)
        plan = plan.for_steady() if opened.steady else plan
    rows = forecast(plan, given)
    expected = [] if options["fixed"] is not None else _expected(plan, rows, opened)
    most = bill(rows, {row.terms.key: row.calls for row in rows}, _prices(opened))
    if as_json:
        print_json(_json(plan, rows, expected, most, opened))
        return
    _show(rows, expected, most, opened)
    for finding in undecidable(plan):
        say(f"warning: {finding.problem}", err=True)


def _prices(model: Model | None) -> Prices | None:
    return None if model is None or model.free else model.prices


def _expected(plan: Plan, rows: list[Forecast], model: Model | None) -> list[tuple[float, Bill, Bill]]:
    """By hoped-for pass rate: what the verdicts take, and the margins, too."""
    expected = []
    for rate in _HOPED:
        verdicts, margins = (bill(rows, calls, _prices(model)) for calls in expected_calls(plan, rate))
        expected.append((rate, verdicts, margins))
    return expected


def _show(rows: list[Forecast], expected: Sequence[tuple[float, Bill, Bill]], most: Bill, model: Model | None) -> None:
    rates = " ".join(f"{rate:>7g}" for rate in ASSUMED_PASS_RATES)
    say(f"{'':<47}calls to a verdict at a pass rate of")
    say(f"{'task':<20} {'condition':<18} {'counts':<6} {rates} {'at most':>8} {'tokens/call':>12}")
    for row in rows:
        task, condition = one_line(row.terms.task, 20), one_line(row.terms.condition, 18)
        counts = "yes" if row.terms.counts else "no"
        calls = " ".join(_calls(row, rate) for rate in ASSUMED_PASS_RATES)
        say(
            f"{padded(task, 20)} {padded(condition, 18)} {counts:<6} {calls} "
            f"{row.calls:>8,} {round(row.tokens_per_call):>12,}"
        )
    if expected and any("(" in _calls(row, rate) for row in rows for rate in ASSUMED_PASS_RATES):
        say("(in brackets: more likely given up than decided)")
    for rate, verdicts, margins in expected:
        told = f"{_priced(verdicts)} to the verdicts, {_priced(margins, '')} with the margins"
        say(f"if the model really is at {rate:g} everywhere: {told}")
    tokens = f"about {most.tokens_in:,} tokens in ({TOKEN_COUNTER})"
    say(f"at most {most.calls:,} calls, {tokens}; {_price(most, model)}")
    for line in _basis(rows, model):
        say(line)


def _priced(taken: Bill, unit: str = " calls") -> str:
    price = "" if taken.cost_usd is None else f" ({usd(taken.cost_usd)})"
    return f"{taken.calls:,}{unit}{price}"


def _price(most: Bill, model: Model | None) -> str:
    if model is not None and model.free:
        return "costs nothing"
    if most.cost_usd is None:
        if model is None:
            return "price unknown"
        return f'price unknown; a ["{one_line(model.name, 80)}"] in prices.toml makes it known'
    stops = f"; a run stops at {usd(DEFAULT_MAX_COST_USD)} unless --max-cost allows more"
    return usd(most.cost_usd) + (stops if most.cost_usd > DEFAULT_MAX_COST_USD else "")


def _basis(rows: list[Forecast], model: Model | None) -> list[str]:
    """What prices were reckoned from."""
    prices = _prices(model)
    quote = None if prices is None else prices.quote
    if model is None or prices is None or quote is None:
        return []
    answers = sorted({row.tokens_per_answer for row in rows})
    assumed = "–".join(f"{tokens:,}" for tokens in dict.fromkeys((answers[0], answers[-1])))
    further = (prices.estimate(0, 100) or 0.0) * 1_000
    return [
        f"prices of {model.name}: {quote.told()}",
        f"assumed: {assumed} tokens an answer, nothing from the provider's cache; every 100 tokens more in an answer "
        f"cost {usd(further)} per 1,000 calls",
    ]


def _calls(row: Forecast, rate: float) -> str:
    """Expected calls of a condition."""
    calls = f"{round(row.expected_calls[rate]):,}"
    unlikely = row.terms.test is not None and row.calls > 0 and row.chances[rate] < 0.5
    return f"{f'({calls})' if unlikely else calls:>7}"


def _json(
    plan: Plan,
    rows: list[Forecast],
    expected: Sequence[tuple[float, Bill, Bill]],
    most: Bill,
    model: Model | None,
) -> dict[str, Any]:
    prices = _prices(model)
    quote = None if prices is None else prices.quote
    return {
        "suite": plan.suite.name,
        "model": None if model is None else model.name,
        "token_counter": TOKEN_COUNTER,
        "prices": None if quote is None else quote.as_json(),
        **most.as_json(),
        **({"cost_usd": 0.0} if model is not None and model.free else {}),
        "expected": [
            {"pass_rate": rate, "to_verdicts": verdicts.as_json(), "with_margins": margins.as_json()}
            for rate, verdicts, margins in expected
        ],
        "conditions": [_row(row) for row in rows],
    }


def _row(row: Forecast) -> dict[str, Any]:
    return {
        "task": row.terms.task,
        "condition": row.terms.condition,
        "counts": row.terms.counts,
        "threshold": row.terms.threshold,
        "units": row.terms.units,
        "calls": row.calls,
        "tokens_in": row.tokens_in,
        "tokens_per_answer_assumed": row.tokens_per_answer,
        "least_units_to_usable": row.least_units,
        "expected_calls": {f"{rate:g}": round(calls, 1) for rate, calls in row.expected_calls.items()},
        "chance_of_a_verdict": {f"{rate:g}": round(chance, 4) for rate, chance in row.chances.items()},
    }
