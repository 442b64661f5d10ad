from __future__ import annotations

import json
from dataclasses import replace
from math import log
from pathlib import Path

import pytest

from evalkit.stats import LEAST_TRIALS, Bet, Boundary, crossing_chance
from evalkit.verdict import SequentialTest, calibrated, make_test
from evalkit.verdict.sequential_test import boundaries

THRESHOLD, ALPHA, UNITS = 0.9, 0.025, 150


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real cache folder is left alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "evalkit" / "calibration"


def given_test(n_counting: int = 1) -> SequentialTest:
    return make_test(THRESHOLD, ALPHA, ALPHA / n_counting, UNITS)


def chance_to_err(bet: Bet, needed: float, alpha: float) -> float:
    """At the threshold: that of a verdict, or of an end of the interval beyond it before there may be a verdict."""
    hit_rate, chances, wrong = bet.threshold, {0: 1.0}, 0.0
    for n in range(1, UNITS + 1):
        after = dict.fromkeys(range(n + 1), 0.0)
        for hits, chance in chances.items():
            after[hits] += chance * (1 - hit_rate)
            after[hits + 1] += chance * hit_rate
        enough = log(1 / alpha if n < LEAST_TRIALS else needed)
        out = [hits for hits in after if bet.log_evidence(hits, n) >= enough]
        wrong += sum(after.pop(hits) for hits in out)
        chances = after
    return wrong


@pytest.mark.parametrize("n_counting", [1, 4])
def test_it_asks_for_the_least_evidence_that_keeps_the_error_rates(n_counting: int) -> None:
    test = given_test(n_counting)
    found = calibrated(test, THRESHOLD, UNITS)
    below = tuple(1 - rate for rate in test.below)
    sides = [(Bet(THRESHOLD, test.above), ALPHA), (Bet(1 - THRESHOLD, below), ALPHA / n_counting)]
    for (bet, alpha), needed in zip(sides, found.needed, strict=True):
        assert 1 < needed < 1 / alpha
        assert 0 < crossing_chance(Boundary(bet, needed), bet.threshold, UNITS) <= alpha
        assert chance_to_err(bet, needed, alpha) <= alpha < chance_to_err(bet, needed * (1 - 1e-5), alpha)


def test_nothing_but_the_evidence_changes_and_the_budget_is_noted() -> None:
    test = given_test()
    found = calibrated(test, THRESHOLD, UNITS)
    assert replace(test, needed=found.needed, calibrated=UNITS) == found


def test_verdicts_come_no_later() -> None:
    test = given_test()
    plain, lowered = boundaries(THRESHOLD, test), boundaries(THRESHOLD, calibrated(test, THRESHOLD, UNITS))
    for before, after in zip(plain, lowered, strict=True):
        assert all(after.hits(n) <= before.hits(n) for n in range(UNITS + 1))
        assert any(after.hits(n) < before.hits(n) for n in range(UNITS + 1))


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_where_nothing_is_bet_nothing_is_lowered(threshold: float, cache: Path) -> None:
    test = make_test(threshold, ALPHA, ALPHA, UNITS)
    assert replace(test, calibrated=UNITS) == calibrated(test, threshold, UNITS)
    assert not cache.exists()


def test_a_second_call_reads_what_the_first_one_kept(cache: Path) -> None:
    first = calibrated(given_test(), THRESHOLD, UNITS)
    (kept,) = cache.iterdir()
    assert list(first.needed) == json.loads(kept.read_text(encoding="utf-8"))
    kept.write_text("[30.5, 20.5]", encoding="utf-8")
    assert calibrated(given_test(), THRESHOLD, UNITS).needed == (30.5, 20.5)


def test_every_test_threshold_and_budget_is_kept_apart(cache: Path) -> None:
    for n_counting, threshold, units in [(1, 0.9, 40), (2, 0.9, 40), (1, 0.8, 40), (1, 0.9, 41)]:
        calibrated(given_test(n_counting), threshold, units)
    assert len(list(cache.iterdir())) == 4


@pytest.mark.parametrize(
    "content",
    [
        *[b"", b"null", b"7", b"[30]", b"[30, 20, 10]", b'["30", "20"]', b'{"a": 1, "b": 2}', b"[[30], [20]]", b"\xff"],
        *[b"[0.5, 20]", b"[30, 1]", b"[1e9, 20]", b"[30, 1e9]", b"[NaN, 20]"],
    ],
)
def test_a_broken_file_is_made_again(content: bytes, cache: Path) -> None:
    expected = calibrated(given_test(), THRESHOLD, UNITS)
    (kept,) = cache.iterdir()
    kept.write_bytes(content)
    assert expected == calibrated(given_test(), THRESHOLD, UNITS)
    assert list(expected.needed) == json.loads(kept.read_text(encoding="utf-8"))


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = calibrated(given_test(), THRESHOLD, UNITS)
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert expected == calibrated(given_test(), THRESHOLD, UNITS)


@pytest.mark.parametrize("unusable", ["", "relative/folder"])
def test_without_a_cache_folder_of_its_own_the_home_folder_has_it(
    unusable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", unusable)
    monkeypatch.setenv("HOME", str(tmp_path))
    calibrated(given_test(), THRESHOLD, UNITS)
    assert len(list((tmp_path / ".cache" / "evalkit" / "calibration").iterdir())) == 1
