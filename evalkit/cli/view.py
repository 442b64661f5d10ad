"""`evalkit view`."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.shared import json_option, say

if TYPE_CHECKING:
    from evalkit.view import Viewer


@click.command(epilog="Example: evalkit view runs/")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN...]")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default="a free one",
    help="Where it listens on 127.0.0.1; a fixed one can be forwarded or bookmarked.",
)
@click.option("--no-open", is_flag=True, help="Print the address, and open no browser.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="Where runs lie, if none is named.",
)
@json_option
def command(runs: tuple[Path, ...], port: int, no_open: bool, out: Path, as_json: bool) -> None:
    """Show runs in a browser: reports, single trials, two runs side by side, the progress of a run.

    RUN is a folder of a run, or one that holds runs. Only this machine can connect, and only with the address that is
    printed. Ctrl-C ends it.
    """
    from evalkit.view import Viewer

    with Viewer(runs or (out,), awaited=not runs, port=port, project=Path.cwd()) as viewer:
        opens = not no_open and not as_json and sys.stdout.isatty()
        asyncio.run(_serve(viewer, lambda: _tell(viewer.address, as_json=as_json, opens=opens)))
    say("Stopped.", err=True)


def _tell(address: str, *, as_json: bool, opens: bool) -> None:
    """Say where it is to be seen; who reads that may connect at once."""
    if as_json:
        click.echo(json.dumps({"url": address}))  # on one line: whoever reads it cannot wait for the end
    else:
        say(address)
        say("Open it in a browser; it lets in whoever has it. Ctrl-C ends the viewer.", err=True)
    sys.stdout.flush()
    if opens:
        import webbrowser

        webbrowser.open(address)


async def _serve(viewer: Viewer, on_listening: Callable[[], None]) -> None:
    """Serve until the first SIGINT or SIGTERM."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    with _on_signals(lambda: loop.call_soon_threadsafe(stop.set)):
        await viewer.serve(on_listening, stop)


@contextmanager
def _on_signals(stop: Callable[[], object]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
