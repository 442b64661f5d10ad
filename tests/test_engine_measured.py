from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas
import pytest

import evalkit
from evalkit.plan import Scope
from evalkit.record import COLUMNS
from tests.results import condition, result
from tests.runs import Scripted, carry_out, make_suite, right


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> evalkit.Measured:
    """Of two conditions, the second of which was not asked."""
    folder = tmp_path_factory.mktemp("measured")
    suite = make_suite(folder, n_items=6, perturbations="{noise: [0.1, 0.2]}")
    model = Scripted(lambda call: "=1" if call.item == "i1" else right(call))
    carry_out(suite, model, folder, scope=Scope(fixed=6, conditions=("clean", "noise@0.2")))
    return evalkit.open_run(next(folder.glob("*-sums-*")))


def test_its_frame_is_that_of_its_trials(measured: evalkit.Measured) -> None:
    frame = measured.frame()
    assert list(COLUMNS) == list(frame.columns)
    assert {("clean", 6), ("noise@0.2", 6)} == set(frame.groupby("condition").size().items())
    pandas.testing.assert_frame_equal(evalkit.read_trials(measured.folder), frame)


def test_its_margins_are_a_row_for_each_task_and_condition_as_in_json(measured: evalkit.Measured) -> None:
    table = measured.margins()
    (task,) = measured.results.as_json()["tasks"]
    assert ["clean", "noise@0.1", "noise@0.2"] == list(table["condition"])
    for (_, row), published in zip(table.iterrows(), task["conditions"], strict=True):
        assert "add" == row["task"]
        for name in set(table.columns) - {"task"}:
            expected = published[name]
            if expected is None:
                assert pandas.isna(row[name]), name
            else:
                assert expected == (pytest.approx(row[name], rel=1e-5) if isinstance(expected, float) else row[name])


def test_what_was_not_measured_is_missing_and_never_0(measured: evalkit.Measured) -> None:
    left_out = measured.margins().set_index("condition").loc["noise@0.1"]
    assert 0 == left_out["trials"]
    assert left_out[["pass_rate", "low", "high", "margin", "margin_low", "margin_high", "mean_score"]].isna().all()


def test_columns_of_margins_have_one_type_each_even_where_nothing_was_measured(measured: evalkit.Measured) -> None:
    nothing = replace(measured, results=result("m", {"title": None, "empty": []})).margins()
    assert 1 == len(nothing)
    for table in (measured.margins(), nothing):
        assert {"float64"} == {str(table[name].dtype) for name in ("threshold", "low", "margin_high", "mean_score")}
        assert {"int64"} == {str(table[name].dtype) for name in ("trials", "passes", "void")}
        assert "bool" == str(table["counts"].dtype)


def test_levels_are_as_the_suite_writes_them(measured: evalkit.Measured) -> None:
    levels = [replace(condition(100), level=level) for level in (None, 1000, 0.05, "soft")]
    table = replace(measured, results=result("m", {"title": levels})).margins()
    assert [None, 1000, 0.05, "soft"] == list(table["level"])
    assert [type(None), int, float, str] == [type(level) for level in table["level"]]


def test_a_shell_shows_it_in_a_line(measured: evalkit.Measured) -> None:
    assert f"<Measured 'sums' with 'scripted/x': edge, in {str(measured.folder)!r}>" == repr(measured)


def test_a_notebook_shows_it_as_a_table(measured: evalkit.Measured) -> None:
    text = measured._repr_html_()
    assert "sums with scripted/x" in text
    assert str(measured.folder) in text
    assert "not come to its end" not in text
    stopped = replace(measured, run=measured.run.model_copy(update={"finished": None}))
    assert "not come to its end" in stopped._repr_html_()


def test_a_folder_that_is_gone_is_named(measured: evalkit.Measured, tmp_path: Path) -> None:
    with pytest.raises(evalkit.RecordError, match=r"no trials\.db; expected the folder of a run"):
        replace(measured, folder=tmp_path).frame()
