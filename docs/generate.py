"""Write the pages that say what the program says of itself: docs/cli.md and docs/constraints.md.

python docs/generate.py            write them
python docs/generate.py --check    write nothing; exit with 1 and name the pages that are out of date
"""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from evalkit.cli import COMMANDS, call, cli
from evalkit.score import (
    Constraint,
    ConstraintSpec,
    constraint_schema,
    constraint_types,
    extract_schema,
    read_constraint,
)
from evalkit.score.lexicons import lexicons
from evalkit.suite.document import read_document

REPORT_FENCE = "```text report\n"
FOLDER = Path(__file__).resolve().parent
WIDTH = 100
NOTE = "<!-- Written by docs/generate.py; change the program or that file, not this one. -->"

CLI_INTRO = """\
# Commands

`evalkit COMMAND --help` prints what stands here. A terminal is not needed: only `new` asks
questions, and only at one.

- **Results** go to standard output, progress and messages to standard error. `--json` prints results as JSON.
- **SUITE** is a path, or the name of a suite in `suites/` of the current folder or of a shipped one (`support`).
- **Models** are named `PROVIDER/NAME`; `evalkit models` lists the providers. See [adapters](adapters.md).
- **Keys** come from the environment, or from a `.env` in the current folder. Of that file only the keys that
  the known providers name are read. No option takes a key.
- **Any option** can be set by a variable `EVALKIT_COMMAND_OPTION`, such as `EVALKIT_RUN_FIXED=100`.
- **Bars, signs and colour**, and lines that a run in progress draws anew, are for terminals. Words and numbers stand
  alone, fit for logs and screen readers, when the output is a file or a pipe, when `NO_COLOR` or `CI` is set, when
  `TERM` is `dumb`, and when the terminal's encoding lacks the characters.

| exit code | meaning |
|---|---|
| 0 | done; for `run` without `--gate`: the measurement is complete, whatever the verdicts |
| 1 | `gate`, `run --gate`, `choose`: a task is unusable or has regressed, or no model is usable |
| 2 | wrong usage, or a suite, a model's name, a run folder or a file that is wrong |
| 3 | likewise: that could not be settled (with `--edge pass`: 0) |
| 4 | the infrastructure: a refused key, an unknown model, a full or broken disk, more void trials than `--max-void` |
| 70 | a defect of evalkit itself; please report it |
| 130 | interrupted; the run can be resumed |

Where several hold: 2, 130, 4, 1, 3, in this order.
"""

CONSTRAINTS_INTRO = """\
# Constraints

A constraint is one yes/no demand on a response. A trial passes when all constraints of its task hold. Each also gives
a score from 0 to 1, so that a near miss can be told from a miss; the score of a trial is the mean. Scores never
decide anything.

A constraint is written as its bare name where it needs nothing (`- one_line`), in a short form (`- words: 19`), or with
its fields (`- words: {min: 5, max: 19}`). Any field may be a placeholder for a field of the item: `"{answer}"`; only
the function of `python` is the same for all items. Literal braces are doubled. Three more keys may stand beside a
constraint: `name`, which reports show instead of the kind; `extract`, which says what it reads
([below](#what-a-constraint-reads)); and `opposite`, which says how the perturbation `conflict` contradicts it.

```yaml
- name: lower case
  regex: {pattern: "[^A-Z]+", match: full}
  opposite: write the title in capitals
- name: short enough
  words: {max: 19}
  extract: fenced
```

"Contradicted by" is what `conflict` makes the user ask for where the suite gives no `opposite`, for the example
above it. It is said in varying words, as a wish (`soft`), a demand (`direct`) or an order to ignore the instructions
(`override`). The examples' items have `answer: Paris` and `title: Replacement for the cracked kettle`; ⏎ is a new line.
"""

