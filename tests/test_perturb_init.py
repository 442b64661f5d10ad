from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit import perturb as package
from evalkit.perturb import Material, Passage, Source, perturb
from evalkit.trial import Condition, Item, Message

STOCK = Material(
    slots={"n": tuple(f"value {n}" for n in range(400))},
    passages=tuple(Passage(kind="note", text=f"Note {n} about {{n}}. " + "Nothing much. " * 10) for n in range(20)),
)
CONDITIONS = [
    Condition(perturbation="paraphrase"),
    Condition(perturbation="noise", level=0.1),
    Condition(perturbation="context", level=200),
    Condition(perturbation="conflict", level="soft"),
]


def source(item_id: str = "a", text: str = "My lamp from order A-1042 came late and broken.", **fields: Any) -> Source:
    return Source(
        seed=0,
        item=Item(id=item_id, fields={"text": text, **fields}),
        prompt=(Message(role="user", content="Title it.\n\n{text}"),),
        paraphrases=((Message(role="user", content="Give it a title.\n\n{text}"),),),
        protect=("lamp",),
        opposites={"words": ("write a lot",)},
        material=STOCK,
    )


@pytest.mark.parametrize(
    "condition",
    [
        Condition(perturbation="clean"),
        Condition(perturbation="repeat", level=10),
        Condition(perturbation="digits", level=3),
    ],
)
def test_conditions_that_change_no_text_give_the_prompt_as_it_is(condition: Condition) -> None:
    prompt = perturb(source(), condition)
    assert ("Title it.\n\nMy lamp from order A-1042 came late and broken.", None) == (
        prompt.messages[0].content,
        prompt.variant,
    )


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.id)
def test_every_perturbation_changes_the_text_and_does_so_every_time_alike(condition: Condition) -> None:
    clean = perturb(source(), Condition(perturbation="clean"))
    assert perturb(source(), condition) == perturb(source(), condition)
    assert clean.messages != perturb(source(), condition).messages


@given(st.text(max_size=5), st.text(max_size=80), st.sampled_from(CONDITIONS))
@settings(deadline=None)
def test_protected_values_and_identifiers_survive_everything(item_id: str, text: str, condition: Condition) -> None:
    item = source(item_id, f"{text} lamp A-1042 {text}")
    content = perturb(item, condition).messages[0].content
    assert content.count("lamp") >= 1
    assert content.count("A-1042") >= 1


def test_the_exports_are_there() -> None:
    assert [] == [name for name in package.__all__ if not hasattr(package, name)]
    assert sorted(package.__all__) == sorted(set(package.__all__))
