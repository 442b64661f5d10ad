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
    write_suite(tmp_path, threshold=0.5)
    with serving(answer="add") as server:
        assert 0 == call(_at(server))
    out, err = capsys.readouterr()
    folder = _only_run()
    assert re.fullmatch(r"\d{8}T\d{6}Z-sums-localhost-m", folder.name)
    ahead = "at a pass rate of 0.99 about 10 calls to the verdicts, 20 with the margins; "
    assert f"{folder}: {ahead}at most 20 calls to localhost/m, price unknown\n" == err
    assert "sums with localhost/m" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("options", "said"), [([], ""), (["--max-cost", "10"], ""), (["--max-cost", "5"], ", so --max-cost cannot be kept")]
)
def test_a_budget_that_cannot_be_kept_is_spoken_of_only_if_it_was_set(
    tmp_path: Path, capsys: Any, options: list[str], said: str
) -> None:
    write_suite(tmp_path, n_items=2)
    with serving(answer="add") as server:
        assert 0 == call(_at(server, *options))
    assert capsys.readouterr().err.endswith(f"at most 2 calls to localhost/m, price unknown{said}\n")


def test_a_new_run_warns_of_what_can_never_be_usable(tmp_path: Path, capsys: Any) -> None:
    """Once: whoever resumes it knows."""
    write_suite(tmp_path, n_items=46)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    said = "clean: at threshold 0.9 the shortest way to usable is 47 passes in a row; there are 46 items for it"
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert f"warning: sums.yaml:5: tasks.add: {said}" in first.replace(f"{tmp_path}/", "")
    assert str(_only_run()) in second
    assert 0 == call(["run", "--resume", str(_only_run())])
    assert "warning" not in capsys.readouterr().err
    write_suite(tmp_path, n_items=47)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x", "--out", "more"])
    assert "warning" not in capsys.readouterr().err


def test_a_run_that_costs_nothing_says_so_beforehand(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=2)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    assert "at most 2 calls to echo/x, costs nothing" in capsys.readouterr().err


# --- money

PRICES = '["localhost/m"]\ninput = 100\noutput = 1000\ncached = 10\n'


def test_a_run_with_a_price_says_beforehand_what_it_may_cost(tmp_path: Path, capsys: Any) -> None:
    """Of twenty answers of 100 tokens, which are nearly all of it; the first call is not made yet."""
    write_suite(tmp_path, threshold=0.5)
    (tmp_path / "prices.toml").write_text(PRICES, encoding="utf-8")
    with serving(answer="add") as server:
        assert 0 == call(_at(server))
    ahead = r"at a pass rate of 0.99 about 10 calls \(1\.0\d USD\) to the verdicts, 20 \(2\.01 USD\) with the margins; "
    most = r"at most 20 calls to localhost/m, 2.01 USD if answers have 100 tokens\n"
    assert re.search(ahead + most, capsys.readouterr().err)


def test_a_run_that_may_cost_more_than_it_may_says_where_it_stops(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.5)
    (tmp_path / "prices.toml").write_text(PRICES, encoding="utf-8")
    with serving(answer="add") as server:
        assert 0 == call(_at(server, "--max-cost", "1.5", "--fixed", "20"))
    assert "2.01 USD if answers have 100 tokens; the run stops at 1.50 USD (--max-cost)\n" in capsys.readouterr().err


def test_every_answer_has_its_cost_and_the_run_says_by_which_prices(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=10, threshold=0.5)
    (tmp_path / "prices.toml").write_text(PRICES, encoding="utf-8")
    with serving(answer="add") as server:
        assert 0 == call(_at(server, "-M", "max_tokens=50"))
    rows, run = rows_of(_only_run()), read_run_file(_only_run())
    costs = [(row.tokens_in or 0) * 100e-6 + (row.tokens_out or 0) * 1000e-6 for row in rows]
    assert pytest.approx(costs) == [row.cost_usd for row in rows]
    assert pytest.approx(sum(costs), abs=1e-6) == run.totals.cost_usd
    (quote,) = run.prices
    assert ("localhost/m", "prices.toml", 100.0) == (quote.model, quote.source, quote.price and quote.price.input)
    said = "prices of localhost/m: 100 USD per million tokens in, 1000 out (prices.toml)"
    assert said in capsys.readouterr().out
    assert 0 == call(["report", str(_only_run())])
    assert said in capsys.readouterr().out


