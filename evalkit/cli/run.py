"""`evalkit run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.carrying import carry_out
from evalkit.cli.gating import gate_options, new_gate
from evalkit.cli.shared import (
    FiniteFloat,
    adapters_option,
    allow_code_option,
    colour,
    json_option,
    mapped,
    opener,
    read_settings,
    rendered,
    reuse_option,
    say,
    scope_options,
    seed_option,
    settings_option,
    show,
)
from evalkit.errors import (
    EXIT_EDGE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    EXIT_UNUSABLE,
    EXIT_USAGE,
    EvalkitError,
)
from evalkit.plain import json_text
from evalkit.plan import DEFAULT_MAX_COST_USD

if TYPE_CHECKING:
    from evalkit.engine import Measured, Session
    from evalkit.findings.gate import GateResult
    from evalkit.plan import Plan
    from evalkit.transport import Opener


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
    show_default="margin; with --gate, until that is decided",
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
@click.option("--gate", is_flag=True, help="Ask until a gate is decided, and exit by it: 1 fails, 3 is an edge.")
@gate_options
@click.option(
    "--resume",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="RUN",
    help="Go on with a run under its own terms; nothing that was answered is asked again.",
)
@reuse_option
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

    With --gate a run ends as soon as one task is unusable or, with --baseline, has got worse: exit code 1.
    """
    _check_gate(context, options)
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
_FITS_RESUME = {"resume", "max_calls", "max_cost", "gate", "edge", *_HOW}


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


def _check_gate(context: click.Context, options: dict[str, Any]) -> None:
    """See how far a run goes, and that nothing is said of a gate that there is not."""
    told = [click.core.ParameterSource.COMMANDLINE]
    if options["resume"] is None:  # settings of the environment are for new runs
        told.append(click.core.ParameterSource.ENVIRONMENT)
    names = ("baseline", "tolerance", "strict", "edge", "until")
    given = {name: context.get_parameter_source(name) in told for name in names}
    without = [f"--{name}" for name, said in given.items() if said and name != "until"]
    if without and not options["gate"]:
        raise click.UsageError(f"{', '.join(without)}: say nothing without --gate; add it.", context)
    idle = [f"--{name}" for name in ("tolerance", "strict") if given[name]]
    if idle and options["baseline"] is None and options["resume"] is None:
        raise click.UsageError(f"{', '.join(idle)}: say nothing without --baseline; name one.", context)
    if options["gate"] and not given["until"] and not options["explore"]:
        options["until"] = "gate"


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
    from evalkit.engine.baseline import check_comparable
    from evalkit.plan import Scope, check_prompts, make_plan
    from evalkit.suite import load_suite
    from evalkit.transport.batch import with_batches

    given = read_settings(options["settings"])
    open_by_name = _opener(options)
    _check_together(options)
    names = ("tasks", "conditions", "limit", "fixed", "until", "explore", "max_calls", "max_cost", "calibrated")
    scope = Scope(**{name: options[name] for name in names})
    settings = EngineSettings(**{name: options[name] for name in ("concurrency", "batch", "max_void", "keep_requests")})
    gate, baseline = new_gate(options)

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
            gate=gate,
            baseline=baseline,
        )

    # Whatever can be seen to be wrong with any of them is seen before the first call of the first is paid for.
    loaded = [load_suite(name, allow_code=options["allow_code"]) for name in suites]
    plans = [make_plan(suite, scope, seed=options["seed"], confidence=options["confidence"]) for suite in loaded]
    for plan in plans:
        check_prompts(plan)
        if baseline is not None:
            check_comparable(plan.task_names, baseline, str(options["baseline"]), seed=plan.seed)
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
        infrastructure, then what a gate says.
    """
    measured, gates, codes = [], [], set()
    for make in sessions:
        try:
            found = carry_out(make())
            gates.append(_gated(found, options))
        except EvalkitError as error:
            if len(sessions) == 1:
                raise
            say(str(error), err=True)
            codes.add(error.exit_code)
            continue
        measured.append(found)
        codes.add(_shown(found, gates[-1], options))
        if found.interrupted:
            codes.add(EXIT_INTERRUPTED)
            break
    if len(measured) > 1 and not options["as_json"]:
        from evalkit.report import render_together

        codes.add(show(render_together([found.results for found in measured], alpha=_alpha(measured))))
        codes.add(show(mapped([(found.results, found.run) for found in measured])))
    if options["as_json"]:
        results = [_as_json(found, gate) for found, gate in zip(measured, gates, strict=True)]
        codes.add(show(json_text(results[0] if len(sessions) == 1 else results) + "\n"))
    codes |= {gate.exit_code for gate in gates if gate is not None}
    return next((code for code in _CODES if code in codes), 0)


_CODES = (EXIT_USAGE, EXIT_INTERRUPTED, EXIT_INFRASTRUCTURE, EXIT_UNUSABLE, EXIT_EDGE)
"""Exit codes, the first that holds."""


def _gated(found: Measured, options: dict[str, Any]) -> GateResult | None:
    """What the gate says of a run that has come to its end, if there is a gate."""
    # What was begun as a gate is not let through because somebody resumed it.
    if found.interrupted or not (options["gate"] or found.run.gate is not None):
        return None
    from evalkit.gate import judge_run

    return judge_run(found.folder, edge_passes=options["edge"] == "pass")


def _shown(found: Measured, gate: GateResult | None, options: dict[str, Any]) -> int:
    """Print a run for people; 0, or 4 when the output is refused."""
    if options["as_json"]:
        return 0
    text = rendered(found.results, found.run, found.folder)
    if gate is not None:
        from evalkit.report.gate import render_gate

        text += "\n" + render_gate(gate, style=colour)
    return show(text)


def _as_json(found: Measured, gate: GateResult | None) -> dict[str, Any]:
    return {**found.results.as_json(), **({} if gate is None else {"gate": gate.as_json()})}


def _alpha(measured: Sequence[Measured]) -> float:
    """The largest error rate of a verdict among several runs."""
    return max(terms.alpha for found in measured for terms in found.run.terms)
