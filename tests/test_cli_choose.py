from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call
from tests.choices import write_models
from tests.runs import rows_of, write_suite


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, threshold=0.6, n_items=30)
    write_models(tmp_path, bad=1, bad2=2, good=3, better=4, slow=2, impatient=0.5, refused=1)


def choose(*names: str, options: tuple[str, ...] = ()) -> int:
    models = [word for name in names for word in ("--model", f"python:models.py:{name}")]
    return call(["choose", "sums.yaml", *models, "--allow-code", *options])


def test_the_cheapest_usable_model_wins_whatever_the_order_and_the_others_are_not_asked(capsys: Any) -> None:
    assert 0 == choose("better", "good", "bad", options=("--json",))
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert ["bad", "good", "better"] == [each["model"].rpartition(":")[2] for each in found["candidates"]]
    assert ["unusable", "chosen", "not asked"] == [each["status"] for each in found["candidates"]]
    assert err.startswith("3 candidates, the cheapest first; asked until one is usable on every task\n  1. python")
    assert 2 == len(list(Path("runs").iterdir()))
    # Ten tokens in and two out at 3 USD for a million.
    assert pytest.approx(0.036) == found["candidates"][1]["cost_per_1k"]


def test_where_no_price_is_known_nobody_is_called_the_cheapest_before_the_first_call(capsys: Any) -> None:
    Path("prices.toml").unlink()
    assert 0 == choose("good", "bad")
    first, second = capsys.readouterr().err.splitlines()[:2]
    assert "no price is known: the smaller first where sizes are, else in the order given;" in first
    assert "  1. python:models.py:good: price unknown" == second


def test_the_runs_of_a_race_say_the_same_when_they_are_read_again(capsys: Any) -> None:
    assert 0 == choose("bad", "good")
    raced = capsys.readouterr().out
    assert 0 == call(["choose", *sorted(map(str, Path("runs").iterdir()))])
    again = capsys.readouterr().out
    assert raced.splitlines()[:7] == again.splitlines()[:7]
    assert "CHOSEN: python:models.py:good" in again


def test_when_nobody_is_usable_the_exit_code_says_so_and_what_would_help(capsys: Any) -> None:
    assert 1 == choose("bad", "bad2")
    out = capsys.readouterr().out
    assert "NOBODY can be chosen" in out
    assert "a program or a tool" in out


def test_a_model_that_is_too_slow_is_not_chosen(capsys: Any) -> None:
    assert 0 == choose("slow", "good", options=("--max-p95", "0.02", "--json"))
    found = json.loads(capsys.readouterr().out)
    assert ["too slow", "chosen"] == [each["status"] for each in found["candidates"]]
    assert 20 <= found["candidates"][0]["latency_s"]["slower"] + 20


def test_an_edge_fails_unless_it_may_pass(capsys: Any) -> None:
    budget = ("--max-calls", "5")
    assert (3, 0) == (choose("good", options=budget), choose("good", options=(*budget, "--edge", "pass")))
    assert "--max-calls 20" in capsys.readouterr().out


def test_an_interrupted_race_says_how_to_go_on_without_paying_twice(capsys: Any) -> None:
    assert 130 == choose("impatient", "good", options=("-M", "temperature=0", "--concurrency", "4"))
    out, err = capsys.readouterr()
    assert "STOPPED before anybody was chosen" in out
    (folder,) = Path("runs").iterdir()
    assert rows_of(folder)
    more = "-M temperature=0 --concurrency 4 --allow-code"
    models = "--model python:models.py:impatient --model python:models.py:good"
    assert f"with: evalkit choose sums.yaml {models} {more} --reuse {folder}\n" in err


def test_a_provider_that_refuses_is_an_exit_code_only_if_nobody_is_chosen(capsys: Any) -> None:
    assert 4 == choose("refused", "bad")
    assert 0 == choose("refused", "good")
    out = capsys.readouterr().out
    assert "- python:models.py:refused, failed: " in out
    assert "(the key was refused)" in " ".join(out.split())


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("--model echo/x: found twice", ["sums.yaml", "--model", "echo/x", "--model", "echo/x"]),
        ("found 2 suites, expected one", ["sums.yaml", "sums.yaml", "--model", "echo/x"]),
        ("sums.yaml: found no run's folder", ["sums.yaml"]),
        ("--max-calls: for a race, found no --model", [".", "--max-calls", "9"]),
        ('no adapter "ecko"', ["sums.yaml", "--model", "echo/x", "--model", "ecko/x"]),
        ('no task "ad"', ["sums.yaml", "--model", "echo/x", "--tasks", "ad"]),
        ("no run.json", ["."]),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    capsys: Any, message: str, arguments: list[str]
) -> None:
    assert 2 == call(["choose", *arguments])
    assert message in " ".join(capsys.readouterr().err.split())
    assert not Path("runs").exists()
