from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from evalkit.findings.gate import GateResult
from evalkit.report import Provenance, markdown
from evalkit.report.markdown import LIMIT, code, prose
from evalkit.verdict import Served, SuiteResult
from tests.gate_results import BASELINE, EDGE, HELD, REGRESSED, UNCLEAR, UNUSABLE, USABLE, cond, gate, mixed
from tests.results import result

PROVENANCE = Provenance(folder="runs/x", seed=7, confidence=0.95)
EVIL = (
    "@octocat #12 | `x` ** [a](http://evil.example) <img src=x onerror=alert(1)> www.evil.example\n\n# x $a$ \\ :tada:"
)


def show(found: GateResult | SuiteResult) -> str:
    if isinstance(found, GateResult):
        return markdown(found.result, PROVENANCE, found)
    return markdown(found, PROVENANCE)


def rendered(text: str) -> str:
    """As GitHub renders it."""
    page: str = cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)
    return page


def tables(page: str) -> list[list[list[str]]]:
    """The text of the cells of each row of each table."""
    return [
        [
            [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)
        ]
        for table in re.findall(r"<table>(.*?)</table>", page, re.S)
    ]


def test_results_and_a_gate_read_well(golden: Callable[[str, str], None]) -> None:
    golden("markdown_results.md", show(result("openai/x", {"title": 199, "routing": 182, "reply": 120})))
    golden("markdown_gate.md", show(mixed()))


def test_a_gate_is_rendered_as_a_headline_reasons_and_one_table() -> None:
    page = rendered(show(mixed()))
    assert "<h3>✗ Gate failed: <code>support</code> with <code>openai/y</code></h3>" in page
    reason = "<code>ticket-title</code> got worse by more than 2 points: <code>noise@0.05</code> changed by"
    assert f"<li>{reason} −46.3 to −19.2 points (165 pairs).</li>" in page
    (table,) = tables(page)
    assert ["verdict", "task", "condition", "pass %", "between", "needs", "margin"] == table[0][:-1]
    against = "✗ regressed: −33.3 (−46.3 to −19.2), 165 pairs"
    assert ["✓ usable", "ticket-title", "noise@0.05", "99.5", "97.2–100.0", "90.0", "≥+7.2", against] == table[2]
    assert ["✗ unusable", "routing", "(noise@0.2)", "60.0", "52.8–66.9", "90.0", "≤−23.1", "–"] == table[4]
    assert "<li>the model was openai/x, now openai/y</li>" in page
    assert "seed 7." in page


def test_results_without_a_gate_have_no_column_of_a_baseline() -> None:
    page = rendered(show(result("openai/x", {"a": [cond(EDGE)], "b": [cond(None)]})))
    assert "<h3>? <code>support</code> with <code>openai/x</code>: edge</h3>" in page
    assert "<li><code>a</code> could be either: <code>clean</code> passes 86.1–94.6 %, needs 90.0 %.</li>" in page
    assert "<li><code>b</code> was not measured.</li>" in page
    assert [
        ["? edge", "a", "clean", "91.0", "86.1–94.6", "90.0", "–"],
        ["not asked", "b", "clean", *"––", "90.0", "–"],
    ] == (tables(page)[0][1:])


def test_a_gate_without_a_baseline_says_nothing_of_one() -> None:
    page = rendered(show(gate({"a": [(cond(USABLE), None)]}, baseline=None)))
    assert "<h3>✓ Gate passed: <code>support</code> with <code>openai/y</code></h3>" in page
    assert "<p>The task is shown to be usable.</p>" in page
    assert "baseline" not in page
    assert 7 == len(tables(page)[0][1])


def test_nothing_is_listed_where_nothing_has_changed_since_the_baseline() -> None:
    same = gate({"a": [(cond(USABLE), HELD)]}, baseline=replace(BASELINE, changes=()))
    assert [False, True] == ["Not as it was" in show(each) for each in (same, mixed())]


def test_that_the_model_changed_while_it_answered_is_said() -> None:
    served = tuple(Served(name=name, trials=3, since="2026-11-22T03:15:00Z") for name in ("x-1", "x-2@b"))
    page = rendered(show(replace(result("openai/x", {"a": [cond(USABLE)]}), served=served)))
    assert "<li>answers came from more than one model: x-1 (3 trials, first at 2026-11-22T03:15:00Z), x-2@" in page


