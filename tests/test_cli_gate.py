from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from evalkit.cli import call
from evalkit.record import BASELINE_FILE, StoredGate, read_baseline, read_run_file, write_run_file
from tests.runs import rows_of, write_suite

N_ITEMS = 60
Wrong: TypeAlias = Callable[[int], bool]
"""For which items the model gives a wrong answer, by their number."""


RIGHT: Wrong = lambda item: False  # noqa: E731
THIRD: Wrong = lambda item: item % 3 == 0  # noqa: E731
ALL: Wrong = lambda item: True  # noqa: E731


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


def suite(**given: Any) -> None:
    write_suite(Path(), **({"n_items": N_ITEMS, "threshold": 0.5} | given))


def run(wrong: Wrong, *options: str, out: str = "runs", name: str = "app") -> int:
    """A run with a model that is wrong for some items."""
    rows = [{"item": f"i{n}", "response": "wrong" if wrong(n) else str(n + 1)} for n in range(N_ITEMS)]
    Path(f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return call(["run", "sums.yaml", "--model", f"replay/{name}.jsonl", "--out", out, *options])


def only(out: str = "runs") -> Path:
    (folder,) = Path(out).iterdir()
    return folder


_SAVED: list[str] = []


def earlier() -> None:
    """A run in `before` with a model that is always right."""
    suite()
    assert 0 == run(RIGHT, "--fixed", str(N_ITEMS), out="before")


def baseline() -> str:
    """The file of such a run, which is made once."""
    if not _SAVED:
        earlier()
        assert 0 == call(["gate", str(only("before")), "--save-baseline", "saved.json"])
        _SAVED.append(Path("saved.json").read_text(encoding="utf-8"))
    suite()
    Path("main.json").write_text(_SAVED[0], encoding="utf-8")
    return "main.json"


# --- thresholds


@pytest.mark.parametrize(
    ("code", "wrong", "threshold", "options"),
    [
        (0, RIGHT, 0.5, []),
        (1, ALL, 0.5, []),
        (3, THIRD, 0.66, []),
        (0, THIRD, 0.66, ["--edge", "pass"]),
        (1, ALL, 0.5, ["--edge", "pass"]),
        pytest.param(0, RIGHT, 0.5, ["--fixed", "40"], marks=pytest.mark.slow),
        pytest.param(1, ALL, 0.5, ["--until", "margin"], marks=pytest.mark.slow),
        pytest.param(0, RIGHT, 0.5, ["--explore"], marks=pytest.mark.slow),
    ],
)
def test_a_gate_exits_by_the_verdicts(
    code: int, wrong: Wrong, threshold: float, options: list[str], capsys: Any
) -> None:
    suite(threshold=threshold)
    assert code == run(wrong, "--gate", *options)
    assert code == call(["gate", str(only()), *(options if "--edge" in options else [])])
    assert "Gate of sums" in capsys.readouterr().out


def test_without_a_gate_a_run_exits_with_0_whatever_its_verdicts() -> None:
    suite()
    assert 0 == run(ALL)


# --- against a baseline


def test_a_run_that_got_worse_fails_as_soon_as_that_is_shown(capsys: Any) -> None:
    known = baseline()
    assert 1 == run(THIRD, "--gate", "--baseline", known)
    told = capsys.readouterr()
    assert "regressed" in told.out
    assert "to the verdicts, more to compare with the baseline; at most 60 calls" in told.err
    assert 10 <= len(rows_of(only())) < N_ITEMS
    stored = read_run_file(only())
    assert ("gate", "main.json", 0.02) == (stored.stopped, stored.gate and stored.gate.baseline,
                                           stored.gate and stored.gate.tolerance)  # fmt: skip
    assert read_baseline(Path(known)) == read_baseline(only() / BASELINE_FILE)
    assert 1 == call(["gate", str(only())])


@pytest.mark.parametrize(
    ("code", "options"),
    [(0, []), (3, ["--strict"]), (0, ["--strict", "--edge", "pass"]), (0, ["--strict", "--tolerance", "0.3"])],
)
def test_a_run_like_its_baseline_passes_and_a_strict_gate_wants_it_shown(code: int, options: list[str]) -> None:
    assert code == run(RIGHT, "--gate", "--baseline", baseline(), *options)


def test_a_run_is_compared_with_the_folder_of_another(capsys: Any) -> None:
    earlier()
    assert 1 == run(THIRD, "--gate", "--baseline", str(only("before")))
    assert f"Compared with {only('before')}" in capsys.readouterr().out.replace("\n", " ")


def test_a_finished_run_is_compared_without_a_call(capsys: Any) -> None:
    known = baseline()
    assert 0 == run(THIRD, "--fixed", str(N_ITEMS))
    assert 0 == call(["gate", str(only())])
    assert 1 == call(["gate", str(only()), "--baseline", known])
    assert 0 == call(["gate", str(only()), "--baseline", known, "--tolerance", "0.5"])


def test_what_has_changed_since_the_baseline_is_said(capsys: Any) -> None:
    known = baseline()
    suite(prompt="Please add: what is {a} + {b}?")
    run(RIGHT, "--gate", "--baseline", known, name="other")
    out = " ".join(capsys.readouterr().out.split())
    assert "the model was replay/app.jsonl, now replay/other.jsonl" in out
    assert "add has another prompt in the suite file" in out


def test_another_seed_is_refused_before_a_call_is_paid_for(capsys: Any) -> None:
    assert 2 == run(RIGHT, "--gate", "--baseline", baseline(), "--seed", "3")
    assert "main.json: was measured with --seed 0, found --seed 3" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_a_baseline_of_other_tasks_is_refused_before_a_call_is_paid_for(capsys: Any) -> None:
    known = Path(baseline())
    known.write_text(known.read_text(encoding="utf-8").replace('"task": "add"', '"task": "other"'), encoding="utf-8")
    assert 2 == run(RIGHT, "--gate", "--baseline", str(known))
    assert "main.json: found a baseline of other, expected one of add" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_a_broken_baseline_is_refused_in_a_line(capsys: Any) -> None:
    suite()
    Path("main.json").write_text("{}", encoding="utf-8")
    assert 2 == run(RIGHT, "--gate", "--baseline", "main.json")
    assert 1 == len(capsys.readouterr().err.splitlines())


# --- what is printed and written


def test_the_json_of_a_run_has_what_the_gate_says(capsys: Any) -> None:
    known = baseline()
    capsys.readouterr()
    assert 1 == run(THIRD, "--gate", "--baseline", known, "--json")
    told = json.loads(capsys.readouterr().out)
    assert ("failed", 1, "regressed") == (
        told["gate"]["outcome"], told["gate"]["exit_code"], told["gate"]["tasks"][0]["regression"]
    )  # fmt: skip
    assert 1 == call(["gate", str(only()), "--json"])
    assert told["gate"] == json.loads(capsys.readouterr().out)


def test_a_run_without_a_gate_has_no_word_of_one_in_its_json(capsys: Any) -> None:
    suite()
    assert 0 == run(RIGHT, "--json")
    assert "gate" not in json.loads(capsys.readouterr().out)


def test_several_runs_are_judged_together_and_the_worst_goes_before(capsys: Any) -> None:
    suite(threshold=0.66)
    for wrong, name in ((RIGHT, "a"), (THIRD, "b"), (ALL, "c")):
        run(wrong, out=f"runs/{name}")
    folders = [str(only(f"runs/{name}")) for name in "abc"]
    assert (3, 1) == (call(["gate", *folders[:2]]), call(["gate", *folders]))
    capsys.readouterr()
    call(["gate", *folders, "--json"])
    assert ["passed", "edge", "failed"] == [each["outcome"] for each in json.loads(capsys.readouterr().out)]


@pytest.mark.slow
def test_a_gate_is_written_as_markdown_and_junit(capsys: Any) -> None:
    run_options = ["--gate", "--baseline", baseline()]
    run(THIRD, *run_options)
    assert 1 == call(["gate", str(only()), "-o", "gate.md", "--junit", "gate.xml"])
    assert "add" in Path("gate.md").read_text(encoding="utf-8")
    assert "<testsuites" in Path("gate.xml").read_text(encoding="utf-8")


def test_a_baseline_is_saved_of_one_run_only(capsys: Any) -> None:
    earlier()
    assert 0 == call(["gate", str(only("before")), "--save-baseline", "main.json"])
    assert "main.json. Compare later runs: --baseline main.json" in capsys.readouterr().err
    assert 2 == call(["gate", str(only("before")), str(only("before")), "--save-baseline", "two.json"])
    assert "found 2 runs, expected one" in capsys.readouterr().err
    assert not Path("two.json").exists()


def test_a_run_that_got_worse_is_not_saved_as_a_baseline(capsys: Any) -> None:
    """What is compared with it later would look good."""
    run(THIRD, "--gate", "--baseline", baseline())
    assert 1 == call(["gate", str(only()), "--save-baseline", "worse.json"])
    assert "worse.json is not written: this run got worse" in capsys.readouterr().err
    assert not Path("worse.json").exists()


# --- options that do not fit together


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--baseline", "sums.yaml"], "--baseline: say nothing without --gate"),
        (["--strict", "--edge", "pass"], "--strict, --edge: say nothing without --gate"),
        (["--gate", "--strict"], "--strict: say nothing without --baseline"),
        (["--gate", "--tolerance", "0.1"], "--tolerance: say nothing without --baseline"),
        (["--gate", "--baseline", "sums.yaml", "--tolerance", "1"], "0<=x<1"),
    ],
)
def test_options_that_say_nothing_together_are_refused(options: list[str], said: str, capsys: Any) -> None:
    suite()
    assert 2 == run(RIGHT, *options)
    assert said in capsys.readouterr().err
    assert not Path("runs").exists()