def test_a_run_never_costs_more_than_it_may(tmp_path: Path, capsys: Any) -> None:
    """An answer of at most 50 tokens may cost 5 cents and the question: one of nineteen fits into a dollar, not two."""
    write_suite(tmp_path, threshold=0.5)
    (tmp_path / "prices.toml").write_text(PRICES, encoding="utf-8")
    with serving(answer="word " * 39) as server:
        assert 0 == call(_at(server, "--max-cost", "0.3", "--fixed", "20", "-M", "max_tokens=50"))
    run = read_run_file(_only_run())
    assert "cost" == run.stopped
    assert 0.2 < (run.totals.cost_usd or 0) <= 0.3


def test_prices_that_are_wrong_are_refused_before_anything_is_asked(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    (tmp_path / "prices.toml").write_text('["localhost/m"]\ninput = -1\n', encoding="utf-8")
    with serving(answer="add") as server:
        assert 2 == call(_at(server))
        assert 0 == server.stats()["calls"]
    assert 2 == len(capsys.readouterr().err.splitlines())


TASK_KEYS = (
    "task threshold claim verdict weakest margin margin_low margin_high conditions constraints conjunction "
    "critical_levels repeat cost_usd latency_s tokens"
)
CONDITION_KEYS = (
    "condition perturbation level counts threshold measure trials passes void pass_rate low high margin margin_low "
    "margin_high verdict reason decided_at calls_to_decide evidence void_price mean_score mean_loss variants"
)


def test_json_has_the_published_shape(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, perturbations="{noise: {on: prompt, levels: [0.1, 0.3]}, repeat: 2}")
    with serving(answer="add") as server:
        assert 0 == call(_at(server, "--json", "--concurrency", "4"))
    results = json.loads(capsys.readouterr().out)
    assert ["suite", "model", "served_model", "fingerprint", "verdict", "tasks", "claims", "totals"] == list(results)
    assert ["false_discovery_rate", "usable", "unusable"] == list(results["claims"])
    (task,) = results["tasks"]
    assert TASK_KEYS.split() == list(task)
    assert {CONDITION_KEYS} == {" ".join(condition) for condition in task["conditions"]}
    assert {"constraint trials passes pass_rate low high"} == {" ".join(each) for each in task["constraints"]}
    (levels,) = task["critical_levels"]
    assert "perturbation usable_to unusable_from estimate low high fit contradiction" == " ".join(levels)
    assert "k items pass_hat_k standard_error consistent agreement" == " ".join(task["repeat"])
    assert ["p50", "p95"] == list(task["latency_s"])
    assert ["in", "out", "cached", "cache_write", "reasoning"] == list(task["tokens"])
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


def test_several_models_end_with_the_capability_map_in_the_order_given(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/b", "--model", "echo/a"])
    _, _, shown = capsys.readouterr().out.partition("\n\nCapability map of sums: 1 task, 2 models\n")
    assert "task b a" == " ".join(shown.splitlines()[0].split())
    assert 0 == call(["run", "sums.yaml", "--model", "echo/b"])
    assert "Capability map" not in capsys.readouterr().out


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
        ("leave it out with --fixed", ["run", "sums.yaml", "--model", "echo/x", "--fixed", "9", "--calibrated"]),
        ("is not one of 'verdict', 'margin'", ["run", "sums.yaml", "--model", "echo/x", "--until", "soon"]),
        ("is not in the range", ["run", "sums.yaml", "--model", "echo/x", "--max-cost", "0"]),
        ("is not a finite number", ["run", "sums.yaml", "--model", "echo/x", "--max-cost", "inf"]),
        ("leave out --until, --explore", ["run", "--resume", ".", "--until", "verdict", "--explore"]),
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
            "3 of 3 trials so far are void, more than --max-void 0.1 allows. The last one: http-400: HTTP 400: fault"
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
        "trials so far are void, more than --max-void 0.02 allows. The last one: program-error: python:own.py:answer: "
        in err
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


# --- how far a run goes


def _sequential(folder: Path, *options: str, **given: Any) -> list[str]:
    """A run of a suite that echo always passes, or always fails, told to stop at the verdict."""
    write_suite(folder, **{"n_items": 300, "constraints": "[one_line]", **given})
    return ["run", "sums.yaml", "--model", "echo/x", "--until", "verdict", "--json", *options]


def _conditions(capsys: Any) -> dict[str, dict[str, Any]]:
    """The conditions of the task, of what was just printed."""
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    return {each["condition"]: each for each in task["conditions"]}


def test_a_run_until_the_verdict_takes_the_fewest_calls(tmp_path: Path, capsys: Any) -> None:
    assert 0 == call(_sequential(tmp_path))
    clean = _conditions(capsys)["clean"]
    assert ("usable", 47, 47) == (clean["verdict"], clean["trials"], clean["decided_at"])


def test_a_run_goes_on_to_the_precision_of_the_suite_by_default(tmp_path: Path, capsys: Any) -> None:
    arguments = [each for each in _sequential(tmp_path, more="precision: 0.03\n") if each not in ("--until", "verdict")]
    assert 0 == call(arguments)
    clean = _conditions(capsys)["clean"]
    assert ("usable", 47) == (clean["verdict"], clean["decided_at"])
    assert 47 < clean["trials"] < 300
    assert (clean["high"] - clean["low"]) / 2 <= 0.03
    assert "margin" == read_run_file(_only_run()).scope.until


NOISE = "{noise: {on: prompt, levels: [0.3]}}"


@pytest.mark.parametrize(("options", "verdicts"), [([], ["edge", "unusable"]), (["--explore"], ["unusable"] * 2)])
def test_the_other_conditions_of_a_task_with_a_verdict_go_on_when_asked(
    tmp_path: Path, capsys: Any, options: list[str], verdicts: list[str]
) -> None:
    assert 0 == call(_sequential(tmp_path, *options, constraints='[{exact: "no"}]', perturbations=NOISE))
    conditions = _conditions(capsys)
    assert verdicts == sorted(each["verdict"] for each in conditions.values())
    assert {"task-decided"} - {"task-decided" if options else ""} == {
        each["reason"] for each in conditions.values() if each["verdict"] == "edge"
    }


def test_the_budgets_of_a_run_are_kept_in_its_file(tmp_path: Path) -> None:
    assert 0 == call(_sequential(tmp_path, "--max-cost", "2.5", "--max-calls", "30", "--explore"))
    scope = read_run_file(_only_run()).scope
    assert (2.5, 30, True, "verdict") == (scope.max_cost, scope.max_calls, scope.explore, scope.until)


def test_a_larger_budget_goes_on_where_the_smaller_one_ended(tmp_path: Path, capsys: Any) -> None:
    assert 0 == call(_sequential(tmp_path, "--max-calls", "20"))
    clean = _conditions(capsys)["clean"]
    assert ("edge", "budget", 10) == (clean["verdict"], clean["reason"], clean["trials"])  # 20 could not do
    folder = _only_run()
    made = read_run_file(folder).terms
    assert 0 == call(["run", "--resume", str(folder), "--max-calls", "200", "--json"])
    clean = _conditions(capsys)["clean"]
    assert "usable" == clean["verdict"]
    rows = rows_of(folder)
    assert clean["trials"] == len(rows) == sum(row.attempts for row in rows) == read_run_file(folder).totals.calls
    assert [each.test for each in made] == [each.test for each in read_run_file(folder).terms]


def test_the_same_budget_asks_nothing_more_and_a_smaller_one_is_refused(tmp_path: Path, capsys: Any) -> None:
    assert 0 == call(_sequential(tmp_path, "--max-calls", "20"))
    folder = str(_only_run())
    capsys.readouterr()
    assert 0 == call(["run", "--resume", folder, "--max-calls", "20", "--max-cost", "10"])
    assert "nothing is left to ask" in capsys.readouterr().err
    for option, value, before in (("--max-calls", "19", "20"), ("--max-cost", "9.5", "10")):
        assert 2 == call(["run", "--resume", folder, option, value])
        message = f"found {option} {value}, expected at least the {before} that it was made with"
        assert message in capsys.readouterr().err
    assert 10 == read_run_file(_only_run()).totals.calls


@pytest.mark.parametrize("kind", [["--fixed", "20"], ["--calibrated"]])
def test_a_run_whose_verdicts_hold_for_its_budget_cannot_get_a_larger_one(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, kind: list[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert 0 == call(_sequential(tmp_path, "--max-calls", "60", *kind))
    folder = _only_run()
    before = (folder / "run.json").read_bytes()
    capsys.readouterr()
    assert 2 == call(["run", "--resume", str(folder), "--max-calls", "200"])
    err = capsys.readouterr().err
    assert f"was made with {kind[0]}, so its verdicts hold for its own number of calls only; start a new run" in err
    assert before == (folder / "run.json").read_bytes()
    assert 0 == call(["run", "--resume", str(folder), "--max-cost", "20"])


def test_budgets_of_the_environment_are_for_new_runs(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_RUN_MAX_CALLS", "20")
    monkeypatch.setenv("EVALKIT_RUN_UNTIL", "verdict")
    assert 0 == call(_sequential(tmp_path))
    monkeypatch.setenv("EVALKIT_RUN_MAX_CALLS", "200")
    monkeypatch.setenv("EVALKIT_RUN_UNTIL", "margin")
    assert 0 == call(["run", "--resume", str(_only_run())])
    assert (20, 10) == (read_run_file(_only_run()).scope.max_calls, read_run_file(_only_run()).totals.calls)


def test_what_is_likely_is_said_beforehand_of_new_runs_that_stop_by_themselves(tmp_path: Path, capsys: Any) -> None:
    said = "at a pass rate of 0.99 about 10 calls to the verdicts, at most 20 calls to echo/x"
    assert 0 == call(_sequential(tmp_path, "--max-calls", "20"))
    assert said in capsys.readouterr().err
    assert 0 == call(["run", "--resume", str(_only_run()), "--max-calls", "30"])
    err = capsys.readouterr().err
    assert (False, True) == ("to the verdicts" in err, ": at most 20 calls to echo/x, costs nothing" in err)
    assert 0 == call(_sequential(tmp_path, "--fixed", "5"))
    assert "to the verdicts" not in capsys.readouterr().err


def test_calls_to_the_margins_are_said_of_runs_that_go_there(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=300, constraints="[one_line]")
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    said = re.search(r"about (\d+) calls to the verdicts, (\d+) with the margins; at most 300", capsys.readouterr().err)
    assert said is not None
    assert 47 <= int(said[1]) <= int(said[2]) <= 300


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
    # -B: bytecode that does not fit either would be cut off, and read by the next process.
    command = f'ulimit -f {limit_blocks}; exec "$0" -B -m evalkit "$@"'
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


@pytest.mark.parametrize("setting", ["n=3", "stream=true"])
def test_a_setting_that_cannot_be_sent_leaves_no_run(tmp_path: Path, capsys: Any, setting: str) -> None:
    """It could never be resumed."""
    write_suite(tmp_path)
    assert 2 == call(["run", "sums.yaml", "--model", "localhost/m", "-M", setting])
    assert f"sampling: {setting.split('=')[0]}: evalkit sets it itself; leave it out\n" == capsys.readouterr().err
    assert not Path("runs").exists()


@pytest.mark.slow
def test_a_web_page_in_place_of_a_model_is_told_with_its_address(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=1)
    with serving(script=("html",) * 5) as server:
        assert 4 == call(_at(server))
    assert f"If {server.base_url} is not the right address, start a new run" in capsys.readouterr().err
