"""Runs as pages of reports show them, made by hand, and what a page carries."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from evalkit.findings.trials import (
    ConstraintShown,
    FailureGroup,
    RequestMessage,
    RequestPart,
    RequestShown,
    ResponsePart,
    TrialDetail,
    TrialSelection,
    TrialSummary,
)
from evalkit.report import Provenance
from evalkit.report.page import RunReport
from evalkit.verdict import SuiteResult
from tests.results import condition, result

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "\u202e[a](javascript:1)"
)


def run_report(found: SuiteResult, **given: Any) -> RunReport:
    """Of a run that has come to its end."""
    stated: dict[str, Any] = {
        "provenance": Provenance(folder="runs/x", seed=0, confidence=0.95),
        "sha256": "aa" * 32,
        "evalkit": "0.1.0",
        "started": "2026-11-22T03:15:00Z",
        "finished": "2026-11-22T03:20:00Z",
    }
    return RunReport(result=found, **(stated | given))


def support(model: str = "acme/x", **given: Any) -> RunReport:
    """One task that is usable, one that breaks at noise, one that could be either."""
    noisy = [condition(199), condition(150, "noise@0.05"), condition(2, "noise@0.5", counts=False)]
    return run_report(result(model, {"title": 199, "routing": noisy, "reply": 181}), **given)


def trial(number: int, *, outcome: Any = "fail", text: str = "Way too long a title", **given: Any) -> TrialDetail:
    """A trial of `title` at `noise@0.05` whose last word is too many."""
    words = text.rpartition(" ")
    summary = TrialSummary(
        id=f"title/noise@0.05/{number}/0",
        task="title",
        condition="noise@0.05",
        item=f"item-{number}",
        repeat=0,
        position=number,
        variant=None,
        outcome=outcome,
        score=0.5,
        failed=("words",) if outcome == "fail" else (),
        reason=None,
        excerpt=text,
        latency_s=0.123456,
        cost_usd=0.0001,
    )
    parts = (RequestPart(text="Name this: "), RequestPart(text="pritner", kind="changed", was="printer"))
    made = TrialDetail(
        summary=summary,
        request=RequestShown(messages=(RequestMessage(role="user", parts=parts),), options={"max_tokens": 20}),
        response=(
            ResponsePart(text=words[0] + words[1]),
            ResponsePart(text=words[2], kind="offending", constraints=("words",)),
        ),
        extracted=(),
        tool_calls=(),
        finish_reason="stop",
        tokens={"in": 10, "out": 5, "cached": None, "reasoning": None},
        attempts=1,
        served_model=None,
        void_message=None,
        constraints=(
            ConstraintShown(name="one_line", holds=True, score=1.0, says="1 line"),
            ConstraintShown(name="words", holds=outcome == "pass", score=0.5, says="5 words", wanted="words: 4"),
        ),
        neighbours=(replace(summary, id=f"title/clean/{number}/0", condition="clean", outcome="pass", failed=()),),
        more_neighbours=0,
    )
    return replace(made, **given)


def selection(*trials: TrialDetail) -> TrialSelection:
    """Which stands for 200 trials."""
    group = FailureGroup(
        task="title",
        condition="noise@0.05",
        kind="constraint",
        name="words",
        says="breaks words",
        trials=20,
        of=200,
        examples=tuple(each.summary.id for each in trials),
    )
    return TrialSelection(
        says=f"{len(trials)} of 200 trials: the first.", total=200, trials=trials, groups=(group,), flaky=()
    )


def carried(page: str) -> Any:
    """What a page's script unpacks."""
    found = re.search(r'id="packed">([^<]*)<', page)
    assert found is not None
    return json.loads(zlib.decompress(b64decode(found[1])))


class Seen(HTMLParser):
    """The elements of a page with their attributes, and all text that is read."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"script", "style"}:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())
