from __future__ import annotations

import re
from collections.abc import Callable

from evalkit.report.markdown import LIMIT
from evalkit.report.markdown_map import markdown_map
from tests.results import condition, result
from tests.test_report_capability_map import entry, family, support
from tests.test_report_markdown import EVIL, rendered, tables


def test_the_map_looks_as_it_should(golden: Callable[[str, str], None]) -> None:
    golden("capability_map.md", markdown_map(support()))


def test_it_is_a_table_of_tasks_and_models() -> None:
    page = rendered(markdown_map(support()))
    assert "<h3>Capability map of <code>support</code>: 4 tasks, 3 models</h3>" in page
    (table,) = tables(page)
    assert [
        ["task", "5k", "80k", "1m"],
        ["title", "✗ ≤−74.9", "? −5…+5", "✓ ≥+7.2"],
        ["routing", "✗ ≤−9.1", "✓ ≥+5.6", "✓ ≥+5.6"],
        ["order-number", "✗ ≤−88.1", "✓ ≥+7.2", "–"],
        ["extra", "–", "–", "✓ ≥+8.1"],
        ["suite", "✗ 0/3", "? 2/3", "? 3/4"],
    ] == table
    assert "<li>routing is weakest at noise@\u200b0.05</li>" in page


def test_one_run_of_a_suite_needs_no_map() -> None:
    assert ["", ""] == [markdown_map([]), markdown_map(family("5k"))]


def test_each_suite_has_a_map_of_its_own_that_is_found_again() -> None:
    runs = [entry(result(model, {suite: 199}, suite=suite)) for suite in ("one", "two") for model in ("a", "b")]
    text = markdown_map(runs)
    assert ["<!-- evalkit: one map -->", "<!-- evalkit: two map -->"] == re.findall(r"^<!--.*$", text, re.M)
    assert 2 == len(tables(rendered(text)))


def test_a_name_from_outside_is_text_and_nothing_else() -> None:
    conditions = [condition(100, EVIL), condition(120, "clean")]
    runs = [entry(result(f"{n}{EVIL}", {EVIL: conditions}, suite=EVIL), sha256=str(n)) for n in (1, 2, 2)]
    page = rendered(markdown_map(runs))
    assert set(re.findall(r"<([a-z0-9]+)", page)) <= {
        *("h3", "ul", "li", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "sub")
    }
    assert {3} == {len(row) for row in tables(page)[0]}
    assert [] == re.findall(r"[@#]\w", re.sub(r"<code>.*?</code>", "", page, flags=re.S))


def test_a_map_of_too_many_tasks_says_what_it_leaves_out() -> None:
    many = {f"{n} {'task' * 12}": [condition(150), condition(120, "noise@0.05")] for n in range(400)}
    runs = [entry(result(model, many)) for model in ("a", "b")]
    text = markdown_map(runs)
    assert len(text) < LIMIT
    assert re.search(r"^\d+ more rows have no room here\.$", text, re.M)
    assert "- and 370 more\n" in text
