from __future__ import annotations

import pytest

from evalkit.perturb.tokens import TOKEN_COUNTER, count_tokens


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("é" * 8, 2)])
def test_four_characters_are_a_token_rounded_up(text: str, tokens: int) -> None:
    assert tokens == count_tokens(text)


def test_the_counter_has_a_name_for_the_record() -> None:
    assert TOKEN_COUNTER == "chars/4"
