"""`evalkit show`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.shared import (
    Spelled,
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
from evalkit.trial import Item
from evalkit.verdict import Terms

if TYPE_CHECKING:
    from evalkit.transport.model import Model


@click.command(epilog="Example: evalkit show suites/support.yaml --task ticket-title --condition noise@0.1 --n 1")
@click.argument("suite", metavar="SUITE")
@click.option("--task", "task", cls=Spelled, also="--tasks", required=True, help="Which task.")
@click.option("--condition", help="Only this condition, such as noise@0.1; all without it.")
@click.option("--n", "n", type=click.IntRange(min=1), default=3, show_default=True, help="Items of each condition.")
@click.option("--model", default="echo/show", show_default=True, help="Whose requests.")
@seed_option
@settings_option
@adapters_option
@allow_code_option
@json_option
def command(suite: str, task: str, condition: str | None, n: int, **options: Any) -> None:
    """Print what a model will be asked in a task; --json has the whole requests, byte for byte, but for the key."""
    loaded = load_suite(suite, allow_code=options["allow_code"])
    plan = make_plan(loaded, Scope(tasks=(task,)), seed=options["seed"])
    known = [terms.condition for terms in plan.terms]
    if condition is not None and condition not in known:
        raise EvalkitError(f'task "{task}" has no condition "{condition}". {did_you_mean(condition, known)}')
    model = opener(options["adapters"], allow_code=options["allow_code"], need_key=False)(
        options["model"], read_settings(options["settings"])
    )
    shown = [
        _shown(plan, terms, item, model)
        for terms in plan.terms
        if condition in (None, terms.condition)
        for item in islice(_items(plan, terms), n)
    ]
    if options["as_json"]:
        print_json([entry for entry, _ in shown])
    else:
        for entry, sampling in shown:
            _print(entry, sampling)


def _items(plan: Plan, terms: Terms) -> Iterator[Item]:
    """The items of a condition in their order, each once: where they are drawn with replacement, they come again."""
    seen = set()
    for unit in plan.units(terms):
        if unit.item.id not in seen:
            seen.add(unit.item.id)
            yield unit.item


def _shown(plan: Plan, terms: Terms, item: Item, model: Model) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """A request as JSON gives it, and the sampling options that are sent with it."""
    prompt = plan.prompt(terms, item)
    request = model.request(plan.call(terms, item, 0, prompt))
    entry = {
        "task": terms.task,
        "condition": terms.condition,
        "item": item.id,
        "variant": prompt.variant,
        "messages": [message.as_json() for message in prompt.messages],
        "request": request.as_json(),
    }
    return entry, request.call.sampling if request.call is not None else {}


def _print(entry: dict[str, Any], sampling: Mapping[str, Any]) -> None:
    variant = f" ({entry['variant']})" if entry["variant"] else ""
    say(f"--- {entry['task']}, {entry['condition']}{variant}, item {entry['item']}")
    for message in entry["messages"]:
        say(f"[{message['role']}]")
        say(message["content"])
    if sampling:
        say(f"options: {', '.join(f'{name}={_as_typed(value)}' for name, value in sampling.items())}")
    say()


def _as_typed(value: Any) -> str:
    """A setting as `-M` takes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
