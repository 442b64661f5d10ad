from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evalkit.adapter import ModelSize
from evalkit.errors import EvalkitError, RecordError
from evalkit.findings.trials import TrialFilter
from evalkit.record import TrialRow, TrialWriter, read_run_file, write_run_file
from evalkit.record.run_file import hold
from evalkit.scale import Scale
from evalkit.view.library import Library, UnknownRunError, _stage
from evalkit.view.places import Places
from evalkit.view.states import BrokenRun, RunLine
from tests.runs import right, rows_of
from tests.viewing import make_run, slow_counting, unfinish


class Clock:
    """Shows the time that a test says, and goes on by a second at each look."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("library")
    return make_run(place, place / "runs", units=6)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "runs/one"))


@pytest.fixture
def library(folder: Path) -> Library:
    return Library(Places([folder.parent]), clock=Clock())


def go_on(folder: Path, n_rows: int) -> list[TrialRow]:
    """Make a run one that has only begun; gives the rows that it has not yet."""
    rows = rows_of(folder)
    unfinish(folder)
    (folder / "trials.db").unlink()
    add(folder, rows[:n_rows])
    return rows[n_rows:]


def add(folder: Path, rows: list[TrialRow]) -> None:
    writer = TrialWriter(folder)
    writer.commit(rows, [])
    writer.close()


def test_a_finished_run_is_shown_without_reading_its_trials(folder: Path, library: Library) -> None:
    """However many there are, it opens at once."""
    (folder / "trials.db").unlink()
    results = library.results(folder)
    assert results is library.results(folder)
    assert [4] == [len(task.conditions) + 1 for task in results.tasks]


def test_results_that_another_version_wrote_are_measured_again(folder: Path, library: Library) -> None:
    run = read_run_file(folder)
    assert run.results is not None
    write_run_file(folder, run.model_copy(update={"results": {**run.results, "tasks": [{"task": "add"}]}}))
    assert ["clean", "noise@0.1", "repeat@2"] == [
        each.condition for each in library.results(folder).tasks[0].conditions
    ]


def test_a_run_that_goes_on_is_measured_anew_but_not_all_the_time(folder: Path, library: Library) -> None:
    left = go_on(folder, 2)
    assert 2 == library.results(folder).tasks[0].conditions[0].trials  # which took the clock's 1 s
    add(folder, left[:1])
    assert 2 == library.results(folder).tasks[0].conditions[0].trials
    clock = library._clock
    assert isinstance(clock, Clock)
    clock.now += 5
    assert 3 == library.results(folder).tasks[0].conditions[0].trials


def test_nobody_waits_for_a_count_that_takes_long(
    folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = library.results_soon([folder])
    left = go_on(folder, 2)
    with slow_counting(monkeypatch) as may_count:
        assert library.results_soon([folder]) is None
        assert library.progress("one").results is None
        may_count.set()
        counted = library._pending[_stage(folder, library.run(folder))].result()
        assert library.results_soon([folder]) == [counted] != finished
        assert 2 == counted.tasks[0].conditions[0].trials
        may_count.clear()
        add(folder, left)
        clock = library._clock
        assert isinstance(clock, Clock)
        clock.now += 50
        assert library.results_soon([folder]) == [counted], "what was counted before"


def test_what_a_run_found_before_its_end_is_not_taken_for_its_end(
    folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = read_run_file(folder)
    left = go_on(folder, 2)
    (before,) = library.results_soon([folder]) or []
    add(folder, left[:1])
    clock = library._clock
    assert isinstance(clock, Clock)
    clock.now += 50
    with slow_counting(monkeypatch) as may_count:
        assert library.results_soon([folder]) == [before]
        write_run_file(folder, finished)
        assert library.results_soon([folder]) is None
        may_count.set()
        library._pending[_stage(folder, finished)].result()
        (found,) = library.results_soon([folder]) or []
        assert 6 == found.tasks[0].conditions[0].trials


def test_a_count_that_fails_says_so(folder: Path, library: Library) -> None:
    go_on(folder, 2)
    (folder / "trials.db").write_bytes(b"no database" * 1000)
    with pytest.raises(RecordError):
        library.results_soon([folder])


def test_progress_counts_what_is_recorded_now(folder: Path, library: Library) -> None:
    left = go_on(folder, 2)
    progress = library.progress("one")
    assert ("stopped", 2, 24) == (progress.state, progress.answered, progress.planned)
    add(folder, left)
    assert 2 + len(left) == library.progress("one").answered


def test_what_went_wrong_is_found_anew_when_trials_come(folder: Path, library: Library) -> None:
    left = go_on(folder, 1)
    before = sum(group.trials for group in library.groups("one"))
    assert library.groups("one") is library.groups("one")
    add(folder, left)
    after = sum(group.trials for group in library.groups("one"))
    assert before < after
    assert after == sum(row.passed is False for row in rows_of(folder))


def test_trials_of_a_run_made_anew_at_the_same_place_are_its_own(
    folder: Path, library: Library, tmp_path: Path
) -> None:
    with library.trials("one") as trials:
        assert trials.page(TrialFilter(outcome="fail")).total > 0
    shutil.rmtree(folder)
    (tmp_path / "other").mkdir()
    shutil.copytree(make_run(tmp_path / "other", tmp_path / "other/runs", right, units=6), folder)
    with library.trials("one") as trials:
        assert 0 == trials.page(TrialFilter(outcome="fail")).total
    library.close()


def test_the_list_has_broken_folders_last_and_says_why(folder: Path, library: Library) -> None:
    broken = folder.parent / "zbroken"
    broken.mkdir()
    (broken / "run.json").write_text("{", encoding="utf-8")
    odd = Path(shutil.copytree(folder, folder.parent / "odd"))
    write_run_file(odd, read_run_file(odd).model_copy(update={"results": {}}))
    first, *others = library.lines()
    assert isinstance(first, RunLine)
    assert "one" == first.name
    problems = {each.name: each.problem for each in others if isinstance(each, BrokenRun)}
    assert {"odd", "zbroken"} == problems.keys()
    assert "run.json: results: found another shape" in problems["odd"]
    assert "Invalid JSON" in problems["zbroken"]


def test_only_names_of_the_list_mean_a_run(library: Library) -> None:
    for name in ("..", "../runs/one", "one/", "/etc", "", "."):
        with pytest.raises(UnknownRunError, match="There is no run"):
            library.folder(name)


def test_two_runs_are_compared_once_and_again_when_one_changes(folder: Path, library: Library) -> None:
    other = Path(shutil.copytree(folder, folder.parent / "two"))
    compared = library.comparison("one", "two")
    assert compared is library.comparison("one", "two")
    write_run_file(other, read_run_file(other).model_copy(update={"model": "other/y"}))
    assert "other/y" == library.comparison("one", "two").b.model
    with pytest.raises(EvalkitError):
        library.comparison("one", "three")


def test_the_price_of_a_model_is_reckoned_once_and_again_when_trials_come(folder: Path, library: Library) -> None:
    left = go_on(folder, 2)
    before = library.price(folder)
    assert before is not None
    assert before is library.price(folder)
    add(folder, left)
    assert before is not library.price(folder)


def test_a_run_that_goes_on_is_not_read_through_for_its_price_and_size(folder: Path, library: Library) -> None:
    go_on(folder, 2)
    with hold(folder):
        assert library.price(folder) is None
        assert library.scale([folder]) is None


def test_runs_of_two_sizes_show_what_size_brings(folder: Path, library: Library) -> None:
    other = Path(shutil.copytree(folder, folder.parent / "two"))
    assert library.scale([folder, other]) is None
    for place, size in ((folder, 1e3), (other, 1e6)):
        run = read_run_file(place)
        write_run_file(place, run.model_copy(update={"model": f"tiny/{size:.0f}", "size": ModelSize(params=size)}))
    scale = library.scale([folder, other])
    assert isinstance(scale, Scale)
    assert scale is library.scale([folder, other])
    assert {"add"} == {each.task for each in scale.abilities}


def test_of_many_runs_the_last_few_stay_open(folder: Path) -> None:
    for number in range(6):
        shutil.copytree(folder, folder.parent / f"copy{number}")
    library = Library(Places([folder.parent]))
    for name in library.places.folders():
        with library.trials(name) as trials:
            assert trials.total() > 0
    with library.trials("one") as trials:  # long closed, and opened again
        assert trials.total() > 0
    library.close()
    with pytest.raises(RecordError):
        trials.total()
