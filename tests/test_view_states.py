from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.record import RunFile, hold, read_run_file
from evalkit.record.run_file import is_held
from evalkit.report import Provenance
from evalkit.verdict import Totals
from evalkit.view.states import Progress, line_of, state_of
from tests.results import result
from tests.viewing import make_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("states")
    return make_run(place, place / "runs", units=3)


@pytest.fixture
def unfinished(folder: Path) -> RunFile:
    return read_run_file(folder).model_copy(update={"finished": None})


def test_a_run_goes_on_while_a_process_holds_it(folder: Path, unfinished: RunFile) -> None:
    assert "finished" == state_of(folder, read_run_file(folder))
    assert "stopped" == state_of(folder, unfinished)
    with hold(folder):
        assert "running" == state_of(folder, unfinished)
    assert "stopped" == state_of(folder, unfinished)


def test_what_a_report_says_of_a_run_agrees_with_its_state(folder: Path, unfinished: RunFile) -> None:
    assert not Provenance.of(unfinished, folder).going_on
    with hold(folder):
        assert Provenance.of(unfinished, folder).going_on
        assert not Provenance.of(read_run_file(folder), folder).going_on


def test_looking_at_a_run_keeps_nobody_from_working_on_it(folder: Path, unfinished: RunFile) -> None:
    assert "stopped" == state_of(folder, unfinished)
    with hold(folder):
        assert is_held(folder)


def test_a_line_says_what_the_run_found(folder: Path) -> None:
    line = line_of("name", folder, read_run_file(folder))
    told = (line.suite, line.model, line.state, line.verdict, line.tasks, line.usable, line.edge, line.unusable)
    assert ("sums", "scripted/x", "finished", "edge", 1, 0, 1, 0) == told
    assert line.calls is not None
    assert line.calls > 0


def test_of_a_run_that_goes_on_old_results_are_not_told(folder: Path, unfinished: RunFile) -> None:
    with hold(folder):
        line = line_of("name", folder, unfinished)
    assert (None, None, None, None) == (line.verdict, line.usable, line.calls, line.cost_usd)
    assert "edge" == line_of("name", folder, unfinished).verdict


@pytest.mark.parametrize(
    ("calls", "priced", "known", "told"),
    [
        (0, 0, 0.0, "nothing"),
        (5, 0, 0.0, "unknown"),
        (5, 5, 1.5, "1.50 USD"),
        (5, 3, 1.5, "at least 1.50 USD"),
    ],
)
def test_cost_so_far_is_no_more_than_is_known(calls: int, priced: int, known: float, told: str) -> None:
    totals = Totals(calls=calls, void=0, cost_usd=None, seconds=0.0)
    results = replace(result("m", {"t": 9}), totals=totals)
    progress = Progress(state="running", answered=5, planned=9, known_usd=known, priced=priced, results=results)
    assert told == progress.cost
