"""JUnit XML: what Jenkins, GitLab and their like read of tests. A test case is a condition of a task.

Which file is valid is said by nobody for all; this one keeps to the narrowest schema that is enforced, that of Jenkins'
xunit plugin (junit-10.xsd). It has properties of a `testsuite` and none of a `testcase`, so each task is a test suite,
and its properties are named `CONDITION.KEY`. The same figures stand in the test case's output, where people see them.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evalkit.findings.gate import GateResult
from evalkit.plain import one_line, printable, rounded
from evalkit.report.gate_sentences import UNSETTLED, difference, stands, tolerated
from evalkit.verdict import ConditionResult, PairedResult, SuiteResult, TaskResult

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """What becomes of one condition."""

    kind: Literal["passed", "failure", "error", "skipped"]
    type: str = ""
    """Why, in a word."""
    message: str = ""
    """Why, in a sentence; of one that passed, what has to be known beside it."""


def junit(results: Sequence[SuiteResult], gates: Sequence[GateResult] = ()) -> bytes:
    """Results as JUnit XML, valid by the schema of Jenkins' xunit plugin.

    With a gate, there is a failure or an error exactly when the gate's exit code is not 0. Without one, what is
    unusable fails and an edge is skipped: nothing says then whether an edge is good enough, and "skipped" is what
    neither passed nor failed.

    Args:
        results: Of runs.
        gates: What a gate says of each of them, in the same order; none for results alone.

    Raises:
        ValueError: If there are gates, but not one of each result.
    """
    judged: Sequence[GateResult | None] = gates or [None] * len(results)
    root = ElementTree.Element("testsuites", name="evalkit")
    for package, result, gate in zip(_packages(results), results, judged, strict=True):
        for task in result.tasks:
            root.append(_suite(package, result, task, gate))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{sum(result.totals.seconds for result in results):.3f}")
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _packages(results: Sequence[SuiteResult]) -> Iterator[str]:
    """What stands before the task in the name of a class; of two cases with one name, GitLab would drop the second."""
    suites = Counter(result.suite for result in results)
    seen: Counter[str] = Counter()
    for result in results:
        name = _part(result.suite)
        if suites[result.suite] > 1:
            name = f"{name}.{_part(result.model)}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}_{seen[name]}"


def _part(text: str) -> str:
    """A part of a dotted name."""
    return _fit(one_line(text, _NAME)).replace(".", "_")


def _suite(package: str, result: SuiteResult, task: TaskResult, gate: GateResult | None) -> ElementTree.Element:
    name = f"{package}.{_part(task.task)}"
    suite = ElementTree.Element("testsuite", name=name)
    properties = ElementTree.SubElement(suite, "properties")
    pairs = _pairs(task, gate)
    _add_properties(properties, {"suite": result.suite, "model": result.model, "task.verdict": task.verdict})
    kinds: Counter[str] = Counter()
    for condition in task.conditions:
        paired = pairs.get(condition.condition)
        figures = dict(_figures(condition, paired))
        _add_properties(properties, {f"{condition.condition}.{key}": value for key, value in figures.items()})
        case = _case(task, condition, paired, gate)
        kinds[case.kind] += 1
        suite.append(_element(name, condition.condition, case, figures))
    for key, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(kinds[kind]))
    suite.set("tests", str(len(task.conditions)))
    return suite


def _pairs(task: TaskResult, gate: GateResult | None) -> dict[str, PairedResult | None]:
    found = [] if gate is None else [each for each in gate.tasks if each.result.task == task.task]
    return {condition.result.condition: condition.paired for each in found for condition in each.conditions}


def _add_properties(parent: ElementTree.Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        ElementTree.SubElement(parent, "property", name=_line(name), value=_line(value))


def _figures(condition: ConditionResult, paired: PairedResult | None) -> Iterator[tuple[str, str]]:
    """What is known of a condition, as results publish it; what was not measured is left out."""
    keys = ("pass_rate", "low", "high", "margin", "margin_low", "margin_high", "threshold", "mean_score")
    shown = {key: rounded(getattr(condition, key)) for key in keys}
    counts = {"trials": condition.trials, "passes": condition.passes, "void": condition.void}
    words = {"verdict": condition.verdict, "reason": condition.reason}
    for key, value in {**words, **counts, **shown}.items():
        if value is not None:
            yield key, str(value)
    if condition.evidence is not None:
        yield "evidence_usable", str(rounded(condition.evidence.usable))
        yield "evidence_unusable", str(rounded(condition.evidence.unusable))
    if paired is None:
        return
    against = {"difference": paired.difference, "difference_low": paired.low, "difference_high": paired.high}
    yield "regression", paired.regression
    yield from ((key, str(rounded(value))) for key, value in against.items() if value is not None)
    for key in ("pairs", "worse", "better"):
        yield key, str(getattr(paired, key))


def _element(class_name: str, name: str, case: _Case, figures: Mapping[str, str]) -> ElementTree.Element:
    element = ElementTree.Element("testcase", classname=class_name, name=_line(name))
    lines = [f"{key}: {value}" for key, value in figures.items()]
    if case.kind == "passed":
        lines = [case.message, *lines] if case.message else lines
    else:
        found = ElementTree.SubElement(element, case.kind, type=case.type, message=_line(case.message))
        found.text = _output(case.message)
    ElementTree.SubElement(element, "system-out").text = _output("\n".join(lines))
    return element


def _case(task: TaskResult, condition: ConditionResult, paired: PairedResult | None, gate: GateResult | None) -> _Case:
    if not condition.counts:
        return _Case(kind="skipped", type="explored", message="explored, does not count for the verdict")
    found = []
    if condition.verdict == "unusable":
        found.append(_Case(kind="failure", type="unusable", message=f"unusable: {stands(condition)}"))
    if gate is not None and gate.baseline is not None and paired is not None and paired.regression == "regressed":
        worse = f"got worse by more than {tolerated(gate.baseline.tolerance)}: changed by {difference(paired)}"
        found.append(_Case(kind="failure", type="regressed", message=worse))
    if found:
        return _Case(kind="failure", type=found[0].type, message="; ".join(each.message for each in found))
    if condition.verdict == "edge":
        return _edge(task, condition, gate)
    unclear = _unclear(task, paired, gate)
    return _Case(kind="passed") if unclear is None else unclear


def _edge(task: TaskResult, condition: ConditionResult, gate: GateResult | None) -> _Case:
    message = f"edge, could be either: {stands(condition)}"
    if condition.reason is not None:
        message += f" ({condition.reason})"
    if gate is None or (condition.reason in UNSETTLED and (task.verdict != "edge" or _was_left(task, gate))):
        return _Case(kind="skipped", type="edge", message=message)
    if gate.edge_passes:
        return _Case(kind="passed", message=f"let through: {message}")
    return _Case(kind="error" if condition.reason == "void" else "failure", type="edge", message=message)


def _was_left(task: TaskResult, gate: GateResult) -> bool:
    return any(each.result.task == task.task for each in gate.left)


def _unclear(task: TaskResult, paired: PairedResult | None, gate: GateResult | None) -> _Case | None:
    """A comparison that settled nothing; None when there is none, or it settled something."""
    if gate is None or gate.baseline is None or (paired is not None and paired.regression == "held"):
        return None
    if not any(each.result.task == task.task and each.regression == "unclear" for each in gate.tasks):
        return None
    shown = "no item was asked in both runs" if paired is None else f"changed by {difference(paired)}"
    allowed = tolerated(gate.baseline.tolerance)
    message = f"may or may not have got worse by more than {allowed}: {shown}"
    if gate.strict and not gate.edge_passes and gate.outcome == "edge":
        return _Case(kind="failure", type="unclear", message=message)
    return _Case(kind="passed", message=message)


def _line(text: str) -> str:
    return _fit(" ".join(printable(text).split()))


def _output(text: str) -> str:
    """Text for people; what stands between `[[` and `]]` would be a command to attach a file."""
    return _fit(printable(text)).replace("[[", "[ [")


def _fit(text: str) -> str:
    """Text without what XML 1.0 has no place for."""
    return _NOT_XML.sub("\ufffd", text)
