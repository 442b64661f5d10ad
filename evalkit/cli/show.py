"""`evalkit show`."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click

from evalkit.cli.shared import (
    adapters_option,
    allow_code_option,
    json_option,
    opener,
    print_json,
    read_settings,
    say,
    seed_option,
    settings_option,
)
from evalkit.errors import EvalkitError, did_you_mean
from evalkit.plan import Plan, Scope, make_plan
from evalkit.suite import load_suite
from evalkit.verdict import Terms


@click.command(epilog="Example: evalkit show suites/support.yaml --task ticket-title --condition noise@0.1 --n 1")
@click.argument("suite", metavar="SUITE")
@click.option("--task", "task", required=True, help="Which task.")
@click.option("--condition", help="Only this condition, such as noise@0.1; all without it.")
@click.option("--n", "n", type=click.IntRange(min=1), default=3, show_default=True, help="Items of each condition.")
@click.option("--model", default="echo/show", show_default=True, help="Whose requests.")
@seed_option
@settings_option
@adapters_option
@allow_code_option
@json_option
def command(suite: str, task: str, condition: str | None, n: int, **options: Any) -> None:
    """Print the exact requests of a task: what a model will be asked, byte for byte, but for the key."""
    loaded = load_suite(suite, allow_code=options["allow_code"])
    plan = make_plan(loaded, Scope(tasks=(task,)), seed=options["seed"])
    known = [terms.condition for terms in plan.terms]
    if condition is not None and condition not in known:
        raise EvalkitError(f'task "{task}" has no condition "{condition}". {did_you_mean(condition, known)}')
    model = opener(options["adapters"], allow_code=options["allow_code"], need_key=False)(
        options["model"], read_settings(options["settings"])
    )
    shown = [
        _shown(plan, terms, unit.item, model)
        for terms in plan.terms
        if condition in (None, terms.condition)
        for unit in islice(plan.units(terms), n)
    ]
    if options["as_json"]:
        print_json(shown)
    else:
        for entry in shown:
            _print(entry)


def _shown(plan: Plan, terms: Terms, item: Any, model: Any) -> dict[str, Any]:
    prompt = plan.prompt(terms, item)
    request = model.request(plan.call(terms, item, 0, prompt))
    return {
        "task": terms.task,
        "condition": terms.condition,
        "item": item.id,
        "variant": prompt.variant,
        "messages": [message.as_json() for message in prompt.messages],
        "request": request.as_json(),
    }


def _print(entry: dict[str, Any]) -> None:
    variant = f" ({entry['variant']})" if entry["variant"] else ""
    say(f"--- {entry['task']}, {entry['condition']}{variant}, item {entry['item']}")
    for message in entry["messages"]:
        say(f"[{message['role']}]")
        say(message["content"])
    body = entry["request"]["body"]
    sent = {name: value for name, value in body.items() if name != "messages"} if isinstance(body, dict) else {}
    say(f"[{entry['request']['method']} {entry['request']['url']}] {sent}\n")
