from __future__ import annotations

import pytest

from evalkit.score.phrases import Wording, forms, phrase


def mentions(text: str, sought: str) -> bool:
    return phrase(sought).is_in(Wording(text))


@pytest.mark.parametrize(
    ("sought", "text"),
    [
        ("refund", "Refunds are due"),
        ("refund", "it was REFUNDED"),
        ("refunds", "a refund"),
        ("carry", "she carries, he carried"),
        ("carried", "to carry"),
        ("ship", "it shipped"),
        ("shipped", "shipping"),
        ("replace", "replacing it"),
        ("replacing", "replaced"),
        ("box", "two boxes"),
        ("boxes", "one box"),
        ("go", "go on"),
        ("customer", "the customer’s order"),
        ("credit card", "two credit\ncards"),
        ("credit card", "credit-card fee"),
        ("sign-up", "signing up"),
        ("A-1042", "order a-1042."),
        ("A-1042", "order-A-1042"),
        ("C++", "in C++, mostly"),
        ("3.5 %", "at 3.5  % a year"),
        ("42", "42."),
        ("42", "42, 7"),
        ("straße", "in der STRASSE"),
        ("退款", "我要退款。"),
        ("환불", "환불을 요청"),
    ],
)
def test_a_phrase_is_met_in_its_regular_forms(sought: str, text: str) -> None:
    assert mentions(text, sought)


@pytest.mark.parametrize(
    ("sought", "text"),
    [
        ("refund", "fund"),
        ("card", "cardboard"),
        ("feed", "a fee"),
        ("news", "a new one"),
        ("credit card", "card credit"),
        ("credit card", "credit"),
        ("A-1042", "A-10421"),
        ("A-1042", "BA-1042"),
        ("042", "1,042"),
        ("42", "42.50"),
        ("42", "A_42_"),
        ("order 42", "orders 42"),
        ("pay", "paid"),
    ],
)
def test_another_word_or_a_part_of_a_name_is_no_mention(sought: str, text: str) -> None:
    assert not mentions(text, sought)


def test_short_and_foreign_words_are_not_inflected() -> None:
    assert [frozenset({"tv"}), frozenset({"café"})] == [forms("tv"), forms("café")]


def test_a_phrase_of_identifiers_is_found_at_its_second_place() -> None:
    assert mentions("A-10421 and A-1042", "A-1042")


@pytest.mark.parametrize(("phrased", "text"), [("car", "caring staff"), ("not", "we noted it"), ("rat", "the rating")])
def test_a_short_syllable_doubles_its_last_letter(phrased: str, text: str) -> None:
    assert not phrase(phrased).is_in(Wording(text))


@pytest.mark.parametrize(
    ("phrased", "text"), [("cookies", "a cookie"), ("movies", "the movie"), ("ship", "shipped"), ("fix", "fixing")]
)
def test_plurals_and_doubled_letters_are_met(phrased: str, text: str) -> None:
    assert phrase(phrased).is_in(Wording(text))
