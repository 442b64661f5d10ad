"""Every shipped suite is sound, and the schema that editors use says what the program says."""

from __future__ import annotations

import json
import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from evalkit.cli import call
from evalkit.content import shipped
from evalkit.score import constraint_types
from evalkit.score.normal import normalised
from evalkit.suite import suite_schema
from evalkit.suite.document import read_document
from evalkit.suite.models import SuiteFile
from evalkit.template import fields_of
from tests.shipped import ShippedTask, shipped_suite, shipped_tasks

FOLDER = shipped("suites")
SUITES = sorted(FOLDER.glob("*.yaml"))
every_suite = pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)

HEAD = 'suite: s\nthreshold: 0.9\ntasks:\n  t:\n    prompt: "{q}"\n    paraphrases: ["Please: {q}"]\n'
ITEMS = "    items: [{q: a, n: 1}]\n"
CONSTRAINTS = "    constraints: [one_line]\n"

GOOD = [
    "items: items.jsonl",
    "items: [{q: a}]",
    "items: {generate: addition}",
    "items: {generate: addition, digits: [1, 2]}",
    "items: {python: make.py:items, n: 3}",
    "prompt: text",
    "prompt: [{role: system, content: x}, {role: user, content: y}]",
    "paraphrases: [text, [{role: user, content: y}]]",
    "threshold: 1",
    "threshold: null",
    "claim: set",
    "group: q",
    "protect: [q, word]",
    "difficulty: {field: n}",
    "difficulty: {field: n, require: 3}",
    "difficulty: {field: n, require: hard}",
    "extract: json",
    "extract: [fenced, {after: x, which: first, line: true}, {before: y}, {strip: z}]",
    "perturbations: {paraphrase: true}",
    "perturbations: {paraphrase: false}",
    "perturbations: {paraphrase: null}",
    "perturbations: {paraphrase: {}}",
    "perturbations: {paraphrase: {threshold: 0.5}}",
    "perturbations: {noise: [0.02, 0.5]}",
    "perturbations: {noise: {levels: [0.1], require: 0.1, on: prompt, threshold: 0.8}}",
    "perturbations: {noise: null}",
    "perturbations: {context: [1000]}",
    "perturbations: {context: {levels: [1000, 2000], require: 1000, place: around, material: m.jsonl}}",
    "perturbations: {conflict: [soft, override]}",
    "perturbations: {conflict: {levels: [soft, direct], require: soft}}",
    "perturbations: {repeat: 5}",
    "perturbations: {repeat: {times: 5, threshold: 0.8, curtail: true}}",
    "constraints: [one_line, {one_line: null}, {one_line: {}}]",
    "constraints: [{name: brief, words: 3, extract: fenced}]",
    "constraints: [{words: 3}, {words: {min: 1, max: 3}}, {words: '{n}'}, {words: {max: '{n}'}}]",
    "constraints: [{characters: 3}, {lines: {min: 3}}]",
    "constraints: [{exact: x}, {exact: 5}, {exact: '{q}'}, {exact: {value: x, ignore: [case, accents]}}]",
    "constraints: [{similar: abc}, {similar: 5}, {similar: {value: '{q}', min: 0.9}}, {similar: {value: a, max: 0.6}}]",
    "constraints: [{number: 3}, {number: 1.5}, {number: '{n}'}, {number: {value: '3', tolerance: 0.1}}]",
    "constraints: [{number: {value: 3, unit: km}}, {number: {value: 3, unit: [km, miles]}}]",
    "constraints: [{money: {value: 3, currency: GBP}}, {money: {value: '{n}', currency: '{q}'}}]",
    "constraints: [{date: '2026-03-31'}, {date: {value: '{q}', order: month_first}}]",
    "constraints: [{list: [a, 5]}, {list: '{q}'}, {set: []}, {set: {value: [a]}}]",
    "constraints: [sorted, {sorted: descending}, {sorted: {order: ascending}}]",
    "constraints: [{sentences: 3}, {sentences: {min: 2}}, {starts_with: x}, {ends_with: [x, y]}]",
    "constraints: [{starts_with: {text: x, ignore: [case]}}, no_preamble, {no_preamble: {allow: [courtesy, remark]}}]",
    "constraints: [{asks: x}, {asks: [a, [b, c]]}, {asks: []}, {no_promise: [refund]}, {no_promise: '{q}'}]",
    "constraints: [{regex: a, opposite: write it in capitals}, {avoids: promises}]",
    "extract: {path: 'a.b[0].c'}",
    "constraints: [{choice: {value: '{q}', options: [a, b]}}, {choice: {value: a, options: '{q}'}}]",
    "constraints: [{mentions: x}, {mentions: '{q}'}, {mentions: [a, 5, [b, c]]}, {mentions: {phrases: [a]}}]",
    "constraints: [{avoids: emotional}, {avoids: [a, 5]}, {avoids: '{q}'}, {avoids: {phrases: [a]}}]",
    "constraints: [{regex: a}, {regex: {pattern: a, match: full}}]",
    "constraints: [json, {json: null}, {json: object}, {json: {type: array}}]",
    "constraints: [{json_schema: {type: object}}, {json_schema: true}, {json_schema: '{q}'}]",
    "constraints: [{python: checks.py:short}, {python: {function: checks.py:short}}]",
]
"""Everything that a task may say, in every form."""

