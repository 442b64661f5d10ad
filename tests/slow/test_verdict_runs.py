"""Verdicts of whole runs against a real server that passes at a known rate and answers wrong ones late."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom

from evalkit import ConditionResult, arun
from tests.runs import rows_of
from tests.server import Server, serving

pytestmark = pytest.mark.slow

SUITE = """\
suite: rate
threshold: {threshold}
confidence: {confidence}
tasks:
  sums:
    prompt: "{{a}} + {{b}}"
    items: {{generate: addition, digits: [6]}}
    constraints: [{{number: "{{answer}}"}}]
"""


async def measured(suite: Path, server: Server, out: Path, **options: Any) -> ConditionResult:
    found = await arun(suite, "localhost/m", options={"base_url": server.base_url}, out=out, **options)
    condition = found.results.tasks[0].conditions[0]
    assert condition.low is not None
    assert condition.high is not None
    assert (condition.low > condition.threshold) == (condition.verdict == "usable")
    assert (condition.high < condition.threshold) == (condition.verdict == "unusable")
    return condition


def suite_of(folder: Path, *, threshold: float, confidence: float = 0.95) -> Path:
    path = folder / "rate.yaml"
    path.write_text(SUITE.format(threshold=threshold, confidence=confidence), encoding="utf-8")
    return path


def answer_with(server: Server, *, seed: int) -> None:
    """Another draw of which answers are wrong."""
    server.behaviour.seed = seed
    server.received.clear()


@pytest.mark.parametrize("concurrency", [1, 32])
def test_verdicts_at_the_threshold_are_as_rare_as_promised(tmp_path: Path, concurrency: int) -> None:
    suite, alpha, runs = suite_of(tmp_path, threshold=0.8, confidence=0.8), 0.1, 60
    with serving(answer="add", rates={"wrong": 0.2}, wrong_delay_s=0.003) as server:

        async def verdicts() -> list[str]:
            found: list[str] = []
            for seed in range(runs):
                answer_with(server, seed=seed)
                options: dict[str, Any] = {"until": "verdict", "max_calls": 160, "concurrency": concurrency}
                found.append((await measured(suite, server, tmp_path / "runs", seed=seed, **options)).verdict)
            return found

        found = asyncio.run(verdicts())
    most = binom.ppf(0.999, runs, alpha)
    assert most >= found.count("usable")
    assert most >= found.count("unusable")
    assert found.count("edge") > runs / 2


@pytest.mark.parametrize(("share_wrong", "verdict"), [(0.0, "usable"), (0.03, "usable"), (0.3, "unusable")])
def test_concurrency_changes_no_verdict_and_costs_few_calls(tmp_path: Path, share_wrong: float, verdict: str) -> None:
    suite = suite_of(tmp_path, threshold=0.9)
    with serving(answer="add", rates={"wrong": share_wrong}, wrong_delay_s=0.005) as server:

        async def both(seed: int) -> tuple[ConditionResult, ConditionResult]:
            pair = []
            for concurrency in (1, 32):
                answer_with(server, seed=seed)
                out = tmp_path / f"{concurrency}-{seed}"
                pair.append(await measured(suite, server, out, until="verdict", seed=seed, concurrency=concurrency))
            return pair[0], pair[1]

        pairs = [asyncio.run(both(seed)) for seed in range(8)]
    for one, many in pairs:
        assert (verdict, one.decided_at) == (many.verdict, many.decided_at)
    alone, together = (sum(pair[place].trials for pair in pairs) for place in (0, 1))
    assert sum(one.decided_at or 0 for one, _ in pairs) == alone
    assert alone <= together <= 1.1 * alone + 8
    (folder,) = (tmp_path / "32-0").iterdir()
    assert len(rows_of(folder)) == pairs[0][1].trials