def test_many_conditions_are_folded_under_the_weakest_of_each_task() -> None:
    names = [f"noise@0.{n:02}" for n in range(1, 8)]
    tasks = {
        task: [(cond(USABLE), HELD), *((cond(EDGE if name == names[2] else USABLE, name), UNCLEAR) for name in names)]
        for task in ("a", "b")
    }
    page = rendered(show(gate(tasks)))
    assert "<details>\n<summary>All 16 conditions</summary>" in page
    assert page.rstrip().endswith("</p>")
    first, every = tables(page)
    assert (5, 17) == (len(first), len(every))
    assert {names[2]} < {row[2] for row in first[1:]}


def test_a_name_from_outside_is_text_and_nothing_else() -> None:
    baseline = replace(BASELINE, name=EVIL, model=EVIL, started=EVIL, changes=(EVIL,))
    page = rendered(show(gate({EVIL: [(cond(EDGE, EVIL), REGRESSED)]}, baseline=baseline, suite=EVIL, model=EVIL)))
    allowed = {"h3", "ul", "li", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "sub"}
    assert set(re.findall(r"<([a-z0-9]+)", page)) <= allowed
    (table,) = tables(page)
    assert {8} == {len(row) for row in table}
    # Nobody is mentioned, and no other thread: a platform leaves code alone, and of the rest it wants an unbroken name.
    assert [] == re.findall(r"[@#]\w", re.sub(r"<code>.*?</code>", "", page, flags=re.S))


@given(st.text(max_size=40))
def test_code_shows_a_text_as_it_is_in_one_cell_of_a_table(text: str) -> None:
    page = rendered(f"| a | b |\n|---|---|\n| {code(text)} | c |")
    (table,) = tables(page)
    assert (2, "c") == (len(table[1]), table[1][1])
    assert 1 == page.count("<code>")


@given(st.text(alphabet="ab1 @#*_`~|<>[]()!$:.-+=\\&\n", max_size=30))
def test_prose_makes_no_markup_of_a_text(text: str) -> None:
    page = rendered(f"- {prose(text)}")
    assert {"ul", "li"} == set(re.findall(r"<([a-z0-9]+)", page))
    shown = html.unescape(re.sub(r"</?(ul|li)>", "", page)).replace("\u200b", "").strip()
    assert " ".join(text.split()) == " ".join(shown.split())


def test_plain_sentences_stay_readable_as_they_are_written() -> None:
    assert "the model was openai/x, now gpt-4.1: noise (5 %)" == prose(
        "the model was openai/x, now gpt-4.1: noise (5 %)"
    )


@pytest.mark.parametrize(("name", "n_tasks"), [("t", 250), ("|@<" * 30, 60)], ids=["short", "long"])
def test_a_comment_is_never_too_long_and_says_what_it_leaves_out(name: str, n_tasks: int) -> None:
    changes = tuple(f"{name} changed {'@' * 400}" for _ in range(30))
    conditions = [(cond(UNUSABLE, f"{name}{level}"), REGRESSED) for level in range(4)]
    tasks = {f"{n} {name}": conditions for n in range(n_tasks)}
    text = show(gate(tasks, baseline=replace(BASELINE, changes=changes)))
    assert 30_000 < len(text) <= LIMIT
    assert re.search(r"^[\d,]+ more rows have no room here\.$", text, re.M)
    assert "</details>" in text
    assert f"- and {2 * n_tasks - 8} more\n" in text


def test_the_first_line_is_the_same_for_every_run_of_a_suite_with_a_model_and_is_not_seen() -> None:
    found = gate({"a": [(cond(USABLE), HELD)]}, suite="my --> suite", model="openai/y <x>")
    assert "<!-- evalkit: my-suite openai/y-x- -->" == show(found).splitlines()[0]
    assert show(found).splitlines()[0] == show(found.result).splitlines()[0]
    assert rendered(show(found)).startswith("<!-- evalkit")


def test_a_run_that_has_not_ended_says_so() -> None:
    found = result("openai/x", {"a": [cond(USABLE)]})
    assert "not come to its end" in markdown(found, replace(PROVENANCE, ended=False))
    assert "not come to its end" not in show(found)
    assert "This run goes on." in markdown(found, replace(PROVENANCE, ended=False, going_on=True))
