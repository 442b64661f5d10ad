from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from evalkit.perturb.filler import N_VARIANTS, Filled, composed, giveaways, variant_of, without_mentions
from evalkit.perturb.material import Material, Passage
from evalkit.perturb.source import Source
from evalkit.perturb.spans import fold
from evalkit.perturb.tokens import count_tokens
from evalkit.trial import Item, Message


def material(n_passages: int = 10, n_names: int = 6) -> Material:
    return Material(
        slots={"name": tuple(f"Name{chr(65 + n)}" for n in range(n_names))},
        passages=tuple(Passage(kind="note", text=f"Passage {n}: {{name}} met {{name2}}.") for n in range(n_passages)),
    )


def source(fields: dict[str, Any], template: str = "{text}") -> Source:
    return Source(seed=0, item=Item(id="i", fields=fields), prompt=(Message(role="user", content=template),))


def test_a_longer_composition_starts_with_the_shorter_one() -> None:
    stock = material()
    short, long = composed(stock, 0, 1, 50), composed(stock, 0, 1, 400)
    assert short == long[: len(short)]
    assert len(short) < len(long)


def test_composition_stops_at_the_size_asked_for() -> None:
    tokens = [count_tokens(passage.text) for passage in composed(material(), 0, 0, 100)]
    assert sum(tokens[:-1]) < 100 <= sum(tokens)


def test_every_passage_is_used_once_before_any_is_used_again() -> None:
    passages = composed(material(n_names=20), 0, 2, 10_000)
    heads = [passage.text.split(":")[0] for passage in passages]
    assert 10 == len(set(heads[:10])) == len(set(heads[10:20]))


def test_no_filled_passage_comes_twice_and_small_material_runs_out() -> None:
    texts = [passage.text for passage in composed(material(2, 2), 0, 0, 10_000)]
    assert len(texts) == len(set(texts))
    # Two passages, two ways to fill each.
    assert 2 <= len(texts) <= 4


def test_numbered_slots_take_different_values() -> None:
    for passage in composed(material(), 0, 0, 500):
        first, second = passage.text.removesuffix(".").split(": ")[1].split(" met ")
        assert first != second


def test_fields_that_no_constraint_reads_give_nothing_away() -> None:
    fields = {"text": "Late", "label": "delivery", "register": "chat"}
    whole = source(fields)
    assert ("delivery", "chat") == giveaways(whole)
    assert ("delivery",) == giveaways(replace(whole, targets=frozenset({"label", "text"})))


def test_variants_and_seeds_differ() -> None:
    stock = material()
    assert 3 == len({composed(stock, seed, variant, 100) for seed, variant in [(0, 0), (0, 1), (1, 0)]})


def test_nothing_comes_of_no_passages() -> None:
    assert () == composed(Material(slots={}, passages=()), 0, 0, 100)


def test_items_spread_over_all_variants() -> None:
    drawn = Counter(variant_of(0, f"item-{n}") for n in range(1600))
    assert set(range(N_VARIANTS)) == set(drawn)
    # 1,600 draws of probability 1/8: five standard deviations are 66.
    assert all(134 <= count <= 266 for count in drawn.values())


def test_targets_numbers_and_identifiers_give_the_answer_away() -> None:
    fields = {"text": "Order A-1042, 3 lamps, 150 EUR.", "label": " Late ", "any": ["lamp", ["no"]], "sum": 1234}
    assert ("a-1042", "150", "late", "lamp", "1234") == giveaways(source(fields))


def test_what_the_prompt_shows_is_no_giveaway() -> None:
    assert () == giveaways(source({"text": "Late lamp", "label": "late"}, "{text} {label}"))


def test_passages_that_mention_a_term_as_a_word_are_left_out() -> None:
    passages = [Filled(text, fold(text)) for text in ("Too LATE, sorry.", "The latest news.", "Nothing.")]
    assert ["The latest news.", "Nothing."] == without_mentions(passages, ("late", "lamp"))