EXTRACT_INTRO = """\
## The constraint that every task has

`answered` needs no line in a suite: the response is a whole answer. One that was cut off at the length limit, stopped
by a content filter, refused or left empty, or whose prompt did not fit the model's context, fails it, and with it the
trial, whatever the other constraints say.

## What a constraint reads

The whole response, unless the task or the constraint says `extract:`. It is one of these, or a list of them that is
applied in order. What is not there makes the constraint fail: it is an observation like any other.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """One use of a constraint, as a suite writes it."""

    entry: str
    passes: str
    """An answer that it accepts; placeholders are filled from `FIELDS`."""
    fails: str
    """An answer that it refuses."""


FIELDS: Mapping[str, Any] = {"answer": "Paris", "title": "Replacement for the cracked kettle"}
"""The item that the examples are about."""

EXAMPLES: Mapping[str, Example] = {
    "exact": Example('exact: {value: "{answer}", ignore: [case]}', "paris", "It is Paris"),
    "mentions": Example(
        "mentions: [kettle, [refund, money back]]", "Refunding two kettles", "Replacement for a kettle"
    ),
    "avoids": Example("avoids: emotional", "The lamp arrived broken", "The lamp arrived totally broken!"),
    "number": Example("number: {value: 1250, unit: [km, kilometres]}", "About 1,250 km", "1,250 miles"),
    "money": Example("money: {value: 34.99, currency: GBP}", "That makes £34.99.", "34.99 euros"),
    "date": Example('date: "2026-03-31"', "on 31st March 2026", "on 30 March 2026"),
    "choice": Example(
        "choice: {value: billing, options: [billing, refunds, delivery]}", "Billing", "billing or refunds"
    ),
    "list": Example("list: [3, 5, 8]", "3, 5 and 8", "5, 3, 8"),
    "set": Example("set: [figs, pears]", '["pears", "figs"]', "pears, figs, plums"),
    "sorted": Example("sorted: ascending", "- 2\n- 10", "10, 2"),
    "words": Example("words: {max: 6}", "Kettle leaks, refund wanted", "The kettle that I bought from you leaks"),
    "characters": Example("characters: {max: 30}", "Kettle leaks", "The kettle that I bought from you leaks"),
    "sentences": Example("sentences: {max: 2}", "Sorry. We sent a new one on 3.4.", "Sorry. We looked. It is lost."),
    "lines": Example("lines: {min: 2, max: 3}", "pears\nfigs", "pears"),
    "one_line": Example("one_line", "Kettle leaks", "Kettle\nleaks"),
    "starts_with": Example("starts_with: [Dear, Hello]", "Dear Ms Okafor, it is on its way.", "It is on its way."),
    "ends_with": Example(
        'ends_with: {text: "END", ignore: [case, punctuation]}', "That is all. End.", "The end is near"
    ),
    "no_preamble": Example("no_preamble", "Kettle leaks", "Here is a title: Kettle leaks"),
    "asks": Example(
        "asks: [[order number, order reference]]", "Could you send us the order number?", "We have your order number."
    ),
    "no_promise": Example(
        "no_promise: [refund]", "We cannot refund it after 30 days.", "We will refund the price today."
    ),
    "regex": Example(r'regex: "ORDER-\\d{{4}}"', "see ORDER-1042", "see ORDER-10"),
    "json": Example("json: object", '{"total": 5}', "[5]"),
    "json_schema": Example(
        "json_schema: {type: object, required: [total], properties: {total: {type: number}}}",
        '{"total": 5}',
        '{"total": "5"}',
    ),
    "similar": Example('similar: {value: "{title}", min: 0.7}', "Replacement of the cracked kettle", "Kettle"),
    "python": Example("python: checks.py:is_polite", "Thank you", "Go away"),
}
"""One use of each constraint. A test judges the answers."""


def cli_page() -> str:
    """Every command's help, at a fixed width and without colour."""
    root = click.Context(cli, info_name="evalkit", terminal_width=WIDTH, **cli.context_settings)
    parts = [NOTE, CLI_INTRO, _help("evalkit", root)]
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        parts.append(_help(f"evalkit {name}", click.Context(command, parent=root, info_name=name)))
    return "\n".join(parts)


def _help(title: str, context: click.Context) -> str:
    return f"## {title}\n\n```text\n{context.get_help().rstrip()}\n```\n"


def constraints_page() -> str:
    """Every constraint, extractor and lexicon, as the classes that implement them say."""
    kinds = constraint_types()
    rows = [f"| [`{key}`](#{key}) | {kind.about} | {_short(kind)} |" for key, kind in kinds.items()]
    parts = [NOTE, CONSTRAINTS_INTRO, "\n".join(["| constraint | holds when | short form |", "|---|---|---|", *rows])]
    forms = constraint_schema()["anyOf"][-1]["properties"]
    parts += ["\n".join(_section(kind, forms[key]["anyOf"])) for key, kind in kinds.items()]
    parts += ["\n".join([EXTRACT_INTRO, *_extractors()]), "\n".join(_lexicons())]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _short(kind: type[Constraint]) -> str:
    return f"`{kind.key}: {kind.short.upper()}`" if kind.short else "–"


