"""Whole runs against servers that speak the formats of Anthropic, Google, Ollama and Cohere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call
from tests.exchanges import CARDS
from tests.runs import rows_of, write_suite
from tests.wire_servers import FORMATS, KEY, WireServer, speaking

FAULTS = ("overflow", "length", "filtered", "refusal")
FINISH = {"overflow": "context_overflow", "length": "length", "filtered": "content_filter", "refusal": "refusal"}

every_format = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs land in the test's own folder, with the servers' key and nobody's addresses."""
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, n_items=10)
    for name in FORMATS:
        card = CARDS[name].card
        monkeypatch.delenv(card.base_url_env or "", raising=False)
        if card.key_env is not None:
            monkeypatch.setenv(card.key_env, KEY)


def _run(name: str, server: WireServer, *more: str, n_trials: int = 8) -> int:
    options = ["--fixed", str(n_trials), "--concurrency", "1", "-M", f"base_url={server.base_url}", *more]
    return call(["run", "sums.yaml", "--model", f"{name}/m", "--out", name, *options])


@every_format
def test_what_a_model_does_is_observed_and_what_fails_is_asked_again(name: str, capsys: Any) -> None:
    """A refusal, a cut, a filter and a prompt that does not fit are fails; a full server is asked once more."""
    faults = [fault for fault in FAULTS if fault in FORMATS[name].faults]
    with speaking(name, script=("429", *faults)) as server:
        assert 0 == _run(name, server), capsys.readouterr().err
    (folder,) = Path(name).iterdir()
    rows = sorted(rows_of(folder), key=lambda row: row.position)
    assert [None] * 8 == [row.void_reason for row in rows]
    assert [FINISH[fault] for fault in faults] == [row.finish_reason for row in rows[: len(faults)]]
    assert [False] * len(faults) + [True] * (8 - len(faults)) == [row.passed for row in rows]
    assert (9, [2, 1, 1, 1, 1, 1, 1, 1]) == (server.calls, [row.attempts for row in rows])
    assert (13, 1) == (rows[-1].tokens_in, rows[-1].tokens_out)


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].key])
def test_a_wrong_key_ends_the_run_at_once(name: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    key_env = CARDS[name].card.key_env
    assert key_env is not None
    monkeypatch.setenv(key_env, "k-wrong")
    with speaking(name) as server:
        assert 4 == _run(name, server)
    assert 1 == server.calls
    said = capsys.readouterr()
    assert f"refused the key in {key_env}" in said.err
    assert "k-wrong" not in said.out + said.err


def test_a_wait_that_stands_in_the_body_is_obeyed() -> None:
    """One of hours is not waited for: the trial is void at once."""
    with speaking("google", script=("hours",)) as server:
        assert 4 == _run("google", server, n_trials=1)
    (folder,) = Path("google").iterdir()
    (row,) = rows_of(folder)
    assert ("http-429", 1, 1) == (row.void_reason, row.attempts, server.calls)


def test_a_model_that_was_not_pulled_ends_the_run_at_once(capsys: Any) -> None:
    with speaking("ollama", script=("404",)) as server:
        assert 4 == _run("ollama", server)
    assert 1 == server.calls
    assert 'knows no model "m"' in capsys.readouterr().err


def test_settings_of_the_user_arrive_translated() -> None:
    with speaking("google") as server:
        assert 0 == _run("google", server, "-M", "max_tokens=5", "-M", "stop=END", n_trials=1)
    assert {"maxOutputTokens": 5, "stopSequences": ["END"]} == server.last_body["generationConfig"]
    assert "/v1beta/models/m:generateContent" == server.last_path
