from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from evalkit.findings.gate import GateResult
from evalkit.report import junit
from evalkit.verdict import Evidence
from tests.gate_results import (
    EDGE,
    HELD,
    REGRESSED,
    UNCLEAR,
    UNUSABLE,
    USABLE,
    Given,
    cond,
    gate,
    mixed,
    unknown_to_baseline,
)
from tests.results import result

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "data/junit-10.xsd"))
KINDS = ("failure", "error", "skipped")


def read(data: bytes) -> etree._Element:
    """The root of a file that is valid."""
    root = etree.fromstring(data)
    SCHEMA.assertValid(root)
    return root


def gated(found: GateResult) -> etree._Element:
    return read(junit([found.result], [found]))


def kinds(root: etree._Element) -> dict[str, str]:
    """What became of each case, as `kind type`."""
    told = {}
    for case in root.iter("testcase"):
        found = [f"{child.tag!s} {child.get('type')}" for child in case if child.tag in KINDS]
        told[f"{case.get('classname')} {case.get('name')}"] = " and ".join(found) or "passed"
    return told


def test_each_condition_is_a_case_that_passes_or_says_why_not() -> None:
    expected = {
        "support.ticket-title clean": "passed",
        "support.ticket-title noise@0.05": "failure regressed",
        "support.routing clean": "failure unusable",
        "support.routing noise@0.2": "skipped explored",
        "support.reply clean": "failure edge",
        "support.summary clean": "passed",
    }
    assert expected == kinds(gated(mixed()))


def test_counts_are_those_of_the_cases() -> None:
    root = gated(mixed())
    assert ("6", "3", "0") == tuple(root.get(key) for key in ("tests", "failures", "errors"))
    routing = root.find("testsuite[@name='support.routing']")
    assert routing is not None
    assert ("2", "1", "0", "1") == tuple(routing.get(key) for key in ("tests", "failures", "errors", "skipped"))


def test_what_failed_says_by_what_in_the_message_and_in_the_text() -> None:
    both = gate({"routing": [(cond(UNUSABLE), REGRESSED)]})
    failure = gated(both).find(".//failure")
    assert failure is not None
    text = (
        "unusable: clean passes 52.8–66.9 %, needs 90.0 %; "
        "got worse by more than 2 points: changed by −46.3 to −19.2 points (165 pairs)"
    )
    assert (text, text, "unusable") == (failure.text, failure.get("message"), failure.get("type"))


def test_figures_are_properties_and_can_be_read_in_the_output_of_the_case() -> None:
    known = replace(cond(USABLE), evidence=Evidence(usable=41.5, unusable=0.1, needed=(40.0, 80.0)))
    root = gated(gate({"routing": [(known, REGRESSED)]}))
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}
    expected = {
        "suite": "support",
        "model": "openai/y",
        "task.verdict": "usable",
        "clean.pass_rate": "0.995",
        "clean.low": "0.972458",
        "clean.margin_low": "0.0724581",
        "clean.threshold": "0.9",
        "clean.trials": "200",
        "clean.evidence_usable": "41.5",
        "clean.regression": "regressed",
        "clean.difference": "-0.333333",
        "clean.difference_high": "-0.192221",
        "clean.pairs": "165",
        "clean.worse": "60",
    }
    assert expected == {name: properties.get(name) for name in expected}
    output = root.findtext(".//system-out") or ""
    assert {"pass_rate: 0.995", "difference_low: -0.462693"} <= set(output.splitlines())


def test_what_was_not_measured_is_left_out() -> None:
    root = read(junit([result("openai/x", {"routing": [cond(None)]})]))
    names = {each.get("name") for each in root.iter("property")}
    assert "clean.trials" in names
    assert {"clean.pass_rate", "clean.low", "clean.margin"}.isdisjoint(names)


@pytest.mark.parametrize(
    ("edge_passes", "reason", "expected"),
    [
        (False, "futility", "failure edge"),
        (False, "void", "error edge"),
        (True, "futility", "passed"),
        (True, "void", "passed"),
    ],
)
def test_an_edge_is_what_the_gate_says_of_edges(edge_passes: bool, reason: str, expected: str) -> None:
    root = gated(gate({"routing": [(cond(EDGE, reason=reason), HELD)]}, edge_passes=edge_passes))
    assert [expected] == list(kinds(root).values())
    assert ("let through: edge, could be either" in (root.findtext(".//system-out") or "")) == edge_passes


