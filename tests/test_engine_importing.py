from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit import open_run, read_trials
from evalkit.engine.importing import Imported, ImportOptions, import_trials
from evalkit.errors import EvalkitError, RecordError
from evalkit.plan import Scope
from evalkit.record import TrialReader, read_run_file
from evalkit.report import EXPORTS
from evalkit.stats import (
    ClusterMoments,
    agreement,
    clopper_pearson,
    clustered_interval,
    pass_hat_k,
    pass_hat_k_error,
)
from evalkit.verdict import ConditionResult, TaskResult
from tests.runs import Scripted, carry_out, make_suite, right, rows_of


def imported(folder: Path, text: str, *, out: str = "run", **options: Any) -> Imported:
    path = folder / "trials.csv"
    path.write_text(text, encoding="utf-8")
    return import_trials(path, folder / out, ImportOptions(**{"threshold": 0.9, **options}))


def task_of(found: Imported) -> TaskResult:
    (run,) = found.runs
    (task,) = run.results.tasks
    return task


def repeated(counts: Sequence[tuple[int, int]], groups: Sequence[str] | None = None) -> str:
    """A table with so many passes and repeats of each item."""
    rows = ["item,repeat,passed,group"]
    for number, (passes, repeats) in enumerate(counts):
        group = groups[number] if groups else f"q{number}"
        rows += [f"q{number},{repeat},{int(repeat < passes)},{group}" for repeat in range(repeats)]
    return "\n".join(rows)


def bounds(condition: ConditionResult) -> tuple[Any, Any]:
    return pytest.approx(condition.low), pytest.approx(condition.high)


def test_single_trials_are_judged_by_clopper_pearson(tmp_path: Path) -> None:
    task = task_of(imported(tmp_path, repeated([(1, 1)] * 95 + [(0, 1)] * 5)))
    (condition,) = task.conditions
    interval = clopper_pearson(95, 100, alpha_low=0.025, alpha_high=0.025)
    assert (interval.low, interval.high) == bounds(condition)
    assert ("edge", "items", "clean") == (task.verdict, condition.reason, condition.condition)
    assert (100, 95, 0, 0.95) == (condition.trials, condition.passes, condition.void, condition.mean_score)
    assert task.repeat is None


def test_repeats_are_judged_as_the_items_that_they_are_of(tmp_path: Path) -> None:
    counts = [(5, 5)] * 30 + [(0, 5)] * 2 + [(3, 5)] * 3
    clean, repeat = task_of(imported(tmp_path, repeated(counts))).conditions
    interval = clustered_interval(ClusterMoments.of(counts), alpha_low=0.025, alpha_high=0.025)
    assert (interval.low, interval.high) == bounds(clean)
    naive = clopper_pearson(159, 175, alpha_low=0.025, alpha_high=0.025)
    assert clean.low is not None
    assert clean.low < naive.low - 0.02
    assert ("repeat@5", False, 35, 30) == (repeat.condition, repeat.counts, repeat.trials, repeat.passes)


@given(counts=st.lists(st.integers(0, 4).map(lambda passes: (passes, 4)), min_size=2, max_size=8))
def test_what_repeats_say_is_what_the_statistics_say(
    tmp_path_factory: pytest.TempPathFactory, counts: list[tuple[int, int]]
) -> None:
    repeat = task_of(imported(tmp_path_factory.mktemp("t"), repeated(counts))).repeat
    assert repeat is not None
    steps = range(1, 5)
    assert (4, len(counts)) == (repeat.k, repeat.items)
    assert [pytest.approx(pass_hat_k(counts, k)) for k in steps] == list(repeat.pass_hat_k or ())
    assert [pytest.approx(pass_hat_k_error(counts, k)) for k in steps] == list(repeat.standard_error or ())
    assert pytest.approx(agreement(counts)) == repeat.agreement
    assert sum(passes == 4 for passes, _ in counts) / len(counts) == repeat.consistent


def test_groups_are_what_stands_or_falls_together(tmp_path: Path) -> None:
    counts, groups = [(2, 2)] * 6 + [(0, 2)] * 2, ["a", "a", "b", "b", "c", "c", "d", "d"]
    task = task_of(imported(tmp_path, repeated(counts, groups)))
    moments = ClusterMoments.of([(4, 4)] * 3 + [(0, 4)])
    interval = clustered_interval(moments, alpha_low=0.025, alpha_high=0.025)
    assert (interval.low, interval.high) == bounds(task.conditions[0])
    assert task.repeat is not None
    errors = pass_hat_k_error(counts, 1, clusters=groups), pass_hat_k_error(counts, 2, clusters=groups)
    assert [pytest.approx(error) for error in errors] == list(task.repeat.standard_error or ())
    assert {"a", "b", "c", "d"} == {row.item_group for row in rows_of(tmp_path / "run")}


