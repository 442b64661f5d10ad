"""Function-calling questions (Patil et al., Berkeley Function-Calling Leaderboard): calls as JSON, checked by schemas.

The gold of a question lists the calls, in any order, and for each argument the values that are right; an empty text
among them says that it may be left out. Where no function fits, there is no gold call: the model must abstain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.external.replayed import Replayed, read_jsonl, replay, write_jsonl

pytestmark = pytest.mark.external

Row: TypeAlias = dict[str, Any]

CATEGORIES = ("simple_python", "multiple", "parallel", "live_simple", "irrelevance")
SUITE = "suite: functions\nthreshold: 0.9\ntasks:\n" + "".join(
    f"""\
  {category}:
    prompt: "Answer with a JSON list of calls, empty if no function fits. {{functions}}\\n\\n{{question}}"
    items: {category}.jsonl
    extract: json
    constraints: [{{json_schema: "{{schema}}"}}]
"""
    for category in CATEGORIES
)


def right_values(given: Any) -> list[Any]:
    """The values that are right; two questions write a mapping without its list."""
    return [given] if isinstance(given, dict) else [value for value in given if value != ""]


def argument_schema(given: Any) -> dict[str, Any]:
    """One of the right values; mappings list those of their keys in turn."""
    options = [_deep(value) for value in right_values(given)]
    return {"anyOf": options} if options else {}


def _deep(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"type": "object", "properties": {key: argument_schema(each) for key, each in value.items()}}
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return {"type": "array", "prefixItems": [_deep(each) for each in value], "minItems": len(value)}
    return {"const": value}


def call_schema(call: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, Any]:
    ((name, arguments),) = call.items()
    required = [argument for argument, values in arguments.items() if "" not in values and values]
    properties = {argument: argument_schema(values) for argument, values in arguments.items()}
    inner = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "arguments": inner},
        "required": ["name", "arguments"],
    }


def schema(row: Row) -> dict[str, Any]:
    calls = row["ground_truth"] or []
    contained = [{"contains": call_schema(call)} for call in calls]
    return {"type": "array", "minItems": len(calls), "maxItems": len(calls), "allOf": contained or [{}]}


def first(value: Any) -> Any:
    """The first right value, to any depth."""
    if isinstance(value, dict):
        return {key: first(next(iter(right_values(each)), [])) for key, each in value.items()}
    return [first(each) for each in value] if isinstance(value, list) else value


def gold(row: Row) -> list[dict[str, Any]]:
    calls = []
    for call in row["ground_truth"] or []:
        ((name, arguments),) = call.items()
        chosen = {key: right_values(given)[:1] for key, given in arguments.items()}
        calls.append({"name": name, "arguments": {key: first(one) for key, values in chosen.items() for one in values}})
    return calls


def one_call_more(row: Row) -> list[dict[str, Any]]:
    return [*gold(row), {"name": row["function"][0]["name"], "arguments": {}}]


@pytest.fixture(scope="module")
def rows(data: Path) -> list[Row]:
    return read_jsonl(data / "bfcl_sample.jsonl")


def replayed(rows: list[Row], folder: Path, answers: Mapping[str, str]) -> Replayed:
    (folder / "functions.yaml").write_text(SUITE, encoding="utf-8")
    for category in CATEGORIES:
        items = [
            {
                "id": row["id"],
                "question": row["question"][0][-1]["content"],
                "functions": json.dumps(row["function"]),
                "schema": schema(row),
            }
            for row in rows
            if row["category"] == category
        ]
        write_jsonl(folder / f"{category}.jsonl", items)
    recording = folder / "answers.jsonl"
    write_jsonl(recording, ({"item": item, "response": response} for item, response in answers.items()))
    return replay(folder / "functions.yaml", recording, n_items=200)


def test_every_gold_answer_passes_and_abstaining_where_no_function_fits(rows: list[Row], tmp_path: Path) -> None:
    run = replayed(rows, tmp_path, {row["id"]: json.dumps(gold(row)) for row in rows})
    assert [] == [key for key, passed in run.passed.items() if not passed]
    assert dict.fromkeys(CATEGORIES, (200, 200)) == {
        category: (condition["trials"], condition["passes"]) for category, condition in run.conditions.items()
    }


def test_a_call_too_many_fails_everywhere(rows: list[Row], tmp_path: Path) -> None:
    """Where the model must abstain, any call is one too many."""
    run = replayed(rows, tmp_path, {row["id"]: json.dumps(one_call_more(row)) for row in rows})
    assert [] == [key for key, passed in run.passed.items() if passed]


def test_abstaining_fails_where_a_function_fits(rows: list[Row], tmp_path: Path) -> None:
    run = replayed(rows, tmp_path, {row["id"]: "No function fits: []" for row in rows})
    assert {category for (category, _), passed in run.passed.items() if passed} == {"irrelevance"}
