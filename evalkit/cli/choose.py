"""`evalkit choose`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.carrying import carry_out
from evalkit.cli.shared import (
    FiniteFloat,
    Spelled,
    adapters_option,
    allow_code_option,
    colour,
    json_option,
    names,
    opener,
    read_settings,
    reuse_option,
    say,
    seed_option,
    settings_option,
    show,
)
from evalkit.errors import EvalkitError
from evalkit.plain import counted, json_text, usd
from evalkit.plan import DEFAULT_MAX_CALLS, DEFAULT_MAX_COST_USD

if TYPE_CHECKING:
    from evalkit.choose.order import Entrant
    from evalkit.engine import Session
    from evalkit.findings.choose import Choice, Limits
    from evalkit.plan import Plan, Scope
    from evalkit.suite import Suite
    from evalkit.transport import Opener

_OF_A_RACE = frozenset(
    {"tasks", "max_calls", "max_cost", "seed", "settings", "concurrency", "rate", "out", "reuse", "adapters"}
    | {"allow_code"}
)
"""Options that say how models are asked."""
MAX_CALLS = 3 * DEFAULT_MAX_CALLS
"""A condition's budget unless said otherwise. A share of the error rate, and margins as small as those between models
that could be chosen, take more calls than one model alone; and a cheap candidate that is given up undecided costs
more than its calls: a dearer one is asked next. So more calls a condition are fewer in all."""
_FREE_RUN_USD = 1.0
"""What a run may cost that costs nothing: a budget is never 0."""


@click.command(
    epilog="Example: evalkit choose suites/support.yaml --model openai/gpt-5-mini --model openai/gpt-5 --max-p95 5"
)
@click.argument("sources", nargs=-1, required=True, metavar="SUITE|RUN...")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="PROVIDER/NAME",
    help="A candidate of a race. May be given several times.",
)
@click.option(
    "--max-cost-per-1k",
    type=FiniteFloat(min=0),
    metavar="USD",
    help="What 1,000 answers to items as they stand may cost.",
)
@click.option(
    "--max-p95",
    type=FiniteFloat(min=0, min_open=True),
    metavar="S",
    help="Seconds within which 95 of 100 calls are to be answered.",
)
@click.option(
    "--prefer",
    type=click.Choice(["cost", "latency"]),
    default="cost",
    show_default=True,
    help="Of those that are usable: the cheapest, which ends a race, or the quickest, for which all are asked.",
)
@click.option(
    "--edge",
    type=click.Choice(["fail", "pass"]),
    default="fail",
    show_default=True,
    help="Whether it exits with 3 or with 0 that nobody is chosen while somebody is at the edge.",
)
@click.option(
    "--confidence",
    type=FiniteFloat(0.5, 1, min_open=True, max_open=True),
    help="Of the choice, both sides together; the suite's without this.",
)
@click.option(
    "--tasks", cls=Spelled, also="--task", multiple=True, callback=names, metavar="A,B", help="Only these tasks."
)
@click.option(
    "--max-calls",
    type=click.IntRange(min=1),
    default=MAX_CALLS,
    show_default=True,
    help="A condition's budget in calls, for each candidate.",
)
@click.option(
    "--max-cost",
    type=FiniteFloat(min=0, min_open=True),
    default=DEFAULT_MAX_COST_USD,
    show_default=True,
    metavar="USD",
    help="The budget of the whole race, as far as prices are known.",
)
@seed_option
@settings_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, 10_000),
    show_default="16, more where the model's card says so",
    help="Calls in flight.",
)
@click.option("--rate", metavar="N/UNIT", help="Calls that begin in any second, minute or hour: 50/s, 300/m, 5000/h.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where the runs' folders are made.",
)
@reuse_option
@adapters_option
@allow_code_option
@json_option
@click.pass_context
def command(context: click.Context, /, sources: tuple[str, ...], models: tuple[str, ...], **options: Any) -> int:
    """Choose the cheapest model that is usable on every task.

    With a SUITE and several --model it is a race: the cheapest candidate is asked first and left as soon as a task is
    shown to be unusable, then the next; the first that is usable on every task is chosen. Of RUNs of one suite, which
    are not asked again, the models are compared. Name every candidate that you consider: each has to show so much more
    the more there are, so that the choice as a whole is wrong no more often than one verdict. The exit code is 0 when
    somebody is chosen, 1 when nobody is usable, 3 when that could not be settled.
    """
    from evalkit.findings.choose import Limits

    limits = Limits(max_cost_per_1k=options["max_cost_per_1k"], max_p95_s=options["max_p95"], prefer=options["prefer"])
    choice = _raced(context, sources, models, limits) if models else _of_runs(context, sources, limits)
    if options["as_json"]:
        return show(json_text(choice.as_json()) + "\n") or choice.exit_code(edge=options["edge"])
    from evalkit.report.choose import render_choice

    return show(render_choice(choice, style=colour)) or choice.exit_code(edge=options["edge"])


def _of_runs(context: click.Context, sources: Sequence[str], limits: Limits) -> Choice:
    from evalkit.choose.finished import choose_finished

    given = [
        max(parameter.opts, key=len)
        for parameter in context.command.params
        if parameter.name in _OF_A_RACE and _typed(context, parameter)
    ]
    if given:
        raise EvalkitError(f"{', '.join(given)}: for a race, found no --model; name the candidates, or leave it out")
    for source in sources:
        if not Path(source).is_dir():
            raise EvalkitError(
                f"{source}: found no run's folder, expected one; of a suite, name the candidates with --model"
            )
    return choose_finished([Path(source) for source in sources], limits, confidence=context.params["confidence"])


def _typed(context: click.Context, parameter: click.Parameter) -> bool:
    return context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE


def _raced(context: click.Context, sources: Sequence[str], models: Sequence[str], limits: Limits) -> Choice:
    from evalkit.choose.race import Course, Race
    from evalkit.plan import Scope, check_prompts, make_plan
    from evalkit.suite import load_suite

    options = context.params
    if len(sources) > 1:
        raise EvalkitError(f"found {len(sources)} suites, expected one with --model; run a race for each")
    if len(set(models)) < len(models):
        twice = next(model for model in models if models.count(model) > 1)
        raise EvalkitError(f"--model {twice}: found twice, expected each candidate once")
    given, open_by_name = read_settings(options["settings"]), _opener(options)
    suite = load_suite(sources[0], allow_code=options["allow_code"])
    scope = Scope(tasks=options["tasks"], until="gate", max_calls=options["max_calls"], max_cost=options["max_cost"])
    confidence = _of_each(suite, options["confidence"], len(models))
    plan = make_plan(suite, scope, seed=options["seed"], confidence=confidence)
    check_prompts(plan)
    entrants = _entrants(plan, models, given, open_by_name)

    def begin(who: Entrant, money_usd: float) -> Session:
        of_run = replace(scope, max_cost=money_usd if money_usd > 0 else _FREE_RUN_USD)
        return _begin(plan, of_run, who, open_by_name, {**options, "settings": given, "confidence": confidence})

    course = Course(plan=plan, limits=limits, max_cost_usd=options["max_cost"], kinds=_kinds(suite))
    race = Race(course, entrants, begin=begin, carry_out=carry_out)
    _announce(entrants, limits)
    try:
        choice = race.run()
    except EvalkitError:
        _say_how_to_go_on(context, race.folders)
        raise
    if choice.interrupted:
        _say_how_to_go_on(context, race.folders)
    return choice


def _entrants(plan: Plan, models: Sequence[str], given: Mapping[str, Any], open_by_name: Opener) -> list[Entrant]:
    """The candidates in the order in which they are asked.

    Whatever can be seen to be wrong with any of them is seen before the first call of the first is paid for.
    """
    from evalkit.choose.order import entrant, in_order
    from evalkit.engine import check_model

    found = []
    for name in models:
        model = open_by_name(name, given)
        check_model(plan, model)
        found.append(replace(entrant(plan, model, given), model=name))
    return in_order(found)


def _of_each(suite: Suite, confidence: float | None, n_named: int) -> float:
    """The confidence of each candidate's verdicts, so that all of them together are as sure as one."""
    return 1 - (1 - (suite.confidence if confidence is None else confidence)) / n_named


