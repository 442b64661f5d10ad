from __future__ import annotations

from pathlib import Path

import pytest

import evalkit
from tests.runs import write_suite
from tests.server import serving


def test_every_name_that_is_promised_is_there() -> None:
    assert len(evalkit.__all__) <= 20
    assert sorted(evalkit.__all__) == evalkit.__all__ == dir(evalkit)
    assert [] == [name for name in evalkit.__all__ if getattr(evalkit, name).__name__ != name]


def test_a_name_that_is_not_promised_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'evalkit' has no attribute 'nothing'"):
        evalkit.nothing  # noqa: B018  # looking it up is the test


def test_a_suite_is_measured_and_the_run_opened_again(tmp_path: Path) -> None:
    with serving(answer="add") as server:
        measured = evalkit.run(
            write_suite(tmp_path),
            "localhost/m",
            options={"base_url": server.base_url},
            out=tmp_path / "runs",
            fixed=15,
            confidence=0.9,
            seed=4,
        )
        calls = server.stats()["calls"]
    assert isinstance(measured, evalkit.Measured)
    assert (15, 15, 4, 0.9) == (calls, measured.results.totals.calls, measured.run.seed, measured.run.confidence)
    again = evalkit.open_run(str(measured.folder))
    assert (measured.results, measured.run) == (again.results, again.run)
    frame = evalkit.read_trials(measured.folder)
    assert (15, {"clean"}, True) == (len(frame), set(frame["condition"]), bool(frame["passed"].all()))


def test_answers_are_reused(tmp_path: Path) -> None:
    suite = evalkit.load_suite(write_suite(tmp_path))
    with serving(answer="add") as server:
        options = {"base_url": server.base_url}
        first = evalkit.run(suite, "localhost/m", options=options, out=tmp_path, limit=5)
        evalkit.run(suite, "localhost/m", options=options, out=tmp_path, tasks=["add"], reuse=[first.folder])
        assert 20 == server.stats()["calls"]


def test_a_suite_is_checked(tmp_path: Path) -> None:
    findings = evalkit.check(write_suite(tmp_path))
    assert ["warning"] == [finding.kind for finding in findings]


def test_errors_are_evalkits_own(tmp_path: Path) -> None:
    for kind, function in (
        (evalkit.SuiteError, lambda: evalkit.check(tmp_path / "none.yaml")),
        (evalkit.AdapterError, lambda: evalkit.run(write_suite(tmp_path), "nobody/x", out=tmp_path)),
        (evalkit.RecordError, lambda: evalkit.open_run(tmp_path)),
        (evalkit.RecordError, lambda: evalkit.read_trials(tmp_path)),
    ):
        with pytest.raises(kind) as caught:
            function()
        assert isinstance(caught.value, evalkit.EvalkitError)


def test_keys_and_cards_of_the_current_folder_are_found_as_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACME_API_KEY", raising=False)
    (tmp_path / "own").mkdir()
    (tmp_path / ".env").write_text("ACME_API_KEY=k1\n")
    with serving(answer="add", key="k1") as server:
        (tmp_path / "own" / "acme.toml").write_text(
            f'name = "acme"\nabout = "A."\ndialect = "openai-chat"\nbase_url = "{server.base_url}"\n'
            'key_env = "ACME_API_KEY"\nverified = false\n'
        )
        measured = evalkit.run(
            write_suite(tmp_path, n_items=3), "acme/m", adapters=["own"], timeout_s=5, keep_requests=True
        )
    assert (3, True) == (measured.results.totals.calls, measured.run.keep_requests)
    assert not evalkit.read_trials(measured.folder)["request"].isna().any()


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=10)
    with serving(answer="add", script=("ok",) * 4 + ("401",)) as server:
        options = {"base_url": server.base_url}
        with pytest.raises(evalkit.TransportError):
            evalkit.run(suite, "localhost/m", options=options, out=tmp_path / "runs", concurrency=1)
        (folder,) = (tmp_path / "runs").iterdir()
        measured = evalkit.resume(str(folder))
        assert (10, 11) == (measured.results.totals.calls, server.stats()["calls"])


def test_a_run_stops_by_itself_unless_its_number_of_trials_is_fixed(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=300, constraints="[one_line]")
    measured = evalkit.run(suite, "echo/x", out=tmp_path / "runs", until="verdict", explore=True, max_cost=2.5)
    (condition,) = measured.results.tasks[0].conditions
    assert ("usable", 47) == (condition.verdict, condition.trials)
    scope = measured.run.scope
    assert ("verdict", True, 2.5, None, False) == (
        scope.until,
        scope.explore,
        scope.max_cost,
        scope.fixed,
        scope.calibrated,
    )


def test_a_run_goes_on_with_larger_budgets(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=300, constraints="[one_line]")
    small = evalkit.run(suite, "echo/x", out=tmp_path / "runs", max_calls=30)
    assert "edge" == small.results.verdict
    large = evalkit.resume(small.folder, max_calls=2000, max_cost=30.0)
    assert ("usable", 2000, 30.0) == (large.results.verdict, large.run.scope.max_calls, large.run.scope.max_cost)
    with pytest.raises(evalkit.RecordError, match="found --max-calls 1999, expected at least the 2000"):
        evalkit.resume(small.folder, max_calls=1999)


def test_a_run_can_be_calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    suite = write_suite(tmp_path, n_items=60, constraints="[one_line]", threshold=0.8)
    measured = evalkit.run(suite, "echo/x", out=tmp_path / "runs", calibrated=True, until="verdict")
    (terms,) = measured.run.terms
    assert terms.test is not None
    assert 60 == terms.test.calibrated
    assert max(terms.test.needed) < 40
    with pytest.raises(ValueError, match="found fixed and calibrated together"):
        evalkit.run(suite, "echo/x", out=tmp_path / "runs", calibrated=True, fixed=10)
