"""Scores by length of context: RULER (Hsieh et al. 2024, arXiv:2404.06654), Needle in a Haystack (Kamradt 2023)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TypeAlias

import pytest

from evalkit.stats import reach
from evalkit.verdict import ConditionResult, CriticalLevel
from evalkit.verdict.critical import critical_level
from tests.ladders import condition_at

pytestmark = pytest.mark.external

Rows: TypeAlias = list[dict[str, str]]

LENGTHS = ["4K", "8K", "16K", "32K", "64K", "128K"]
LLAMA2_AT_4K = 85.6
"""RULER's threshold: a length counts as effective when the score is above Llama-2-7B's at 4K."""
INCONSISTENT = {
    "Qwen3-14B* (14B)": ("128K", "64K"),
    "Qwen3-32B* (32B)": ("128K", "64K"),
    "Qwen2.5-7B-Instruct-1M* (7B)": ("128K", "64K"),
    "Qwen3-8B* (8B)": ("64K", "32K"),
    "Qwen3-4B* (4B)": ("64K", "32K"),
    "EXAONE-4.0-1.2B* (1.2B)": ("32K", "16K"),
}
"""Models whose published effective length does not follow from their published scores; what does is second."""

GOOD = 7
"""The judge's scale: 3 minor relevance, 5 moderate but inaccurate, 7 aligns with minor omissions, 10 accurate."""
THRESHOLD = 0.75
"""GPT-4 has 15 trials at a length, and 15 passes in a row show no more."""


def rows_of(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def effective_lengths(table: Rows) -> dict[str, str]:
    """The longest length that every score is above the threshold up to."""
    found = {}
    for row in table:
        last = reach([float(row[length]) for length in LENGTHS if row[length] != "-"], LLAMA2_AT_4K)
        found[row["model"]] = "<4K" if last is None else LENGTHS[last]
    return found


def test_effective_lengths_are_as_published_where_the_source_agrees_with_itself(data: Path) -> None:
    table = rows_of(data / "ruler_table.csv")
    published = {row["model"]: row["effective_published"].upper().removeprefix(">") for row in table}
    found = effective_lengths(table)
    wrong = {model: (published[model], found[model]) for model in found if published[model] != found[model]}
    assert 44 == len(found)
    assert INCONSISTENT == wrong


def ladder(data: Path, model: str) -> list[ConditionResult]:
    passes: dict[int, list[bool]] = {}
    for row in rows_of(data / "needle_scores.csv"):
        if row["model"] == model:
            passes.setdefault(int(row["context_length"]), []).append(float(row["score"]) >= GOOD)
    return [
        condition_at(length, sum(held), len(held), threshold=THRESHOLD, perturbation="context")
        for length, held in sorted(passes.items())
    ]


def critical(data: Path, model: str) -> CriticalLevel:
    return critical_level("context", ladder(data, model), strict=False)


def test_a_model_that_recovers_at_longer_contexts_is_flagged_and_has_no_curve(data: Path) -> None:
    """Claude 2.1 finds 12 of 35 needles at 30K and 31 of 35 at 60K."""
    found = critical(data, "claude-2.1")
    assert ("not monotone", (30265, 59529)) == (found.fit, found.contradiction)
    assert (18559, 30265, None) == (found.usable_to, found.unusable_from, found.estimate)


def test_a_model_that_only_gets_worse_has_one(data: Path) -> None:
    """GPT-4 finds all needles up to 64K, nearly all up to 92K, and three in four at 128K, the longest tested."""
    found = critical(data, "gpt-4-1106-preview")
    assert ("ok", None) == (found.fit, found.contradiction)
    assert (91714, None) == (found.usable_to, found.unusable_from)
    assert found.estimate is not None
    assert found.low is not None
    assert 91714 <= found.low <= found.estimate <= 128000
    assert found.high is None
