from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from evalkit.report import Provenance
from evalkit.report.page import Live, html_report, live_page, trials_room
from evalkit.scale import Question, find_scale
from tests.ladder_points import series
from tests.report_pages import HOSTILE, Seen, carried, run_report, selection, support, trial
from tests.results import condition, result

LOADING = {"src", "srcset", "data", "action", "poster", "background", "xlink:href"}


@cache
def page() -> str:
    return html_report([support(trials=selection(trial(1), trial(2)))]).decode()


@cache
def map_page() -> str:
    runs = [support(f"acme/{name}") for name in ("small", "large")]
    return html_report([*runs, run_report(result("acme/new", {"title": 10, "extra": None}))]).decode()


def test_the_answer_stands_first_in_plain_words() -> None:
    told = Seen(page()).text
    answer = "Usable: 1 of 3 tasks. Not usable: routing, which breaks first at noise@0.05. Could be either: reply."
    assert answer in told
    assert told.index(answer) < told.index("What it can do") < told.index("Trials, one by one")
    assert "measured 2026-11-22 03:15 UTC" in told


def test_the_map_is_readable_without_colour_and_by_ear() -> None:
    told = Seen(map_page()).text
    assert "None of 3 models is usable for all 4 tasks." in told
    for words in (
        "usable: at least 7.2 points above what is needed",
        "not usable: at least 9.1 points below what is needed",
        "could be either: 5 points below to 5 points above what is needed",
        "not measured",
    ):
        assert words in told, words
    assert "✗ 0 of 2" in told


def test_runs_of_one_model_have_each_a_name_of_its_own_and_the_same_everywhere() -> None:
    runs = [support(f"acme/{name}") for name in ("rules", "other", "rules")]
    made = live_page(runs, live=Live(assets="/static/", runs=["/a", "/b", "/c"])).decode()
    told = carried(made)
    assert ["rules", "other", "rules 2"] == [run["label"] for run in told["runs"]]
    drawn = json.dumps(told["figures"])
    assert ('"rules 2"' in drawn, '"acme/rules 2"' in drawn) == (True, True)
    text = Seen(made).text
    assert "Task rules other rules 2 " in text
    assert "Model acme/rules Measured" in text
    assert "Model acme/rules 2 Measured" not in text
    assert "left out" not in text


def test_cells_of_the_map_lead_to_their_task() -> None:
    seen = Seen(map_page())
    places = {attributes.get("id") for _, attributes in seen.elements}
    links = [attributes["href"] for tag, attributes in seen.elements if tag == "a"]
    assert 16 == sum(str(link).startswith("#task-") for link in links)
    assert [] == [link for link in links if str(link)[1:] not in places]


def test_every_condition_says_what_it_took_and_why_it_stopped() -> None:
    told = Seen(page()).text
    assert "noise@0.05 yes 200 0 75.0 % 68.4 % 80.9 % 90.0 % ✗ not usable" in told
    assert "its verdict was safe" in told
    few = replace(condition(181), reason="items")
    run = run_report(result("m", {"t": [few], "u": [condition(None)]}))
    told = Seen(html_report([run]).decode()).text
    assert "? could be either – too few items to settle it; add items" in told
    assert "clean yes 0 0 – – – 90.0 % not asked – not asked" in told


def test_it_needs_nothing_else() -> None:
    seen = Seen(page())
    loading = [(tag, name) for tag, attributes in seen.elements for name in attributes if name in LOADING]
    away = [
        attributes["href"]
        for _, attributes in seen.elements
        if "href" in attributes and not str(attributes["href"]).startswith("#")
    ]
    assert ([], []) == (loading, away)
    assert [] == [tag for tag, _ in seen.elements if tag in {"link", "base", "iframe", "object", "embed"}]
    assert [] == re.findall(r"@import|url\(", next(iter(re.findall(r"<style>(.*?)</style>", page(), re.S))))


