"""What `run --gate` and `gate` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.shared import Decorated, FiniteFloat

if TYPE_CHECKING:
    from evalkit.record import Baseline, StoredGate


def gate_options(command: Decorated) -> Decorated:
    """How a run is judged."""
    options = [
        click.option(
            "--baseline",
            type=click.Path(exists=True, path_type=Path),
            metavar="RUN|FILE",
            help="Compare with this run, or with a file that --save-baseline wrote.",
        ),
        click.option(
            "--tolerance",
            type=FiniteFloat(0, 1, max_open=True),
            show_default="0.02",
            help="By how much a pass rate may be lower than the baseline's.",
        ),
        click.option(
            "--strict",
            is_flag=True,
            default=None,
            help="Pass only when every task is shown to have held its baseline; what is unclear is an edge.",
        ),
        click.option(
            "--edge",
            type=click.Choice(["fail", "pass"]),
            default="fail",
            show_default=True,
            help="Whether an edge exits with 3 or with 0.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def gate_of(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of how a run is judged, as `judge_run` takes it."""
    return {
        "baseline": options["baseline"],
        "tolerance": options["tolerance"],
        "strict": options["strict"],
        "edge_passes": options["edge"] == "pass",
    }


def new_gate(options: dict[str, Any]) -> tuple[StoredGate | None, Baseline | None]:
    """How a new run is judged when it ends, and what it is compared with while it goes on.

    Raises:
        RecordError: If the baseline cannot be read.
    """
    if not options["gate"]:
        return None, None
    from evalkit.engine.baseline import open_baseline
    from evalkit.gate import DEFAULT_TOLERANCE
    from evalkit.record import StoredGate

    path, tolerance = options["baseline"], options["tolerance"]
    gate = StoredGate(
        baseline=None if path is None else str(path),
        tolerance=DEFAULT_TOLERANCE if tolerance is None else tolerance,
        strict=bool(options["strict"]),
    )
    return gate, None if path is None else open_baseline(path)
