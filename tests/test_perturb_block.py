from __future__ import annotations

import pytest

from evalkit.perturb.block import Block, item_block, with_paragraphs
from evalkit.perturb.source import Source
from evalkit.trial import Item, Message, Messages


def user(content: str) -> Message:
    return Message(role="user", content=content)


def block_text(*prompt: Message) -> str:
    block = item_block(prompt)
    return prompt[block.message].content[block.start : block.end]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Title this.\n\n{text}\n", "{text}"),
        ("Title this:\n{text}", "Title this:\n{text}"),
        ("Do it.\n\nFrom {name}:\n\n  \nDear all,\n\n{text}\n\nNow do it.", "From {name}:\n\n  \nDear all,\n\n{text}"),
        ("\n\n  {text}  \n\n", "{text}"),
        ("No field here.\n\nNone at all.\n", "No field here.\n\nNone at all."),
        ("Braces {{like}} these.\n\n{text}", "{text}"),
    ],
)
def test_the_item_is_what_lies_between_the_first_and_last_paragraph_with_a_field(template: str, expected: str) -> None:
    assert expected == block_text(user(template))


def test_the_last_user_message_with_a_field_asks() -> None:
    prompt = (user("{a}"), user("{b}"), Message(role="assistant", content="{c}"), user("Go on."))
    assert Block(message=1, start=0, end=3) == item_block(prompt)


def test_without_a_user_field_the_last_user_message_asks() -> None:
    prompt = (Message(role="system", content="{a}"), user("First."), user("Go."))
    assert Block(message=2, start=0, end=3) == item_block(prompt)


def test_without_a_user_the_last_message_asks() -> None:
    assert 1 == item_block((Message(role="system", content="x"), Message(role="system", content="{a}"))).message


def test_an_empty_message_has_an_empty_block() -> None:
    assert Block(message=0, start=2, end=2) == item_block((user("\n\n"),))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", "Do {it}.\n\na\n\nb\n\nThanks.\n"),
        ("B {x}", "", "Do {it}.\n\nB {x}\n\na\n\nb\n\nThanks.\n"),
        ("", "A", "Do {it}.\n\na\n\nb\n\nA\n\nThanks.\n"),
        ("B", "A", "Do {it}.\n\nB\n\na\n\nb\n\nA\n\nThanks.\n"),
    ],
)
def test_paragraphs_go_next_to_the_item_as_plain_text(before: str, after: str, expected: str) -> None:
    prompt: Messages = (Message(role="system", content="S"), user("Do {{it}}.\n\n{text}\n\nThanks.\n"))
    source = Source(seed=0, item=Item(id="i", fields={"text": "a\n\nb"}), prompt=prompt)
    messages = with_paragraphs(source, item_block(prompt), before=before, after=after)
    assert (prompt[0], user(expected)) == messages
