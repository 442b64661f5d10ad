from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.content import shipped
from evalkit.perturb.context import FOOTER, HEADER, context
from evalkit.perturb.filler import N_VARIANTS, composed, variant_of
from evalkit.perturb.material import Material, Passage, read_material
from evalkit.perturb.source import Source
from evalkit.perturb.tokens import count_tokens
from evalkit.trial import Item, Message

Place = Literal["before", "after", "around"]

with (shipped("suites") / "context" / "support.jsonl").open(encoding="utf-8") as file:
    SUPPORT = read_material(file)

TEMPLATE = "Title this complaint.\n\n{text}\n\nReply with the title only.\n"
TEXT = "It broke.\n\nI am cross."


def source(item_id: str = "a", *, place: Place = "before", material: Material | None = SUPPORT, **more: Any) -> Source:
    return Source(
        seed=4,
        item=Item(id=item_id, fields={"text": TEXT, **more}),
        prompt=(Message(role="user", content=TEMPLATE),),
        place=place,
        material=material,
    )


def content(given_source: Source, level: int) -> str:
    return context(given_source, level).messages[0].content


def filler(given_source: Source, level: int) -> list[str]:
    return content(given_source, level).split(f"{HEADER}\n\n")[1].split(f"\n\n{FOOTER}")[0].split("\n\n")


CLEAN = TEMPLATE.replace("{text}", TEXT)


@given(st.text(max_size=8), st.integers(100, 6000), st.sampled_from(["before", "after", "around"]))
@settings(deadline=None)
def test_the_added_tokens_are_the_level_within_two_per_cent(item_id: str, level: int, place: Place) -> None:
    text = content(source(item_id, place=place), level)
    added = text[: len(text) - len(CLEAN)]
    assert 0.98 * level <= count_tokens(added) <= 1.02 * level


@pytest.mark.parametrize(
    ("place", "start", "end"),
    [
        (
            "before",
            f"Title this complaint.\n\n{HEADER}\n\n",
            f"\n\n{FOOTER}\n\n{TEXT}\n\nReply with the title only.\n",
        ),
        (
            "after",
            f"Title this complaint.\n\n{TEXT}\n\n{HEADER}\n\n",
            f"\n\n{FOOTER}\n\nReply with the title only.\n",
        ),
        (
            "around",
            f"Title this complaint.\n\n{HEADER}\n\n",
            f"\n\n{FOOTER}\n\nReply with the title only.\n",
        ),
    ],
)
def test_labelled_filler_stands_where_the_suite_says(place: Place, start: str, end: str) -> None:
    text = content(source(place=place), 500)
    assert (start, end) == (text[: len(start)], text[-len(end) :])


def test_around_puts_different_halves_on_both_sides() -> None:
    left, right = content(source(place="around"), 2000).split(f"{FOOTER}\n\n{TEXT}\n\n{HEADER}")
    assert abs(count_tokens(left) - count_tokens(right)) < 60
    passages = [part for part in (left + right).split("\n\n") if len(part) > 60]
    assert len(passages) == len(set(passages))


def test_a_higher_level_extends_a_lower_one() -> None:
    for place in ("before", "after"):
        short, long = (filler(source(place=place), level) for level in (1000, 4000))
        assert short[:-1] == long[: len(short) - 1]
        assert len(short) < len(long)


def test_items_of_a_variant_share_their_beginning() -> None:
    """Providers bill a repeated beginning at a fraction."""
    first, second = [f"{n}" for n in range(40) if variant_of(4, f"{n}") == 2][:2]
    assert filler(source(first), 4000) == filler(source(second), 4000)
    assert filler(source(first), 4000) != filler(
        source(next(f"{n}" for n in range(40) if variant_of(4, f"{n}") != 2)), 4000
    )


def test_no_passage_comes_twice_in_a_request() -> None:
    passages = filler(source(), 16_000)
    assert len(passages) == len(set(passages))


def test_targets_are_never_mentioned() -> None:
    text = content(source(label="Ticket", words=["policy", "note"]), 8000).lower()
    assert [] == [word for word in ("ticket ", "policy", " note ") if word in text]


def test_the_last_passage_ends_at_a_sentence_or_says_that_it_goes_on() -> None:
    last = [filler(source(f"{n}"), 200 + 10 * n)[-1] for n in range(60)]
    whole = {passage.text for variant in range(N_VARIANTS) for passage in composed(SUPPORT, 4, variant, 4096)}
    ends = [passage[-1] for passage in last if passage not in whole]
    assert {".", "!", "?", "…"} >= set(ends)
    assert "…" in ends
    assert "." in ends


def test_a_passage_without_words_is_cut_as_it_is() -> None:
    stock = Material(slots={}, passages=(Passage(kind="note", text="x" * 3000),))
    (passage,) = filler(source(material=stock), 200)
    assert passage == "x" * (len(passage) - 1) + "…"
    assert 196 <= count_tokens(content(source(material=stock), 200)) - count_tokens(CLEAN) <= 204


@pytest.mark.parametrize("level", [99, 0, -5, 4000.5, "long", None])
def test_a_level_that_is_no_number_of_tokens_is_refused(level: Any) -> None:
    with pytest.raises(ValueError, match="expected a whole number of tokens, at least 100"):
        context(source(), level)


def test_missing_material_is_refused() -> None:
    with pytest.raises(ValueError, match="context@100: the task names no filler material"):
        context(source(material=None), 100)


def test_too_little_material_says_how_much_there_is() -> None:
    stock = Material(slots={}, passages=(Passage(kind="note", text="word " * 80),))
    with pytest.raises(ValueError, match="context@1000: the filler material has 100 tokens, of which 100 may stand"):
        context(source(material=stock), 1000)


def test_an_item_whose_words_are_everywhere_is_given_up() -> None:
    stock = Material(
        slots={"n": tuple(map(str, range(100_000)))}, passages=(Passage(kind="note", text="late {n} " * 9),)
    )
    with pytest.raises(ValueError, match="of which 0 may stand beside item 'a'"):
        context(source(material=stock, label="late"), 100)


def test_material_is_used_again_with_other_values_when_much_is_left_out() -> None:
    passages = tuple(Passage(kind="note", text=f"{word} " * 30 + "{n}.") for word in ("late", "lost", "fine"))
    stock = Material(slots={"n": tuple(f"value {n}" for n in range(500))}, passages=passages)
    parts = filler(source(material=stock, labels=["late", "lost"]), 1000)
    assert {"fine"} == {part.split()[0] for part in parts}
