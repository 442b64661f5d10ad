from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from evalkit.trial import Level
from evalkit.verdict import Outcome, Terms


def terms(level: Level | None = 0.05, *, counts: bool = True) -> Terms:
    return Terms(
        task="titles",
        condition=f"noise@{level}",
        perturbation="noise",
        level=level,
        counts=counts,
        threshold=0.95,
        alpha=0.025,
        n_counting=5,
        units=200,
        exhausted=False,
    )


@pytest.mark.parametrize("level", [None, 0.05, 4000, "soft"])
def test_terms_come_back_from_json_as_they_were(level: Level | None) -> None:
    stored = TypeAdapter(Terms)
    before = terms(level)
    after = stored.validate_json(stored.dump_json(before))
    assert (before, type(before.level)) == (after, type(after.level))


def test_only_counting_conditions_share_the_error_of_the_downward_test() -> None:
    assert (terms().alpha_high, terms(counts=False).alpha_high) == (0.005, 0.025)


def test_a_condition_is_known_by_its_task_and_id() -> None:
    assert terms().key == ("titles", "noise@0.05")


@pytest.mark.parametrize(
    ("asks", "passed"),
    [
        ((True,), True),
        ((False,), False),
        ((None,), None),
        ((True, True), True),
        ((True, False), False),
        ((True, None), None),
        ((None, False), False),
    ],
)
def test_a_unit_passes_when_all_asks_do_and_one_fail_outweighs_a_void(
    asks: tuple[bool | None, ...], passed: bool | None
) -> None:
    assert passed is Outcome(position=0, cluster="a", asks=asks, score=None, constraints={}).passed