def test_no_element_has_a_handler_or_a_style_of_its_own() -> None:
    wrong = [
        (tag, name)
        for tag, attributes in Seen(page()).elements
        for name in attributes
        if name.startswith("on") or name == "style"
    ]
    assert [] == wrong


def test_what_comes_from_outside_is_never_mark_up() -> None:
    tasks = {HOSTILE: [condition(199, HOSTILE), condition(20, f"{HOSTILE}@1")]}
    found = result(HOSTILE, tasks, suite=HOSTILE)
    run = run_report(
        replace(found, served_model=(HOSTILE,)),
        options={HOSTILE: HOSTILE},
        about=HOSTILE,
        tasks_about={HOSTILE: HOSTILE},
        trials=selection(trial(1, text=HOSTILE)),
    )
    hostile = html_report([run]).decode()
    plain = html_report([run_report(result("m", {"t": [condition(199, "c"), condition(20, "d")]}), about="a")]).decode()
    assert "<script>document.title" not in hostile
    assert "<img" not in hostile
    assert "\u202e" not in hostile
    count = len(re.findall(r"<script", plain))
    assert count == len(re.findall(r"<script", hostile))


def test_trials_come_through_as_they_are_but_for_what_misleads_an_eye() -> None:
    text = 'a "quoted" </script> & <b>\u202eend'
    hostile = html_report([support(trials=selection(trial(1, text=text)))]).decode()
    (run,) = carried(hostile)["runs"]
    (shown,) = run["trials"]["trials"]
    assert text.replace("\u202e", "\\u202e") == "".join(part["text"] for part in shown["response"])
    assert 200 == run["trials"]["total"]


def test_every_figure_has_its_picture_its_words_and_its_numbers() -> None:
    figures = carried(page())["figures"]
    seen = Seen(page())
    boxes = [attributes for tag, attributes in seen.elements if "data-figure" in attributes]
    assert sorted(figures) == sorted(str(box["data-figure"]) for box in boxes)
    assert all(box["role"] == "img" and box["aria-label"] for box in boxes)
    tables = [attributes["data-numbers"] for _, attributes in seen.elements if "data-numbers" in attributes]
    assert sorted(figures) == sorted(map(str, tables))
    assert all(len(row) == len(figure["columns"]) for figure in figures.values() for row in figure["rows"])


def test_ids_are_unique() -> None:
    for text in (page(), map_page()):
        ids = [attributes["id"] for _, attributes in Seen(text).elements if "id" in attributes]
        assert sorted(set(map(str, ids))) == sorted(map(str, ids))


def test_headings_follow_each_other() -> None:
    levels = [int(tag[1]) for tag, _ in Seen(map_page()).elements if re.fullmatch("h[1-6]", tag)]
    assert 1 == levels[0]
    assert [] == [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1]


def test_of_the_same_model_the_latest_run_is_shown() -> None:
    old, new = result("m", {"t": 20}), result("m", {"t": 200})
    told = Seen(html_report([run_report(new, started="2026-11-23T00:00:00Z"), run_report(old)]).decode()).text
    assert "Usable: t." in told
    assert "left out: 1 earlier one of m." in told


def test_tables_of_what_was_observed_do_not_call_it_trials() -> None:
    html = html_report([support()]).decode()
    assert 4 == html.count(">Observed</th>")  # of three tasks, and of what all of it took
    assert ">Trials</th>" not in html


def test_what_was_left_out_stands_under_its_suite() -> None:
    other = run_report(result("x", {"t": 200}, suite="one"))
    runs = [run_report(result("m", {"t": 200}, suite="two"), started=f"2026-11-2{day}T00:00:00Z") for day in (1, 2, 3)]
    told = Seen(html_report([other, *runs]).decode()).text
    assert 1 == told.count("the latest is shown; left out: 2 earlier ones of m.")
    assert told.index("two with m") < told.index("the latest is shown")


