from __future__ import annotations

from collections import Counter

import pytest

from evalkit.perturb.paraphrase import paraphrase
from evalkit.perturb.source import Source
from evalkit.trial import Item, Message


def source(item_id: str, n_paraphrases: int = 4) -> Source:
    return Source(
        seed=3,
        item=Item(id=item_id, fields={"q": "why"}),
        prompt=(Message(role="user", content="original {q}"),),
        paraphrases=tuple((Message(role="user", content=f"way {n} {{q}}"),) for n in range(1, n_paraphrases + 1)),
    )


def test_the_variant_names_the_paraphrase_that_was_drawn() -> None:
    prompt = paraphrase(source("a"), None)
    assert prompt.variant is not None
    number = prompt.variant.removeprefix("paraphrase ")
    assert f"way {number} why" == prompt.messages[0].content


def test_every_paraphrase_is_as_likely_and_the_original_never_comes() -> None:
    drawn = Counter(paraphrase(source(f"item-{n}"), None).variant for n in range(2000))
    assert {f"paraphrase {n}" for n in range(1, 5)} == set(drawn)
    # 2,000 draws of probability 1/4: five standard deviations are 97.
    assert all(403 <= count <= 597 for count in drawn.values())


def test_an_item_always_gets_the_same_one() -> None:
    assert paraphrase(source("a"), None) == paraphrase(source("a"), None)


def test_a_task_without_paraphrases_is_refused() -> None:
    with pytest.raises(ValueError, match="the task has no paraphrases"):
        paraphrase(source("a", 0), None)
