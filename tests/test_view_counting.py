from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evalkit.errors import RecordError
from evalkit.record import read_run_file
from evalkit.view import counting
from evalkit.view.counting import Counter
from evalkit.view.stored import stored_results
from tests.viewing import make_run, unfinish


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("counted")
    folder = make_run(place, place / "runs", units=6)
    unfinish(folder)
    return folder


def test_a_large_run_is_counted_by_a_process_and_the_same_comes_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, counter = read_run_file(folder), Counter()
    here = counter.results(folder, run, trials=24)
    monkeypatch.setattr(counting, "measure", None)
    assert stored_results(here.as_json()) == counter.results(folder, run, trials=1_000_000)


@pytest.mark.slow
def test_what_the_process_says_is_the_error(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(RecordError, match=r"no run\.json"):
        Counter().results(tmp_path, read_run_file(folder), trials=1_000_000)


def test_the_process_ends_with_the_counter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_REPORT", ("-c", "import time; time.sleep(60)"))
    run, counter = read_run_file(folder), Counter()
    with ThreadPoolExecutor(1) as pool:
        counted = pool.submit(counter.results, folder, run, trials=1_000_000)
        while not counter._processes:
            time.sleep(0.01)
        counter.close()
        with pytest.raises(RecordError, match="counting was ended"):
            counted.result(30)
    with pytest.raises(RecordError, match="the viewer has ended"):
        counter.results(folder, run, trials=1_000_000)
