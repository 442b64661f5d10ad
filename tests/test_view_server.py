from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import lxml.html
import pytest

from evalkit.record import hold, read_run_file, write_run_file
from evalkit.view import Viewer
from evalkit.view.guard import HEADERS
from tests.runs import right
from tests.viewing import HOSTILE, Client, Reply, make_run, slow_counting, unfinish, viewed

ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, one of which answers with what must not run; a broken one; one that is not at its end."""
    place = tmp_path_factory.mktemp("served")
    runs = place / "runs"
    make_run(place, runs, right, units=6).rename(runs / "good")
    make_run(place, runs, units=6).rename(runs / "bad run")
    run = read_run_file(runs / "bad run")
    write_run_file(runs / "bad run", run.model_copy(update={"model": f"x/{HOSTILE}"}))
    shutil.copytree(runs / "good", runs / "open")
    unfinish(runs / "open")
    (runs / "broken").mkdir()
    (runs / "broken/run.json").write_text(f'{{"{HOSTILE}', encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[Client]:
    with viewed(place / "runs", project=place) as client:
        client.enter()
        yield client


def get(client: Client, path: str) -> Reply:
    reply = client.ask(path)
    assert 200 == reply.status, reply.text
    return reply


def test_the_token_becomes_a_cookie_and_leaves_the_address(client: Client) -> None:
    reply = Client(address=client.address).enter()
    assert (303, "/") == (reply.status, reply.headers["location"])
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    token = client.address.partition("token=")[2]
    elsewhere = Client(address=client.address).ask(f"/compare?a=good&token={token}&b=x%26y")
    assert "/compare?a=good&b=x%26y" == elsewhere.headers["location"]


@pytest.mark.parametrize("path", ["//evil.example/", "/%2F%2Fevil.example/", "/\\evil.example"])
def test_the_token_leads_to_no_other_server(client: Client, path: str) -> None:
    token = client.address.partition("token=")[2]
    place = Client(address=client.address).ask(f"{path}?token={token}").headers.get("location", "/")
    assert re.match(r"/(?![/\\])", place)


@pytest.mark.parametrize(
    "path", ["/", "/api/runs", "/run/good", "/api/run/good/trials", "/static/report.js", "/nothing"]
)
def test_without_the_token_there_is_nothing_but_an_explanation(client: Client, path: str) -> None:
    for given in (path, f"{path}?token=wrong"):
        reply = Client(address=client.address).ask(given)
        assert 403 == reply.status
        assert "lacks its token" in reply.text
        assert "set-cookie" not in reply.headers


def test_another_name_of_this_machine_is_refused(client: Client) -> None:
    assert 403 == client.ask("/api/runs", Host="evil.example").status
    assert 200 == client.ask("/api/runs", Host=f"localhost:{client.port}").status


def test_requests_of_other_pages_are_refused(client: Client) -> None:
    assert 403 == client.ask("/api/runs", Origin="https://evil.example").status
    assert 403 == client.ask("/api/runs", Sec_Fetch_Site="cross-site").status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_written(client: Client, method: str) -> None:
    for path in ("/", "/api/runs", "/run/good"):
        reply = client.ask(path, method=method)
        assert (405, "GET, HEAD") == (reply.status, reply.headers["allow"])


def test_head_is_answered_without_a_body(client: Client) -> None:
    reply = client.ask("/api/runs", method="HEAD")
    assert (200, "") == (reply.status, reply.text)


@pytest.mark.parametrize(
    "path", ["/", "/run/good", "/api/runs", "/static/report.css", "/api/run/none", "/none", "/none?x"]
)
def test_every_reply_carries_the_policy(client: Client, path: str) -> None:
    for reply in (client.ask(path), Client(address=client.address).ask(path)):
        assert HEADERS.items() <= {name.title(): value for name, value in reply.headers.items()}.items() | {
            ("X-Content-Type-Options", reply.headers["x-content-type-options"])
        }
        assert reply.headers["cache-control"] in {"no-store", "no-cache"}


def test_data_is_never_kept_by_the_browser(client: Client) -> None:
    assert "no-store" == get(client, "/api/runs").headers["cache-control"]


def test_the_list_shows_runs_and_says_why_a_folder_cannot_be_read(client: Client) -> None:
    value = get(client, "/api/runs").value
    assert {"good", "bad run", "open"} == {run["name"] for run in value["runs"]}
    assert [("broken", True)] == [(each["name"], "Invalid JSON" in each["problem"]) for each in value["broken"]]
    page = get(client, "/").text
    assert 'href="/run/bad%20run"' in page
    assert "Folders that cannot be read" in page
    assert "stopped, can be resumed" in page


def test_what_models_and_folders_are_called_is_only_text(client: Client) -> None:
    for path in ("/", "/run/bad%20run", "/compare?a=good&b=bad+run", "/runs?run=good&run=bad+run"):
        page = get(client, path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\u202e" not in page
    assert ESCAPED in get(client, "/compare?a=good&b=bad+run").text
    assert "\u202e" not in get(client, "/api/run/bad%20run/trials?outcome=fail").text


def test_pages_have_no_script_or_style_within(client: Client) -> None:
    """Else the policy would have to allow what others could put in, too."""
    for path in ("/", "/run/good", "/compare?a=good&b=bad+run", "/run/none"):
        for element in lxml.html.document_fromstring(client.ask(path).text).iter():
            assert element.tag != "style"
            assert not [name for name in element.attrib if name == "style" or str(name).startswith("on")]
            assert element.tag != "script" or element.get("src") or element.get("type") == "text/plain"


def test_all_that_a_page_names_is_there(client: Client) -> None:
    for path in ("/", "/run/good", "/compare?a=good&b=bad+run"):
        named = re.findall(r'(?:src|href)="(/static/[^"]*)"', get(client, path).text)
        assert len(named) >= 3
        for each in named:
            reply = get(client, each)
            kind = "text/css" if each.endswith(".css") else "text/javascript"
            assert f"{kind}; charset=utf-8" == reply.headers["content-type"]


def test_a_part_is_sent_again_only_if_it_has_changed(client: Client) -> None:
    tag = get(client, "/static/view.js").headers["etag"]
    same = client.ask("/static/view.js", If_None_Match=tag)
    assert (304, "", tag) == (same.status, same.text, same.headers["etag"])
    assert 200 == client.ask("/static/view.js", If_None_Match='"other"').status


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pyproject.toml",
        "/static/..%2f..%2fpyproject.toml",
        "/static/report.html.jinja",
        "/static/%2Fetc%2Fpasswd",
        "/run/..",
        "/run/%2e%2e",
        "/run/..%2Fruns%2Fgood",
        "/api/run/..%2F..%2F..%2Fetc/trials",
        "/api/run/good%00/trials",
        "/api/run/none",
        "/nothing",
    ],
)
def test_no_address_leads_out_of_what_is_listed(client: Client, path: str) -> None:
    assert 404 == client.ask(path).status


def test_trials_come_in_pieces_by_filter(client: Client) -> None:
    of_run = "/api/run/bad%20run"
    page = get(client, f"{of_run}/trials?outcome=fail&condition=clean&limit=1&offset=1").value
    assert (2, 1, 1) == (page["total"], page["offset"], len(page["trials"]))
    whole = get(client, f"{of_run}/trials?limit=1000").value
    assert whole["total"] == len(whole["trials"]) == 24
    groups = get(client, f"{of_run}/groups").value["groups"]
    assert {"number"} == {group["name"] for group in groups}
    assert sum(group["trials"] for group in groups) == get(client, f"{of_run}/trials?constraint=number").value["total"]
    assert [] == get(client, f"{of_run}/flaky").value["flaky"]


def test_a_trial_is_shown_in_full(client: Client) -> None:
    (first,) = get(client, "/api/run/bad%20run/trials?outcome=fail&limit=1").value["trials"]
    path = "/".join(quote(part, safe="") for part in first["id"].split("/"))
    detail = get(client, f"/api/run/bad%20run/trial/{path}").value
    assert first["id"] == detail["id"]
    assert detail["request"]["messages"]
    assert "<script>alert(1)</script>" in "".join(part["text"] for part in detail["response"])
    assert 404 == client.ask("/api/run/bad%20run/trial/add/clean/999/0").status


def test_what_is_not_understood_is_said(client: Client) -> None:
    reply = client.ask("/api/run/good/trials?outcome=passed")
    assert (400, "outcome: found 'passed'. Did you mean \"pass\"? Known: fail, pass, unscored, void.") == (
        reply.status,
        reply.value["error"],
    )
    for path in (
        "/compare?a=good",
        "/compare?a=good&b=good",
        "/runs",
        "/?colour=red",
        "/compare?a=good&b=open&flips=x",
    ):
        assert 400 == client.ask(path).status, path
    broken = client.ask("/run/broken")
    assert 422 == broken.status
    assert "Invalid JSON" in broken.text
    assert 404 == client.ask("/compare?a=good&b=none").status


def test_two_runs_stand_side_by_side(client: Client) -> None:
    page = get(client, "/compare?a=good&b=bad+run&flips=1").text
    assert "Passed with A, not with B: " in page
    assert ", 1 shown" in page
    assert "items that are left out, too" in page
    assert "items that are left out, too" not in get(client, "/compare?a=good&b=bad+run&flips=999").text


def test_a_run_that_goes_on_says_how_far_it_is(client: Client, place: Path) -> None:
    assert "finished" == get(client, "/api/run/good").value["state"]
    assert "stopped" == get(client, "/api/run/open").value["state"]
    with hold(place / "runs/open"):
        progress = get(client, "/api/run/open").value
        assert ("running", 24, 24) == (progress["state"], progress["answered"], progress["planned"])
        assert ["clean", "noise@0.1", "repeat@2"] == [
            each["condition"] for each in progress["results"]["tasks"][0]["conditions"]
        ]
        page = get(client, "/").text
        assert 'data-state="running"' in page


def test_a_single_run_opens_at_its_report(place: Path) -> None:
    with viewed(place / "runs/bad run") as client:
        assert "/run/bad%20run" in client.address
        assert "/run/bad%20run" == client.enter().headers["location"]


def test_before_the_first_run_it_says_how_to_make_one(tmp_path: Path) -> None:
    with viewed(tmp_path / "runs", awaited=True) as client:
        client.enter()
        assert "evalkit run support --model baseline/rules" in get(client, "/").text


def test_templates_of_the_project_win(place: Path, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/problem.html.jinja").write_text("ours: {{ why | join }}", encoding="utf-8")
    with viewed(place / "runs", project=tmp_path) as client:
        client.enter()
        assert "ours: There is nothing at this address." == client.ask("/nothing").text


def test_every_viewer_has_a_token_of_its_own(place: Path) -> None:
    tokens = set()
    for _ in range(3):
        with Viewer([place / "runs"], awaited=False, port=0, project=place) as viewer:
            tokens.add(viewer.address.partition("token=")[2])
    assert 3 == len(tokens)
    assert all(len(token) >= 32 for token in tokens)


def test_a_page_does_not_wait_for_what_takes_long_to_count(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with slow_counting(monkeypatch) as may_count, viewed(place / "runs", project=place) as client:
        client.enter()
        for path, trials in (("/run/open", 24), ("/runs?run=good&run=open", 48)):
            page = lxml.html.document_fromstring(get(client, path).text)
            assert f"What {trials} trials show is being counted" == page.xpath("normalize-space(//h1)")
            assert ["answer", "trials", "reading"] == page.xpath("//main//section/@class")
            assert ["#trials", "#reading"] == page.xpath("//nav//a/@href")
        assert get(client, "/api/run/open").value["results"] is None
        assert 24 == get(client, "/api/run/open/trials").value["total"]
        assert "counting-title" not in get(client, "/run/good").text
        may_count.set()
        while get(client, "/api/run/open").value["results"] is None:
            pass
        assert "counting-title" not in get(client, "/run/open").text


def test_the_name_that_a_project_gives_its_reports_stands_in_the_viewer(place: Path, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    for name in ("report", "view"):
        text = f'{{% extends "shipped/{name}.html.jinja" %}}{{% block brand %}}Acme reviews{{% endblock %}}'
        (tmp_path / f"reports/{name}.html.jinja").write_text(text, encoding="utf-8")
    with viewed(place / "runs", project=tmp_path) as client:
        client.enter()
        for path in ("/", "/run/good"):
            page = lxml.html.document_fromstring(get(client, path).text)
            assert "Acme reviews" == page.xpath("normalize-space(//*[@class='brand'])")
