from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import EvalkitError
from evalkit.scale import Size, read_series


def table(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str, threshold: float | None = None, **mapped: str) -> Any:
    return read_series(table(folder, text), mapped, threshold=threshold)


def test_columns_of_a_key_s_own_name_need_no_mention(tmp_path: Path) -> None:
    (add,) = read(tmp_path, "model,task,params,passes,trials\na,add,70m,30,100\nb,add,1.4b,90,100\n", threshold=0.9)
    assert ("add", 0.9, [0.3, 0.9], [100.0, 100.0]) == (
        add.task,
        add.threshold,
        [point.pass_rate for point in add.points],
        [point.trials for point in add.points],
    )
    assert [Size(params=7e7), Size(params=1.4e9)] == [point.size for point in add.points]


def test_a_wide_table_is_read_column_by_column(tmp_path: Path) -> None:
    (series,) = read(
        tmp_path,
        "Model,Model Size (B),FLOPs (1E21),ipa_exact,bleu\nLlama-2-7b,7.0,84.0,.0718,27.2\n",
        model="Model",
        params="Model Size (B)*1e9",
        flops="FLOPs (1E21)*1e21",
        pass_rate="ipa_exact",
        score="bleu*0.01",
    )
    (point,) = series.points
    assert ("ipa_exact", Size(params=7e9, flops=8.4e22), 0.0718) == (series.task, point.size, point.pass_rate)
    assert point.score is not None
    assert pytest.approx(0.272) == point.score.value


def test_a_column_may_have_a_star_in_its_name(tmp_path: Path) -> None:
    (series,) = read(tmp_path, "model,params,a*2\nx,1k,0.5\n", pass_rate="a*2")
    assert [0.5] == [point.pass_rate for point in series.points]


def test_rows_that_say_nothing_of_the_task_are_left_out(tmp_path: Path) -> None:
    (series,) = read(tmp_path, "model,params,pass_rate\na,1k,0.5\nb,2k,\nc,,0.7\n")
    assert [("a", 1000.0), ("c", None)] == [(point.model, point.size.params) for point in series.points]


def test_losses_alone_make_a_series_too(tmp_path: Path) -> None:
    (series,) = read(tmp_path, "model,params,tokens,loss\na,1k,1m,2.5\n")
    (point,) = series.points
    assert ("table", None) == (series.task, point.pass_rate)
    assert point.loss is not None
    assert 2.5 == point.loss.value


def test_jsonl_is_read_as_well(tmp_path: Path) -> None:
    path = table(tmp_path, '{"model": "a", "params": 7e7, "pass_rate": 0.5}\n', "t.jsonl")
    assert [7e7] == [point.size.params for point in read_series(path, {}, threshold=None)[0].points]


@pytest.mark.parametrize(
    ("message", "header", "mapped"),
    [
        (r"no column says who was measured", "params,pass_rate", {}),
        (r"no column says how large a model is", "model,pass_rate", {}),
        (r"no column says what passed", "model,params", {}),
        (r"a column for passes and none for trials", "model,params,passes", {}),
        (r"columns for passes and for pass_rate", "model,params,passes,trials,pass_rate", {}),
        (r"columns for trials and for stderr", "model,params,pass_rate,trials,stderr", {}),
        (r"--map sise: no such key", "model,params,pass_rate", {"sise": "params"}),
        (r"no column 'parms' for params\. Did you mean \"params\"", "model,params,pass_rate", {"params": "parms"}),
        (r"no column 'params\*0' for params", "model,params,pass_rate", {"params": "params*0"}),
    ],
)
def test_what_the_columns_leave_open_is_said(tmp_path: Path, message: str, header: str, mapped: dict[str, str]) -> None:
    row = ",".join("1" for _ in header.split(","))
    with pytest.raises(EvalkitError, match=message):
        read_series(table(tmp_path, f"{header}\n{row}\n"), mapped, threshold=None)


@pytest.mark.parametrize(
    ("message", "row"),
    [
        (r"table\.csv:2: pass_rate: found '72', .*from 0 to 1; of percentages, --map pass_rate='pass_rate\*0\.01'",
         "a,1k,72,10,1"),
        (r"table\.csv:2: params: found 'big', expected a size above 0", "a,big,0.5,10,1"),
        (r"table\.csv:2: trials: found '-3'", "a,1k,0.5,-3,1"),
        (r"table\.csv:2: loss: found 'nan'", "a,1k,0.5,10,nan"),
        (r"table\.csv:2: trials: found 'many', expected a number from 0 to 1e\+12", "a,1k,0.5,many,1"),
        (r"table\.csv:2: model: found nothing, expected a name", ",1k,0.5,10,1"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_with_its_line(tmp_path: Path, message: str, row: str) -> None:
    with pytest.raises(EvalkitError, match=message):
        read(tmp_path, f"model,params,pass_rate,trials,loss\n{row}\n")


@pytest.mark.parametrize("factor", ["1e300", "1e-300"])
def test_a_factor_that_makes_a_size_of_nothing_or_without_end_is_refused(tmp_path: Path, factor: str) -> None:
    path = table(tmp_path, f"model,params,pass_rate\na,{factor},0.5\n")
    with pytest.raises(EvalkitError, match=r"table\.csv:2: params: found '1e-?300', expected a size above 0"):
        read_series(path, {"params": f"params*{factor}"}, threshold=None)


@pytest.mark.parametrize("trials", ["0.3", "1e20"])
def test_trials_that_nobody_makes_are_refused(tmp_path: Path, trials: str) -> None:
    with pytest.raises(EvalkitError, match=r"table\.csv:2: trials: found '?[01]"):
        read(tmp_path, f"model,params,pass_rate,trials\na,1k,0.5,{trials}\n")


def test_a_standard_error_in_percent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match=r"stderr: found '5', .*--map stderr='stderr\*0\.01'"):
        read(tmp_path, "model,params,pass_rate,stderr\na,1k,0.5,5\n")


def test_a_table_of_items_is_not_taken_for_one_of_models(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match=r"found 1,001 rows of table, expected at most 1,000: a row is a model"):
        read(tmp_path, "model,params,pass_rate\n" + "a,1k,0.5\n" * 1001)


def test_of_many_wrong_rows_the_first_ten_are_shown(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match="… and 5 more like these"):
        read(tmp_path, "model,params,pass_rate\n" + "a,1k,7\n" * 15)


def test_passes_and_trials_go_together(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match="found passes or trials alone"):
        read(tmp_path, "model,params,passes,trials\na,1k,,7\n")
    (series,) = read(tmp_path, "model,params,passes,trials\na,1k,0,0\nb,1k,1,4\n")
    assert [0.25] == [point.pass_rate for point in series.points]
