from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.suite.document import read_document
from evalkit.suite.inserting import insert_variants, variant_lines
from evalkit.trial import Message, Messages

HEAD = "suite: x # first\ntasks:\n  a:\n"
TAIL = "    items: [{a: 1}]\n  b:\n    prompt: B {a}\n"


def said(*texts: str) -> list[Messages]:
    return [(Message(role="user", content=text),) for text in texts]


def inserted(text: str, variants: Sequence[Messages], task: str = "a") -> str:
    return insert_variants(read_document(Path("x.yaml"), text), text, task, variants, note="note")


def added(before: str, after: str) -> str:
    """The text that was put in; nothing else may differ."""
    at = next((n for n, (one, two) in enumerate(zip(before, after, strict=False)) if one != two), len(before))
    # What was put in may begin as what follows does.
    for start in range(at, -1, -1):
        size = len(after) - len(before)
        if before[:start] + before[start:] == after[:start] + after[start + size :] and (
            start == 0 or before[start - 1] in "\r\n\x85\u2028"
        ):
            return after[start : start + size]
    raise AssertionError(f"more than an insertion: {after}")


@pytest.mark.parametrize(
    ("task", "new"),
    [
        # No list yet: after the prompt.
        ("    prompt: Add {a}\n", "    paraphrases:\n      # note\n      - |-\n        P {a}\n"),
        ("    prompt: |\n      Add\n\n      {a}\n\n    # about items\n", None),
        ("    prompt: |+\n      Add {a}\n\n\n", None),
        ('    prompt: "Add\n      {a}"\n', None),
        ("    prompt:\n    - role: user\n      content: Add {a}\n    # end\n", None),
        ("    'prompt': Add {a} # why\n", None),
        # A list: at its end, indented as it is.
        ("    prompt: Add {a}\n    paraphrases:\n      - Q {a}\n", "      # note\n      - |-\n        P {a}\n"),
        ("    paraphrases:  # other words\n    - Q {a}\n    prompt: Add {a}\n", "    # note\n    - |-\n      P {a}\n"),
        ("    prompt: Add {a}\n    paraphrases:\n            # question\n            - |\n              Q\n\n"
         "              {a}\n            # end\n\n", "            # note\n            - |-\n              P {a}\n"),
        ("    prompt: Add {a}\n    paraphrases:\n      - |+\n        Q {a}\n\n",
         "      # note\n      - |-\n        P {a}\n"),
        ("    prompt: Add {a}\n    paraphrases:\n      - - role: user\n          content: |\n            # Q {a}\n",
         "      # note\n      - |-\n        P {a}\n"),
        ("    prompt: Add {a}\n    \"paraphrases\":\n      -\n        Q {a}\n      -   'R\n\n        {a}'\n",
         "      # note\n      - |-\n        P {a}\n"),
        ("    prompt: Add {a}\n    paraphrases:\n      - \"Q\n {a}\"\n", "      # note\n      - |-\n        P {a}\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_nothing_else_changes(task: str, new: str | None, line_break: str) -> None:
    before = (HEAD + task + TAIL).replace("\n", line_break)
    try:
        after = inserted(before, said("P {a}"))
    except SuiteError:
        # A text in quotes may go on further to the left than its list; then nothing is done.
        assert '"Q\n {a}"' in task
        return
    new = "    paraphrases:\n      # note\n      - |-\n        P {a}\n" if new is None else new
    assert new.replace("\n", line_break) == added(before, after)


def test_the_last_thing_of_a_file_can_be_added_to() -> None:
    text = "tasks:\n  a:\n    prompt: x\n    paraphrases:\n      - |\n        y"
    with pytest.raises(SuiteError, match="the file does not end with a line break; add one"):
        inserted(text, said("P"))
    assert f"{text}\n      # note\n      - |-\n        P\n" == inserted(f"{text}\n", said("P"))


@pytest.mark.parametrize("row", ["['Q {a}', R]", "[]", "&x\n      - Q {a}", "\n      ['Q {a}']"])
def test_a_list_in_brackets_is_refused_with_what_to_do(row: str) -> None:
    with pytest.raises(SuiteError, match=r"x.yaml:5: tasks.a.paraphrases: found .*write it as"):
        inserted(f"{HEAD}    prompt: Add {{a}}\n    paraphrases: {row}\n{TAIL}", said("P {a}"))


def test_a_task_in_braces_is_refused() -> None:
    with pytest.raises(SuiteError, match=r"x.yaml:2: tasks.a.prompt: found the task and its prompt in brackets"):
        inserted("tasks:\n  a: {prompt: x}\n", said("P"))


def test_what_an_alias_shares_is_not_changed_for_both() -> None:
    text = "tasks:\n  a: &one\n    prompt: x\n  b: *one\n"
    with pytest.raises(SuiteError, match="cannot be put in without changing what is there"):
        inserted(text, said("P"))


def test_messages_are_written_as_messages() -> None:
    variant = (Message(role="system", content="Be: brief"), Message(role="user", content="Q\n{a}\n"))
    assert [
        "  # note",
        "  - - role: system",
        "      content: |-",
        "        Be: brief",
        "    - role: user",
        "      content: |",
        "        Q",
        "        {a}",
    ] == variant_lines(variant, 2, note="note")


TEXTS = st.text(st.sampled_from("ab {}:#-|>\"'\n\t\\&*é\u2028"), max_size=20)
VARIANTS = st.lists(
    st.lists(st.builds(Message, role=st.sampled_from(["system", "user"]), content=TEXTS), min_size=1, max_size=3),
    min_size=1,
    max_size=3,
)


@given(VARIANTS, st.booleans(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["|", "|-", "|+"]))
def test_variants_read_back_as_they_are(
    variants: list[list[Message]], listed: bool, line_break: str, block: str
) -> None:
    own = f"    paraphrases:\n      - {block}\n        Q\n\n" if listed else ""
    before = f"{HEAD}    prompt: {block}\n      x\n\n{own}{TAIL}".replace("\n", line_break)
    after = inserted(before, [tuple(variant) for variant in variants])
    found = read_document(Path("x.yaml"), after).value
    wanted = [
        variant[0].content
        if len(variant) == 1 and variant[0].role == "user"
        else [message.as_json() for message in variant]
        for variant in variants
    ]
    assert wanted == found["tasks"]["a"].pop("paraphrases")[listed:]
    whole = read_document(Path("x.yaml"), before).value
    whole["tasks"]["a"].pop("paraphrases", None)
    assert whole == found
