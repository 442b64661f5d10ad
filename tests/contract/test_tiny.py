"""The models in the box are whole, as large as they say, and able to do what the largest is shown to do."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter.code import load_module
from evalkit.api import run
from evalkit.content import shipped

FOLDER = shipped("adapters") / "tiny"
NAMES = ["5k", "15k", "40k", "120k", "300k", "1m"]
every_model = pytest.mark.parametrize("name", NAMES)


def sizes() -> dict[str, Any]:
    card = tomllib.loads((shipped("adapters") / "tiny.toml").read_text(encoding="utf-8"))
    return dict(card["sizes"])


def test_each_size_has_weights_and_a_model_card() -> None:
    assert NAMES == list(sizes())
    assert {f"{name}{ending}" for name in NAMES for ending in (".safetensors", ".md")} == {
        path.name for path in FOLDER.iterdir()
    }


def test_all_weights_together_are_below_eight_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.safetensors")) < 8e6


@every_model
def test_a_model_is_as_large_as_its_card_says(name: str) -> None:
    network = load_module(shipped("adapters") / "tiny_network.py").Network(FOLDER / f"{name}.safetensors")
    matrices = [getattr(layer, part) for layer in network.layers for part in ("conv", "qkv", "out", "up", "down")]
    params = network.embed.size + sum(matrix.size for matrix in matrices)
    assert params == sizes()[name]["params"]


@every_model
def test_a_model_card_says_what_the_model_was_made_of(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# tiny/{name}\n")
    for said in (f"{sizes()[name]['params']:,}", f"{sizes()[name]['tokens']:,} characters", "FLOP", "loss", "MIT"):
        assert said in text


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), [("5k", 0.0), ("1m", 1.0)])
def test_the_largest_adds_and_the_smallest_does_not(name: str, expected: float, tmp_path: Path) -> None:
    measured = run("ladder", f"tiny/{name}", tasks=["addition"], conditions=["digits@3"], fixed=20, out=tmp_path)
    (task,) = measured.results.tasks
    assert [expected] == [one.pass_rate for one in task.conditions if one.condition == "digits@3"]
