"""`evalkit new`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from evalkit.cli.shared import say
from evalkit.errors import EvalkitError
from evalkit.suite import suite_schema

STARTER = """\
# yaml-language-server: $schema=suite.schema.json
suite: "{name}"
about: What this suite is for, in one line.
threshold: 0.9          # the pass rate that makes a task usable

tasks:
  answer-politely:
    about: One line on the ability that this task tests.
    prompt: |
      Answer the customer below in at most two sentences. Name the product.

      {{message}}
    paraphrases:        # the same instruction in other words, each a whole prompt
      - |
        Reply to this customer in two sentences at most, and mention the product by name.

        {{message}}
    items:              # or a file: items.jsonl, items.csv
      - {{id: kettle, message: "The kettle I ordered leaks. What now?", product: kettle}}
      - {{id: lamp, message: "Does the desk lamp come with a bulb?", product: lamp}}
    claim: set          # these very items; leave it out when they stand for many more
    constraints:        # a trial passes when all of them hold
      - mentions: ["{{product}}"]
      - words: {{max: 40}}
    perturbations:
      paraphrase: true
      noise: {{levels: [0.02, 0.05, 0.1], require: 0.05}}
      repeat: 5
"""


@click.command(epilog="Example: evalkit new my-suite.yaml")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
def command(file: Path) -> None:
    """Write a first suite to change into your own, and the schema that lets an editor help.

    Nothing that exists is overwritten.
    """
    if file.suffix not in {".yaml", ".yml"}:
        raise EvalkitError(f"{file}: found the ending {file.suffix!r}, expected .yaml")
    if file.exists():
        raise EvalkitError(f"{file}: exists already; name another file")
    if not file.parent.is_dir():
        raise EvalkitError(f"{file}: no folder {file.parent}; make it first")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("._-") or "suite"
    file.write_text(STARTER.format(name=name), encoding="utf-8")
    schema = file.with_name("suite.schema.json")
    if not schema.exists():
        schema.write_text(json.dumps(suite_schema(), indent=2) + "\n", encoding="utf-8")
    say(f"Wrote {file}. Change it, then: evalkit check {file}")