def test_conditions_that_count_share_the_error_of_the_downward_test(tmp_path: Path) -> None:
    rows = ["item,condition,level,passed"]
    for condition, level, passes in (("", "", 40), ("noise", "0.2", 10), ("noise", "0.05", 30)):
        rows += [f"q{number},{condition},{level},{int(number < passes)}" for number in range(40)]
    task = task_of(imported(tmp_path, "\n".join(rows), threshold=0.5))
    assert ["clean", "noise@0.05", "noise@0.2"] == [each.condition for each in task.conditions]
    interval = clopper_pearson(10, 40, alpha_low=0.025, alpha_high=0.025 / 3)
    assert (interval.low, interval.high) == bounds(task.conditions[2])
    assert ("unusable", task.conditions[2]) == (task.verdict, task.weakest)
    (critical,) = task.critical_levels
    assert (0.05, 0.2) == (critical.usable_to, critical.unusable_from)


def test_void_trials_are_bounded_both_ways(tmp_path: Path) -> None:
    text = "item,passed\n" + "".join(f"q{number},{'' if number < 3 else 1}\n" for number in range(50))
    (condition,) = task_of(imported(tmp_path, text)).conditions
    assert (47, 47, 3, "edge", "void") == (
        condition.trials,
        condition.passes,
        condition.void,
        condition.verdict,
        condition.reason,
    )
    assert clopper_pearson(47, 50, alpha_low=0.025, alpha_high=0.025).low == pytest.approx(condition.low)
    void = [row for row in rows_of(tmp_path / "run") if row.passed is None]
    assert [("not-recorded", "the table says no outcome", None)] * 3 == [
        (row.void_reason, row.void_message, row.score) for row in void
    ]


def test_each_model_gets_a_run_of_its_own(tmp_path: Path) -> None:
    text = "model,item,passed\n" + "".join(
        f"{model},q{number},{int(number < passes)}\n"
        for model, passes in (("a/b", 20), ("a-b", 10), ("A B", 0), ("..", 5))
        for number in range(20)
    )
    found = imported(tmp_path, text)
    names = {run.run.model: run.folder.relative_to(tmp_path / "run").as_posix() for run in found.runs}
    assert {"a/b": "a-b", "a-b": "a-b-2", "A B": "A-B-3", "..": "model"} == names
    passes = [run.results.tasks[0].conditions[0].passes for run in found.runs]
    assert [20, 10, 0, 5] == passes
    for run in found.runs:
        assert open_run(run.folder).results == run.results
    assert () == found.warnings


def test_one_model_gets_the_named_folder_itself(tmp_path: Path) -> None:
    (run,) = imported(tmp_path, "item,passed,model\na,1,x\nb,1,x\n", out="new/run").runs
    assert (tmp_path / "new" / "run", "x") == (run.folder, run.run.model)
    assert {"run.json", "trials.db"} == {path.name for path in run.folder.iterdir()}


def test_what_a_table_lacks_is_warned_of(tmp_path: Path) -> None:
    text = "model,item,passed\n" + "x,a,1\nx,b,1\nx,c,1\ny,a,1\ny,b,1\n"
    (warning,) = imported(tmp_path, text).warnings
    assert "task trials, condition clean: not all models have the same items. Of 3, model y has 2, not c" in warning


def test_the_run_file_says_where_the_trials_came_from(tmp_path: Path) -> None:
    imported(tmp_path, "item,passed\na,1\nb,1\n", suite="exam", model="m", confidence=0.99)
    run = read_run_file(tmp_path / "run")
    assert ("exam", "m", "import", 0.99) == (run.suite.name, run.model, run.address, run.confidence)
    assert (str(tmp_path / "trials.csv"), {"trials.csv": run.suite.sha256}) == (run.suite.path, run.suite.files)
    assert {"exam": 0.9} == run.thresholds
    assert pytest.approx(0.005) == run.terms[0].alpha
    assert run.started == run.finished
    assert run.results == open_run(tmp_path / "run").results.as_json()
    assert (0, None) == (run.totals.calls, run.totals.cost_usd)


def test_thresholds_are_of_all_tasks_or_of_one(tmp_path: Path) -> None:
    text = "task,item,passed\nt,a,1\nu,a,1\n"
    (run,) = imported(tmp_path, text, thresholds={"u": 0.5}).runs
    assert {"t": 0.9, "u": 0.5} == run.run.thresholds
    with pytest.raises(EvalkitError, match=r"no threshold for the task t: say --threshold 0\.9 for all tasks, or"):
        imported(tmp_path, text, out="no", threshold=None, thresholds={"u": 0.5})
    with pytest.raises(EvalkitError, match=r"--threshold v=…: the table has no such task. Known: t, u\."):
        imported(tmp_path, text, out="no", thresholds={"v": 0.5})


