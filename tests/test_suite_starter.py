from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import EvalkitError
from evalkit.lint import lint
from evalkit.suite import Suite, read_suite
from evalkit.suite.columns import read_columns
from evalkit.suite.starter import (
    JUDGES,
    Answers,
    prompts_of,
    read_instruction,
    read_judge,
    read_task_name,
    read_threshold,
    starter_text,
)
from evalkit.template import fill

ROWS: list[dict[str, Any]] = [
    {"id": "a", "question": "What leaks?", "lang": "en", "my note": "x", "answer": "7", "OPTIONS": "{a} or [b]: 'c'"},
    {"id": "b", "question": "Which lamp is it?", "lang": "de", "my note": "y", "answer": "8", "OPTIONS": "x # y"},
]
INSTRUCTIONS = (
    st.none()
    | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
    .filter(lambda text: bool(text.strip()))
    .map(str.strip)
    | st.lists(
        st.sampled_from(
            ["{text}", "{question}", "{answer}", "{{", "}", "{", ": ", "# ", '"', "'", "\n", "  ", "- ", "x"]
        ),
        min_size=1,
    )
    .map("".join)
    .filter(lambda text: bool(text.strip()))
    .map(str.strip)
)
NAMED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True) | st.sampled_from(
    ["null", "true", "no", "1e5", "0x10", "1", "-".join("ab")]
)
JUDGED = st.sampled_from([*JUDGES])


def load(folder: Path, answers: Answers) -> Suite:
    suite = read_suite(folder / "x.yaml", starter_text(answers))
    assert [] == [finding for finding in lint(suite) if finding.kind == "error"]
    return suite


def in_file(folder: Path, kind: str, answers: Mapping[str, Any]) -> Answers:
    if kind == "inline":
        return Answers(suite="x", **answers)
    path = folder / f"my: items.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    else:
        cells = [",".join(ROWS[0]), *(",".join(f'"{value}"' for value in row.values()) for row in ROWS)]
        path.write_text("\n".join(cells), encoding="utf-8")
    target = "answer" if JUDGES[answers["judge"]].needs_target else None
    return Answers(suite="x", columns=read_columns(str(path), folder), target=target, **answers)


