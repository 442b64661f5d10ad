"""`evalkit schema`."""

from __future__ import annotations

import click

from evalkit.cli.shared import print_json
from evalkit.suite import suite_schema


@click.command(epilog="Example: evalkit schema > suite.schema.json")
def command() -> None:
    """Print the JSON Schema of suite files, for completion and checks in an editor.

    An editor that speaks the YAML language server's protocol finds it by a first line in the suite:
    # yaml-language-server: $schema=suite.schema.json
    """
    print_json(suite_schema())
