"""`evalkit rescore`."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import click

from evalkit.cli.shared import (
    adapters_option,
    allow_code_option,
    json_option,
    opener,
    print_json,
    rendered,
    say,
    wants_colour,
)
from evalkit.engine.imported import check_asked
from evalkit.engine.rescore import rescore
from evalkit.errors import EvalkitError
from evalkit.record import read_run_file
from evalkit.suite import load_suite


@click.command(epilog="Example: evalkit rescore runs/20261122T031500Z-support-openai-x --suite suites/support.yaml")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUN")
@click.option("--suite", required=True, help="With the changed constraints, extraction or thresholds.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where the new run's folder is made.",
)
@adapters_option
@allow_code_option
@json_option
def command(run: Path, suite: str, out: Path, adapters: tuple[Path, ...], allow_code: bool, as_json: bool) -> None:
    """Score a run's stored responses by a changed suite; no calls.

    The new run stands beside the old one. Responses belong to the exact request that they answered: where the suite's
    prompt or items changed, a trial has no answer and is void.
    """
    stored = read_run_file(run)
    check_asked(run, stored)
    # At the address where it was asked: what the environment says today would make other requests.
    options = {**stored.options, "base_url": stored.address} if "://" in stored.address else stored.options
    model = opener(adapters, allow_code=allow_code, need_key=False)(stored.model, options, Path(stored.directory))
    changed = load_suite(suite, allow_code=allow_code)
    session = rescore(run, changed, model, out=out)
    measured = asyncio.run(session.carry_out())
    totals = measured.results.totals
    planned = sum(terms.units > 0 for terms in session.plan.terms)
    if totals.void and not any(found.trials for task in measured.results.tasks for found in task.conditions):
        shutil.rmtree(measured.folder)
        raise EvalkitError(f"{run}: none of its responses answers a request of {suite}: prompt or items differ")
    if totals.void:
        say(
            f"warning: {totals.void:,} trials have no stored response: they were not answered then, or their requests "
            "changed",
            err=True,
        )
    say(f"{measured.folder}: {planned} conditions scored again", err=True)
    if as_json:
        print_json(measured.results.as_json())
    else:
        click.echo(rendered(measured.results, measured.run, measured.folder), nl=False, color=wants_colour())
