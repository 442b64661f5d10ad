"""The command line. Commands are imported when they are called, so that `--help` stays quick."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import errno
import importlib
import io
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from evalkit.errors import EXIT_CRASH, EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED, EXIT_USAGE, EvalkitError
from evalkit.plain import escape_unencodable, printable

COMMANDS = {
    "run": "Measure a suite with a model, and say whether it is usable.",
    "plan": "Say what a run would ask and take; spends nothing.",
    "check": "Find every error in suites, without a model.",
    "show": "Print the exact requests of a task.",
    "report": "Show or export what a run measured.",
    "view": "Show reports in a browser, on this machine only.",
    "gate": "Say whether a run may pass: every task usable, and none worse than a baseline.",
    "choose": "Choose the cheapest model that is usable on every task, by a race or from runs.",
    "compare": "Compare two runs item by item, and say which differences are shown.",
    "scale": "Show ability against the size of models, and where the threshold is crossed.",
    "rescore": "Score a run's stored responses by a changed suite; no calls.",
    "import": "Make a run of trials that were measured elsewhere.",
    "models": "List the providers that can be named, and which keys are set.",
    "schema": "Print the JSON Schema of suite files.",
    "new": "Write a first suite.",
    "paraphrase": "Propose more wordings of a suite's prompts through a model, for review.",
}
"""Every command with its one line, in the order of `evalkit --help`."""


class _Commands(click.Group):
    """Knows its commands by name and imports each when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"evalkit.cli.{cmd_name}")
        command: click.Command = module.command
        for option in command.params:
            if isinstance(option, click.Option):
                # By the option as it is typed, which is not always what the function calls it.
                typed = max(option.opts, key=len).lstrip("-")
                option.envvar = f"EVALKIT_{cmd_name}_{typed}".upper().replace("-", "_")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, without importing every command for its help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from evalkit.errors import did_you_mean

        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(f'No command "{args[0]}". {did_you_mean(args[0], COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"evalkit {version('evalkit')}")
        ctx.exit()


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: evalkit run suites/support.yaml --model baseline/rules",
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Say it.")
@click.option("--debug", is_flag=True, help="Show where in the program an error came from.")
def cli(debug: bool) -> None:
    """Is this model usable for this job, and how much margin is left?"""


def main() -> None:
    """Run the command line and exit with its code."""
    codecs.register_error("evalkit-escape", escape_unencodable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # of another kind, or None, in a program that has no console
            stream.reconfigure(errors="evalkit-escape")
    # A run handles it itself; anywhere else it ends evalkit as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    atexit.register(_ignore_signals)
    code = EXIT_INTERRUPTED
    try:
        code = call(sys.argv[1:])
        _settle(code)
    except KeyboardInterrupt:  # once more, while the first one was being told, or right after
        _settle(code)
    if code == EXIT_INTERRUPTED:
        # Python ends with a code of its own if a signal came within `exec`, as dataclasses are made, however it is met.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, AttributeError, ValueError):  # closed, full, or none at all
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _settle(code: int) -> None:
    """See to it that no signal changes the exit code while Python tidies up, which may wait for threads."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(code))


def _ignore_signals() -> None:
    """Python's very end gives every handler up, so that a signal would end it with a code of its own."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def call(arguments: list[str]) -> int:
    """Run one command line.

    Returns:
        The exit code: 0, or 1 and 3 of a gate or choice that fails or is an edge, 2 for wrong usage, a bad suite, or a
        file that cannot be read or written where it is, 4 for the infrastructure (a disk that is full or broken is), 70
        for a defect of evalkit, 130 for an interruption.
    """
    debug = "--debug" in arguments or bool(os.environ.get("EVALKIT_DEBUG"))
    try:
        # Not cli.main: it ends the process with 1 when a pipe breaks.
        with cli.make_context("evalkit", list(arguments)) as context:
            code: Any = cli.invoke(context)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        with contextlib.suppress(OSError):  # standard error may be full
            error.show()
        return EXIT_USAGE
    except EvalkitError as error:
        _tell(str(error), debug=debug)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("Stopped.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        explained = _explained(error)
        if explained is None:
            return _crash()
        _tell(explained, debug=debug)
        return EXIT_INFRASTRUCTURE if error.errno in _MACHINE else EXIT_USAGE
    except (Exception, SystemExit):  # code that a suite or a model brings along may call exit()
        return _crash()
    return code if isinstance(code, int) else 0


_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE}
"""Errors of the machine; others come from which file was named."""


def _explained(error: OSError) -> str | None:
    """One message for what the operating system refused; None when only a traceback can tell."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"Output cannot be written: {error.strerror}. Free some space."
    try:
        Path.cwd()
    except OSError:
        return "The current folder is not there any more; change to another one."
    return None


def _crash() -> int:
    _tell("evalkit itself failed; please report this with the lines above.", debug=True)
    return EXIT_CRASH


def _tell(message: str, *, debug: bool = False) -> None:
    """Print a message, and before it where the error came from if that is asked for.

    That standard error is full, or that nobody reads it, must not change the exit code.
    """
    with contextlib.suppress(OSError):
        if debug:
            traceback.print_exc()
        click.echo(printable(message), err=True)
