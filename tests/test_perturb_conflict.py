from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.perturb.conflict import conflict
from evalkit.perturb.source import Source
from evalkit.perturb.voice import VOICES
from evalkit.trial import Item, Message

WISHES = {"words": ("write a lot", "use many words"), "one_line": ("use two lines",)}
TEMPLATE = "Title it.\n\n{name}: {text}\n\nNow."
TEXT = "It came late and it was broken. Nobody told me."
SENTENCES = {
    level: {voice.replace("{wish}", wish) for voice in voices for wish in WISHES["words"]}
    for level, voices in VOICES.items()
}


def source(
    item_id: str = "a",
    fields: Mapping[str, Any] | None = None,
    *,
    wishes: Mapping[str, tuple[str, ...]] = WISHES,
    template: str = TEMPLATE,
) -> Source:
    return Source(
        seed=1,
        item=Item(id=item_id, fields=fields or {"name": "Jo", "text": TEXT}),
        prompt=(Message(role="user", content=template),),
        opposites=wishes,
    )


def sent(item_id: str, text: str, level: str = "direct") -> tuple[str, str]:
    """What becomes of a text, with ⟨⟩ in place of the sentence; and the sentence."""
    words = source(item_id, {"text": text}, wishes={"words": WISHES["words"]}, template="{text}|")
    content = conflict(words, level).messages[0].content
    (sentence,) = (sentence for sentence in SENTENCES[level] if sentence in content)
    return content.replace(sentence, "⟨⟩"), sentence


def test_the_sentence_goes_to_the_start_between_sentences_or_to_the_end_of_the_longest_text() -> None:
    places = Counter(sent(f"item-{n}", TEXT)[0] for n in range(900))
    first, second = TEXT[:31], TEXT[32:]
    assert {f"⟨⟩ {TEXT}|", f"{first} ⟨⟩ {second}|", f"{TEXT} ⟨⟩|"} == set(places)
    # 900 draws of probability 1/3: five standard deviations are 71.
    assert all(229 <= count <= 371 for count in places.values())


@pytest.mark.parametrize("level", VOICES)
def test_every_wording_and_every_wish_is_used(level: str) -> None:
    assert SENTENCES[level] == {sent(f"item-{n}", TEXT, level)[1] for n in range(400)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It came late and broken", {"⟨⟩\nIt came late and broken|", "It came late and broken\n⟨⟩|"}),
        ("It came late and broken!\n", {"⟨⟩\nIt came late and broken!\n|", "It came late and broken! ⟨⟩|"}),
        (
            "It came late.\n\nIt was broken.",
            {
                "⟨⟩\n\nIt came late.\n\nIt was broken.|",
                "It came late.\n\n⟨⟩\n\nIt was broken.|",
                "It came late.\n\nIt was broken.\n\n⟨⟩|",
            },
        ),
        ("it came late\nand broken", {"it came late\n⟨⟩\nand broken|"}),
    ],
)
def test_the_sentence_stands_apart_in_the_manner_of_the_text(text: str, expected: set[str]) -> None:
    found = {sent(f"{n}", text)[0].replace("⟨⟩ It", "⟨⟩\nIt") for n in range(60)}
    assert expected <= found


def test_the_sentence_is_the_senders_and_not_that_of_a_mail_below() -> None:
    mail = "See below, it came late and broken.\n\n-----Original message-----\nFrom: shop\nYour order is on its way."
    places = {sent(f"{n}", mail)[0] for n in range(60)}
    assert len(places) >= 2
    assert all(place.index("⟨⟩") < place.index("-----Original") for place in places)


def test_constraint_place_and_wish_are_the_same_at_every_level() -> None:
    for n in range(60):
        soft, direct, override = (conflict(source(f"item-{n}"), level) for level in VOICES)
        assert soft.variant == direct.variant == override.variant
        places = {sent(f"item-{n}", TEXT, level)[0] for level in VOICES}
        assert len(places) == 1


def test_every_constraint_gets_its_share_of_the_items() -> None:
    drawn = Counter(conflict(source(f"item-{n}"), "soft").variant for n in range(600))
    assert {"conflict words", "conflict one_line"} == set(drawn)
    # 600 draws of probability 1/2: five standard deviations are 61.
    assert all(239 <= count <= 361 for count in drawn.values())


def test_a_constraint_that_comes_leaves_the_others_where_they_were() -> None:
    more = {**WISHES, "avoids": ("say sorry",)}
    for n in range(60):
        before, after = (conflict(source(f"{n}", wishes=wishes), "soft").variant for wishes in (WISHES, more))
        assert after in {before, "conflict avoids"}


@pytest.mark.parametrize("fields", [{"name": "Jo", "text": "late!"}, {"name": 7, "text": ["a long list", "of things"]}])
def test_without_a_text_the_sentence_follows_the_item(fields: dict[str, Any]) -> None:
    content = conflict(source("a", fields, wishes={"words": ("write a lot",)}), "direct").messages[0].content
    _, sentence, after = content.rsplit("\n\n", 2)
    assert "write a lot" in sentence
    assert "Now." == after


def test_what_is_protected_is_not_the_users_text() -> None:
    rules = "All sales are final, whatever the reason and whoever asks, on every day of the year."
    given = source(fields={"policy": rules, "text": TEXT}, template="{policy}|{text}")
    for n in range(20):
        changed = replace(given, item=replace(given.item, id=f"{n}"), protect=("policy",))
        assert conflict(changed, "direct").messages[0].content.startswith(f"{rules}|")


def test_braces_in_the_wish_are_text() -> None:
    changed = source(fields={"text": TEXT}, wishes={"json": ('say {"a": {b}}',)}, template="{text}")
    assert 'say {"a": {b}}' in conflict(changed, "soft").messages[0].content


@given(st.text(max_size=120), st.sampled_from(list(VOICES)))
def test_nothing_of_the_text_is_lost(text: str, level: str) -> None:
    content = conflict(source("a", {"text": text}, template="{text}"), level).messages[0].content
    for word in text.split():
        assert word in content


@pytest.mark.parametrize("level", ["harsh", None])
def test_a_level_that_is_none_is_refused(level: str | None) -> None:
    with pytest.raises(ValueError, match=r"conflict level: found .*, expected one of soft, direct, override"):
        conflict(source(), level)


def test_a_task_without_opposites_is_refused() -> None:
    with pytest.raises(ValueError, match="no constraint of this task has an opposite; give one with `opposite:`"):
        conflict(source(wishes={}), "soft")


def test_the_levels_are_those_of_the_suite_format() -> None:
    from evalkit.suite.models import CONFLICT_LEVELS

    assert list(CONFLICT_LEVELS) == list(VOICES)
    assert 1 == len({len(voices) for voices in VOICES.values()})
