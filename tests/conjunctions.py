"""Conjunctions for tests: constraints that broke as given."""

from __future__ import annotations

from collections.abc import Container, Sequence

from evalkit.verdict import Conjunction, Terms
from evalkit.verdict.conjunction import ConjunctionCounts

ALPHA, UNITS = 0.025, 100


def terms(condition: str = "clean", *, curtail: bool = False) -> Terms:
    return Terms(
        task="t",
        condition=condition,
        perturbation=condition.partition("@")[0],
        level=None,
        counts=True,
        threshold=0.9,
        alpha=ALPHA,
        n_counting=1,
        units=UNITS,
        exhausted=False,
        repeats=3 if curtail else 1,
        curtail=curtail,
    )


def conjunction(
    units: Sequence[Container[str]], *, names: Sequence[str] = "abc", of: Terms | None = None
) -> Conjunction | None:
    """Of units, each the constraints that broke: a word, where names are single letters."""
    counts = ConjunctionCounts(of or terms())
    for broken in units:
        counts.add({name: name not in broken for name in names})
    return counts.conjunction()


def found(units: Sequence[Container[str]], *, names: Sequence[str] = "abc", condition: str = "clean") -> Conjunction:
    """Likewise, where there is one."""
    made = conjunction(units, names=names, of=terms(condition))
    assert made is not None
    return made
