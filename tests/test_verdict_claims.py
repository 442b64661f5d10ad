from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.verdict import Claims, Verdict, claims

ALPHA = 0.025

verdicts: st.SearchStrategy[list[Verdict]] = st.lists(st.sampled_from(["usable", "edge", "unusable"]), max_size=50)


def claimed(found: Sequence[Verdict], alpha: float = ALPHA) -> Claims:
    return claims([(f"t{number}", verdict) for number, verdict in enumerate(found)], alpha=alpha)


@pytest.mark.parametrize("kind", ["usable", "unusable"])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_all_verdicts_of_a_kind_hold_together_when_at_least_half_are_of_it_and_else_none(
    kind: Verdict, confidence: float
) -> None:
    """For every number of tasks up to fifty, whatever rounding does to the error rate."""
    for n in range(1, 51):
        for n_kind in range(n + 1):
            found = claimed([kind] * n_kind + ["edge"] * (n - n_kind), alpha=(1 - confidence) / 2)
            held, other = (found.usable, found.unusable) if kind == "usable" else (found.unusable, found.usable)
            assert (n_kind if 2 * n_kind >= n else 0) == len(held)
            assert () == other


@given(verdicts)
def test_those_that_hold_are_named_in_their_order(found: list[Verdict]) -> None:
    expected = {
        kind: tuple(f"t{number}" for number, verdict in enumerate(found) if verdict == kind)
        if 2 * found.count(kind) >= len(found)
        else ()
        for kind in ("usable", "unusable")
    }
    held = claimed(found)
    assert (expected["usable"], expected["unusable"]) == (held.usable, held.unusable)


def test_both_kinds_hold_where_each_is_half() -> None:
    held = claimed(["usable", "unusable", "unusable", "usable"])
    assert (("t0", "t3"), ("t1", "t2")) == (held.usable, held.unusable)


def test_neither_kind_holds_where_most_are_at_the_edge() -> None:
    held = claimed(["usable", "edge", "unusable", "edge", "edge"])
    assert ((), ()) == (held.usable, held.unusable)


@pytest.mark.parametrize(("alpha", "level"), [(0.025, 0.05), (0.05, 0.1)])
def test_the_share_that_may_be_wrong_is_twice_the_error_of_one_verdict(alpha: float, level: float) -> None:
    assert level == claimed(["usable"], alpha).level


def test_of_no_tasks_nothing_holds() -> None:
    assert Claims(level=0.05, usable=(), unusable=()) == claimed([])


def test_the_published_shape_is_rounded() -> None:
    found = claimed(["usable", "unusable", "usable"], alpha=(1 - 0.9) / 2)
    assert {"false_discovery_rate": 0.1, "usable": ["t0", "t2"], "unusable": []} == found.as_json()
