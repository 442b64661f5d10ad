"""The commands that ask no model: check, plan, show, models, schema, new, rescore."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.cli import call
from tests.runs import write_suite
from tests.server import serving


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("LOCALHOST_API_KEY", raising=False)


# --- check


def test_a_suite_that_is_well_formed_passes_with_its_warnings(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    assert 0 == call(["check", "sums.yaml"])
    out = capsys.readouterr().out
    assert "warning: sums.yaml:5: tasks.add: clean: at threshold 0.9 the shortest way to usable is 47" in out
    assert out.endswith("sums.yaml: ok\n")


def test_all_errors_of_all_suites_are_shown(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    (tmp_path / "bad.yaml").write_text("suite: x\nthreshold: 95\ntasks: {}\n")
    assert 2 == call(["check", "sums.yaml", "bad.yaml", "--json"])
    good, bad = json.loads(capsys.readouterr().out)
    assert ([], "sums.yaml", "bad.yaml") == (good["errors"], good["suite"], bad["suite"])
    assert len(bad["errors"]) >= 2
    assert 2 == call(["check", "bad.yaml"])
    assert f"bad.yaml: {len(bad['errors'])} errors" in capsys.readouterr().out
    assert 2 == call(["check", "none.yaml"])
    assert "none.yaml: 1 error\n" in capsys.readouterr().out


def test_what_is_no_suite_does_not_keep_others_from_being_checked(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    assert 2 == call(["check", "", ".", "s" * 300, "sums.yaml", "--json"])
    assert [1, 1, 1, 0] == [len(report["errors"]) for report in json.loads(capsys.readouterr().out)]


def test_json_on_a_terminal_commands_nothing(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=1, prompt="{a} \\x9b31m \\x7f \\u202e")
    assert 0 == call(["show", "sums.yaml", "--task", "add", "--json"])
    out = capsys.readouterr().out
    assert "0 \\u009b31m \\u007f \\u202e" in out
    assert "0 \x9b31m \x7f \u202e" == json.loads(out)[0]["messages"][0]["content"]


def test_a_condition_that_cannot_be_made_is_an_error(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "notes.jsonl").write_text('{"kind": "note", "text": "Short."}\n')
    write_suite(tmp_path, perturbations="{context: {levels: [4000], material: notes.jsonl}}")
    assert 2 == call(["check", "sums.yaml"])
    assert "context@4000 cannot be made" in capsys.readouterr().out
    for command in (["plan", "sums.yaml"], ["show", "sums.yaml", "--task", "add"]):
        assert 2 == call(command)
        assert "context@4000" in capsys.readouterr().err


# --- plan


def _plan(capsys: Any, *options: str) -> dict[str, Any]:
    assert 0 == call(["plan", "sums.yaml", "--json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_plan_says_what_a_run_would_ask(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=1, perturbations="{repeat: 3}")
    plan = _plan(capsys, "--limit", "5")
    assert (20, None) == (plan["calls"], plan["cost_usd"])
    clean, repeated = plan["conditions"]
    assert ("clean", 5, 5, None) == (clean["condition"], clean["units"], clean["calls"], clean["least_units_to_usable"])
    assert ("repeat@3", 5, 15, False) == (
        repeated["condition"],
        repeated["units"],
        repeated["calls"],
        repeated["counts"],
    )
    assert clean["tokens_in"] + repeated["tokens_in"] == plan["tokens_in"] > 0
    assert 0 == call(["plan", "sums.yaml"])
    assert "at most 80 calls" in capsys.readouterr().out


RATES = ["0.8", "0.9", "0.97", "0.98", "0.99", "1"]


def test_a_plan_says_what_a_verdict_will_take(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.95, claim="set", perturbations="{repeat: 3}")
    clean, repeated = _plan(capsys)["conditions"]
    assert ("clean", 2000, 90) == (clean["condition"], clean["calls"], clean["least_units_to_usable"])
    assert RATES == list(clean["expected_calls"]) == list(clean["chance_of_a_verdict"])
    assert (90.0, 1.0) == (clean["expected_calls"]["1"], clean["chance_of_a_verdict"]["1"])
    assert 0.5 < clean["chance_of_a_verdict"]["0.97"] < 1
    assert 3 * repeated["least_units_to_usable"] == repeated["expected_calls"]["1"]


def test_a_plan_with_a_fixed_number_of_units_takes_that_many(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.95, claim="set")
    (clean,) = _plan(capsys, "--fixed", "100")["conditions"]
    assert (100, 72) == (clean["calls"], clean["least_units_to_usable"])
    assert dict.fromkeys(RATES, 100.0) == clean["expected_calls"]


def test_a_plan_shows_calls_by_pass_rate_to_eyes(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.95, claim="set", perturbations="{repeat: 3}")
    assert 0 == call(["plan", "sums.yaml"])
    title, head, clean, repeated, *rest = capsys.readouterr().out.splitlines()
    assert "calls to a verdict at a pass rate of" == title.strip()
    assert ["task", "condition", "counts", *RATES, "at", "most", "tokens/call"] == head.split()
    task, condition, counts, *calls = clean.split()
    assert ("add", "clean", "yes", "90", "2,000") == (task, condition, counts, calls[5], calls[6])
    assert ["add", "repeat@3", "no"] == repeated.split()[:3]
    brackets, *sums, most = rest
    assert "(in brackets: more likely given up than decided)" == brackets
    said = r"if the model really is at (0\.99|1) everywhere: (\d+) calls to the verdicts, (\d+) with the margins"
    told = [found.groups() for found in (re.fullmatch(said, line) for line in sums) if found is not None]
    assert [("0.99", calls[4]), ("1", calls[5])] == [(rate, verdicts) for rate, verdicts, _ in told]
    assert all(int(verdicts) < int(margins) for _, verdicts, margins in told)
    assert most.startswith("at most 2,399 calls, about ")


PRICES = '["localhost/m"]\ninput = 100\noutput = 1000\n'


def test_a_plan_with_a_model_says_what_it_will_cost(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.95, claim="set", perturbations="{repeat: 3}")
    (tmp_path / "prices.toml").write_text(PRICES, encoding="utf-8")
    plan = _plan(capsys, "--model", "localhost/m")
    assert ("localhost/m", "prices.toml", 100.0) == (
        plan["model"],
        plan["prices"]["source"],
        plan["prices"]["price"]["input"],
    )
    assert [0.99, 1.0] == [each["pass_rate"] for each in plan["expected"]]
    for taken in (plan, *(each[until] for each in plan["expected"] for until in ("to_verdicts", "with_margins"))):
        assert taken["calls"] * 100 == pytest.approx(taken["tokens_out"], rel=0.01)
        assert pytest.approx(taken["tokens_in"] * 1e-4 + taken["tokens_out"] * 1e-3, rel=0.01) == taken["cost_usd"]
    assert {100} == {row["tokens_per_answer_assumed"] for row in plan["conditions"]}


def test_the_price_of_a_plan_is_shown_with_what_it_was_reckoned_from(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.5, claim="set")
    (tmp_path / "prices.toml").write_text(PRICES, encoding="utf-8")
    assert 0 == call(["plan", "sums.yaml", "--model", "localhost/m", "-M", "max_tokens=50", "--max-calls", "300"])
    *_, sure, most, prices, assumed = capsys.readouterr().out.splitlines()
    said = r"10 calls \(0\.50 USD\) to the verdicts, \d+ \(\d\.\d\d USD\) with the margins"
    assert re.fullmatch(f"if the model really is at 1 everywhere: {said}", sure)
    stops = "a run stops at 10.00 USD unless --max-cost allows more"
    assert re.fullmatch(rf"at most 300 calls, about [\d,]+ tokens in \(chars/4\); 15\.\d\d USD; {stops}", most)
    assert "prices of localhost/m: 100 USD per million tokens in, 1000 out (prices.toml)" == prices
    further = "every 100 tokens more in an answer cost 100.00 USD per 1,000 calls"
    assert f"assumed: 50 tokens an answer, nothing from the provider's cache; {further}" == assumed


@pytest.mark.parametrize(
    ("model", "said", "cost"),
    [
        ("localhost/m", 'price unknown; a ["localhost/m"] in prices.toml makes it known', None),
        ("echo/x", "costs nothing", 0.0),
    ],
)
def test_a_plan_without_a_price_says_so(tmp_path: Path, capsys: Any, model: str, said: str, cost: float | None) -> None:
    write_suite(tmp_path)
    assert 0 == call(["plan", "sums.yaml", "--model", model])
    assert capsys.readouterr().out.endswith(f"; {said}\n")
    plan = _plan(capsys, "--model", model)
    assert (cost, None) == (plan["cost_usd"], plan["prices"])


def test_a_plan_needs_no_key_and_knows_the_price_list(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    plan = _plan(capsys, "--model", "openai/gpt-5-mini")
    assert "genai-prices" == plan["prices"]["source"]
    assert plan["cost_usd"] > 0


def test_a_plan_is_of_tasks_that_the_model_can_do(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path)
    assert 2 == call(["plan", "sums.yaml", "--model", "baseline/rules"])
    assert "it has no program for add" in capsys.readouterr().err


def test_calls_that_more_likely_end_without_a_verdict_stand_in_brackets(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.95, n_items=150)
    (row,) = _plan(capsys)["conditions"]
    assert 0 == call(["plan", "sums.yaml"])
    calls = capsys.readouterr().out.splitlines()[2].split()[3:9]
    likely = [row["chance_of_a_verdict"][rate] >= 0.5 for rate in RATES]
    assert {True, False} == set(likely)
    expected = [(str(round(row["expected_calls"][rate])), on) for rate, on in zip(RATES, likely, strict=True)]
    assert [number if on else f"({number})" for number, on in expected] == calls


def test_a_plan_of_a_fixed_number_tells_of_no_verdict_that_comes_earlier(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, threshold=0.95, claim="set")
    assert 0 == call(["plan", "sums.yaml", "--fixed", "100"])
    assert "if the model really is at" not in capsys.readouterr().out


def test_a_plan_warns_of_what_can_never_be_usable(tmp_path: Path, capsys: Any) -> None:
    """Not where it would disturb who reads the output."""
    write_suite(tmp_path, claim="set")
    assert 0 == call(["plan", "sums.yaml", "--max-calls", "20"])
    out, err = capsys.readouterr()
    assert "clean: at threshold 0.9 the shortest way to usable is " in err
    assert err.endswith("; its budget is 20 trials: it can never be called usable. Allow more with --max-calls\n")
    assert (1, "warning" in out) == (err.count("warning: "), False)
    assert 0 == call(["plan", "sums.yaml"])
    assert "" == capsys.readouterr().err


def test_a_plan_of_calibrated_tests_takes_fewer_calls(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_suite(tmp_path, threshold=0.8, claim="set")
    plain, exact = (_plan(capsys, "--max-calls", "200", *options) for options in ([], ["--calibrated"]))
    one, other = (plan["conditions"][0]["expected_calls"]["0.9"] for plan in (plain, exact))
    assert other < one


# --- show


def test_the_requests_that_are_shown_are_those_that_are_sent(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=1, perturbations="{noise: {on: prompt, levels: [0.3]}}")
    with serving(answer="add") as server:
        options = ["--model", "localhost/m", "-M", f"base_url={server.base_url}", "-M", "temperature=0"]
        assert 0 == call(["show", "sums.yaml", "--task", "add", "--condition", "noise@0.3", "--json", *options])
        (shown,) = json.loads(capsys.readouterr().out)
        assert 0 == call(["run", "sums.yaml", "--conditions", "noise", *options])
        assert shown["request"]["body"] == server.last_body
    assert ("add", "noise@0.3", "i0") == (shown["task"], shown["condition"], shown["item"])


def test_requests_are_shown_to_eyes_without_a_key(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=9)
    assert 0 == call(["show", "sums.yaml", "--task", "add", "--n", "2", "--model", "openai/m"])
    out = capsys.readouterr().out
    assert 2 == out.count("--- add, clean, item i")
    assert "[user]\nWhat is" in out
    assert not any(inner in out for inner in ("POST", "CALL", "{", "options:"))


@pytest.mark.parametrize(("model", "limit"), [("openai/m", "max_completion_tokens"), ("echo/show", "max_tokens")])
def test_sampling_options_are_shown_as_they_are_sent(tmp_path: Path, capsys: Any, model: str, limit: str) -> None:
    write_suite(tmp_path, n_items=1, more="sampling: {max_tokens: 4096}\n")
    assert 0 == call(["show", "sums.yaml", "--task", "add", "--model", model, "-M", 'stop=["a"]', "-M", "effort=low"])
    assert capsys.readouterr().out.endswith(f'\noptions: {limit}=4096, stop=["a"], effort=low\n\n')


def test_items_that_are_drawn_again_are_shown_once(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=3, claim="set")
    assert 0 == call(["show", "sums.yaml", "--tasks", "add", "--n", "5", "--json"])
    assert ["i0", "i1", "i2"] == sorted(shown["item"] for shown in json.loads(capsys.readouterr().out))


def test_the_variant_of_a_prompt_is_named(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=1, perturbations="{paraphrase: true}", more='    paraphrases: ["Add {a} to {b}."]')
    assert 0 == call(["show", "sums.yaml", "--task", "add", "--condition", "paraphrase"])
    assert "--- add, paraphrase (paraphrase 1), item i0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("message", "options"),
    [('no task "sub"', ["--task", "sub"]), ('no condition "x". Known: clean', ["--task", "add", "--condition", "x"])],
)
def test_what_is_not_there_cannot_be_shown(tmp_path: Path, capsys: Any, message: str, options: list[str]) -> None:
    write_suite(tmp_path)
    assert 2 == call(["show", "sums.yaml", *options])
    assert message in capsys.readouterr().err


# --- models


def test_providers_are_listed_and_whether_their_keys_are_set(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-secret\n")
    monkeypatch.setenv("LOCALHOST_API_KEY", "sk-other")
    assert 0 == call(["models"])
    out = capsys.readouterr().out
    assert "OPENAI_API_KEY: set in .env" in out
    assert "LOCALHOST_API_KEY: set in " in out
    assert "none needed" in out
    assert "sk-" not in out
    assert 0 == call(["models", "--json"])
    found = {listing["name"]: listing for listing in json.loads(capsys.readouterr().out)}
    assert {"openai", "localhost", "echo", "baseline", "replay", "python", "command"} <= set(found)
    assert (".env", None) == (found["openai"]["key_source"], found["echo"]["key_env"])
    (tmp_path / ".env").unlink()
    assert 0 == call(["models"])
    assert "OPENAI_API_KEY: not set" in capsys.readouterr().out


def test_the_list_of_providers_fits_a_narrow_terminal(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters/acme.toml").write_text(
        'name = "acme"\nabout = "Acme, which has a lot to say of itself: it is old, large, and well known."\n'
        'dialect = "openai-chat"\nbase_url = "https://acme.example"\nbase_url_env = "ACME_URL"\n'
        'key_env = "ACME_KEY"\nkey_env_also = ["ACME_TOKEN"]\nkey_required = false\nverified = false\n'
    )
    assert 0 == call(["models"])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    place = next(index for index, line in enumerate(lines) if line.startswith("acme *"))
    assert ["acme", "*", "ACME_KEY:", "not", "set", "(optional)", "project"] == lines[place].split()
    about = " ".join(line.strip() for line in lines[place + 1 : place + 3])
    assert about.endswith("well known. Key also: ACME_TOKEN. Address: ACME_URL.")
    assert "* written from the provider's documentation, not yet tried against the provider" in lines


def test_the_list_of_providers_has_everything_as_json(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://proxy.example/v1")
    assert 0 == call(["models", "--json"])
    listings = json.loads(capsys.readouterr().out)
    openai = next(listing for listing in listings if listing["name"] == "openai")
    assert sorted(listing["name"] for listing in listings) == [listing["name"] for listing in listings]
    assert ("https://proxy.example/v1", "OPENAI_BASE_URL", "openai-chat", "http", "shipped", True) == tuple(
        openai[key] for key in ("address", "base_url_env", "dialect", "transport", "origin", "key_required")
    )
    assert openai["docs"].startswith("https://")
    assert openai["source"].endswith("openai.toml")


# --- schema and new


def test_a_new_suite_is_whole_and_can_be_run(tmp_path: Path, capsys: Any) -> None:
    assert 0 == call(["new", "my suite.yaml"])
    assert "evalkit check my suite.yaml" in capsys.readouterr().out
    assert "my-suite" == yaml.safe_load((tmp_path / "my suite.yaml").read_text())["suite"]
    assert 0 == call(["check", "my suite.yaml"])
    assert 0 == call(["run", "my suite.yaml", "--model", "echo/x", "--fixed", "2"])
    capsys.readouterr()
    assert 0 == call(["schema"])
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "suite.schema.json").read_text())


@pytest.mark.parametrize(
    ("file", "name"), [("größe.yaml", "gr-e"), ("数学.yaml", "suite"), ("1e5.yaml", "1e5"), ("null.yaml", "null")]
)
def test_a_new_suite_has_a_name_that_a_suite_may_have(tmp_path: Path, capsys: Any, file: str, name: str) -> None:
    assert (0, 0) == (call(["new", file]), call(["check", file]))
    assert name == yaml.safe_load((tmp_path / file).read_text())["suite"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "mine").mkdir(mode=0o500)
    assert 2 == call(["new", "mine/x.yaml"])
    assert "mine/x.yaml: Permission denied\n" == capsys.readouterr().err


def test_nothing_is_overwritten(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "suite.schema.json").write_text("mine")
    assert 0 == call(["new", "...yaml"])
    assert "suite" == yaml.safe_load((tmp_path / "...yaml").read_text())["suite"]
    assert "mine" == (tmp_path / "suite.schema.json").read_text()
    for name, message in (
        ("...yaml", "exists already"),
        ("x.txt", "found the ending '.txt', expected .yaml"),
        ("none/x.yaml", "no folder none; make it first"),
    ):
        assert 2 == call(["new", name])
        assert message in capsys.readouterr().err


# --- rescore


def test_a_run_is_scored_again_without_a_call_or_a_key(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(tmp_path)
    with serving(answer="add") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
        assert 0 == call(["run", "sums.yaml", "--model", "openai/m", "-M", f"base_url={server.base_url}"])
    monkeypatch.delenv("OPENAI_API_KEY")
    (run,) = (tmp_path / "runs").iterdir()
    write_suite(tmp_path, constraints="[{characters: {max: 1}}]")
    capsys.readouterr()
    assert 0 == call(["rescore", str(run), "--suite", "sums.yaml", "--json", "--out", "again"])
    out, err = capsys.readouterr()
    assert 9 == json.loads(out)["tasks"][0]["conditions"][0]["passes"]
    assert "1 conditions scored again" in err
    assert 0 == call(["rescore", str(run), "--suite", "sums.yaml", "--out", "again"])
    assert "sums with openai/m" in capsys.readouterr().out


def test_a_run_that_was_scored_again_is_not_gone_on_with(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=2)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    (run,) = (tmp_path / "runs").iterdir()
    assert 0 == call(["rescore", str(run), "--suite", "sums.yaml", "--out", "again"])
    (again,) = (tmp_path / "again").iterdir()
    for command in (["run", "--resume", str(again)], ["rescore", str(again), "--suite", "sums.yaml"]):
        capsys.readouterr()
        assert 2 == call(command)
        assert "was made of stored responses, and asks for none; " in capsys.readouterr().err


def test_a_suite_that_asks_other_things_cannot_score_a_run(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=4)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    (run,) = (tmp_path / "runs").iterdir()
    write_suite(tmp_path, n_items=5)
    capsys.readouterr()
    assert 0 == call(["rescore", str(run), "--suite", "sums.yaml", "--out", "again"])
    assert "warning: 1 trials have no stored response: they were not answered then" in capsys.readouterr().err
    write_suite(tmp_path, n_items=4, prompt="Other: {a}, {b}")
    assert 2 == call(["rescore", str(run), "--suite", "sums.yaml", "--out", "again"])
    assert "none of its responses answers a request of sums.yaml" in capsys.readouterr().err
