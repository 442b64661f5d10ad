from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score import differences

TEXTS = st.text(alphabet="ab \n電", max_size=14)


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("", "", []),
        ("same", "same", ["same"]),
        ("", "new", [("", "new")]),
        ("old", "", [("old", "")]),
        ("a refund now", "a rfeund now", ["a ", ("refund", "rfeund"), " now"]),
        ("flea-size. Send it", "flea-sie. Send it", [("flea-size.", "flea-sie."), " Send it"]),
        ("a b", "a b c", ["a b", ("", " c")]),
        ("a b c", "b c", [("a ", ""), "b c"]),
        ("the order came", "theorder came", [("the order", "theorder"), " came"]),
        ("Sum up.\n\nHello.", "Sum up.\n\nOld mail.\n\nHello.", ["Sum up.\n\n", ("", "Old mail.\n\n"), "Hello."]),
        ("注文の品が届きません", "注文の品がまだ届きません", ["注文の品が", ("", "まだ"), "届きません"]),
    ],
)
def test_what_differs_is_told_word_by_word(old: str, new: str, pieces: list[str | tuple[str, str]]) -> None:
    wanted = [(piece, piece) if isinstance(piece, str) else piece for piece in pieces]
    assert wanted == [(piece.old, piece.new) for piece in differences(old, new)]


def test_what_stands_around_a_text_is_added_on_both_sides() -> None:
    found = differences("Sum up.\n\nItem.\n\nThanks.", "Sum up.\n\nBefore.\n\nItem.\n\nAfter.\n\nThanks.")
    assert ["Before.\n\n", "\n\nAfter."] == [piece.new for piece in found if not piece.same]
    assert "" == "".join(piece.old for piece in found if not piece.same)


def test_two_wordings_are_not_cut_at_the_few_words_that_they_share_by_chance() -> None:
    old = "Turn the complaint below into a support title and keep it under twenty words.\n\nIt broke."
    new = "From the message that follows write a heading of fewer than twenty words.\n\nIt broke."
    assert ["From", " the ", "message that follows write a heading of fewer than", " twenty words.\n\nIt broke."] == [
        piece.new for piece in differences(old, new)
    ]


@given(TEXTS, TEXTS)
def test_the_pieces_are_the_two_texts(old: str, new: str) -> None:
    pieces = differences(old, new)
    assert old == "".join(piece.old for piece in pieces)
    assert new == "".join(piece.new for piece in pieces)
    assert all(piece.old or piece.new for piece in pieces)
    assert all(one.same != other.same for one, other in pairwise(pieces))


@pytest.mark.parametrize(
    "new",
    ["word " * 50_000, "filler " * 20_000 + "a long text of its own" + " end" * 9_000],
    ids=["other", "around"],
)
def test_long_texts_take_no_longer_than_one_waits(new: str) -> None:
    started = time.process_time()
    pieces = differences("a long text of its own", new)
    assert new == "".join(piece.new for piece in pieces)
    assert time.process_time() - started < 1
