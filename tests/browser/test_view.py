"""The viewer as people use it: the list, a run, a trial, two runs side by side, and a run that goes on."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest
from aiohttp import web
from playwright.sync_api import Page, Route, expect

from evalkit.engine import Session
from evalkit.plan import Scope
from evalkit.record import read_run_file, write_run_file
from tests.browser.watched import OpenPage
from tests.runs import Scripted, make_suite, right, session
from tests.viewing import HOSTILE, Client, hostile, make_run, slow_counting, unfinish, viewed

pytestmark = pytest.mark.browser

KINDS = '[{number: "{sum}"}, {words: {max: 3}}]'


def apart(work: Callable[..., Path], *given: object, **named: object) -> Path:
    """Do something in a thread of its own: the browser's event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *given, **named).result()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("view")
    for day, answer in enumerate((right, hostile), 1):
        folder = apart(make_run, place, place / "runs", answer, units=12, constraints=KINDS)
        started = f"2026-01-{day:02}T00:00:00Z"  # not the same second, which would leave their order open
        write_run_file(folder, read_run_file(folder).model_copy(update={"started": started}))
        folder.rename(place / "runs" / answer.__name__)
    (place / "runs/broken").mkdir()
    (place / "runs/broken/run.json").write_text("{", encoding="utf-8")
    return place


@pytest.fixture
def client(place: Path) -> Iterator[Client]:
    with viewed(place / "runs", project=place) as client:
        yield client


def at(page: Page) -> str | None:
    """The name of the run that has the focus."""
    found: str | None = page.evaluate("document.activeElement?.dataset.name ?? null")
    return found


def test_from_the_list_to_a_trial_by_keys_alone(client: Client, open_page: OpenPage) -> None:
    watched = open_page(client.address)
    page = watched.page
    assert "token" not in page.url
    expect(page.locator("#runs tbody tr")).to_have_count(2)
    page.keyboard.press("j")
    first = at(page)
    page.keyboard.press("ArrowDown")
    assert {first, at(page)} == {"right", "hostile"}
    page.keyboard.press("/")
    page.keyboard.type("hostile")
    expect(page.locator("#runs tbody tr:visible")).to_have_count(1)
    assert page.url.endswith("/?q=hostile")
    page.keyboard.press("Escape")
    assert "hostile" == at(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/run/hostile")
    expect(page.locator("#list a.trial").first).to_be_visible()
    page.goto(f"{page.url}#outcome=fail")
    expect(page.locator("#found")).to_have_text("8 trials.")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("dialog#trial")).to_be_visible()
    expect(page.locator("#trial-body")).to_contain_text(HOSTILE.split(" \u202e")[0])
    page.keyboard.press("Escape")
    expect(page.locator("dialog#trial")).to_be_hidden()
    expect(page.locator(".brand")).to_have_text("evalkit view")
    page.locator(".brand a").click()
    page.wait_for_url("**/")
    assert [] == watched.wrong


def test_filters_and_order_of_the_list_stand_in_the_address(client: Client, open_page: OpenPage) -> None:
    watched = open_page(client.address)
    page = watched.page
    page.locator("select[name=verdict]").select_option("usable")
    expect(page.locator("#runs-found")).to_have_text("0 of 2 runs")
    page.locator("select[name=verdict]").select_option("")
    page.get_by_role("button", name="Started").click()
    expect(page.locator("th[data-sort=started]")).to_have_attribute("aria-sort", "ascending")
    assert page.url.endswith("/?sort=started")
    before = page.locator("#runs tbody tr").first.get_attribute("data-name")
    page.reload()
    assert before == page.locator("#runs tbody tr").first.get_attribute("data-name")
    page.locator("input[name=q]").fill("no such")
    page.locator("#run-filters button[type=reset]").click()
    expect(page.locator("#runs-found")).to_have_text("2 runs")
    assert [] == watched.wrong


