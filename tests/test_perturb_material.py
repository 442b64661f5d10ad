from __future__ import annotations

import json
from itertools import pairwise

import pytest

from evalkit.content import shipped
from evalkit.perturb.filler import N_VARIANTS, composed
from evalkit.perturb.material import Passage, read_material, slot_of
from evalkit.perturb.tokens import count_tokens
from evalkit.template import fields_of

SLOTS = '{"slots": {"name": ["Jo", "Al"], "city": ["Ulm"]}}'


def test_slots_and_passages_are_read() -> None:
    material = read_material([SLOTS, "", '{"kind": "note", "text": "{name} met {name2} in {city}."}\n'])
    assert {"name": ("Jo", "Al"), "city": ("Ulm",)} == material.slots
    assert (Passage(kind="note", text="{name} met {name2} in {city}."),) == material.passages


def test_slots_may_be_left_out() -> None:
    assert ({}, 1) == (
        (material := read_material(['{"kind": "policy", "text": "We close at six."}'])).slots,
        len(material.passages),
    )


def test_material_is_compared_by_identity() -> None:
    assert read_material([SLOTS]) != read_material([SLOTS])


@pytest.mark.parametrize(("placeholder", "slot"), [("name", "name"), ("name12", "name"), ("a_b2", "a_b")])
def test_a_number_behind_the_slot_means_another_of_its_values(placeholder: str, slot: str) -> None:
    assert slot == slot_of(placeholder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 3: .*Expecting"),
        ("[" * 100_000, "line 3: "),
        ("[1]", "line 3: found list, expected an object"),
        ("{}", r"line 3: found the keys \(none\)"),
        (SLOTS, "line 3: found the keys slots, expected kind and text"),
        ('{"kind": "poem", "text": "x"}', "line 3: kind: found 'poem', expected one of thread, ticket"),
        ('{"kind": ["note"], "text": "x"}', "line 3: kind: found"),
        ('{"kind": "note", "text": " "}', "line 3: text: found ' ', expected a passage"),
        ('{"kind": "note", "text": 5}', "line 3: text: found 5"),
        ('{"kind": "note", "text": "a { b"}', "line 3: a lone brace"),
        ('{"kind": "note", "text": "{dog} and {city}"}', "line 3: text: needs 1 values of slot 'dog', which has 0"),
        ('{"kind": "note", "text": "{city} and {city2}"}', "line 3: text: needs 2 values of slot 'city', which has 1"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_material([SLOTS, "", line])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"slots": [], "kind": "note"}', "line 1: a line of slots is"),
        ('{"slots": []}', "line 1: a line of slots is"),
        ('{"slots": {"name2": ["a"]}}', "line 1: slot 'name2': a name has letters"),
        ('{"slots": {"name": "abc"}}', "line 1: slot 'name': expected a list"),
        ('{"slots": {"name": []}}', "line 1: slot 'name': expected a list"),
        ('{"slots": {"name": ["a", ""]}}', "line 1: slot 'name': expected a list"),
        ('{"slots": {"name": ["a", "a"]}}', "line 1: slot 'name': expected a list of different"),
    ],
)
def test_bad_slots_are_explained(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_material([line])


def shipped_lines() -> list[str]:
    return (shipped("suites") / "context" / "support.jsonl").read_text(encoding="utf-8").splitlines()


def test_the_shipped_material_is_large_and_plain() -> None:
    material = read_material(shipped_lines())
    sizes = [len(passage.text.split()) for passage in material.passages]
    assert len(sizes) >= 700
    assert (True, True) == (min(sizes) >= 40, max(sizes) <= 280)
    assert len(sizes) == len({passage.text for passage in material.passages})
    assert {"thread", "ticket", "policy", "orders", "note"} == {passage.kind for passage in material.passages}
    assert not [passage.text for passage in material.passages if set(passage.text) & set("<`")]


def test_200_000_tokens_of_the_shipped_material_repeat_no_passage() -> None:
    passages = composed(read_material(shipped_lines()), 0, 0, 200_000)
    assert sum(count_tokens(passage.text) for passage in passages) >= 200_000
    assert len({passage.text for passage in passages}) == len(passages)


@pytest.mark.parametrize("variant", range(N_VARIANTS))
def test_long_contexts_of_the_shipped_material_need_no_passage_twice(variant: int) -> None:
    material = read_material(shipped_lines())
    once = composed(material, 0, variant, 120_000)[: len(material.passages)]
    assert sum(count_tokens(passage.text) for passage in once) >= 64_000


def test_a_product_of_the_shipped_material_stands_only_where_any_of_its_kind_makes_sense() -> None:
    """A rug needs no batteries: what is said of one product is written out, and slots are of one kind of thing."""
    material = read_material(shipped_lines())
    assert not {"product", "amount"} & set(material.slots)
    worked = ("batter", "hum", "castor", "descal", "decibel", "plug", "socket")
    said = [
        passage.text
        for passage in material.passages
        for slot in ("furniture", "textile")
        if f"{{{slot}" in passage.text and any(word in passage.text.lower() for word in worked)
    ]
    assert [] == said


def test_amounts_of_the_shipped_material_are_of_one_size_to_a_slot() -> None:
    slots = read_material(shipped_lines()).slots
    ranges = [
        (min(values), max(values))
        for values in ([float(value.removeprefix("£")) for value in slots[size]] for size in ("small", "mid", "large"))
    ]
    assert [True, True] == [low[1] < high[0] for low, high in pairwise(ranges)]


def test_dates_of_a_history_come_in_the_order_of_the_seasons() -> None:
    histories = [passage.text for passage in read_material(shipped_lines()).passages if "{summer}" in passage.text]
    assert histories
    seasons = ("{spring}", "{summer}", "{autumn}")
    for text in histories:
        places = [text.index(season) for season in seasons if season in text]
        assert sorted(places) == places


def test_every_slot_of_the_shipped_material_is_used() -> None:
    lines = shipped_lines()
    used = {slot_of(name) for line in lines[1:] for name in fields_of(json.loads(line)["text"])}
    assert set(read_material(lines).slots) == used
