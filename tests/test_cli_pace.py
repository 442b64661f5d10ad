"""`evalkit run` and the Python functions hand on how fast a model may be asked."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.cli import call
from tests.runs import write_suite
from tests.server import Server, serving


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCALHOST_API_KEY", raising=False)


def _at(server: Server, *options: str) -> list[str]:
    return ["run", "sums.yaml", "--model", "localhost/m", "-M", f"base_url={server.base_url}", *options]


def _most_at_once(server: Server, seconds: float) -> int:
    return max(sum(start <= at < start + seconds for at in server.begun) for start in server.begun)


def test_a_rate_is_kept_in_any_second(tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=20)
    with serving(answer="add") as server:
        assert 0 == call(_at(server, "--fixed", "20", "--rate", "25/s"))
        # Spread: five, what may begin a tenth of a second early, and what a busy machine brings together.
        assert _most_at_once(server, 0.2) <= 11
        assert 0.6 < server.begun[-1] - server.begun[0] < 2


def test_tokens_a_minute_are_kept(tmp_path: Path) -> None:
    """Two calls fit into the minute; what happens to a third takes one, and is tested without a clock."""
    write_suite(tmp_path, n_items=2)
    with serving(answer="add") as server:
        assert 0 == call(_at(server, "--fixed", "2", "--tpm", "1000", "-M", "max_tokens=400"))
        assert 2 == len(server.begun)


def test_concurrency_of_the_user_bounds_the_calls_in_flight(tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=8)
    with serving(answer="add", delay_s=0.05) as server:
        assert 0 == call(_at(server, "--fixed", "8", "--concurrency", "1"))
        assert min(later - earlier for earlier, later in pairwise(server.begun)) >= 0.05


@pytest.mark.parametrize("rate", ["fast", "0/s", "10/day"])
def test_what_is_no_rate_is_wrong_usage(tmp_path: Path, capsys: Any, rate: str) -> None:
    write_suite(tmp_path, n_items=2)
    assert 2 == call(["run", "sums.yaml", "--model", "echo/x", "--rate", rate])
    assert f"rate: found {rate!r}, expected a number above 0" in capsys.readouterr().err


def test_python_takes_the_same(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=10)
    with serving(answer="add") as server:
        given: dict[str, Any] = {"options": {"base_url": server.base_url}, "fixed": 10, "max_calls": 10}
        evalkit.run(suite, "localhost/m", rate="20/s", tpm=10**6, out=tmp_path, **given)
        assert 0.3 < server.begun[-1] - server.begun[0] < 2


def test_a_limit_of_the_server_makes_no_trial_void(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=50)
    with serving(answer="add", bucket="200/20", bucket_wait="") as server:
        given: dict[str, Any] = {"options": {"base_url": server.base_url}, "fixed": 50, "max_calls": 50}
        done = evalkit.run(suite, "localhost/m", out=tmp_path, **given)
        assert (50, 0) == (done.results.totals.calls, done.results.totals.void)
        assert server.bucket.refused < 30


def test_a_server_that_says_what_is_left_is_not_asked_for_more(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=60)
    with serving(answer="add", bucket="100/20", bucket_headers=True) as server:
        given: dict[str, Any] = {"options": {"base_url": server.base_url}, "fixed": 60, "max_calls": 60}
        done = evalkit.run(suite, "localhost/m", out=tmp_path, **given)
        assert (60, 0) == (done.results.totals.calls, done.results.totals.void)
        assert server.bucket.refused <= 3
