from __future__ import annotations

import pytest

from evalkit.trial import Condition, Message, rng_for


@pytest.mark.parametrize(
    ("condition", "identity"),
    [
        (Condition(perturbation="clean"), "clean"),
        (Condition(perturbation="noise", level=0.05), "noise@0.05"),
        (Condition(perturbation="context", level=4000), "context@4000"),
        (Condition(perturbation="conflict", level="soft"), "conflict@soft"),
    ],
)
def test_a_condition_is_called_by_perturbation_and_level(condition: Condition, identity: str) -> None:
    assert identity == condition.id


def test_a_message_becomes_the_usual_json() -> None:
    assert {"role": "user", "content": "Hi"} == Message(role="user", content="Hi").as_json()


def test_random_sources_are_the_same_on_every_machine() -> None:
    # A change here changes every prompt of every suite: never do it in a release that is not a new major one.
    drawn = [rng_for(*parts).randrange(100) for parts in ((0, "item", "noise"), (1, "item", "noise"), (0, "x"))]
    assert [76, 64, 34] == drawn


def test_parts_do_not_run_into_each_other() -> None:
    assert rng_for("ab", "c").random() != rng_for("a", "bc").random()
