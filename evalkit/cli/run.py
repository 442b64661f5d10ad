"""`evalkit run`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import click

from evalkit.cli.shared import (
    adapters_option,
    allow_code_option,
    json_option,
    opener,
    print_json,
    read_settings,
    rendered,
    say,
    scope_options,
    seed_option,
    settings_option,
    wants_colour,
)
from evalkit.errors import EXIT_INTERRUPTED, EvalkitError


@click.command(
    epilog="Example: evalkit run suites/support.yaml --model openai/gpt-5-mini --model baseline/rules --fixed 100"
)
@click.argument("suites", nargs=-1, metavar="SUITE...")
@click.option("--model", "models", multiple=True, metavar="PROVIDER/NAME", help="May be given several times.")
@scope_options
@seed_option
@settings_option
@click.option("--concurrency", type=click.IntRange(1, 10_000), default=16, show_default=True, help="Calls in flight.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds for one attempt.")
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
    type=click.FloatRange(0, 1),
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

    SUITE is a file, or the name of a shipped suite. Results go to standard output, progress to standard error, and
    everything that was asked and answered to a new folder for each suite and model. Ctrl-C stops a run so that it can
    be resumed; the exit code is then 130. Without an answer to give (a refused key, too many void trials) it is 4.
    """
    if options["resume"] is not None:
        _refuse_with_resume(context)
        measured = [_resumed(options)]
    else:
        if not suites or not models:
            raise click.UsageError("Name at least one SUITE and one --model, or --resume a run.", context)
        measured = _started(suites, models, options)
    if options["as_json"]:
        results = [each.results.as_json() for each in measured]
        print_json(results if len(suites) * len(models) > 1 else results[0])
    return EXIT_INTERRUPTED if any(each.interrupted for each in measured) else 0


_FITS_RESUME = {"resume", "concurrency", "timeout", "adapters", "allow_code", "as_json"}


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


def _resumed(options: dict[str, Any]) -> Any:
    from evalkit.engine import resume

    session = resume(
        options["resume"],
        opener(options["adapters"], allow_code=options["allow_code"], timeout_s=options["timeout"]),
        concurrency=options["concurrency"],
        allow_code=options["allow_code"],
    )
    return _carry_out(session, options)


def _started(suites: tuple[str, ...], models: tuple[str, ...], options: dict[str, Any]) -> list[Any]:
    from evalkit.engine import EngineSettings, start
    from evalkit.plan import Scope
    from evalkit.suite import load_suite

    settings = read_settings(options["settings"])
    open_by_name = opener(options["adapters"], allow_code=options["allow_code"], timeout_s=options["timeout"])
    scope = Scope(**{name: options[name] for name in ("tasks", "conditions", "limit", "fixed", "max_calls")})
    # All suites and models are looked at before the first call is made.
    loaded = [load_suite(name, allow_code=options["allow_code"]) for name in suites]
    opened = [open_by_name(name, settings) for name in models]
    measured = []
    for suite in loaded:
        for model in opened:
            session = start(
                suite,
                model,
                scope=scope,
                seed=options["seed"],
                confidence=options["confidence"],
                options=settings,
                settings=EngineSettings(
                    concurrency=options["concurrency"],
                    max_void=options["max_void"],
                    keep_requests=options["keep_requests"],
                ),
                out=options["out"],
                reuse=options["reuse"],
            )
            measured.append(_carry_out(session, options))
            if measured[-1].interrupted:
                return measured
    return measured


def _carry_out(session: Any, options: dict[str, Any]) -> Any:
    """Carry a session out with its display, and print what it measured."""
    from evalkit.cli.progress import Display

    price = "costs nothing" if session.model.free else "price unknown"
    say(f"{session.folder}: at most {session.planned:,} calls to {session.model.name}, {price}", err=True)
    try:
        with Display(session) as display:
            session.on_trial = display.on_trial
            measured = asyncio.run(_with_signals(session))
    except EvalkitError:
        say(f"Go on with: evalkit run --resume {session.folder}", err=True)
        raise
    if measured.interrupted:
        say(f"Stopped. Go on with: evalkit run --resume {measured.folder}", err=True)
    if not options["as_json"]:
        click.echo(rendered(measured.results, measured.run, measured.folder), nl=False, color=wants_colour())
    return measured


async def _with_signals(session: Any) -> Any:
    """The first signal stops a run gently, the second at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if session.engine is None or session.engine.stopped:
            if session.engine is not None:
                session.engine.abandon()
            return
        session.engine.stop()
        waiting = session.engine.in_flight
        say(f"Stopping: up to 10 s for the {waiting} calls in flight to answer; once more to leave them.", err=True)

    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        return await session.carry_out()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