BROKEN = [
    "treshold: 0.9",
    "threshold: 95",
    "threshold: high",
    "claim: sample",
    "prompt: []",
    "prompt: [{role: tool, content: x}]",
    "items: []",
    "items: [a]",
    "items: 5",
    "group: 5",
    "difficulty: {require: 3}",
    "extract: jsonn",
    "extract: []",
    "extract: {after: ''}",
    "perturbations: {nois: [0.1]}",
    "perturbations: {noise: []}",
    "perturbations: {noise: [5]}",
    "perturbations: {noise: {levels: [0.1], requires: 0.1}}",
    "perturbations: {noise: true}",
    "perturbations: {context: [10]}",
    "perturbations: {context: {levels: [1000], place: inside}}",
    "perturbations: {conflict: [hard]}",
    "perturbations: {repeat: 1}",
    "perturbations: {repeat: often}",
    "constraints: []",
    "constraints: [oneline]",
    "constraints: [words]",
    "constraints: [{words: {maks: 3}}]",
    "constraints: [{words: 0}]",
    "constraints: [{words: 3, lines: 3}]",
    "constraints: [{choice: billing}]",
    "constraints: [{json: text}]",
    "constraints: [{regex: {pattern: a, match: all}}]",
    "constraints: [{one_line: true}]",
]
"""What a task may not say, as far as a schema can know."""


@cache
def written_schema() -> Any:
    return json.loads((FOLDER / "suite.schema.json").read_text(encoding="utf-8"))


def complaints(value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(written_schema()).iter_errors(value)]


def parsed(text: str) -> Any:
    return read_document(Path("suite.yaml"), text).value


def task_saying(line: str) -> Any:
    """A suite whose one task has this line in place of its own."""
    key = line.partition(":")[0]
    kept = [own for own in (HEAD + ITEMS + CONSTRAINTS).splitlines() if not own.startswith(f"    {key}:")]
    return parsed("\n".join([*kept, f"    {line}"]))


def is_accepted(value: Any) -> bool:
    try:
        SuiteFile.model_validate(value)
    except ValidationError:
        return False
    return True


def test_suites_are_shipped() -> None:
    assert {"support", "arithmetic"} <= {path.stem for path in SUITES}


@every_suite
def test_a_suite_is_named_as_its_file(path: Path) -> None:
    assert path.stem == shipped_suite(path.stem).name


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow) if path.stem == "ladder" else path for path in SUITES],
    ids=lambda path: path.stem,
)
def test_a_shipped_suite_passes_check(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == call(["check", str(path), "--json"])
    assert [] == json.loads(capsys.readouterr().out)["errors"]


@every_suite
def test_a_shipped_suite_names_its_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert "# yaml-language-server: $schema=suite.schema.json" == first


def test_the_schema_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == call(["schema"])
    assert (FOLDER / "suite.schema.json").read_text(encoding="utf-8") == capsys.readouterr().out
    assert suite_schema() == written_schema()


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(written_schema())


@every_suite
def test_the_schema_accepts_a_shipped_suite(path: Path) -> None:
    assert [] == complaints(parsed(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("line", GOOD)
def test_what_the_program_accepts_the_schema_accepts(line: str) -> None:
    value = task_saying(line)
    assert is_accepted(value)
    assert [] == complaints(value)


@pytest.mark.parametrize("line", BROKEN)
def test_what_the_schema_refuses_the_program_refuses(line: str) -> None:
    value = task_saying(line)
    assert complaints(value)
    assert not is_accepted(value)


@pytest.mark.parametrize("missing", ["suite", "tasks", "prompt", "items", "constraints"])
def test_the_schema_refuses_a_suite_without_what_it_needs(missing: str) -> None:
    value = parsed(HEAD + ITEMS + CONSTRAINTS)
    assert [] == complaints(value)
    (value if missing in value else value["tasks"]["t"]).pop(missing)
    assert complaints(value)


def test_every_constraint_is_tried_on_the_schema() -> None:
    tried = " ".join(line for line in GOOD if line.startswith("constraints"))
    assert [] == [key for key in constraint_types() if f"{{{key}:" not in tried and f", {key}:" not in tried]


@pytest.mark.parametrize("name", ["addition", "subtraction"])
def test_the_answer_of_a_generator_passes(name: str) -> None:
    task = shipped_suite("arithmetic").task(name)
    assert not isinstance(task.supply, tuple)
    for level in task.supply.levels():
        fields = task.supply.draw(random.Random(level), level)
        (spec,) = task.constraints
        assert spec.bind(fields, {}).check(str(fields["answer"])).passed
        assert not spec.bind(fields, {}).check(str(fields["answer"] + 1)).passed


every_shipped_task = pytest.mark.parametrize("named", shipped_tasks(), ids=str)
_NUMBER = re.compile(r"(?<![\w.])\d[\d.,]*(?<=\d)")


# The models in the box know few wordings: those that their suite has.
@pytest.mark.parametrize("named", [task for task in shipped_tasks() if task.suite != "ladder"], ids=str)
def test_a_task_has_eight_wordings_that_differ(named: ShippedTask) -> None:
    task = named.read()
    wordings = [normalised(messages[-1].content, ["case", "punctuation", "spaces"]) for messages in task.paraphrases]
    wordings.append(normalised(task.prompt[-1].content, ["case", "punctuation", "spaces"]))
    assert len(set(wordings)) == len(wordings) >= 9


@every_shipped_task
def test_every_wording_has_the_placeholders_and_the_numbers_of_the_prompt(named: ShippedTask) -> None:
    task = named.read()
    prompt = task.prompt[-1].content
    for messages in task.paraphrases:
        wording = messages[-1].content
        assert fields_of(prompt) == fields_of(wording)
        assert set(_NUMBER.findall(prompt)) <= set(_NUMBER.findall(wording)), wording
