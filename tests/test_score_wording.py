from __future__ import annotations

from typing import Any

import pytest

from evalkit.score import Check, Constraint, ConstraintError, read_constraint


def bound(entry: object, **fields: Any) -> Constraint:
    return read_constraint(entry).bind(fields, {})


def test_every_phrase_must_be_mentioned_in_one_of_its_alternatives() -> None:
    mentions = bound({"mentions": ["refund", ["credit card", "Visa"], "A-1042"]})
    assert Check(passed=True, score=1.0) == mentions.check("Refunded order A-1042 to Visa")
    expected = Check(passed=False, score=1 / 3, found='lacks "refund", "credit card"')
    assert expected == mentions.check("order A-1042")


@pytest.mark.parametrize("value", ["refund", ["refund"], [["refund", "money back"]]])
def test_a_field_may_hold_one_phrase_or_many(value: object) -> None:
    assert bound({"mentions": "{must}"}, must=value).check("a refund").passed


def test_numbers_are_mentioned_as_they_stand() -> None:
    assert bound({"mentions": "{order}"}, order=1042).check("order 1042").passed
    assert bound({"mentions": [1042, 7.5]}).check("order 1042 for 7.5").passed


def test_the_first_few_missing_phrases_are_named() -> None:
    assert 'lacks "a", "b", "c" and 1 more' == bound({"mentions": ["a", "b", "c", "d"]}).check("").found


def test_listed_words_are_avoided_in_all_their_forms() -> None:
    avoids = bound({"avoids": ["apology", "so sorry"]})
    assert Check(passed=True, score=1.0) == avoids.check("We sent a new lamp.")
    assert Check(passed=False, score=1 / 3, found='has "apology", "so sorry"') == avoids.check("So sorry! Apologies.")


def test_the_score_falls_with_every_emotional_word() -> None:
    avoids = bound({"avoids": "emotional"})
    assert Check(passed=True, score=1.0) == avoids.check("Lamp broken")
    assert Check(passed=False, score=0.5, found='has "very"') == avoids.check("Lamp very broken")
    assert Check(passed=False, score=0.25, found='has "very", "!"') == avoids.check("Lamp very very broken!")


def test_an_item_may_have_nothing_to_mention() -> None:
    assert Check(passed=True, score=1.0) == bound({"mentions": "{facts}"}, facts=[]).check("Refund of the deposit")
    assert () == bound({"mentions": "{facts}"}, facts=[]).wishes()


def test_a_character_may_be_written_as_one_code_point_or_two() -> None:
    assert bound({"mentions": "cafe\u0301"}).check("at the caf\u00e9").passed


def test_an_item_may_have_nothing_to_avoid() -> None:
    assert Check(passed=True, score=1.0) == bound({"avoids": "{rivals}"}, rivals=[]).check("Refund of the deposit")


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [(["repair", "voucher"], 'use the word "repair"'), (["new card"], 'use the words "new card"')],
)
def test_the_opposite_of_a_list_to_avoid_asks_for_the_first(phrases: object, expected: str) -> None:
    assert expected == bound({"avoids": phrases}).wishes()[0]


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        (["kettle", ["refund", "money back"]], "leave out any mention of kettle"),
        ([["deposit", "hold", "900"]], "leave out any mention of deposit, hold or 900"),
        (
            [["refund", "refunds", "refund fee", "money back"], ["a", "b", "c"]],
            "leave out any mention of refund or money back",
        ),
    ],
)
def test_the_opposite_leaves_out_every_alternative_of_the_shortest_element(phrases: object, expected: str) -> None:
    """Whoever left out one of several alternatives would still pass."""
    assert expected == bound({"mentions": phrases}).wishes()[0]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"mentions": ["a", []]}, "found an empty list"),
        ({"mentions": [None]}, "found nothing, expected a word or phrase"),
        ({"mentions": "?!"}, r'found "\?!", expected a word or phrase'),
        ({"mentions": True}, "found true, expected a word or phrase"),
        ({"avoids": 3}, "found 3, expected a list of words or the name of a lexicon"),
        ({"avoids": "emotionl"}, 'write words to avoid as a list. Did you mean "emotional"'),
    ],
)
def test_what_is_no_phrase_is_refused(entry: object, message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        read_constraint(entry)