def _section(kind: type[Constraint], forms: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"## {kind.key}\n"
    yield f"{kind.about} {_first_line(kind.check)}\n"
    example = EXAMPLES[kind.key]
    yield f"```yaml\n- {example.entry}\n```\n"
    yield f"Passes: {_code(example.passes)} · Fails: {_code(example.fails)}\n"
    rows = list(_fields(kind, forms))
    if rows:
        yield "\n".join(["| field | value | default | meaning |", "|---|---|---|---|", *rows, ""])
    wishes = _wishes(kind.key)
    if wishes:
        yield f"Contradicted by: {' · '.join(f'“{wish}”' for wish in wishes)}"


def _first_line(method: Callable[..., Any]) -> str:
    return (inspect.getdoc(method) or "").partition("\n")[0]


def example_of(key: str) -> ConstraintSpec:
    """The constraint that an example shows."""
    return read_constraint(read_document(Path(key), f"- {EXAMPLES[key].entry}").value[0])


def _wishes(key: str) -> tuple[str, ...]:
    """What contradicts the example; nothing where a function decides."""
    return () if key == "python" else example_of(key).bind(FIELDS, {}).wishes()


def _code(text: str) -> str:
    shown = text.replace("\n", "⏎")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def _fields(kind: type[Constraint], forms: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if kind.takes_mapping:
        yield f"| (the value itself) | {kind.short} | required | As in the example; it is not wrapped in a field. |"
        return
    long = next(form for form in forms if "properties" in form)
    for name, schema in long["properties"].items():
        field = kind.model_fields[name]
        default = "required" if field.is_required() else _default(field.default)
        yield f"| `{name}` | {_type(schema['anyOf'][0])} | {default} | {schema['description']} |"


def _default(value: Any) -> str:
    return "–" if value in (None, ()) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


_TYPES = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(option) for option in schema["anyOf"]))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if kinds == ["array"]:
        inner = _type(schema["items"])
        return f"list of ({inner})" if " or " in inner else f"list of {inner}"
    limits = [f"from {schema['minimum']}"] if "minimum" in schema else []
    limits += [f"to {schema['maximum']}"] if "maximum" in schema else []
    return " ".join([" or ".join(_TYPES[kind] for kind in kinds), *limits])


def _extractors() -> Iterator[str]:
    yield "| extractor | what it takes |"
    yield "|---|---|"
    for form in extract_schema()["anyOf"]:
        if "const" in form:
            yield f"| `{form['const']}` | {form['description']} |"
        elif form["type"] == "object":
            fields = form["properties"]
            keys = ", ".join(f"{name}: {_placeholder(schema)}" for name, schema in fields.items())
            meaning = " ".join(f"`{name}`: {schema['description']}" for name, schema in fields.items())
            yield f"| `{{{keys}}}` | {form['description']} {meaning} |"


def _placeholder(schema: Mapping[str, Any]) -> str:
    return "/".join(schema["enum"]) if "enum" in schema else {"boolean": "true"}.get(schema["type"], "…")


def _lexicons() -> Iterator[str]:
    yield "## Lexicons\n"
    yield "Named lists of words for `avoids`.\n"
    yield "| name | what it holds |"
    yield "|---|---|"
    for name, lexicon in lexicons().items():
        yield f"| `{name}` | {lexicon.about} |"


def verdicts_page() -> str:
    """The page as it is, with its report of the example made anew."""
    page = (FOLDER / "verdicts.md").read_text(encoding="utf-8")
    start = page.index(REPORT_FENCE) + len(REPORT_FENCE)
    return page[:start] + example_report() + page[page.index("\n```", start) + 1 :]


def example_report() -> str:
    """What a run of the example prints, without its last lines, which tell the seconds and the folder."""
    asked = ["examples/invoice.yaml", "--model", "python:examples/my_app.py:answer", "--allow-code"]
    # One call after the other: which condition comes next then hangs on no clock.
    command = ["run", *asked, "--concurrency", "1"]
    printed = io.StringIO()
    with (
        TemporaryDirectory() as out,
        contextlib.chdir(FOLDER.parent),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        code = call([*command, "--out", out])
    assert code == 0, "the example must run"
    return printed.getvalue().rstrip().rpartition("\n\n")[0] + "\n"


@cache
def pages() -> Mapping[str, str]:
    """Each page with something generated, by its name in this folder, as it should be."""
    return {"cli.md": cli_page(), "constraints.md": constraints_page(), "verdicts.md": verdicts_page()}


def stale(folder: Path = FOLDER) -> list[str]:
    """The pages that differ from what would be written, or are not there."""
    return [
        name
        for name, text in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path = FOLDER) -> None:
    """Write every page."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Carry out one call; gives the exit code."""
    if arguments == ["--check"]:
        for name in (old := stale(folder)):
            print(f"docs/{name} is out of date; run: python docs/generate.py")
        return 1 if old else 0
    if arguments:
        print(__doc__)
        return 2
    write(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