def test_without_a_gate_an_edge_is_skipped_and_what_is_unusable_fails() -> None:
    tasks = {"a": [cond(EDGE, reason="items")], "b": [cond(UNUSABLE)], "c": [cond(None)]}
    told = kinds(read(junit([result("openai/x", tasks)])))
    assert ["skipped edge", "failure unusable", "skipped edge"] == list(told.values())


def test_what_was_not_asked_since_the_gate_had_failed_is_skipped() -> None:
    cut = gate({"a": [(cond(UNUSABLE), None)], "b": [(cond(None, reason="gate-decided"), None)]}, baseline=None)
    assert ["failure unusable", "skipped edge"] == list(kinds(gated(cut)).values())


def test_what_was_not_asked_since_the_gate_stays_at_the_edge_is_skipped() -> None:
    left = gate({"a": [(cond(EDGE, reason="futility"), HELD)], "b": [(cond(EDGE, reason="gate-decided"), HELD)]})
    assert ["failure edge", "skipped edge"] == list(kinds(gated(left)).values())
    alone = gate({"a": [(cond(USABLE), HELD)], "b": [(cond(EDGE, reason="gate-decided"), HELD)]})
    assert ["passed", "failure edge"] == list(kinds(gated(alone)).values())


@pytest.mark.parametrize(
    ("strict", "edge_passes", "expected"),
    [(False, False, "passed"), (True, False, "failure unclear"), (True, True, "passed")],
)
def test_an_unclear_comparison_fails_a_strict_gate_only(strict: bool, edge_passes: bool, expected: str) -> None:
    unclear = gate({"routing": [(cond(USABLE), UNCLEAR)]}, strict=strict, edge_passes=edge_passes)
    root = gated(unclear)
    assert [expected] == list(kinds(root).values())
    assert "changed by −10.4 to +9.8 points" in "".join(map(str, root.itertext()))


def test_a_task_that_the_baseline_does_not_have_is_not_unclear() -> None:
    root = gated(replace(unknown_to_baseline(), strict=True))
    assert ["passed"] == list(kinds(root).values())
    assert "worse" not in (root.findtext(".//system-out") or "")


PAIRS = (None, HELD, UNCLEAR, REGRESSED)
ONE = [(cond(passes), pair) for passes, pair in product((USABLE, EDGE, UNUSABLE, None), PAIRS)]


@given(
    st.lists(st.lists(st.sampled_from(ONE), min_size=1, max_size=2), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_something_fails_exactly_when_the_gate_does(tasks: list[list[Given]], strict: bool, edge_passes: bool) -> None:
    named = {
        f"t{n}": [(replace(each, condition=f"c{place}"), pair) for place, (each, pair) in enumerate(task)]
        for n, task in enumerate(tasks)
    }
    found = gate(named, strict=strict, edge_passes=edge_passes)
    root = gated(found)
    assert (found.exit_code != 0) == (root.get("failures") != "0" or root.get("errors") != "0")


@given(st.text(max_size=30))
def test_any_text_from_outside_leaves_the_file_valid(text: str) -> None:
    evil = f"{text}]]><x a='1'>\x00\x1b\ufffe\ud800"
    found = gate({evil: [(cond(EDGE, evil), REGRESSED)]}, suite=evil, model=evil)
    assert ["failure regressed"] == list(kinds(gated(found)).values())


def test_no_name_asks_for_a_file_to_be_attached() -> None:
    found = gate({"a": [(cond(UNUSABLE, "[[ATTACHMENT|/etc/passwd]]"), None)]}, baseline=None)
    assert "[[" not in "".join(map(str, gated(found).itertext()))


def test_models_of_one_suite_do_not_have_cases_of_one_name() -> None:
    results = [result(model, {"a.b": [cond(USABLE)]}) for model in ("openai/gpt-4.1", "openai/x", "openai/x")]
    names = [suite.get("name") for suite in read(junit(results))]
    assert ["support.openai/gpt-4_1.a_b", "support.openai/x.a_b", "support.openai/x_2.a_b"] == names


def test_gates_that_are_not_of_the_results_are_refused() -> None:
    found = mixed()
    with pytest.raises(ValueError, match="shorter"):
        junit([found.result, found.result], [found])
