from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import sqlite3
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pandas
import pytest

from evalkit.adapter import ModelSize
from evalkit.cli import call
from evalkit.engine.importing import ImportOptions, import_trials
from evalkit.engine.rescore import rescore
from evalkit.plan import Scope
from evalkit.record import COLUMNS, read_run_file, write_run_file
from evalkit.suite import load_suite
from tests.browsed import record, row
from tests.runs import Scripted, carry_out, make_suite, right
from tests.terminals import Terminal, printed


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    suite = make_suite(tmp_path, n_items=6)
    return str(carry_out(suite, Scripted(lambda call: "=1" if call.item == "i1" else right(call)), tmp_path).folder)


def test_the_report_is_for_eyes_by_default(run: str, capsys: Any) -> None:
    assert 0 == call(["report", run])
    out = capsys.readouterr().out
    assert "sums with scripted/x" in out
    assert [] == [line for line in out.splitlines() if len(line) > 80]


def test_bars_are_for_terminals_and_words_for_files_and_logs(
    run: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, seen = printed(["report", run], monkeypatch)
    assert (0, True) == (code, "━" in seen and "? edge" in seen)
    assert 0 == call(["report", run])
    piped = capsys.readouterr().out
    assert (False, True) == ("━" in piped or "? edge" in piped, "  edge\n" in piped)
    printed(["report", run, "-o", "out.txt"], monkeypatch)
    assert piped == Path("out.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb")])