def test_two_runs_are_chosen_and_compared(client: Client, open_page: OpenPage) -> None:
    watched = open_page(client.address)
    page = watched.page
    for name in ("hostile", "right"):
        page.locator(f"tr[data-name={name}] input").check()
    page.keyboard.press("c")
    page.wait_for_url("**/compare?a=right&b=hostile")
    pair = page.locator(".flip .pair").first
    expect(pair.locator(".side.passed pre")).to_have_text("5")
    expect(pair.locator(".side.failed pre")).to_contain_text("<script>alert(1)</script>")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('.flip')")
    page.get_by_role("button", name="Condition").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.wait_for_url("**/")
    assert [] == watched.wrong


def test_several_runs_stand_on_one_page(client: Client, open_page: OpenPage) -> None:
    watched = open_page(client.address)
    page = watched.page
    for name in ("hostile", "right"):
        page.locator(f"tr[data-name={name}] input").check()
    page.get_by_role("button", name="Show together").click()
    page.wait_for_url("**/runs?run=right&run=hostile")
    expect(page.locator("table.map thead th")).to_have_count(3)
    expect(page.locator("#list a.trial").first).to_be_visible()
    assert [] == watched.wrong


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of more trials than are shown at once."""
    place = tmp_path_factory.mktemp("many")
    return apart(make_run, place, place / "runs", hostile, units=40, n_items=40)


def late(page: Page) -> None:
    """Let every further piece of the list come late."""

    def wait(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/trials?*offset=50*", wait)


def test_a_piece_of_the_list_is_fetched_once_however_often_it_is_wanted(many: Path, open_page: OpenPage) -> None:
    with viewed(many) as client:
        watched = open_page(client.address)
        page = watched.page
        rows = page.locator("#list a.trial")
        expect(rows).to_have_count(50)
        late(page)
        page.locator("#more").dblclick()
        expect(rows).to_have_count(100)
        assert 100 == len(set(rows.evaluate_all("rows => rows.map((row) => row.dataset.id)")))
        expect(rows.nth(50)).to_be_focused()
        page.reload()
        expect(rows).to_have_count(50)
        rows.nth(47).click()
        expect(page.locator("dialog#trial")).to_be_visible()
        for _ in range(8):
            page.keyboard.press("j")
        wanted = rows.nth(55)
        expect(wanted).to_have_count(1)
        page.wait_for_url(f"**{wanted.get_attribute('href')}")
        assert [] == watched.wrong


def test_a_piece_of_another_list_is_left_out(many: Path, open_page: OpenPage) -> None:
    with viewed(many) as client:
        page = open_page(client.address).page
        rows = page.locator("#list a.trial")
        expect(rows).to_have_count(50)
        late(page)
        page.locator("#more").click()
        page.locator("select[name=outcome]").select_option("fail")
        page.wait_for_timeout(600)
        assert rows.count() == page.locator("#list a.trial.fail").count() > 0
        expect(page.locator("#found")).to_have_text(f"{rows.count()} trials.")


def test_what_is_being_counted_appears_by_itself_and_trials_are_there_before(
    place: Path, tmp_path: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(place / "runs/hostile", tmp_path / "open")
    unfinish(folder)
    with slow_counting(monkeypatch) as may_count, viewed(folder, project=place) as client:
        watched = open_page(client.address)
        page = watched.page
        expect(page.locator("h1")).to_have_text("What 48 trials show is being counted")
        assert [] == watched.barriers()
        page.locator("#list a.trial").first.click()
        expect(page.locator("dialog#trial")).to_be_visible()
        may_count.set()
        page.wait_for_timeout(1000)
        expect(page.locator("#counting")).to_be_visible()  # whoever reads a trial is not interrupted
        page.keyboard.press("Escape")
        expect(page.locator("section.task")).to_have_count(1)
        expect(page.locator("#counting")).to_have_count(0)
        assert [] == watched.wrong


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["/", "/compare?a=right&b=hostile", "/run/none"])
def test_nothing_keeps_people_out(client: Client, open_page: OpenPage, path: str, dark: bool) -> None:
    watched = open_page(client.address, width=390, dark=dark)
    watched.page.goto(f"http://127.0.0.1:{client.port}{path}")
    assert [] == watched.barriers()
    assert watched.overflow() <= 0
    own = f"http://127.0.0.1:{client.port}/"
    assert [] == [address for address in watched.requests if not address.startswith((own, "data:"))]


@contextmanager
def elsewhere() -> Iterator[str]:
    """A server of the same machine with an empty page and no policy at all.

    Not `loopback.in_thread`: the browser's event loop runs in this thread.
    """

    async def start() -> web.AppRunner:
        async def page(_: web.Request) -> web.Response:
            return web.Response(text="<!doctype html><link rel=icon href=data:,><p>elsewhere", content_type="text/html")

        app = web.Application()
        app.router.add_get("/", page)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    ports: Queue[int] = Queue()
    loops: list[asyncio.AbstractEventLoop] = []
    end = asyncio.Event()

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        runner = await start()
        ports.put(runner.addresses[0][1])
        await end.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=30)}/"
    finally:
        loops[0].call_soon_threadsafe(end.set)
        thread.join()


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_a_page_elsewhere_can_read_nothing(client: Client, open_page: OpenPage, mode: str) -> None:
    """Even one of this machine, which the browser takes for the same site and sends the cookie for."""
    page = open_page(client.address).page
    own = f"http://127.0.0.1:{client.port}/api/runs"
    ask = "([address, mode]) => fetch(address, {mode, credentials: 'include'}).then(r => r.type, e => 'refused')"
    assert "basic" == page.evaluate(ask, [own, mode])
    with elsewhere() as address:
        page.goto(address)
        assert "refused" == page.evaluate(ask, [own, mode])
        with page.expect_navigation():
            page.evaluate("address => location.assign(address)", own)
        expect(page.locator("body")).to_contain_text("Another page sent this request")


class Slow:
    """A run that goes on in a thread until its model may answer."""

    def __init__(self, place: Path) -> None:
        self.goes_on = threading.Event()
        suite = make_suite(place, claim="set", perturbations="{noise: [0.1]}")
        self.model = Scripted(right, seconds=lambda call: 0.02 if self.goes_on.is_set() else 0.1)
        self.session: Session = session(suite, self.model, place / "runs", scope=Scope(fixed=150), concurrency=1)


def test_a_run_that_goes_on_is_followed_to_its_end(tmp_path: Path, open_page: OpenPage) -> None:
    slow = Slow(tmp_path)
    done = threading.Thread(target=lambda: asyncio.run(slow.session.carry_out()))
    with viewed(tmp_path / "runs", project=tmp_path) as client:
        done.start()
        watched = open_page(client.address)
        page = watched.page
        expect(page.locator(".state.running")).to_be_visible(timeout=10_000)
        page.locator("#runs tbody a").click()
        line = page.locator(".live-line")
        expect(line).to_contain_text("trials answered of 300 at most")
        expect(line).to_contain_text("a second", timeout=10_000)
        before = line.inner_text()
        expect(line).not_to_have_text(before, timeout=10_000)
        assert [] == watched.barriers()
        below = page.locator("section.answer, section.task, #trials").all_inner_texts()
        expect(line).not_to_have_text(line.inner_text(), timeout=10_000)
        assert below == page.locator("section.answer, section.task, #trials").all_inner_texts(), "nobody is disturbed"
        page.get_by_role("button", name="Show what is known now").click()
        expect(page.locator(".live-line")).to_contain_text("trials answered of 300 at most")
        assert below != page.locator("section.answer, section.task, #trials").all_inner_texts()
        slow.goes_on.set()
        done.join(60)
        expect(page.locator(".live")).to_have_count(0, timeout=10_000)
        expect(page.locator("h1")).to_contain_text("usable", ignore_case=True)
        page.locator(".brand a").click()
        expect(page.locator(".state.finished")).to_be_visible()
    assert [] == watched.wrong


def test_that_the_viewer_has_ended_is_said(place: Path, open_page: OpenPage) -> None:
    with viewed(place / "runs", project=place) as client:
        watched = open_page(client.address)
    watched.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(watched.page.locator("#silent")).to_contain_text("does not answer")
