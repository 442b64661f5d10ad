from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call
from evalkit.record import hold, read_run_file
from tests.runs import rows_of, write_suite
from tests.server import Server, serving

KEY = "sk-9f1c-found-nowhere"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs land in the test's own folder, and nobody's keys or options come in."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LOCALHOST_API_KEY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def _at(server: Server, *options: str, model: str = "localhost/m") -> list[str]:
    return ["run", "sums.yaml", "--model", model, "-M", f"base_url={server.base_url}", *options]


def _only_run() -> Path:
    (folder,) = Path("runs").iterdir()
    return folder


def test_a_run_prints_results_on_stdout_and_progress_on_stderr(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    with serving(answer="add") as server:
        assert 0 == call(_at(server))
    out, err = capsys.readouterr()
    folder = _only_run()
    assert re.fullmatch(r"\d{8}T\d{6}Z-sums-localhost-m", folder.name)
    assert f"{folder}: at most 20 calls to localhost/m, price unknown\n" == err
    assert "sums with localhost/m" in out
    assert "\x1b" not in out


def test_a_run_that_costs_nothing_says_so_beforehand(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=2)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    assert "at most 2 calls to echo/x, costs nothing" in capsys.readouterr().err


TASK_KEYS = (
    "task threshold verdict weakest margin margin_low margin_high conditions constraints critical_levels repeat "
    "cost_usd latency_s tokens"
)
CONDITION_KEYS = (
    "condition perturbation level counts threshold trials passes void pass_rate low high margin margin_low margin_high "
    "verdict reason decided_at calls_to_decide evidence mean_score variants"
)


def test_json_has_the_published_shape(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, perturbations="{noise: {on: prompt, levels: [0.1, 0.3]}, repeat: 2}")
    with serving(answer="add") as server:
        assert 0 == call(_at(server, "--json", "--concurrency", "4"))
    results = json.loads(capsys.readouterr().out)
    assert ["suite", "model", "served_model", "verdict", "tasks", "totals"] == list(results)
    (task,) = results["tasks"]
    assert TASK_KEYS.split() == list(task)
    assert {CONDITION_KEYS} == {" ".join(condition) for condition in task["conditions"]}
    assert {"constraint trials passes pass_rate low high"} == {" ".join(each) for each in task["constraints"]}
    (levels,) = task["critical_levels"]
    assert "perturbation usable_to unusable_from estimate low high fit" == " ".join(levels)
    assert "k items pass_hat_k standard_error consistent agreement" == " ".join(task["repeat"])
    assert (["p50", "p95"], ["in", "out", "cached"]) == (list(task["latency_s"]), list(task["tokens"]))
    assert ["calls", "void", "cost_usd", "seconds"] == list(results["totals"])
    assert ("sums", "localhost/m", ["m-2026-10-01"]) == (results["suite"], results["model"], results["served_model"])


def test_the_results_are_those_of_the_run_file_and_of_the_report(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, perturbations="{noise: {on: prompt, levels: [0.3]}, repeat: 2}", threshold=0.5)
    with serving(answer="add", rates={"400": 0.05}) as server:
        assert 0 == call(_at(server, "--json", "--max-void", "1"))
    printed = json.loads(capsys.readouterr().out)
    assert 0 == call(["report", str(_only_run()), "--format", "json"])
    reported = json.loads(capsys.readouterr().out)
    assert printed == reported == json.loads((_only_run() / "run.json").read_text())["results"]
    assert printed["totals"]["void"] > 0


def test_several_suites_and_models_give_a_list(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=2)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/a", "--model", "echo/b", "--json"])
    out, _ = capsys.readouterr()
    assert ["echo/a", "echo/b"] == [results["model"] for results in json.loads(out)]
    assert 2 == len(list(Path("runs").iterdir()))


def test_a_model_that_cannot_be_reached_does_not_keep_the_others_from_their_turn(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=3)
    with serving(models=("other",)) as server:
        arguments = ["run", "sums.yaml", "--model", "localhost/m", "--model", "localhost/other", "--json"]
        assert 4 == call([*arguments, "-M", f"base_url={server.base_url}"])
    out, err = capsys.readouterr()
    assert ["localhost/other"] == [results["model"] for results in json.loads(out)]
    assert 'knows no model "m"' in err


def test_verdicts_do_not_change_the_exit_code(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    with serving(answer="nothing") as server:
        assert 0 == call(_at(server, "--json"))
    assert "unusable" == json.loads(capsys.readouterr().out)["verdict"]


# --- options


def test_options_are_set_by_the_environment_as_they_are_typed(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(tmp_path)
    for name, value in {"FIXED": "3", "MODEL": "echo/x", "JSON": "1", "OUT": "elsewhere", "MAX_VOID": "0.5"}.items():
        monkeypatch.setenv(f"EVALKIT_RUN_{name}", value)
    assert 0 == call(["run", "sums.yaml"])
    results = json.loads(capsys.readouterr().out)
    assert ("echo/x", 3) == (results["model"], results["totals"]["calls"])
    (folder,) = Path("elsewhere").iterdir()
    assert 0.5 == read_run_file(folder).max_void


def test_the_command_line_wins_over_the_environment(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(tmp_path)
    monkeypatch.setenv("EVALKIT_RUN_FIXED", "3")
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x", "--fixed", "4", "--json"])
    assert 4 == json.loads(capsys.readouterr().out)["totals"]["calls"]


def test_what_is_sent_is_recorded_when_asked(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=1)
    with serving(answer="add") as server:
        assert 0 == call(_at(server, "--keep-requests", "-M", "temperature=0.25", "-M", "stop=END"))
        body = server.last_body
    (row,) = rows_of(_only_run())
    assert body == json.loads(row.request or "")["body"]
    assert (0.25, "END") == (body["temperature"], body["stop"])


def test_a_sets_file_of_cards_is_found_where_it_is_named(tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=2)
    (tmp_path / "own").mkdir()
    with serving(answer="add") as server:
        card = (
            f'name = "acme"\nabout = "Ours."\ndialect = "openai-chat"\nbase_url = "{server.base_url}"\n'
            "free = true\nverified = true\n"
        )
        (tmp_path / "own" / "acme.toml").write_text(card)
        assert 0 == call(["run", "sums.yaml", "--model", "acme/m", "--adapters", "own"])


# --- wrong usage: 2


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("Name at least one SUITE and one --model", ["run"]),
        ("Name at least one SUITE and one --model", ["run", "sums.yaml"]),
        ("No such option", ["run", "sums.yaml", "--modle", "echo/x"]),
        ("no such file; expected a suite", ["run", "none.yaml", "--model", "echo/x"]),
        ("bad.yaml:1", ["run", "bad.yaml", "--model", "echo/x"]),
        ("nobody", ["run", "sums.yaml", "--model", "nobody/x"]),
        ("OPENAI_API_KEY is not set", ["run", "sums.yaml", "--model", "openai/x"]),
        ("found no KEY=VALUE", ["run", "sums.yaml", "--model", "echo/x", "-M", "temperature"]),
        ("keys come from the environment only", ["run", "sums.yaml", "--model", "openai/x", "-M", f"api_key={KEY}"]),
        ('no task "sub"', ["run", "sums.yaml", "--model", "echo/x", "--tasks", "sub"]),
        ("is not in the range", ["run", "sums.yaml", "--model", "echo/x", "--fixed", "0"]),
        ("is not in the range", ["run", "sums.yaml", "--model", "echo/x", "--confidence", "1"]),
        ("add --allow-code", ["run", "sums.yaml", "--model", "python:x.py:f"]),
        ("expected the folder of a run", ["run", "--resume", "."]),
        ("leave out SUITE, --fixed, -M", ["run", "sums.yaml", "--resume", ".", "--fixed", "2", "-M", "a=1"]),
    ],
)
def test_wrong_usage_exits_with_2_before_anything_is_asked(
    tmp_path: Path, capsys: Any, message: str, arguments: list[str]
) -> None:
    write_suite(tmp_path, n_items=2)
    (tmp_path / "bad.yaml").write_text("suit: x\n")
    assert 2 == call(arguments)
    out, err = capsys.readouterr()
    assert ("", True) == (out, message in err)
    assert "Traceback" not in err
    assert KEY not in err
    assert not Path("runs").exists()


def test_all_suites_and_models_are_looked_at_before_the_first_call(tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=2)
    assert 2 == call(["run", "sums.yaml", "--model", "echo/x", "--model", "nobody/x"])
    assert not Path("runs").exists()


def test_a_broken_judge_exits_with_2_and_keeps_the_answers(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "judge.py").write_text("def judge(text, fields):\n    return 1 / 0\n")
    write_suite(tmp_path, n_items=3, constraints='[{python: "judge.py:judge"}]')
    with serving(answer="add") as server:
        assert 2 == call(_at(server, "--allow-code"))
        assert server.stats()["calls"] == len(rows_of(_only_run()))
    err = capsys.readouterr().err
    assert f"Go on with: evalkit run --resume {_only_run()}\njudge.py:judge raised ZeroDivisionError" in err


# --- infrastructure: 4


def test_a_refused_key_exits_with_4_after_few_calls(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(key="another") as server:
        assert 4 == call(_at(server, "--concurrency", "3", model="openai/m"))
        assert server.stats()["calls"] <= 3
    out, err = capsys.readouterr()
    assert ("", True) == (out, "refused the key in OPENAI_API_KEY" in err)
    assert f"Go on with: evalkit run --resume {_only_run()}" in err


def test_an_unknown_model_exits_with_4(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    with serving(models=("other",)) as server:
        assert 4 == call(_at(server))
    assert 'knows no model "m"' in capsys.readouterr().err


def test_too_many_void_trials_exit_with_4_and_the_run_can_be_resumed(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    with serving(answer="add", script=("400",) * 3) as server:
        assert 4 == call(_at(server, "--concurrency", "1", "--max-void", "0.1"))
        assert (
            "3 of 20 trials are void, more than --max-void 0.1 allows. The last one: http-400: HTTP 400: fault 400"
            in capsys.readouterr().err
        )
        assert 0 == call(["run", "--resume", str(_only_run()), "--json"])
        assert {1} == set(server.stats()["answered"].values())
    results = json.loads(capsys.readouterr().out)
    assert (20, 0) == (results["totals"]["calls"], results["totals"]["void"])


def test_a_place_that_cannot_be_written_exits_with_4(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=2)
    (tmp_path / "file").write_text("")
    assert 4 == call(["run", "sums.yaml", "--model", "echo/x", "--out", "file/runs"])
    assert "name another place with --out" in capsys.readouterr().err


@pytest.mark.parametrize("body", ["raise ZeroDivisionError('x')", "return 3", "return {'text': object()}"])
def test_a_program_that_fails_in_any_way_is_no_defect_of_evalkit(tmp_path: Path, capsys: Any, body: str) -> None:
    write_suite(tmp_path, n_items=3)
    (tmp_path / "own.py").write_text(f"def answer(messages, options):\n    {body}\n")
    assert 4 == call(["run", "sums.yaml", "--model", "python:own.py:answer", "--allow-code"])
    err = capsys.readouterr().err
    assert (
        "trials are void, more than --max-void 0.02 allows. The last one: program-error: python:own.py:answer: " in err
    )
    assert "Traceback" not in err


# --- resuming and reusing


def test_a_run_that_another_process_holds_is_refused(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=2)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    folder = _only_run()
    with hold(folder):
        assert 2 == call(["run", "--resume", str(folder)])
    assert "another process is working on this run; wait for it" in capsys.readouterr().err


def test_resuming_and_reusing_ask_nothing_again(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    with serving(answer="add") as server:
        assert 0 == call(_at(server))
        folder = str(_only_run())
        assert 0 == call(["run", "--resume", folder])
        assert 0 == call(_at(server, "--reuse", folder, "--out", "more", "--json"))
        assert 20 == server.stats()["calls"]
    assert '"calls": 0' in capsys.readouterr().out


def test_options_of_the_environment_do_not_stand_in_the_way_of_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(tmp_path, n_items=3)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    monkeypatch.setenv("EVALKIT_RUN_FIXED", "2")
    monkeypatch.setenv("EVALKIT_RUN_MODEL", "nobody/x")
    assert 0 == call(["run", "--resume", str(_only_run())])
    assert 3 == read_run_file(_only_run()).totals.calls


# --- keys


def _everything(folder: Path, captured: Any) -> bytes:
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".env")
    return b"".join([files, captured.out.encode(), captured.err.encode()])


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("debug", [True, False])
def test_a_key_is_in_no_file_and_no_output(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, accepted: bool, debug: bool
) -> None:
    write_suite(tmp_path, n_items=3)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(answer="add", key=KEY if accepted else "another") as server:
        options = _at(server, "--keep-requests", model="openai/m")
        assert (0 if accepted else 4) == call([*(["--debug"] if debug else []), *options])
        assert f"Bearer {KEY}" == server.last_headers["Authorization"]
    captured = capsys.readouterr()
    assert KEY.encode() not in _everything(tmp_path, captured)
    assert ("Traceback" in captured.err) is (debug and not accepted)


def test_an_env_file_sets_keys_and_nothing_else(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It travels with repositories: an address from it could send a key elsewhere."""
    write_suite(tmp_path, n_items=3)
    lines = [f"OPENAI_API_KEY={KEY}", "OPENAI_BASE_URL=http://127.0.0.1:9/v1", "EVALKIT_RUN_FIXED=1", "NO_COLOR=1"]
    (tmp_path / ".env").write_text("\n".join(lines))
    with serving(answer="add", key=KEY) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert 0 == call(["run", "sums.yaml", "--model", "openai/m", "--json"])
    captured = capsys.readouterr()
    assert 3 == json.loads(captured.out)["totals"]["calls"]
    assert KEY.encode() not in _everything(tmp_path, captured)


def test_the_environments_key_wins_over_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_suite(tmp_path, n_items=1)
    (tmp_path / ".env").write_text("OPENAI_API_KEY=other")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(answer="add", key=KEY) as server:
        assert 0 == call(_at(server, model="openai/m"))


# --- whole processes


def _evalkit(folder: Path, *arguments: str, limit_blocks: str = "unlimited") -> subprocess.CompletedProcess[str]:
    command = f'ulimit -f {limit_blocks}; exec "$0" -m evalkit "$@"'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_a_full_disk_exits_with_4_and_the_run_can_be_resumed(tmp_path: Path) -> None:
    """The limit on the size of files stands for the end of the disk."""
    write_suite(tmp_path, n_items=3, prompt="What is {a} + {b}? " + "x" * 50_000)
    with serving(answer="add") as server:
        arguments = _at(server, "--keep-requests", "--concurrency", "1")
        failed = _evalkit(tmp_path, *arguments, limit_blocks="100")
        assert 4 == failed.returncode, failed.stderr
        assert "cannot be written" in failed.stderr
        assert "Traceback" not in failed.stderr
        resumed = _evalkit(tmp_path, "run", "--resume", str(_only_run()), "--json")
    assert (0, 3) == (resumed.returncode, json.loads(resumed.stdout)["tasks"][0]["conditions"][0]["passes"])


@pytest.mark.parametrize("given", ["", ",", " , "])
def test_an_option_that_names_nothing_is_not_taken_for_everything(given: str, tmp_path: Path, capsys: Any) -> None:
    """Such as --tasks "$TASKS" where the variable is not set."""
    write_suite(tmp_path)
    assert 2 == call(["run", "sums.yaml", "--model", "echo/x", "--tasks", given])
    assert "found no name" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_wrong_usage_goes_before_infrastructure_in_the_exit_code(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    (tmp_path / "m.py").write_text("def f(messages, options):\n    1 / 0\n", encoding="utf-8")
    (tmp_path / "r.jsonl").write_text("", encoding="utf-8")
    code = call(["run", "sums.yaml", "--model", "python:m.py:f", "--model", "replay/r.jsonl", "--model", "echo/x",
                 "--allow-code", "--json"])  # fmt: skip
    assert 4 == code
    assert ["echo/x"] == [result["model"] for result in json.loads(capsys.readouterr().out)]