def test_each_suite_has_an_answer_of_its_own() -> None:
    runs = [run_report(result("m", {"t": passes}, suite=name)) for name, passes in (("one", 200), ("two", 20))]
    told = Seen(html_report(runs).decode()).text
    assert told.index("Usable: t.") < told.index("Not usable: t.")
    assert ["one: m", "two: m"] == [run["label"] for run in carried(html_report(runs).decode())["runs"]]


def test_a_run_that_goes_on_says_so_and_is_not_called_stopped() -> None:
    provenance = Provenance(folder="runs/x", seed=0, confidence=0.95, ended=False, going_on=True)
    told = Seen(html_report([support(finished=None, stopped="interrupted", provenance=provenance)]).decode()).text
    assert "This run goes on; what follows is what is known so far." in told
    assert "2026-11-22 03:15 UTC and going on" in told
    assert "was stopped" not in told
    assert "interrupted" not in told


def test_a_run_that_was_stopped_says_so() -> None:
    provenance = Provenance(folder="runs/x", seed=0, confidence=0.95, ended=False)
    told = Seen(html_report([support(finished=None, provenance=provenance)]).decode()).text
    assert "This run was stopped before its end" in told
    assert "2026-11-22 03:15 UTC to a stop" in told


def test_without_trials_there_is_no_place_for_them() -> None:
    told = Seen(html_report([support()]).decode())
    assert "Trials, one by one" not in told.text
    assert "dialog" not in {tag for tag, _ in told.elements}


@pytest.mark.slow
def test_sizes_have_a_chapter_where_something_is_known_of_them() -> None:
    scale = find_scale([series([0.1, 0.5, 0.9])], Question(leave_out=0))
    assert "What size brings" in Seen(html_report([support()], scale=scale).decode()).text
    assert "What size brings" not in Seen(page()).text


def test_sizes_that_make_no_curve_have_the_reason_in_its_place() -> None:
    shown = Seen(html_report([support()], scale="titles: found two <thresholds>").decode()).text
    assert "What size brings On sizes: titles: found two <thresholds>." in " ".join(shown.split())


def test_the_same_runs_give_the_same_bytes() -> None:
    runs = [support(trials=selection(trial(1)))]
    assert html_report(runs) == html_report(runs)


def test_ten_tasks_of_six_models_take_less_than_two_megabytes() -> None:
    levels = [condition(150, f"noise@{n / 100}") for n in range(12)]
    tasks = {f"task-{n}": levels for n in range(10)}
    one = trial(1)
    # As many bytes as there is room for, of which none can be saved.
    noise = Random(0).randbytes(trials_room(6) * 3 // 4).hex()
    trials = selection(replace(one, request=replace(one.request, exact=noise)))
    runs = [run_report(result(f"acme/model-{n}", tasks), trials=trials) for n in range(6)]
    assert 2_000_000 > len(html_report(runs))


def test_a_served_page_takes_styles_scripts_and_trials_from_its_server() -> None:
    live = Live(assets="/static/", runs=["/api/run/x"], scripts=("view.js",), styles=("view.css",))
    text = live_page([support(trials=selection(trial(1)))], live=live).decode()
    seen = Seen(text)
    sources = [attributes["src"] for tag, attributes in seen.elements if tag == "script" and "src" in attributes]
    sheets = [attributes["href"] for tag, attributes in seen.elements if tag == "link"]
    assert ["/static/report.css", "/static/view.css"] == sheets
    assert ("/static/vendor/vega.min.js", "/static/view.js") == (sources[0], sources[-1])
    assert not re.search(r"<script>|<style>|http-equiv", text)
    (run,) = carried(text)["runs"]
    assert ("/api/run/x", None) == (run["api"], run["trials"])


@pytest.mark.parametrize("name", ["report.css", "report.js"])
def test_a_file_of_the_project_wins(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("/* ours */", encoding="utf-8")
    assert "/* ours */" in html_report([support()], overrides=tmp_path).decode()
