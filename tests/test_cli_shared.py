from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

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