def test_who_wants_words_at_a_terminal_gets_no_bars_and_no_colour(
    run: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for other in ("CI", "NO_COLOR", "TERM"):
        monkeypatch.delenv(other, raising=False)
    for seen in (True, False):
        with contextlib.redirect_stdout(Terminal()) as screen:
            assert 0 == call(["report", run])
        assert (seen, seen) == ("━" in screen.getvalue(), "\x1b[" in screen.getvalue())
        monkeypatch.setenv(name, value)


def test_a_terminal_that_cannot_show_bars_gets_plain_characters(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    screen = io.TextIOWrapper(written, encoding="ascii")
    monkeypatch.setattr(screen, "isatty", lambda: True)
    with contextlib.redirect_stdout(screen):
        assert 0 == call(["report", run])
    screen.flush()
    out = written.getvalue().decode("ascii")
    assert "\\u" not in out
    assert re.search(r"\d\.\d-\d+\.\d", out)


def test_markdown_of_several_runs_of_a_suite_begins_with_the_map(run: str, capsys: Any) -> None:
    model = Scripted()
    model.name = "scripted/y"
    other = str(carry_out(load_suite(Path("sums.yaml")), model, Path("runs")).folder)
    assert 0 == call(["report", run, other, "--format", "markdown"])
    out = capsys.readouterr().out
    assert out.startswith("<!-- evalkit: sums map -->\n### Capability map of `sums`: 1 task, 2 models\n")
    assert ["sums map", "sums scripted/x", "sums scripted/y"] == re.findall(r"^<!-- evalkit: (.*) -->$", out, re.M)


@pytest.fixture
def told(capsys: Any) -> Callable[[str | Path], str]:
    """What the report says, on one line."""

    def report(run: str | Path) -> str:
        assert 0 == call(["report", str(run)])
        return " ".join(capsys.readouterr().out.split())

    return report


ADVICE = "add items, or say `claim: set`"


def test_items_are_wanted_where_they_ran_out_and_not_the_limit(run: str, told: Callable[[str | Path], str]) -> None:
    suite = load_suite(Path("sums.yaml"))
    whole, limited = (
        carry_out(suite, Scripted(), Path("runs"), scope=scope).folder for scope in (Scope(), Scope(limit=5))
    )
    assert (True, False) == (ADVICE in told(whole), "--limit" in told(whole))
    assert (False, True) == (ADVICE in told(limited), "with the --limit that was set" in told(limited))


def test_nothing_is_advised_to_runs_that_ask_nobody(run: str, told: Callable[[str | Path], str]) -> None:
    suite = load_suite(Path("sums.yaml"))
    first = carry_out(suite, Scripted(), Path("runs"), scope=Scope()).folder
    stored = asyncio.run(rescore(first, suite, Scripted(), out=Path("again")).carry_out()).folder
    Path("t.csv").write_text("item,passed\na,1\nb,0\n")
    (imported,) = import_trials(Path("t.csv"), Path("table"), ImportOptions(threshold=0.9)).runs
    for folder in (stored, imported.folder):
        assert (True, False) == ("edge at clean: " in told(folder), ADVICE in told(folder))


def test_a_run_that_has_not_ended_says_how_it_goes_on(run: str, told: Callable[[str | Path], str]) -> None:
    said = f"This run has not come to its end. Go on with: evalkit run --resume {run}"
    assert said not in told(run)
    write_run_file(Path(run), read_run_file(Path(run)).model_copy(update={"finished": None}))
    assert said in told(run)


def test_several_runs_of_a_suite_end_with_the_capability_map_and_one_run_does_not(run: str, capsys: Any) -> None:
    model = Scripted()
    model.name = "scripted/y"
    other = str(carry_out(load_suite(Path("sums.yaml")), model, Path("runs")).folder)
    for first, second, head in ((run, other, "task x y"), (other, run, "task y x")):
        assert 0 == call(["report", first, second])
        _, _, shown = capsys.readouterr().out.partition("\n\nCapability map of sums: 1 task, 2 models\n")
        assert head == " ".join(shown.splitlines()[0].split())
    assert 0 == call(["report", run])
    assert "Capability map" not in capsys.readouterr().out


def test_models_whose_sizes_are_known_go_from_small_to_large(run: str, capsys: Any) -> None:
    model = Scripted()
    model.name = "scripted/y"
    other = str(carry_out(load_suite(Path("sums.yaml")), model, Path("runs")).folder)
    for folder, params in ((run, 1e6), (other, 5e3)):
        sized = read_run_file(Path(folder)).model_copy(update={"size": ModelSize(params=params)})
        write_run_file(Path(folder), sized)
    assert 0 == call(["report", run, other])
    assert "task y x" in [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_json_is_one_object_or_a_list(run: str, capsys: Any) -> None:
    assert 0 == call(["report", run, "--json"])
    one = json.loads(capsys.readouterr().out)
    assert 0 == call(["report", run, run, "--format", "json"])
    assert [one, one] == json.loads(capsys.readouterr().out)


def test_results_of_several_runs_are_in_one_file_of_tests_and_one_text(run: str, capsys: Any) -> None:
    assert 0 == call(["report", run, run, "--format", "junit"])
    names = re.findall(r'<testsuite name="(.*?)"', capsys.readouterr().out)
    assert ["sums.scripted/x.add", "sums.scripted/x_2.add"] == names
    assert 0 == call(["report", run, run, "--format", "markdown"])
    out = capsys.readouterr().out
    assert 2 == out.count("### ? `sums` with `scripted/x`: edge\n")
    assert "seed 0" in out


def test_trials_are_exported(run: str, capsysbinary: Any) -> None:
    assert 0 == call(["report", run, "--format", "csv"])
    frame = pandas.read_csv(io.BytesIO(capsysbinary.readouterr().out))
    assert (list(COLUMNS), 6) == (list(frame.columns), len(frame))
    assert 0 == call(["report", run, "--format", "jsonl"])
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert {"=1"} == {row["response"] for row in rows if not row["passed"]}


def test_a_table_of_trials_keeps_marks_of_writing_for_programs_and_shows_them_at_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Any
) -> None:
    run = record(tmp_path, row(response="a\u202eb\u200e"))
    assert 0 == call(["report", str(run), "--format", "csv"])
    assert "a\u202eb\u200e" in capsysbinary.readouterr().out.decode()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert 0 == call(["report", str(run), "--format", "csv"])
    out = capsysbinary.readouterr().out.decode()
    assert ("a\\u202eb\\u200e" in out, "\u202e" in out) == (True, False)


def test_what_fails_on_the_way_leaves_the_file_that_was_there(tmp_path: Path, capsys: Any) -> None:
    run, output = record(tmp_path, row(), row(position=1, constraints="[]")), tmp_path / "trials.csv"
    output.write_text("before")
    assert 2 == call(["report", str(run), "-o", str(output)])
    assert ("before", ["trials.csv", "trials.db"]) == (output.read_text(), sorted(each.name for each in run.iterdir()))


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("out.json", b'{\n  "suite"'),
        ("out.csv", b"task,"),
        ("out.jsonl", b'{"task"'),
        ("out.parquet", b"PAR1"),
        ("out.txt", b"sums"),
        ("out.md", b"<!-- evalkit: sums scripted/x -->"),
        ("out.xml", b"<?xml"),
    ],
)
def test_the_ending_of_the_file_says_the_format(run: str, tmp_path: Path, capsys: Any, name: str, start: bytes) -> None:
    assert 0 == call(["report", run, "-o", name])
    assert ("", "") == tuple(capsys.readouterr())
    data = (tmp_path / name).read_bytes()
    assert data.startswith(start)
    assert b"\x1b[" not in data


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("-o x.doc: no format ends in .doc; say --format, or end in .txt, .html,", ["-o", "x.doc"]),
        ("--json: found --format csv, which says otherwise", ["--json", "--format", "csv"]),
        ("--json: found -o x.CSV, which says otherwise", ["--json", "-o", "x.CSV"]),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    run: str, capsys: Any, message: str, options: list[str]
) -> None:
    assert 2 == call(["report", run, *options])
    assert message in capsys.readouterr().err
    assert not Path(options[-1]).exists()


