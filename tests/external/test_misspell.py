"""Noise is mixed as 28,047 real misspellings are: the kinds of slips that turn a word into what people wrote."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from rapidfuzz.distance import OSA

from evalkit.perturb.edits import SHARES
from evalkit.perturb.keyboard import NEIGHBOURS

pytestmark = pytest.mark.external

PUBLISHED = {
    "deletion": 15.6,
    "insertion": 10.6,
    "doubling": 3.6,
    "transposition": 28.9,
    "neighbour": 3.5,
    "substitution": 15.5,
    "further": 22.3,
}


def kind_of(word: str, written: str) -> str:
    if OSA.distance(word, written) != 1:
        return "further"
    if len(written) < len(word):
        return "deletion"
    at = next((n for n, (one, other) in enumerate(zip(word, written, strict=False)) if one != other), len(word))
    if len(written) > len(word):
        return "doubling" if written[at] in word[max(at - 1, 0) : at + 1] else "insertion"
    if sorted(word) == sorted(written):
        return "transposition"
    return "neighbour" if written[at].lower() in NEIGHBOURS.get(word[at].lower(), "") else "substitution"


def test_real_misspellings_are_of_the_kinds_that_noise_draws(data: Path) -> None:
    with (data / "misspell_client9.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    pairs = [(row[1].lower(), row[0].lower()) for row in rows[1:]]
    counts = Counter(kind_of(word, written) for word, written in pairs)
    shares = {kind: 100 * counts[kind] / len(pairs) for kind in PUBLISHED}
    assert shares == pytest.approx(PUBLISHED, abs=0.3)
    letters = sum(SHARES[kind] for kind in SHARES if kind in PUBLISHED)
    one_away = 100 - shares["further"]
    for kind in ("deletion", "insertion", "doubling", "neighbour", "substitution"):
        # The other corpus that the shares are the mean with has more deletions and fewer transpositions.
        assert SHARES[kind] / letters == pytest.approx(shares[kind] / one_away, abs=0.08), kind
