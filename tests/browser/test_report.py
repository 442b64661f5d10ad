"""The report as people see it and use it: a real run, and a hostile one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalkit.browse import open_trials
from evalkit.record import read_run_file
from evalkit.report import Provenance
from evalkit.report.charts import Price
from evalkit.report.page import RunReport, html_report
from evalkit.scale import Question, find_scale
from tests.browser.watched import OpenPage
from tests.ladder_points import series
from tests.report_pages import HOSTILE, run_report, selection, trial
from tests.results import condition, result
from tests.runs import Scripted, carry_out, make_suite, right

pytestmark = pytest.mark.browser

LEVELS = "{noise: {levels: [0.02, 0.1], require: 0.1}, context: [200], conflict: [soft], paraphrase: true, repeat: 3}"
LIMIT = 5
"""Sums that a model can still do: others it misses by one."""


def measured(folder: Path, model: Scripted, name: str) -> RunReport:
    """A run of the suite with everything that a report can show."""
    suite = make_suite(
        folder,
        prompt="Please tell me without any delay: how much is {a} + {b}?",
        perturbations=LEVELS,
        constraints='[{number: "{sum}"}, {words: {max: 3}}, one_line]',
        more='    paraphrases: ["Add {a} and {b}.", "{a} plus {b}?"]',
        claim="set",
    )
    # The browser's own event loop runs in this thread.
    with ThreadPoolExecutor(1) as apart:
        done = apart.submit(carry_out, suite, model, folder / name).result()
    run = read_run_file(done.folder)
    with open_trials(done.folder) as trials:
        chosen = trials.selection()
    return RunReport(
        result=replace(done.results, model=name),
        provenance=Provenance(folder=str(done.folder), seed=run.seed, confidence=run.confidence),
        sha256=run.suite.sha256,
        evalkit=run.evalkit,
        started=run.started,
        finished=run.finished,
        trials=chosen,
        price=Price(cost_per_1k=float(len(name)), p95_s=1.0 / len(name)),
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunReport]:
    def small(call: object) -> str:
        answer = right(call)  # type: ignore[arg-type]
        return answer if answer.isdecimal() and int(answer) < LIMIT else f"I think that it may well be {answer}"

    folder = tmp_path_factory.mktemp("runs")
    return [measured(folder, Scripted(small), "acme/tiny"), measured(folder, Scripted(), "acme/large")]


@pytest.fixture(scope="module")
def one(runs: list[RunReport], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("one") / "one.html"
    path.write_bytes(html_report(runs[:1]))
    return path.as_uri()


@pytest.fixture(scope="module")
def two(runs: list[RunReport], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("two") / "two.html"
    path.write_bytes(html_report(runs, scale=find_scale([series([0.1, 0.5, 0.9])], Question(leave_out=0))))
    return path.as_uri()


def through(page: Page) -> None:
    """Scroll past every chart: each is drawn when it comes near."""
    for chart in page.locator(".canvas").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator("svg")).to_have_count(1)


def opened(page: Page) -> Page:
    """With the first trial of the list."""
    page.locator("#list a.trial").first.click()
    expect(page.locator("dialog#trial")).to_be_visible()
    return page


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_chart_is_drawn_and_nothing_else_happens(
    open_page: OpenPage, one: str, two: str, width: int, dark: bool
) -> None:
    for address in (one, two):
        watched = open_page(address, width=width, dark=dark)
        through(watched.page)
        assert ([], [address], 0) == (watched.wrong, watched.requests, watched.overflow())


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_keeps_people_out(open_page: OpenPage, two: str, dark: bool) -> None:
    watched = open_page(two, dark=dark)
    through(watched.page)
    for details in watched.page.locator("main details").all():
        details.evaluate("each => { each.open = true; }")
    assert [] == watched.barriers()
    opened(watched.page)
    assert [] == watched.barriers()


def test_charts_stay_within_their_boxes(open_page: OpenPage, two: str) -> None:
    watched = open_page(two)
    through(watched.page)
    wide = watched.page.evaluate(
        "[...document.querySelectorAll('.canvas')].filter((box) => box.scrollWidth > box.clientWidth + 1)"
        ".map((box) => `${box.dataset.figure} ${box.scrollWidth} ${box.clientWidth}`)"
    )
    assert [] == wide


def test_on_a_phone_words_leave_a_chart_room_and_keys_scroll_it(open_page: OpenPage, two: str) -> None:
    watched = open_page(two, width=390)
    page = watched.page
    through(page)
    boxes = "[...document.querySelectorAll('.canvas')].filter((box) => box.view)"
    assert page.evaluate(f"Math.min(...{boxes}.map((box) => box.view.width()))") >= 120
    wide, reached = "(box) => box.scrollWidth > box.clientWidth", "(box) => box.tabIndex === 0"
    assert page.evaluate(f"{boxes}.some({wide})")
    assert page.evaluate(f"{boxes}.filter({wide}).every({reached})")
    right = "(each) => each.getBoundingClientRect().right"
    cut = f"(text) => ({right})(text) > ({right})(text.ownerSVGElement) + 1"
    assert [] == page.evaluate(
        f"[...document.querySelectorAll('.canvas text')].filter({cut}).map((each) => each.textContent)"
    )
    assert [] == watched.barriers()


def test_the_button_changes_to_dark_and_charts_follow(open_page: OpenPage, one: str) -> None:
    page = open_page(one).page
    label = page.locator(".canvas svg .role-axis-label text").first
    light = label.get_attribute("fill")
    page.get_by_role("button", name="Change between light and dark").click()
    expect(label).not_to_have_attribute("fill", str(light))
    assert "dark" == page.evaluate("getComputedStyle(document.documentElement).colorScheme")


def numbers(page: Page) -> Page:
    page.get_by_text("The numbers").first.click()
    expect(page.locator("figure.chart").first.locator("table")).to_be_visible()
    return page


def column(page: Page, index: int) -> list[str]:
    rows = page.locator("figure.chart").first.locator("tbody tr:not([hidden])")
    return [row.locator("td").nth(index).inner_text() for row in rows.all()]


def test_a_table_is_sorted_by_its_numbers(open_page: OpenPage, one: str) -> None:
    page = numbers(open_page(one).page)
    heads = page.locator("figure.chart").first.locator("th")
    index = [head.inner_text() for head in heads.all()].index("rate")
    heads.nth(index).get_by_role("button").click()
    expect(heads.nth(index)).to_have_attribute("aria-sort", "ascending")
    up = column(page, index)
    heads.nth(index).get_by_role("button").press("Enter")
    expect(heads.nth(index)).to_have_attribute("aria-sort", "descending")
    down = column(page, index)
    rates = [float(text.split()[0]) for text in up if text != "–"]
    assert (sorted(rates), rates[::-1]) == (rates, [float(text.split()[0]) for text in down if text != "–"])
    assert len(set(rates)) > 1


def test_levels_within_names_are_sorted_by_their_value(open_page: OpenPage, one: str) -> None:
    page = open_page(one).page
    table = page.locator("table.data", has=page.get_by_role("columnheader", name="Why it stopped")).first
    page.get_by_text("What each condition took").first.click()
    table.get_by_role("button", name="Condition").click()
    names = table.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.cells[0].textContent.trim())")
    assert ["noise@0.02", "noise@0.1"] == [name for name in names if name.startswith("noise")]


def test_numbers_that_are_opened_before_the_page_is_ready_come_all_the_same(
    open_page: OpenPage, one: str, tmp_path: Path
) -> None:
    page = Path(one.removeprefix("file://")).read_text(encoding="utf-8")
    path = tmp_path / "opened.html"
    path.write_text(page.replace("<details data-numbers", "<details open data-numbers", 1), encoding="utf-8")
    expect(open_page(path.as_uri()).page.locator("details[data-numbers] table")).to_have_count(1)


def test_a_table_is_filtered(open_page: OpenPage, one: str) -> None:
    page = numbers(open_page(one).page)
    figure = page.locator("figure.chart").first
    every = figure.locator("tbody tr").count()
    figure.get_by_placeholder("Filter rows").fill("NOISE")
    rows = figure.locator("tbody tr:not([hidden])")
    assert every > rows.count() > 0
    assert all("noise" in row.inner_text() for row in rows.all())
    expect(figure.locator(".count")).to_have_text(f"{rows.count()} of {every} rows")


def test_a_table_is_copied_with_whole_numbers(open_page: OpenPage, one: str) -> None:
    page = numbers(open_page(one).page)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate("document.addEventListener('copy', () => { window.copied = String(document.activeElement.value); })")
    page.locator("figure.chart").first.get_by_role("button", name="Copy").click()
    expect(page.locator("#said")).to_have_text("Copied")
    head, *rows = page.evaluate("window.copied").splitlines()
    place = head.split("\t").index("rate")
    assert len(rows) > 5
    assert all("%" not in row.split("\t")[place] for row in rows)


def test_a_failure_is_found_from_the_task_that_it_belongs_to(open_page: OpenPage, one: str) -> None:
    page = open_page(one).page
    kind = page.locator(".failures .kind").first
    kind.locator("summary").click()
    link = kind.locator("a.group").first
    where = link.locator(".what").inner_text().removeprefix("at ")
    link.click()
    expect(page.locator("select[name=condition]")).to_have_value(where)
    expect(page.locator("select[name=outcome]")).to_have_value("fail")
    shown = page.locator("#list a.trial")
    assert shown.count() > 0
    assert all(where in each.inner_text() for each in shown.locator(".where").all())


def test_filters_stand_in_the_address(open_page: OpenPage, one: str) -> None:
    page = open_page(one).page
    page.locator("select[name=outcome]").select_option("pass")
    page.locator("input[name=text]").fill("4")
    page.wait_for_url(lambda address: "outcome=pass" in address and "text=4" in address)
    shown = page.locator("#found").inner_text()
    again = open_page(page.url).page
    expect(again.locator("#found")).to_have_text(shown)
    expect(again.locator("input[name=text]")).to_have_value("4")
    again.get_by_role("button", name="All").click()
    expect(again.locator("#found")).not_to_have_text(shown)
    again.locator("input[name=text]").fill("no such text")
    expect(again.locator("#found")).to_have_text("No such trial is in this file.")


def test_a_trial_shows_what_was_asked_what_came_back_and_what_was_demanded(open_page: OpenPage, one: str) -> None:
    page = open_page(f"{one}#condition=context@200&broken=constraint:words").page
    body = opened(page).locator("#trial-body")
    expect(body.locator(".message :is(mark, ins, del)").first).to_be_visible()
    expect(body.locator("mark.offending").first).to_be_visible()
    expect(body.locator(".demands .fail").filter(has_text="words")).to_have_count(1)
    expect(body.locator("ul.list").last).to_contain_text("clean")
    body.get_by_role("checkbox").uncheck()
    expect(body.locator(".message del").first).to_be_hidden()


def test_a_trial_has_an_address_and_the_back_button_leaves_it(open_page: OpenPage, one: str) -> None:
    page = opened(open_page(one).page)
    title = page.locator("#trial-title").inner_text()
    again = open_page(page.url).page
    expect(again.locator("#trial-title")).to_have_text(title)
    page.go_back()
    expect(page.locator("dialog#trial")).to_be_hidden()


def test_trials_that_were_closed_are_no_steps_back(open_page: OpenPage, one: str) -> None:
    page = open_page(f"{one}#outcome=fail").page
    for _ in range(2):
        opened(page)
        page.keyboard.press("j")
        page.keyboard.press("Escape")
        expect(page.locator("dialog#trial")).to_be_hidden()
    page.go_back()
    assert "about:blank" == page.url


def test_a_place_on_the_page_leaves_the_filters_as_they_are(open_page: OpenPage, one: str) -> None:
    page = open_page(f"{one}#outcome=fail&condition=clean").page
    expect(page.locator("select[name=condition]")).to_have_value("clean")
    found = page.locator("#found").inner_text()
    page.get_by_role("link", name="Cost").click()
    page.wait_for_url("**#cost")
    opened(page)
    assert "outcome=fail" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_have_text(found)
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator("select[name=condition]")).to_have_value("")
    expect(page.locator("#found")).not_to_have_text(found)


def test_trials_are_gone_through_by_keys(open_page: OpenPage, one: str) -> None:
    watched = open_page(f"{one}#outcome=fail")
    page = watched.page
    rows = page.locator("#list a.trial")
    expect(rows.nth(1)).to_be_visible()
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog#trial")
    expect(dialog).to_be_visible()
    first = page.url
    page.keyboard.press("j")
    page.wait_for_url(lambda address: address != first)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(first)
    expect(page.locator("#previous")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda address: address != first)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(rows.nth(1)).to_be_focused()
    assert [] == watched.wrong


def test_keys_that_are_faster_than_the_page_leave_the_focus_at_the_trial_they_reached(
    open_page: OpenPage, one: str
) -> None:
    page = opened(open_page(f"{one}#outcome=fail").page)
    page.evaluate(
        """() => {
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
          document.getElementById("trial").dispatchEvent(new Event("cancel", { cancelable: true }));
        }"""
    )
    expect(page.locator("dialog#trial")).to_be_hidden()
    expect(page.locator("#list a.trial").nth(1)).to_be_focused()


def test_a_trial_that_the_file_does_not_carry_says_so(open_page: OpenPage, one: str) -> None:
    page = open_page(f"{one}#trial=add/clean/999999/0").page
    expect(page.locator("#trial-title")).to_have_text("This trial is not here")
    expect(page.locator("#trial-body")).to_contain_text("The file does not carry it")


def test_trials_of_each_model_are_there(open_page: OpenPage, two: str) -> None:
    page = open_page(two).page
    models = page.locator("select[name=run]")
    expect(page.locator("#list .fail").first).to_be_visible()
    models.select_option("large")
    expect(page.locator("#list .pass").first).to_be_visible()
    assert "model=large" in page.url


def test_hostile_texts_do_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    tasks = {HOSTILE: [condition(199, HOSTILE), condition(20, f"{HOSTILE}@1"), condition(20, f"{HOSTILE}@2")]}
    shown = trial(1, text=HOSTILE)
    names = replace(shown.summary, task=HOSTILE, condition=HOSTILE, item=HOSTILE, failed=(HOSTILE,))
    run = run_report(
        result(HOSTILE, tasks, suite=HOSTILE), about=HOSTILE, trials=selection(replace(shown, summary=names))
    )
    path = tmp_path / "hostile.html"
    path.write_bytes(html_report([run]))
    watched = open_page(path.as_uri())
    through(watched.page)
    for details in watched.page.locator("main details").all():
        details.evaluate("each => { each.open = true; }")
    watched.page.locator(".canvas svg").first.hover()
    body = opened(watched.page).locator("#trial-body")
    expect(body).to_contain_text("<img src=x onerror=")
    assert "\u202e" not in watched.page.content()
    assert 0 == watched.page.locator("img, a[href^='javascript'], iframe, object").count()
    assert "owned" not in watched.page.evaluate("document.title.replace(/<[^>]*>/g, '')").replace("'owned'", "")
    assert ([], [path.as_uri()], 0) == (watched.wrong, watched.requests, watched.overflow())


def test_scripts_that_are_put_in_do_not_run(open_page: OpenPage, one: str, tmp_path: Path) -> None:
    """The policy itself holds, whatever escaping may miss."""
    path = tmp_path / "injected.html"
    source = Path(one.removeprefix("file://")).read_text(encoding="utf-8")
    hole = "<script>window.owned = 1</script><img src=x onerror='window.owned = 2'><style>body { color: red }</style>"
    path.write_text(source.replace("<main ", f"{hole}<main ", 1), encoding="utf-8")
    watched = open_page(path.as_uri())
    assert watched.page.evaluate("window.owned === undefined")
    assert len(watched.wrong) >= 3
    assert all("Content Security Policy" in told for told in watched.wrong)


def test_a_link_leads_to_its_place_though_charts_are_drawn_on_the_way(open_page: OpenPage, two: str) -> None:
    page = open_page(two, width=390).page
    page.emulate_media(reduced_motion="no-preference")
    for place in ("reading", "tasks", "cost"):
        page.locator(f".bar a[href='#{place}']").click()
        page.wait_for_timeout(500)  # in which charts nearby are drawn
        top = page.evaluate("place => document.getElementById(place).getBoundingClientRect().top", place)
        least = page.evaluate("innerHeight + scrollY - document.documentElement.scrollHeight")
        assert 0 <= top < 120 or least > -2, place


def test_a_file_that_lacks_trials_says_where_all_of_them_are(
    open_page: OpenPage, runs: list[RunReport], tmp_path: Path
) -> None:
    whole = runs[0].trials
    assert whole is not None
    few = replace(runs[0], trials=replace(whole, trials=whole.trials[:3], total=len(whole.trials)))
    path = tmp_path / "few.html"
    path.write_bytes(html_report([few]))
    expect(open_page(path.as_uri()).page.locator("#selection")).to_contain_text("evalkit view")


def test_paper_is_white_and_shows_every_chart_and_the_numbers_that_are_open(open_page: OpenPage, two: str) -> None:
    page = open_page(two, dark=True).page
    page.locator("[data-numbers] > summary").first.click()
    label = page.locator(".canvas svg .role-axis-label text").first
    dark = label.get_attribute("fill")
    page.pdf(format="A4")
    charts = page.locator(".canvas").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert charts == page.locator(".canvas svg").count()
    assert dark != label.get_attribute("fill")
    page.emulate_media(media="print")
    expect(page.locator(".bar")).to_be_hidden()
    assert "rgb(255, 255, 255)" == page.evaluate("getComputedStyle(document.body).backgroundColor")
    expect(page.locator("[data-numbers] table:visible")).to_have_count(1)
    expect(page.locator("[data-numbers] > summary:visible")).to_have_count(1)
