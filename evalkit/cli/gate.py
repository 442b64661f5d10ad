"""`evalkit gate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.gating import gate_of, gate_options
from evalkit.cli.shared import colour, form_of, format_options, say, show, write_file
from evalkit.errors import EXIT_EDGE, EXIT_UNUSABLE, EvalkitError
from evalkit.plain import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalkit.findings.gate import GateResult

FORMATS = ("terminal", "markdown", "json")
ENDINGS = {".txt": "terminal", ".md": "markdown", ".json": "json"}


@click.command(epilog="Example: evalkit gate runs/20261122T031500Z-support-openai-x --baseline baseline.json")
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="RUN...")
@gate_options
@click.option(
    "--save-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what the run brought as a baseline for later ones: counts and outcomes, no responses.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write JUnit XML, a test case for each task and condition.",
)
@click.option(
    "--github",
    is_flag=True,
    help="Within GitHub Actions: annotate the suite's file, and add to the summary of the step.",
)
@format_options(FORMATS)
def command(runs: tuple[Path, ...], **options: Any) -> int:
    """Say whether runs may pass: every task usable, and none worse than a baseline.

    Exits with 0 when they may, with 1 when a task is unusable or has regressed, and with 3 when that cannot be said
    (with --edge pass: 0). A task has regressed when it is shown to be worse by more than the tolerance, and held when
    it is shown not to be; what is neither is unclear, and passes unless --strict. Nothing is asked of a model. What a
    run was compared with while it was made stays, unless another baseline, tolerance or --strict is given here.
    """
    from evalkit.engine.baseline import baseline_of
    from evalkit.gate import judge_run
    from evalkit.record import write_baseline

    if options["save_baseline"] is not None and len(runs) > 1:
        raise EvalkitError(f"--save-baseline: found {len(runs)} runs, expected one; a baseline is of a single run")
    form = form_of(options["chosen"], options["output"], ENDINGS, as_json=options["as_json"])
    gates = [judge_run(folder, **gate_of(options)) for folder in runs]
    refused = _print(_rendered(gates, runs, form, as_list=len(runs) > 1), options["output"])
    if options["junit"] is not None:
        from evalkit.report.junit import junit

        write_file(options["junit"], junit([gate.result for gate in gates], gates))
    if options["github"]:
        _tell_github(gates, runs)
    if options["save_baseline"] is not None and gates[0].tasks_with("regressed"):
        found = "is not written: this run got worse, and what is compared with it would look good"
        say(
            f"{options['save_baseline']} {found}. To take it all the same, measure it without --gate and --baseline.",
            err=True,
        )
    elif options["save_baseline"] is not None:
        write_baseline(options["save_baseline"], baseline_of(runs[0]))
        say(f"Wrote {options['save_baseline']}. Compare later runs: --baseline {options['save_baseline']}", err=True)
    codes = {gate.exit_code for gate in gates}
    return refused or next((code for code in (EXIT_UNUSABLE, EXIT_EDGE) if code in codes), 0)


def _print(text: str, output: Path | None) -> int:
    """0, or 4 when standard output is refused."""
    if output is None:
        return show(text)
    write_file(output, click.unstyle(text).encode())
    return 0


def _rendered(gates: Sequence[GateResult], runs: Sequence[Path], form: str, *, as_list: bool) -> str:
    if form == "json":
        told = [gate.as_json() for gate in gates]
        return json_text(told if as_list else told[0]) + "\n"
    if form == "markdown":
        return "\n".join(_markdown(gate, folder) for gate, folder in zip(gates, runs, strict=True))
    from evalkit.report.gate import render_gate

    return "\n".join(render_gate(gate, style=colour) for gate in gates)


def _markdown(gate: GateResult, folder: Path) -> str:
    from evalkit.record import read_run_file
    from evalkit.report import Provenance, markdown

    return markdown(gate.result, Provenance.of(read_run_file(folder), folder), gate)


def _tell_github(gates: Sequence[GateResult], runs: Sequence[Path]) -> None:
    """Annotations are read off standard error, so that standard output stays data."""
    from evalkit.record import read_run_file
    from evalkit.report.github import github_annotations, task_lines, workspace_path, write_step_summary

    for gate, folder in zip(gates, runs, strict=True):
        suite = read_run_file(folder).suite
        path = Path(suite.path)
        lines = task_lines(path, suite.text) if suite.text else {}
        for line in github_annotations(gate, workspace_path(path), lines).splitlines():
            say(line, err=True)
        write_step_summary(_markdown(gate, folder))