def _kinds(suite: Suite) -> dict[tuple[str, str], str]:
    return {(task.name, spec.name): spec.key for task in suite.tasks for spec in task.constraints}


def _opener(options: Mapping[str, Any]) -> Opener:
    from evalkit.transport import Bounds, read_rate

    bounds = Bounds(
        concurrency=options["concurrency"], rate=None if options["rate"] is None else read_rate(options["rate"])
    )
    return opener(options["adapters"], allow_code=options["allow_code"], bounds=bounds)


def _begin(plan: Plan, scope: Scope, who: Entrant, open_by_name: Opener, options: Mapping[str, Any]) -> Session:
    from evalkit.engine import EngineSettings, start

    return start(
        plan,
        open_by_name(who.model, options["settings"]),
        scope=scope,
        confidence=options["confidence"],
        options=options["settings"],
        settings=EngineSettings(concurrency=options["concurrency"]),
        out=options["out"],
        reuse=options["reuse"],
    )


def _announce(entrants: Sequence[Entrant], limits: Limits) -> None:
    """Say who is asked in which order, before anybody is."""
    order = "the cheapest first"
    if all(each.expected_per_1k is None for each in entrants):
        order = "no price is known: the smaller first where sizes are, else in the order given"
    which = "all are asked, and the quickest usable one is chosen"
    if limits.prefer == "cost":
        which = "asked until one is usable on every task"
    say(f"{counted(len(entrants), 'candidate')}, {order}; {which}", err=True)
    for place, each in enumerate(entrants, 1):
        say(f"  {place}. {each.model}: {_price(each)}", err=True)


def _price(each: Entrant) -> str:
    size = "" if each.size is None else f", {each.size:,.0f} parameters"
    if each.expected_per_1k is None:
        return f"price unknown{size}"
    return f"free{size}" if each.expected_per_1k == 0 else f"about {usd(each.expected_per_1k)} per 1,000 calls"


def _say_how_to_go_on(context: click.Context, folders: Sequence[str]) -> None:
    """The command that goes on with a race, and pays for nothing twice."""
    words = ["evalkit", "choose", *(str(source) for source in context.params["sources"])]
    for parameter in context.command.params:
        if isinstance(parameter, click.Option) and _typed(context, parameter):
            option = max(parameter.opts, key=len)
            value = context.params[parameter.name or ""]
            if parameter.is_flag:
                words.append(option)
            else:
                values = value if parameter.multiple and parameter.name != "tasks" else [value]
                for one in values:
                    words += [option, ",".join(one) if isinstance(one, tuple) else str(one)]
    for folder in folders:
        words += ["--reuse", folder]
    say(f"Go on with the race, without paying for an answer twice, with: {' '.join(map(quote, words))}", err=True)
