"""`evalkit paraphrase`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.shared import (
    Spelled,
    adapters_option,
    allow_code_option,
    json_option,
    names,
    opener,
    print_json,
    read_settings,
    say,
    settings_option,
)
from evalkit.errors import EvalkitError
from evalkit.plain import counted, one_line, usd

if TYPE_CHECKING:
    from evalkit.engine.paraphrasing import Manuscript, Wording
    from evalkit.engine.proposals import Proposals
    from evalkit.transport.model import Model


@click.command(epilog="Example: evalkit paraphrase my-suite.yaml --model openai/gpt-5-mini --task answer")
@click.argument("suite", metavar="SUITE")
@click.option("--model", "model", required=True, metavar="PROVIDER/NAME", help="Who proposes; one call for each task.")
@click.option(
    "--task",
    "tasks",
    cls=Spelled,
    also="--tasks",
    multiple=True,
    callback=names,
    metavar="A,B",
    help="Only these tasks.",
)
@click.option("--n", "n", type=click.IntRange(1, 50), default=8, show_default=True, help="Variants for each task.")
@click.option("--write/--dry-run", "writing", default=True, help="Change the file, or only print.  [default: write]")
@settings_option
@adapters_option
@allow_code_option
@json_option
def command(suite: str, model: str, tasks: tuple[str, ...], n: int, writing: bool, **options: Any) -> None:
    """Propose more wordings of a suite's prompts through a model, and write them into the suite for review.

    What loses a placeholder, a number or a literal brace, or says nearly the same as another, is rejected; standard
    error says why. Whether a wording demands the same is for a person to judge: each is marked by a comment.
    """
    from evalkit.engine.paraphrasing import open_manuscript

    manuscript = open_manuscript(suite, tasks, allow_code=options["allow_code"], writing=writing)
    opened = opener(options["adapters"], allow_code=options["allow_code"])(model, read_settings(options["settings"]))
    opened.check([wording.task for wording in manuscript.wordings])
    calls = counted(len(manuscript.wordings), "call")
    say(f"{manuscript.path}: {calls} to {opened.name}, {_price(manuscript.wordings, opened, n)}", err=True)
    note = f"proposed by {one_line(opened.name, 80)}, {datetime.now(UTC).date()}: review, then delete this line"
    given = asyncio.run(_ask(manuscript, opened, n, note if writing else None))
    if options["as_json"]:
        print_json(_as_json(manuscript.path, opened.name, given, writing=writing))
        return
    for wording, proposals in given:
        _show(manuscript.path, wording, proposals, n, note=note, writing=writing)


def _price(wordings: Sequence[Wording], model: Model, n: int) -> str:
    """What the calls will cost, if answers are about as long as what is asked for."""
    from evalkit.engine.paraphrasing import expected_tokens

    if model.free:
        return "costs nothing"
    costs = [model.prices.estimate(*expected_tokens(wording, n)) for wording in wordings]
    known = [cost for cost in costs if cost is not None]
    return "price unknown" if len(known) < len(costs) else f"about {usd(sum(known))}"


async def _ask(manuscript: Manuscript, model: Model, n: int, note: str | None) -> list[tuple[Wording, Proposals]]:
    """Ask for every task, and with a note write at once what will do: what was paid for outlasts a later failure."""
    from evalkit.engine.paraphrasing import propose

    given = []
    try:
        for wording in manuscript.wordings:
            proposals = await propose(model, wording, n)
            for each in proposals.rejected:
                say(f'{wording.task}: rejected "{one_line(each.text, 60)}": {each.reason}', err=True)
            if note is not None and proposals.accepted:
                _write(manuscript, wording, proposals, note)
            given.append((wording, proposals))
    finally:
        await model.close()
    return given


def _write(manuscript: Manuscript, wording: Wording, proposals: Proposals, note: str) -> None:
    """Write what will do; where that fails, print it instead, since it was paid for."""
    variants = [wording.variant(text) for text in proposals.accepted]
    try:
        manuscript.write(wording, variants, note=note)
    except (EvalkitError, OSError):
        say(_as_yaml(wording, proposals, note), err=True)
        raise


def _as_yaml(wording: Wording, proposals: Proposals, note: str) -> str:
    from evalkit.suite.inserting import variant_lines

    return "\n".join(line for text in proposals.accepted for line in variant_lines(wording.variant(text), 6, note=note))


def _show(path: Path, wording: Wording, proposals: Proposals, n: int, *, note: str, writing: bool) -> None:
    if not writing and proposals.accepted:
        say(f"    # under paraphrases: of {wording.task}\n{_as_yaml(wording, proposals, note)}")
    accepted = len(proposals.accepted)
    done = f"written to {path}, review them" if writing and accepted else "nothing is written"
    say(f"{wording.task}: {_came(proposals, n)}; {done}", err=not writing)
    if writing and accepted and not wording.asked_for:
        say(f"{wording.task}: they are asked only with `paraphrase: true` under `perturbations`", err=True)


def _came(proposals: Proposals, n: int) -> str:
    asked = f"{n} {'was' if n == 1 else 'were'} asked for"
    if not proposals.came:
        return f"the answer held no list of texts, {asked}"
    return f"accepted {len(proposals.accepted)} of the {proposals.came} that came, {asked}"


def _as_json(path: Path, model: str, given: list[tuple[Wording, Proposals]], *, writing: bool) -> dict[str, Any]:
    return {
        "file": str(path),
        "model": model,
        "written": writing and any(proposals.accepted for _, proposals in given),
        "tasks": [
            {
                "task": wording.task,
                "accepted": list(proposals.accepted),
                "rejected": [asdict(each) for each in proposals.rejected],
            }
            for wording, proposals in given
        ],
    }
