"""`evalkit run`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.shared import (
    FiniteFloat,
    adapters_option,
    allow_code_option,
    json_option,
    mapped,
    opener,
    read_settings,
    rendered,
    say,
    scope_options,
    seed_option,
    settings_option,
    wants_colour,
)
from evalkit.errors import EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED, EXIT_USAGE, EvalkitError
from evalkit.plain import counted, json_text, usd
from evalkit.plan import DEFAULT_MAX_COST_USD

if TYPE_CHECKING:
    from evalkit.engine import Measured, Session
    from evalkit.plan import Plan
    from evalkit.transport import Opener


_LIKELY_PASS_RATE = 0.99
"""Of a model that somebody hopes to use."""


@click.command(
    epilog="Example: evalkit run suites/support.yaml --model openai/gpt-5-mini --model baseline/rules --until verdict"
)
@click.argument("suites", nargs=-1, metavar="SUITE...")
@click.option("--model", "models", multiple=True, metavar="PROVIDER/NAME", help="May be given several times.")
@scope_options
@click.option(
    "--until",
    type=click.Choice(["verdict", "margin"]),
    default="margin",
    show_default=True,
    help="Stop at the verdict, for the fewest calls, or go on to the suite's precision and the critical levels.",
)
@click.option("--explore", is_flag=True, help="Go on with a task's other conditions after its verdict.")
@click.option(
    "--max-cost",
    type=FiniteFloat(min=0, min_open=True),
    default=DEFAULT_MAX_COST_USD,
    show_default=True,
    metavar="USD",
    help="The run's budget, as far as prices are known.",
)
@seed_option
@settings_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, 10_000),
    show_default="16, more where the model's card says so; with --batch 10,000",
    help="Calls in flight; with --batch, the most of a round.",
)
@click.option(
    "--batch",
    is_flag=True,
    help="Hand calls in as the provider's batches: slower, at most a day a round, and for less money.",
)
@click.option(
    "--rate",
    metavar="N/UNIT",
    help="Calls that begin in any second, minute or hour, other attempts included: 50/s, 300/m, 5000/h.",
)
@click.option("--tpm", type=click.IntRange(min=1), metavar="N", help="Tokens in any minute, estimated before a call.")
@click.option(
    "--timeout",
    type=FiniteFloat(min=0, min_open=True),
    metavar="S",
    show_default="600",
    help="Most seconds of one attempt; a server that has answered faster gets less, and more when it tries again.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where the run's folder is made.",
)
@click.option(
    "--resume",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="RUN",
    help="Go on with a run under its own terms; nothing that was answered is asked again.",
)
@click.option(
    "--reuse",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="RUN",
    help="Take answers to the very same requests from this run. May be given several times.",
)
@click.option(
    "--max-void",
    type=FiniteFloat(0, 1),
    default=0.02,
    show_default=True,
    help="Share of trials without an answer above which the run stops with exit code 4.",
)
@click.option("--keep-requests", is_flag=True, help="Record every request, not only its hash.")
@adapters_option
@allow_code_option
@json_option
@click.pass_context
def command(context: click.Context, /, suites: tuple[str, ...], models: tuple[str, ...], **options: Any) -> int:
    """Measure suites with models, and say whether they are usable.

    Each condition is asked until its verdict is safe, and by default until its margin is known as well as the suite
    wants. SUITE is a file, or the name of a shipped suite. Results go to standard output, progress to standard error,
    and everything that was asked and answered to a new folder for each suite and model. Ctrl-C stops a run so that it
    can be resumed; the exit code is then 130. Without an answer to give (a refused key, too many void trials) it is 4.
    """
    if options["resume"] is not None:
        _refuse_with_resume(context)
        for budget in ("max_calls", "max_cost"):
            if context.get_parameter_source(budget) is not click.core.ParameterSource.COMMANDLINE:
                options[budget] = None
        return _carry_out_all([lambda: _resumed(options)], options)
    if not suites or not models:
        raise click.UsageError("Name at least one SUITE and one --model, or --resume a run.", context)
    return _carry_out_all(_new_sessions(suites, models, options), options)


_HOW = {"concurrency", "rate", "tpm", "timeout", "adapters", "allow_code", "as_json"}
"""Options that change nothing of what is measured."""
_FITS_RESUME = {"resume", "max_calls", "max_cost", *_HOW}


def _refuse_with_resume(context: click.Context) -> None:
    """A run is resumed under the terms it was made with; whoever wants others starts a new one.

    Settings of the environment are for new runs, and do not stand in the way.
    """
    wrong = [
        max(parameter.opts, key=len) if isinstance(parameter, click.Option) else "SUITE"
        for parameter in context.command.params
        if context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
        and parameter.name not in _FITS_RESUME
    ]
    if wrong:
        message = f"--resume goes on with a run as it was made; leave out {', '.join(wrong)}, or start a new run."
        raise click.UsageError(message, context)


def _resumed(options: dict[str, Any]) -> Session:
    from evalkit.engine import resume

    return resume(
        options["resume"],
        _opener(options),
        concurrency=options["concurrency"],
        allow_code=options["allow_code"],
        max_calls=options["max_calls"],
        max_cost=options["max_cost"],
    )


def _opener(options: dict[str, Any]) -> Opener:
    from evalkit.transport import Bounds, read_rate

    bounds = Bounds(
        concurrency=options["concurrency"],
        rate=None if options["rate"] is None else read_rate(options["rate"]),
        tokens_per_minute=options["tpm"],
    )
    given = {"allow_code": options["allow_code"], "timeout_s": options["timeout"]}
    return opener(options["adapters"], **given, bounds=bounds)


def _check_together(options: dict[str, Any]) -> None:
    """Refuse options that mean nothing beside each other."""
    if options["fixed"] is not None and options["calibrated"]:
        raise click.UsageError("--calibrated is for tests that stop by themselves; leave it out with --fixed.")
    if options["batch"] and (options["rate"] is not None or options["tpm"] is not None):
        raise click.UsageError("--rate and --tpm are for single calls; leave them out with --batch.")


def _new_sessions(
    suites: tuple[str, ...], models: tuple[str, ...], options: dict[str, Any]
) -> list[Callable[[], Session]]:
    """What makes a new run of every suite with every model, when its turn comes."""
    from evalkit.engine import EngineSettings, check_model, start
    from evalkit.plan import Scope, check_prompts, make_plan
    from evalkit.suite import load_suite
    from evalkit.transport.batch import with_batches

    given = read_settings(options["settings"])
    open_by_name = _opener(options)
    _check_together(options)
    names = ("tasks", "conditions", "limit", "fixed", "until", "explore", "max_calls", "max_cost", "calibrated")
    scope = Scope(**{name: options[name] for name in names})
    settings = EngineSettings(**{name: options[name] for name in ("concurrency", "batch", "max_void", "keep_requests")})

    def session(plan: Plan, model: str) -> Session:
        return start(
            plan,
            open_by_name(model, given),
            scope=scope,
            confidence=options["confidence"],
            options=given,
            settings=settings,
            out=options["out"],
            reuse=options["reuse"],
        )

    # Whatever can be seen to be wrong with any of them is seen before the first call of the first is paid for.
    loaded = [load_suite(name, allow_code=options["allow_code"]) for name in suites]
    plans = [make_plan(suite, scope, seed=options["seed"], confidence=options["confidence"]) for suite in loaded]
    for plan in plans:
        check_prompts(plan)
        for model in models:
            opened = open_by_name(model, given)
            check_model(plan, opened)
            if options["batch"]:
                with_batches(opened)
    return [partial(session, plan, model) for plan in plans for model in models]


def _carry_out_all(sessions: Sequence[Callable[[], Session]], options: dict[str, Any]) -> int:
    """Carry out one session after the other; what fails does not keep the others from their turn.

    Returns:
        0, or the code that goes before the others: 2 for wrong usage, 130 for an interruption, 4 for the
        infrastructure.
    """
    measured, codes = [], set()
    for make in sessions:
        try:
            found = _carry_out(make())
        except EvalkitError as error:
            if len(sessions) == 1:
                raise
            say(str(error), err=True)
            codes.add(error.exit_code)
            continue
        measured.append(found)
        if not options["as_json"]:
            codes.add(_show(rendered(found.results, found.run, found.folder)))
        if found.interrupted:
            codes.add(EXIT_INTERRUPTED)
            break
    if len(measured) > 1 and not options["as_json"]:
        from evalkit.report import render_together

        codes.add(_show(render_together([found.results for found in measured], alpha=_alpha(measured))))
        codes.add(_show(mapped([(found.results, found.run) for found in measured])))
    if options["as_json"]:
        results = [found.results.as_json() for found in measured]
        codes.add(_show(json_text(results[0] if len(sessions) == 1 else results) + "\n"))
    return next((code for code in (EXIT_USAGE, EXIT_INTERRUPTED, EXIT_INFRASTRUCTURE) if code in codes), 0)


def _alpha(measured: Sequence[Measured]) -> float:
    """The largest error rate of a verdict among several runs."""
    return max(terms.alpha for found in measured for terms in found.run.terms)


def _carry_out(session: Session) -> Measured:
    """Carry a session out with its display."""
    from evalkit.cli.progress import Display
    from evalkit.lint import undecidable
    from evalkit.report import changes

    if not session.answered:
        for finding in undecidable(session.plan):
            say(f"warning: {finding.problem}", err=True)
    say(f"{session.folder}: {_ahead(session)}", err=True)
    try:
        with Display(session) as display:
            session.on_trial, session.on_batch = display.on_trial, display.on_batch
            measured = asyncio.run(_with_signals(session, display.go_on))
    except EvalkitError:
        say(f"Go on with: evalkit run --resume {session.folder}", err=True)
        raise
    for change in changes(measured.results):
        say(f"warning: {change}", err=True)
    if measured.interrupted:
        say(f"Stopped. Go on with: evalkit run --resume {measured.folder}", err=True)
    return measured


def _ahead(session: Session) -> str:
    """What is about to be asked, and what it may cost."""
    from evalkit.forecast import bill, expected_calls, forecast

    left, plan = session.left(), session.plan
    if not left:
        return "nothing is left to ask"
    prices = None if session.model.free else session.model.prices
    # Prompts are made and counted only where that is worth something.
    rows = forecast(plan, session.run.options) if prices is not None and prices.quote is not None else []
    likely = ""
    if session.run.scope.fixed is None and not session.answered:
        verdicts, margins = expected_calls(plan, _LIKELY_PASS_RATE)
        cost = _in_brackets(bill(rows, verdicts, prices).cost_usd if rows else None)
        calls = counted(round(sum(verdicts.values())), "call")
        likely = f"at a pass rate of {_LIKELY_PASS_RATE:g} about {calls}{cost} to the verdicts, "
        if session.run.scope.until == "margin":
            cost = _in_brackets(bill(rows, margins, prices).cost_usd if rows else None)
            likely += f"{round(sum(margins.values())):,}{cost} with the margins; "
    most = bill(rows, {row.terms.key: row.calls * left / session.planned for row in rows}, prices) if rows else None
    price = _price(session, None if most is None else most.cost_usd)
    return f"{likely}at most {counted(left, 'call')} to {session.model.name}, {price}"


def _in_brackets(cost: float | None) -> str:
    return "" if cost is None else f" ({usd(cost)})"


def _price(session: Session, most: float | None) -> str:
    """What the calls that are left cost at most, or why nobody can say."""
    from evalkit.forecast import ASSUMED_ANSWER

    budget = session.run.scope.max_cost
    if session.model.free:
        return "costs nothing"
    if most is None:
        return "price unknown" + ("" if budget == DEFAULT_MAX_COST_USD else ", so --max-cost cannot be kept")
    stops = f"; the run stops at {usd(budget)} (--max-cost)" if most > budget else ""
    return f"{usd(most)} if answers have {ASSUMED_ANSWER} tokens{stops}"


def _show(text: str) -> int:
    """Print to standard output; that nobody can read it is no reason to stop measuring.

    Returns:
        0, or 4 when the output is refused (a full disk).
    """
    try:
        click.echo(text, nl=False, color=wants_colour())
    except BrokenPipeError:  # whoever read it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        say(f"The results cannot be printed: {error.strerror}; `evalkit report` shows them again.", err=True)
        return EXIT_INFRASTRUCTURE
    return 0


async def _with_signals(session: Session, beside: Callable[[], Coroutine[Any, Any, None]]) -> Measured:
    """The first signal stops a run gently, the second at once.

    Args:
        session: Is carried out.
        beside: Goes on beside it.
    """
    loop = asyncio.get_running_loop()
    other = loop.create_task(beside())

    def stop() -> None:
        if session.engine is None or session.engine.stopping:
            if session.engine is not None:
                session.engine.abandon()
            return
        if session.run.batch:
            session.engine.abandon()
            say("Stopping. What is handed in goes on at the provider, and its answers wait there.", err=True)
            return
        session.engine.stop()
        waiting = counted(session.engine.in_flight, "call")
        say(f"Stopping: up to 10 s for the {waiting} in flight to answer; once more to leave them.", err=True)

    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        return await session.carry_out()
    finally:
        other.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
