"""`evalkit paraphrase`, with real programs and a real server as the model."""

from __future__ import annotations

import json
import re
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.cli import call
from tests.runs import suite_text
from tests.server import serving

GOOD = ["Sum of {a} and {b}, please!", "Now add {a} to {b}: what do you get?"]
BAD = ["what is {a} + {b}", "Add {a}.", "{", 3]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("LOCALHOST_API_KEY", raising=False)


def write(**given: Any) -> str:
    text = suite_text(n_items=2, perturbations="{paraphrase: true}", **given)
    Path("s.yaml").write_text(text)
    return text


def program(answer: object = None) -> str:
    """A model that is a process; gives good and bad proposals."""
    text = json.dumps([*GOOD, *BAD]) if answer is None else answer
    Path("model.py").write_text(f"import sys\nassert 'What is' in sys.stdin.read()\nprint({text!r})\n")
    return f"command:{shlex.quote(sys.executable)} model.py"


def test_a_program_proposes_and_the_file_holds_what_will_do(capsys: Any) -> None:
    before = write()
    assert 0 == call(["paraphrase", "s.yaml", "--model", program()])
    out, err = capsys.readouterr()
    assert "add: accepted 2 of the 6 that came, 8 were asked for; written to s.yaml, review them\n" == out
    first, *rejected = err.splitlines()
    assert first.startswith("s.yaml: 1 call to command:")
    assert [
        'add: rejected "what is {a} + {b}": is the same as the prompt',
        'add: rejected "Add {a}.": lacks {b}',
        "add: rejected \"{\": a lone brace at '{'; write {{ and }} for literal braces, or {field}",
        'add: rejected "3": is no text',
    ] == rejected
    after = Path("s.yaml").read_text()
    note = f"      # proposed by {first.split(' to ')[1].split(', ')[0]}, {datetime.now(UTC).date()}: review, then "
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert ["    paraphrases:", note + "delete this line"] == added[:2]
    assert before == "".join(line for line in after.splitlines(keepends=True) if line.rstrip("\n") not in added)
    assert GOOD == yaml.safe_load(after)["tasks"]["add"]["paraphrases"]
    assert 0 == call(["check", "s.yaml"])


def test_a_function_proposes_as_numbered_lines(capsys: Any) -> None:
    write()
    listed = "Here you are:\n" + "\n".join(f"{number}. {text}" for number, text in enumerate(GOOD, 1))
    Path("own.py").write_text(f"def answer(messages, options):\n    return {listed!r}\n")
    arguments = ["paraphrase", "s.yaml", "--model", "python:own.py:answer"]
    assert 2 == call(arguments)
    assert "add --allow-code" in capsys.readouterr().err
    assert 0 == call([*arguments, "--allow-code", "--json", "--n", "1"])
    assert {
        "file": "s.yaml",
        "model": "python:own.py:answer",
        "written": True,
        "tasks": [
            {
                "task": "add",
                "accepted": GOOD[:1],
                "rejected": [{"text": GOOD[1], "reason": "is more than the 1 asked for"}],
            }
        ],
    } == json.loads(capsys.readouterr().out)


def test_a_server_is_asked_with_the_settings(capsys: Any) -> None:
    write(more='    paraphrases:\n      - "Add {a}, {b}"\n')
    with serving(answer=json.dumps(GOOD)) as server:
        settings = ["-M", f"base_url={server.base_url}", "-M", "temperature=1"]
        assert 0 == call(["paraphrase", "s.yaml", "--model", "localhost/m", *settings])
        assert 1 == server.stats()["calls"]
        assert 1 == server.last_body["temperature"]
        assert "What is {a} + {b}?" in server.last_body["messages"][0]["content"]
    assert "s.yaml: 1 call to localhost/m, price unknown\n" == capsys.readouterr().err
    assert ["Add {a}, {b}", *GOOD] == yaml.safe_load(Path("s.yaml").read_text())["tasks"]["add"]["paraphrases"]


def test_a_dry_run_prints_what_could_be_pasted(capsys: Any) -> None:
    before = write()
    assert 0 == call(["paraphrase", "s.yaml", "--model", program(), "--dry-run"])
    out, err = capsys.readouterr()
    assert GOOD == yaml.safe_load(out)
    assert "add: accepted 2 of the 6 that came, 8 were asked for; nothing is written\n" in err
    assert before == Path("s.yaml").read_text()
    assert 0 == call(["paraphrase", "s.yaml", "--model", program(), "--dry-run", "--json"])
    assert json.loads(capsys.readouterr().out)["written"] is False
    assert 0 == call(["paraphrase", "arithmetic", "--model", "echo/x", "--dry-run"])


def test_an_answer_without_a_list_changes_nothing(capsys: Any) -> None:
    before = write()
    assert 0 == call(["paraphrase", "s.yaml", "--model", program("I cannot do that.")])
    expected = "add: the answer held no list of texts, 8 were asked for; nothing is written\n"
    assert expected == capsys.readouterr().out
    assert before == Path("s.yaml").read_text()