@settings(deadline=None)
@given(
    judge=JUDGED,
    kind=st.sampled_from(["inline", "jsonl", "csv"]),
    task=NAMES,
    instruction=INSTRUCTIONS,
    threshold=st.floats(0, 1),
)
def test_whatever_is_answered_the_suite_passes_check_and_asks_what_was_said(
    judge: str, kind: str, task: str, instruction: str | None, threshold: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        answers = in_file(Path(folder), kind, {"judge": judge, "task": task, "threshold": threshold})
        if instruction is not None:
            if not {*NAMED.findall(instruction)} <= {*answers.fields}:
                with pytest.raises(EvalkitError, match="Known: "):
                    read_instruction(instruction, answers)
                return
            answers = replace(answers, instruction=read_instruction(instruction, answers))
        (found,) = load(Path(folder), answers).tasks
    assert (task, threshold) == (found.name, found.threshold)
    fields = {name: f"<{name}>" for name in answers.fields}
    if instruction is not None:
        said = instruction
        for name, value in fields.items():
            said = said.replace(f"{{{name}}}", value)
        assert fill(found.prompt[0].content, fields).startswith(said)
    prompts = [found.prompt[0].content, *(variant[0].content for variant in found.paraphrases)]
    assert prompts == prompts_of(answers)
    assert 3 == len(set(prompts))
    assert all(value in fill(prompt, fields) for prompt in prompts for value in fields.values())
    assert ["clean", "paraphrase", "noise@0.02", "noise@0.05", "noise@0.1", "repeat@5"] == [
        each.condition.id for each in found.conditions
    ]


@pytest.mark.parametrize("kind", ["inline", "jsonl", "csv"])
@pytest.mark.parametrize("judge", JUDGES)
def test_every_judge_fits_every_form_of_items(tmp_path: Path, judge: str, kind: str) -> None:
    task = load(tmp_path, in_file(tmp_path, kind, {"judge": judge})).task("answer")
    (bound,) = task.bind(task.supply[0])  # type: ignore[index]  # items are a list
    assert {"length": "words"}.get(judge, judge) == bound.constraint.key
    assert ("set" if kind == "inline" else "population") == task.claim


def test_the_example_answers_are_right() -> None:
    for name, judge in JUDGES.items():
        task = read_suite(Path("x.yaml"), starter_text(Answers(suite="x", judge=name))).task("answer")
        for item, (_, answer) in zip(task.supply, judge.items, strict=True):  # type: ignore[arg-type]
            said = {"json": "{}", "length": "Yes."}.get(name, str(answer))
            assert all(bound.constraint.check(said).passed for bound in task.bind(item)), name


def test_options_of_any_spelling_are_options(tmp_path: Path) -> None:
    answers = in_file(tmp_path, "jsonl", {"judge": "choice"})
    assert answers.columns is not None
    answers = Answers(suite="x", judge="choice", columns=answers.columns, target="OPTIONS")
    task = load(tmp_path, answers).task("answer")
    assert [True, False] == [
        task.bind(item)[0].constraint.check("{a} or [b]: 'c'").passed
        for item in task.supply  # type: ignore[union-attr]
    ]
    assert "{a} or [b]: 'c', x # y?" in fill(task.prompt[0].content, dict.fromkeys(answers.fields, ""))


def test_the_file_tells_what_every_key_is_for() -> None:
    text = starter_text(Answers(suite="x"))
    lines = text.splitlines()
    for key in ("suite", "about", "threshold", "answer", "prompt", "paraphrases", "items", "claim", "constraints",
                "perturbations", "paraphrase", "noise", "repeat"):  # fmt: skip
        place = next(number for number, line in enumerate(lines) if line.lstrip().startswith(f"{key}:"))
        assert "  # " in lines[place] or lines[place - 1].lstrip().startswith("#"), key
    assert "# yaml-language-server: $schema=suite.schema.json" == lines[0]
    assert "REWRITE THESE TWO" in text
    assert "REPLACE THESE TWO" in text


def test_fields_that_cannot_be_placeholders_are_named_in_the_file(tmp_path: Path) -> None:
    assert "not usable as placeholders: my note\n" in starter_text(in_file(tmp_path, "csv", {"judge": "exact"}))


@pytest.mark.parametrize(
    ("read", "given", "message"),
    [
        (read_task_name, "my task!", "such as my-task"),
        (read_task_name, "", "expected a name"),
        (partial(read_instruction, answers=Answers(suite="x")), " \n", "found nothing"),
        (partial(read_instruction, answers=Answers(suite="x")), "a\udcff", "not UTF-8"),
        (read_threshold, "95", "Did you mean 0.95?"),
        (read_threshold, "-1", "expected a pass rate from 0 to 1"),
        (read_threshold, "nan", "expected a pass rate"),
        (read_threshold, "much", "found 'much'"),
        (read_judge, "exakt", 'Did you mean "exact"?'),
    ],
)
def test_an_answer_that_is_none_is_explained(read: Any, given: str, message: str) -> None:
    with pytest.raises(EvalkitError) as caught:
        read(given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("judge", "kind", "given", "message"),
    [
        ("exact", "jsonl", "{questoin}", 'found {questoin}, expected a field of the items. Did you mean "question"?'),
        ("exact", "inline", "Say {txet}", 'found {txet}, expected a field of the items. Did you mean "text"? Known: '),
        ("exact", "csv", "{{lnag}}", 'Did you mean "lang"? Known: OPTIONS, lang, question.'),
        ("exact", "jsonl", "{question}: {answer}", "{answer}, the field of the right answer: it would give the answer"),
        ("exact", "inline", "{answer}", "it would give the answer away. Known: text."),
        ("json", "jsonl", "{answer}", "it would give the answer away"),
        ("json", "inline", "{answer}", "found {answer}, expected a field of the items"),
    ],
)
def test_a_name_in_braces_must_be_a_field_that_may_be_shown(
    tmp_path: Path, judge: str, kind: str, given: str, message: str
) -> None:
    with pytest.raises(EvalkitError) as caught:
        read_instruction(given, in_file(tmp_path, kind, {"judge": judge}))
    assert message in str(caught.value)


def test_a_field_that_no_prompt_can_show_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"q": "a", "odd": null, "some": 1, "gold": 1}\n{"q": "b", "odd": 1, "gold": 2}\n')
    answers = Answers(suite="x", judge="number", columns=read_columns(str(path), tmp_path), target="gold")
    for said, message in {"{odd}": "is no text or number in every item", "{some}": "it is not in every item"}.items():
        with pytest.raises(EvalkitError, match=message):
            read_instruction(said, answers)


@pytest.mark.parametrize("said", ['Reply like {"a": 1}', "{}", "{my note}", "{1}", "a { b } c", "{question"])
def test_other_braces_are_text(tmp_path: Path, said: str) -> None:
    answers = in_file(tmp_path, "jsonl", {"judge": "exact"})
    answers = replace(answers, instruction=read_instruction(said, answers))
    task = load(tmp_path, answers).task("answer")
    assert fill(task.prompt[0].content, dict.fromkeys(answers.fields, "")).startswith(said)


def test_an_example_instruction_is_marked_as_one(tmp_path: Path) -> None:
    marked = ["THE INSTRUCTION IS AN EXAMPLE" in starter_text(Answers(suite="x", instruction=i)) for i in (None, "Go.")]
    assert [True, False] == marked
