from __future__ import annotations

import statistics
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from evalkit.perturb.noise import noise
from evalkit.perturb.source import Source
from evalkit.perturb.spans import identifiers
from evalkit.trial import Item, Message

TEXT = (
    "Last Tuesday I bought a kettle from your shop, order A-1042, and it leaks. I can't use it: the water runs over"
    " the table and my papers get wet! Would you tell me what to do about this 'Brivo Quick', or write to"
    " jo@example.org? Kind regards, Maren"
)
TEMPLATE = "Write a title for this complaint:\n\n{text}"


def source(
    item_id: str = "a",
    text: Any = TEXT,
    *,
    protect: tuple[str, ...] = (),
    template: str = TEMPLATE,
    noise_on: Literal["item", "prompt"] = "item",
    **fields: Any,
) -> Source:
    return Source(
        seed=2,
        item=Item(id=item_id, fields={"text": text, **fields}),
        prompt=(Message(role="user", content=template),),
        protect=protect,
        noise_on=noise_on,
    )


def noisy(given_source: Source, level: float = 0.1) -> str:
    return noise(given_source, level).messages[0].content


def test_the_text_is_the_same_every_time_and_another_for_another_item() -> None:
    assert noisy(source()) == noisy(source())
    assert noisy(source("a")) != noisy(source("b"))


def test_the_instruction_stays_unless_noise_is_on_the_prompt() -> None:
    for n in range(30):
        assert noisy(source(f"{n}"), 0.3).startswith("Write a title for this complaint:\n\n")
    changed = [noisy(source(f"{n}", noise_on="prompt"), 0.3).split("\n\n")[0] for n in range(30)]
    assert 30 == sum(start != "Write a title for this complaint:" for start in changed)


@pytest.mark.parametrize("level", [0.02, 0.05, 0.1])
def test_the_share_of_characters_touched_is_the_level(level: float) -> None:
    """The distance in which a transposition is one step counts the slips, as long as they stand apart."""
    text = "Abcdefghijklm nopqrstuvwxyz and so on, again. " * 4
    n_eligible = len(text) - 1  # all but the last space
    shares = [
        OSA.distance(text, noisy(source(f"{n}", text, template="{text}"), level)) / n_eligible for n in range(300)
    ]
    assert statistics.fmean(shares) == pytest.approx(level, abs=0.005)


def test_texts_too_short_for_a_whole_slip_get_one_now_and_then() -> None:
    hit = sum(noisy(source(f"{n}", "lamp", template="{text}"), 0.05) != "lamp" for n in range(2000))
    # 4 letters × 0.05 = 0.2 slips a text; five standard deviations of 2,000 such draws are 90.
    assert 310 <= hit <= 490


def test_a_higher_level_is_further_from_the_text_than_a_lower_one() -> None:
    for n in range(40):
        distances = [
            OSA.distance(TEXT, noisy(source(f"{n}", template="{text}"), level)) for level in (0.02, 0.05, 0.1, 0.2, 0.5)
        ]
        assert sorted(set(distances)) == distances


def test_the_text_is_the_same_on_every_machine_and_in_every_version() -> None:
    """Runs can be resumed and compared only while this holds: a change belongs in the changelog."""
    assert "Last Tuesdoy I bought a ketlte frrmo yuer shep. odrfer A-1042," == noisy(
        source("pinned", TEXT[:60], template="{text}"), 0.2
    )


@given(st.text(max_size=60), st.sampled_from([0.05, 0.2, 0.5]))
@settings(deadline=None)
def test_numbers_identifiers_names_and_protected_values_survive(text: str, level: float) -> None:
    text = f"{text} A-1042 at 12.50 to jo@example.org for «Brivo Quick» the lamp oil Acme twelve {text}"
    after = noisy(source("a", text, protect=("oil", "Acme"), oil=["lamp oil"]), level)
    for value in ("A-1042", "12.50", "jo@example.org", "«Brivo Quick»", "lamp oil", "Acme", "twelve"):
        assert value in after


@given(st.text("abcXY .,:;'\n12@", max_size=60), st.sampled_from([0.2, 0.5]))
@settings(deadline=None)
def test_noise_never_makes_an_identifier_nor_breaks_one(text: str, level: float) -> None:
    after = noisy(source("a", text, template="{text}"), level)
    assert [text[a:b] for a, b in identifiers(text)] == [after[a:b] for a, b in identifiers(after)]


def test_an_identifier_that_template_and_field_form_together_survives() -> None:
    assert "INV-7abc" in noisy(source("a", "abc def ghi", template="see INV-7{text}"), 0.5)


def test_fields_that_are_no_text_stay() -> None:
    given_source = source("a", ["billing", "delivery"], template="Queues: {text}.")
    assert "Queues: billing, delivery." == noisy(given_source, 0.5)


def test_a_quoted_field_is_no_quoted_name() -> None:
    after = noisy(source("a", "the lamp came broken", template='Complaint: "{text}"'), 0.5)
    assert 'Complaint: "the lamp came broken"' != after


def test_assistant_messages_stay_and_each_message_has_its_own_slips() -> None:
    prompt = tuple(Message(role=role, content="{text}") for role in ("system", "assistant", "user"))
    messages = noise(Source(seed=0, item=Item(id="a", fields={"text": TEXT}), prompt=prompt), 0.2).messages
    assert TEXT == messages[1].content
    assert 3 == len({message.content for message in messages})


@pytest.mark.parametrize("level", [0, -0.1, 0.51, "soft", None])
def test_a_level_that_is_no_share_is_refused(level: Any) -> None:
    with pytest.raises(ValueError, match="expected a share of characters above 0 and up to"):
        noise(source(), level)