@pytest.mark.parametrize(
    "options", [["--json", "-o", "x.JSON"], ["--format", "json", "-o", "x.txt"], ["--json", "--format", "json"]]
)
def test_options_that_agree_are_taken(run: str, capsys: Any, options: list[str]) -> None:
    assert 0 == call(["report", run, *options])
    text = Path(options[-1]).read_text(encoding="utf-8") if "-o" in options else capsys.readouterr().out
    assert "sums" == json.loads(text)["suite"]


@pytest.fixture
def two(run: str) -> tuple[str, str]:
    """Runs of two models."""
    model = Scripted()
    model.name = "scripted/y"
    return run, str(carry_out(load_suite(Path("sums.yaml")), model, Path("runs")).folder)


def texts(svg: Path) -> str:
    """What an eye reads in a picture, its lines joined."""
    shown = (re.sub(r"<[^>]*>", "", text) for text in re.findall(r"<text.*?</text>", svg.read_text(encoding="utf-8")))
    return " ".join(unescape(" ".join(shown)).replace("\u00a0", " ").split())


@pytest.mark.slow
def test_a_picture_of_one_run_shows_its_margins(run: str) -> None:
    pytest.importorskip("vl_convert")
    assert 0 == call(["report", run, "-o", "out.svg"])
    assert "Margin of every task: sums" in texts(Path("out.svg"))
    first = Path("out.svg").read_bytes()
    assert 0 == call(["report", run, "--format", "svg", "-o", "out.svg"])
    assert first == Path("out.svg").read_bytes()


@pytest.mark.slow
def test_a_picture_of_several_runs_shows_the_map_and_what_models_take(two: tuple[str, str]) -> None:
    pytest.importorskip("vl_convert")
    assert 0 == call(["report", *two, "-o", "out.svg"])
    told = texts(Path("out.svg"))
    assert "What each model can do: sums" in told
    assert "What a model costs, and how long it takes: sums" in told
    assert "Margin of" not in told


def test_a_picture_says_that_an_earlier_run_is_left_out(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, Any]] = []

    def draw(spec: dict[str, Any], _: str) -> bytes:
        drawn.append(spec)
        return b""

    monkeypatch.setattr("evalkit.report.picture.picture", draw)
    again = str(carry_out(load_suite(Path("sums.yaml")), Scripted(), Path("runs")).folder)
    for given in ([run, again], [run]):
        assert 0 == call(["report", *given, "-o", "out.svg"])
    both, one = (spec["title"]["subtitle"] for spec in drawn)
    assert "Of 2 runs of scripted/x the latest is shown." == both[-1]
    assert both[:-1] == one


@pytest.mark.slow
def test_a_picture_is_a_png_for_a_file_and_for_a_pipe(run: str, capsysbinary: Any) -> None:
    pytest.importorskip("vl_convert")
    assert 0 == call(["report", run, "-o", "out.png"])
    assert 0 == call(["report", run, "--format", "png"])
    drawn = capsysbinary.readouterr().out
    assert b"\x89PNG\r\n\x1a\n" == drawn[:8]
    assert drawn == Path("out.png").read_bytes()