def test_variants_that_no_condition_asks_for_are_pointed_out(capsys: Any) -> None:
    Path("s.yaml").write_text(suite_text(n_items=2))
    assert 0 == call(["paraphrase", "s.yaml", "--model", program()])
    assert "they are asked only with `paraphrase: true` under `perturbations`" in capsys.readouterr().err


TWO = suite_text(n_items=1) + suite_text(n_items=1).partition("tasks:\n")[2].replace("  add:", "  sub:")


def test_what_was_paid_for_outlasts_a_later_failure(capsys: Any) -> None:
    Path("s.yaml").write_text(TWO)
    with serving(answer=json.dumps(GOOD), script=("ok", "400")) as server:
        assert 4 == call(["paraphrase", "s.yaml", "--model", "localhost/m", "-M", f"base_url={server.base_url}"])
    assert "s.yaml: 2 calls to localhost/m" in capsys.readouterr().err
    tasks = yaml.safe_load(Path("s.yaml").read_text())["tasks"]
    assert (GOOD, None) == (tasks["add"]["paraphrases"], tasks["sub"].get("paraphrases"))


@pytest.mark.parametrize("spelling", ["--task", "--tasks"])
def test_only_the_tasks_that_are_named_are_reworded(spelling: str) -> None:
    Path("s.yaml").write_text(TWO)
    assert 0 == call(["paraphrase", "s.yaml", spelling, "sub", "--model", program()])
    tasks = yaml.safe_load(Path("s.yaml").read_text())["tasks"]
    assert (GOOD, None) == (tasks["sub"]["paraphrases"], tasks["add"].get("paraphrases"))


def test_proposals_that_cannot_be_written_any_more_are_not_lost(capsys: Any) -> None:
    write()
    change = "with open('s.yaml', 'a') as suite:\n        suite.write('# more\\n')"
    source = f"def answer(messages, options):\n    {change}\n    return {json.dumps(GOOD)!r}\n"
    Path("own.py").write_text(source)
    assert 2 == call(["paraphrase", "s.yaml", "--model", "python:own.py:answer", "--allow-code"])
    err = capsys.readouterr().err
    assert all(text in err for text in GOOD)
    assert err.endswith("s.yaml: has changed since it was read; nothing is written, do it again\n")


def test_a_refused_key_exits_with_4_and_changes_nothing(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = write()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    with serving(key="another") as server:
        assert 4 == call(["paraphrase", "s.yaml", "--model", "openai/m", "-M", f"base_url={server.base_url}"])
    out, err = capsys.readouterr()
    assert ("", True, False) == (out, "refused the key in OPENAI_API_KEY" in err, "Traceback" in err)
    assert before == Path("s.yaml").read_text()


def test_a_program_that_fails_exits_with_4(capsys: Any) -> None:
    write()
    Path("model.py").write_text("raise SystemExit('no')")
    assert 4 == call(["paraphrase", "s.yaml", "--model", f"command:{shlex.quote(sys.executable)} model.py"])
    assert "exit status 1: no" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("Missing option '--model'", ["s.yaml"]),
        ("no such file", ["none.yaml", "--model", "echo/x"]),
        ("nobody", ["s.yaml", "--model", "nobody/x"]),
        ("OPENAI_API_KEY is not set", ["s.yaml", "--model", "openai/x"]),
        ('no task "sub"', ["s.yaml", "--model", "echo/x", "--task", "sub"]),
        ("is not in the range", ["s.yaml", "--model", "echo/x", "--n", "0"]),
        ("found no KEY=VALUE", ["s.yaml", "--model", "echo/x", "-M", "x"]),
        ("it has no program for add", ["s.yaml", "--model", "baseline/rules"]),
        ("ships with evalkit and is not changed; copy it", ["arithmetic", "--model", "echo/x"]),
        ("flow.yaml:7: tasks.add.paraphrases: found the paraphrases in brackets",
         ["flow.yaml", "--model", "python:own.py:never", "--allow-code"]),
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_2_before_anybody_is_asked(capsys: Any, message: str, arguments: list[str]) -> None:
    before = write()
    Path("own.py").write_text("def never(messages, options):\n    open('asked', 'w')\n")
    flow = suite_text(n_items=1).replace("    claim:", '    paraphrases: ["Add {a}, {b}"]\n    claim:')
    Path("flow.yaml").write_text(flow)
    assert 2 == call(["paraphrase", *arguments])
    out, err = capsys.readouterr()
    assert ("", True) == (out, message in err), err
    assert "Traceback" not in err
    assert (before, flow) == (Path("s.yaml").read_text(), Path("flow.yaml").read_text())
    assert not Path("asked").exists()


def test_what_it_will_cost_is_told_where_the_price_is_known(capsys: Any) -> None:
    write()
    Path("prices.toml").write_text('["localhost/m"]\ninput = 1000\noutput = 1000\n')
    with serving(answer="no list") as server:
        assert 0 == call(["paraphrase", "s.yaml", "--model", "localhost/m", "-M", f"base_url={server.base_url}"])
    assert re.match(r"s\.yaml: 1 call to localhost/m, about 0\.\d+ USD\n", capsys.readouterr().err)