def test_a_tolerance_for_a_run_that_was_compared_with_nothing_is_refused(capsys: Any) -> None:
    suite()
    run(RIGHT)
    assert 2 == call(["gate", str(only()), "--tolerance", "0.1"])
    assert "name a baseline with --baseline" in capsys.readouterr().err


def test_a_gate_can_be_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    known = baseline()
    for name, value in {"GATE": "1", "BASELINE": known, "TOLERANCE": "0.9"}.items():
        monkeypatch.setenv(f"EVALKIT_RUN_{name}", value)
    assert 0 == run(RIGHT)
    stored = read_run_file(only()).gate
    assert stored is not None
    assert ("main.json", 0.9) == (stored.baseline, stored.tolerance)


# --- resuming


def interrupted(wrong: Wrong, *options: str) -> Path:
    """A run whose process was killed before it could say how it ended."""
    run(wrong, *options)
    write_run_file(only(), read_run_file(only()).model_copy(update={"finished": None, "stopped": None}))
    return only()


def test_a_run_that_has_not_ended_is_not_judged(capsys: Any) -> None:
    suite()
    assert 2 == call(["gate", str(interrupted(RIGHT))])
    assert "go on with: evalkit run --resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--fixed", "20"], pytest.param(["--until", "margin"], marks=pytest.mark.slow)], ids=" ".join
)
def test_a_gate_without_a_baseline_that_is_resumed_judges_again_however_far_it_went(options: list[str]) -> None:
    suite()
    folder = interrupted(ALL, "--gate", *options)
    assert StoredGate(baseline=None, tolerance=0.02, strict=False) == read_run_file(folder).gate
    assert 1 == call(["run", "--resume", str(folder)])


@pytest.mark.parametrize("options", [[], pytest.param(["--gate", "--edge", "pass"], marks=pytest.mark.slow)])
def test_a_gate_that_is_resumed_keeps_its_baseline_and_fails_as_it_would_have(options: list[str]) -> None:
    """Nor is it let through because --gate was left out."""
    folder = interrupted(THIRD, "--gate", "--baseline", baseline())
    asked = len(rows_of(folder))
    Path("main.json").unlink()
    assert 1 == call(["run", "--resume", str(folder), *options])
    assert asked == len(rows_of(folder))


def test_terms_of_a_gate_do_not_change_when_it_is_resumed(capsys: Any) -> None:
    folder = interrupted(THIRD, "--gate", "--baseline", baseline())
    assert 2 == call(["run", "--resume", str(folder), "--gate", "--tolerance", "0.9"])
    assert "leave out --tolerance" in capsys.readouterr().err


def test_settings_of_the_environment_for_new_runs_are_not_in_the_way_of_resuming(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    suite()
    folder = interrupted(RIGHT)
    monkeypatch.setenv("EVALKIT_RUN_STRICT", "1")
    monkeypatch.setenv("EVALKIT_RUN_EDGE", "pass")
    assert 0 == call(["run", "--resume", str(folder)])
