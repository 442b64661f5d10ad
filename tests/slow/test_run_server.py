"""A whole run against a server that fails in every way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call
from tests.runs import rows_of, write_suite
from tests.server import serving

pytestmark = pytest.mark.slow

FAULTS = {"429": 0.03, "500": 0.03, "reset": 0.02, "truncated": 0.02, "html": 0.02, "not-json": 0.02, "slow": 0.01}


def test_failures_that_pass_change_no_result_and_every_answer_is_paid_for_once(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, n_items=400)
    results = []
    for name, faults in (("calm", {}), ("rough", FAULTS)):
        with serving(answer="add", rates=faults, delay_s=0.01) as server:
            options = ["-M", f"base_url={server.base_url}", "--concurrency", "50", "--fixed", "400", "--json"]
            assert 0 == call(["run", "sums.yaml", "--model", "localhost/m", "--out", name, *options])
            stats = server.stats()
        results.append(json.loads(capsys.readouterr().out))
        (folder,) = (tmp_path / name).iterdir()
        rows = rows_of(folder)
        assert {1} == set(stats["answered"].values())
        assert stats["calls"] == sum(row.attempts for row in rows)
        assert 400 == len(stats["answered"])
    calm, rough = results
    assert calm["tasks"][0]["conditions"] == rough["tasks"][0]["conditions"]
    assert 400 == rough["tasks"][0]["conditions"][0]["passes"]
    assert stats["calls"] > 430


def test_a_content_filter_and_an_overflow_are_fails_and_not_void(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, n_items=100)
    with serving(answer="add", rates={"filter": 0.1, "overflow": 0.1}) as server:
        options = ["-M", f"base_url={server.base_url}", "--fixed", "100", "--json"]
        assert 0 == call(["run", "sums.yaml", "--model", "localhost/m", *options])
        assert 100 == server.stats()["calls"]
    (condition,) = json.loads(capsys.readouterr().out)["tasks"][0]["conditions"]
    assert (100, 0) == (condition["trials"], condition["void"])
    (folder,) = (tmp_path / "runs").iterdir()
    reasons = [row.finish_reason for row in rows_of(folder)]
    failed = reasons.count("content_filter") + reasons.count("context_overflow")
    assert 100 - failed == condition["passes"] < 95