def test_a_larger_k_than_there_are_repeats_is_refused(tmp_path: Path) -> None:
    text = repeated([(2, 3), (3, 3)])
    repeat = task_of(imported(tmp_path, text, k=3)).repeat
    assert repeat is not None
    assert 3 == len(repeat.pass_hat_k or ())
    with pytest.raises(EvalkitError, match=r"--k 4: model imported, task trials has 3 repeats .* expected 4 or more"):
        imported(tmp_path, text, out="no", k=4)
    with pytest.raises(EvalkitError, match=r"--k 2: model imported, task trials has 1 repeat of each item"):
        imported(tmp_path, repeated([(1, 1), (1, 1)]), out="no", k=2)


def test_repeats_of_an_only_condition_are_reported_too_but_of_several_none_is_chosen(tmp_path: Path) -> None:
    rows = [f"{item},{condition},{repeat},1" for condition in "ab" for item in "pq" for repeat in "12"]
    head = "item,condition,repeat,passed"
    assert task_of(imported(tmp_path, "\n".join([head, *rows[:4]]))).repeat is not None
    several = task_of(imported(tmp_path, "\n".join([head, *rows]), out="several"))
    assert (["a", "b"], None) == ([each.condition for each in several.conditions], several.repeat)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("found the item 'a' again, first on line 2", "item,passed\na,1\nb,1\na,0\n"),
        ("in every one of 3 rows", "item,repeat,passed\nr,1,1\nr,2,1\nr,3,0\n"),
        ("different numbers of repeats", "item,repeat,passed\na,1,1\na,2,1\nb,1,0\n"),
        ("found 'oui', expected true or false", "item,passed\na,oui\n"),
    ],
)
def test_a_table_that_is_refused_leaves_nothing_behind(tmp_path: Path, message: str, text: str) -> None:
    with pytest.raises(EvalkitError, match=message):
        imported(tmp_path, text)
    assert ["trials.csv"] == [path.name for path in tmp_path.iterdir()]


def test_a_disk_that_refuses_leaves_no_half_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RecordError("full", exit_code=4)

    monkeypatch.setattr("evalkit.engine.importing.write_run_file", refuse)
    with pytest.raises(RecordError, match="full"):
        imported(tmp_path, "item,passed,model\na,1,x\nb,1,x\na,1,y\nb,1,y\n")
    assert [] == list((tmp_path / "run").iterdir())


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    imported(tmp_path, "item,passed\na,1\nb,1\n")
    before = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(RecordError, match="is there already and not an empty folder; name another with -o"):
        imported(tmp_path, "item,passed\na,0\nb,0\n")
    assert before == (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(RecordError, match="is there already"):
        imported(tmp_path, "item,passed\na,0\nb,0\n", out="trials.csv")


def test_a_folder_that_cannot_be_made_exits_with_4(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="cannot be made") as raised:
        imported(tmp_path, "item,passed\na,1\nb,1\n", out="file/run")
    assert 4 == raised.value.exit_code


@pytest.mark.parametrize(
    "options", [{"threshold": 1.1}, {"thresholds": {"t": -0.1}}, {"pass_score": 2}, {"confidence": 0.5}, {"k": 0}]
)
def test_numbers_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        ImportOptions(**options)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_exported_run_comes_back_with_the_same_results(tmp_path: Path, ending: str) -> None:
    suite = make_suite(tmp_path, perturbations="{repeat: 3, noise: {on: prompt, levels: [0.05, 0.3]}}")
    rng = random.Random(0)
    model = Scripted(lambda call: right(call) if rng.random() < 0.8 else "none")
    run = carry_out(suite, model, tmp_path / "runs", scope=Scope(fixed=20))
    with TrialReader(run.folder) as reader:
        (tmp_path / f"trials.{ending}").write_bytes(b"".join(EXPORTS[ending](reader)))
    options = ImportOptions(threshold=0.9, suite="sums", model="scripted/x")
    (again,) = import_trials(tmp_path / f"trials.{ending}", tmp_path / "again", options).runs

    def told(task: TaskResult) -> list[Any]:
        found = [
            (each.condition, each.level, each.counts, each.trials, each.passes, each.low, each.high, each.verdict)
            for each in task.conditions
        ]
        return [*found, task.repeat, task.verdict]

    assert told(run.results.tasks[0]) == told(again.results.tasks[0])
    before, after = (read_trials(folder)[["item", "condition", "repeat", "passed", "response"]] for folder in
                     (run.folder, again.folder))  # fmt: skip
    order = ["condition", "item", "repeat"]
    pandas.testing.assert_frame_equal(
        before.sort_values(order, ignore_index=True), after.sort_values(order, ignore_index=True)
    )
