from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call

HEAD = "model,item,passed,response\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Runs of two models that were imported: the second loses 15 items of 40."""
    folder = tmp_path_factory.mktemp("compared")
    rows = [
        f"{model},q{n},{int(model == 'old' or n > 14)},{model} says {n}" for model in ("old", "new") for n in range(40)
    ]
    (folder / "answers.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    columns = ["--map", "model=model,item=item,passed=passed,response=response"]
    assert 0 == call(
        ["import", str(folder / "answers.csv"), *columns, "--threshold", "0.9", "-o", str(folder / "runs")]
    )
    return str(folder / "runs/old"), str(folder / "runs/new")


def test_two_runs_are_compared(runs: tuple[str, str], capsys: Any) -> None:
    assert 0 == call(["compare", *runs, "--flips", "1"])
    out, err = capsys.readouterr()
    assert "B is worse at clean (62.5 % against 100.0 %" in out
    assert "passed with A, not with B: 15, 1 shown" in out
    assert "      A: old says 0\n      B: new says 0\n" in out
    assert "" == err


def test_json_has_all_flips(runs: tuple[str, str], capsys: Any) -> None:
    assert 0 == call(["compare", *runs, "--json"])
    value = json.loads(capsys.readouterr().out)
    (condition,) = value["tasks"][0]["conditions"]
    assert ("fixed", 15, "worse") == (value["method"], len(condition["flips"]), condition["shown"])


@pytest.mark.parametrize(("name", "start"), [("out.json", "{"), ("out.txt", "B against A")])
def test_the_ending_of_a_file_says_what_it_holds(runs: tuple[str, str], tmp_path: Path, name: str, start: str) -> None:
    assert 0 == call(["compare", *runs, "-o", str(tmp_path / name)])
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_what_is_compared_without_pairs_is_a_warning(runs: tuple[str, str], tmp_path: Path, capsys: Any) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for file in Path(runs[1]).iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    text = (other / "run.json").read_text(encoding="utf-8")
    for folder, seed in ((other, 5), (tmp_path / "first", 0)):
        folder.mkdir(exist_ok=True)
        (folder / "trials.db").write_bytes((Path(runs[1]) / "trials.db").read_bytes())
        changed = text.replace('"address": "import"', '"address": "here"').replace('"seed": 0', f'"seed": {seed}')
        (folder / "run.json").write_text(changed, encoding="utf-8")
    assert 0 == call(["compare", str(tmp_path / "first"), str(other)])
    assert "warning: compared without pairing: different seeds: 0 and 5\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("no run.json; expected the folder of a run", ["nowhere", "nowhere"]),
        ("Missing argument 'RUN_B'", ["nowhere"]),
        ("-o x.pdf: no format ends in .pdf", ["a", "b", "-o", "x.pdf"]),
        ("-1 is not in the range", ["a", "b", "--flips", "-1"]),
    ],
)
def test_what_makes_no_sense_is_refused(message: str, arguments: list[str], capsys: Any) -> None:
    assert 2 == call(["compare", *arguments])
    assert message in " ".join(capsys.readouterr().err.split())