@pytest.mark.slow
def test_a_figure_is_drawn_by_its_name(two: tuple[str, str]) -> None:
    pytest.importorskip("vl_convert")
    assert 0 == call(["report", *two, "-o", "out.svg", "--figure", "add-margins"])
    assert texts(Path("out.svg")).count("Margin at every condition: add") == 1
    assert "What each model can do" not in texts(Path("out.svg"))


def test_a_figure_that_is_none_is_refused_with_the_names_that_are(run: str, capsys: Any) -> None:
    assert 2 == call(["report", run, "-o", "out.svg", "--figure", "margin"])
    err = capsys.readouterr().err
    assert '--figure margin: no such figure. Did you mean "margins"? Known: add-constraints, add-margins,' in err
    assert 2 == call(["report", run, "-o", "out.svg", "--figure", "zzz"])
    assert "--figure zzz: no such figure. Known: add-constraints, add-margins, margins" in capsys.readouterr().err
    assert 2 == call(["report", run, "-o", "out.svg", "--figure", "map"])
    told = "--figure map: it compares models, and there are no runs of two of the same suite. Known: add-"
    assert told in capsys.readouterr().err
    assert not Path("out.svg").exists()


@pytest.mark.parametrize("found", ["terminal", "html", "json"])
def test_figures_are_for_pictures_only(run: str, capsys: Any, found: str) -> None:
    assert 2 == call(["report", run, "--format", found, "--figure", "map"])
    assert f"--figure map: found --format {found}, expected svg or png" in capsys.readouterr().err


def test_a_picture_that_is_no_text_does_not_go_to_a_terminal(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, seen = printed(["report", run, "--format", "png"], monkeypatch)
    assert (2, False) == (code, "PNG" in seen)


def test_the_page_holds_all_runs_and_loads_nothing(two: tuple[str, str]) -> None:
    assert 0 == call(["report", *two, "-o", "out.html"])
    page = Path("out.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert [True, True] == [name in page for name in ("scripted/x", "scripted/y")]
    assert [] == re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?!data:|#)[^>]*>", page)


def test_a_style_in_the_folder_of_the_project_wins(run: str) -> None:
    Path("reports").mkdir()
    Path("reports/report.css").write_text("body { --of-the-project: 1 }", encoding="utf-8")
    assert 0 == call(["report", run, "-o", "out.html"])
    assert "--of-the-project: 1" in Path("out.html").read_text(encoding="utf-8")


def test_a_name_without_an_ending_gets_the_report_for_eyes(run: str) -> None:
    assert 0 == call(["report", run, "-o", "out"])
    assert Path("out").read_text(encoding="utf-8").startswith("sums with")


def test_trials_of_several_runs_are_not_mixed(run: str, capsys: Any) -> None:
    assert 2 == call(["report", run, run, "--format", "csv"])
    assert "found 2 runs, expected one" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_exits_with_4(run: str, capsys: Any) -> None:
    assert 4 == call(["report", run, "-o", "none/out.json"])
    assert "none/out.json: cannot be written: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("column", ["constraints", "score"])
@pytest.mark.parametrize(
    "command",
    [
        "report {run}",
        "run --resume {run}",
        "run sums.yaml --model echo/x --reuse {run}",
        "rescore {run} --suite sums.yaml --out again",
    ],
)
def test_a_damaged_run_is_named_whatever_reads_it(run: str, capsys: Any, column: str, command: str) -> None:
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x", "--out", "damaged"])
    (folder,) = Path("damaged").iterdir()
    with sqlite3.connect(folder / "trials.db") as connection:
        connection.execute(f"UPDATE trials SET {column} = '{{no'")
    connection.close()
    capsys.readouterr()
    assert 2 == call(command.format(run=folder).split())
    err = capsys.readouterr().err
    assert f"{folder}/trials.db: cannot be read as a run's trials: trial add, clean, " in err
    assert "Traceback" not in err


def test_what_is_no_run_exits_with_2(tmp_path: Path, capsys: Any) -> None:
    assert 2 == call(["report", str(tmp_path)])
    assert 2 == call(["report", str(tmp_path), "--format", "csv"])
