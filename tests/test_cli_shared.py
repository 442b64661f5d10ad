from __future__ import annotations

import re
from typing import Any

import click
import pytest
from click.testing import CliRunner

from evalkit.cli import cli
from evalkit.cli.shared import FiniteFloat, read_settings


@pytest.mark.parametrize(
    ("expected", "setting"),
    [
        ({"a": 0.5}, "a=0.5"),
        ({"a": True}, "a=true"),
        ({"a": {"b": "="}}, 'a={"b": "="}'),
        ({"a": "END"}, "a=END"),
        ({"a": ""}, "a="),
        ({"a": "[" * 100_000}, "a=" + "[" * 100_000),
    ],
    ids=["number", "true", "object", "text", "empty", "deep"],
)
def test_a_value_that_reads_as_json_is_json_else_text(expected: dict[str, Any], setting: str) -> None:
    assert expected == read_settings([setting])


@click.command()
@click.option("--share", type=FiniteFloat(0, min_open=True))
def command(share: float) -> None:
    click.echo(share)


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "-inf", "0"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    done = CliRunner().invoke(command, ["--share", text])
    assert (2, True) == (done.exit_code, "Invalid value for '--share'" in done.output)


def test_a_number_in_the_range_is_taken() -> None:
    assert "0.5\n" == CliRunner().invoke(command, ["--share", "0.5"]).output


OTHERS = [("run", "--tasks", "--task"), ("plan", "--tasks", "--task"), ("show", "--task", "--tasks"),
          ("paraphrase", "--task", "--tasks")]  # fmt: skip


@pytest.mark.parametrize(("name", "shown", "other"), OTHERS)
@pytest.mark.parametrize("equals", [False, True])
def test_tasks_are_named_by_either_spelling(name: str, shown: str, other: str, equals: bool) -> None:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    model = ["--model", "echo/x"] if name == "paraphrase" else []
    read = []
    for spelling in (shown, other):
        given = [f"{spelling}=add"] if equals else [spelling, "add"]
        read.append(found.make_context(name, ["sums.yaml", *model, *given]).params)
    assert read[0] == read[1]
    assert "add" in (read[1].get("task"), *(read[1].get("tasks") or ()))


@pytest.mark.parametrize(("name", "shown", "other"), OTHERS)
def test_the_other_spelling_is_neither_in_help_nor_a_variable(name: str, shown: str, other: str) -> None:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    assert re.search(rf"^  {shown} ", found.get_help(click.Context(found)), re.M)
    assert not re.search(rf"{other}\b", found.get_help(click.Context(found)).partition("Options:")[2])
    (variable,) = {each.envvar for each in found.params if isinstance(each, click.Option) and shown in each.opts}
    assert f"EVALKIT_{name}_{shown[2:]}".upper() == variable


def test_both_spellings_add_up() -> None:
    found = cli.get_command(click.Context(cli), "run")
    assert found is not None
    assert ("a", "b", "c") == found.make_context("run", ["--task", "a", "--tasks", "b", "--task", "c"]).params["tasks"]
