from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message


def _load() -> Callable[[Call], str]:
    spec = importlib.util.spec_from_file_location("baseline", shipped("adapters") / "baseline.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[[Call], str]", module.answer)


answer = _load()

TITLE_PROMPT = (
    "Turn the complaint below into a customer-support ticket title.\n"
    "Keep it under 20 words, preserve the core request, and avoid emotional wording.\n\n"
)
ROUTING_PROMPT = """Which queue does the message belong to?

- refunds: money that is owed to the customer
- delivery: parcels that are late or lost
- technical: errors and crashes

Reply with the name only.

"""
TASKS = ("ticket-title", "routing", "addition", "subtraction", "multiplication", "lookup", "aggregation",
         "classification")  # fmt: skip


def ask(task: str, *contents: str) -> str:
    messages = tuple(Message(role="user", content=content) for content in contents)
    return answer(Call(task=task, item="i", condition="clean", repeat=0, messages=messages))


def test_a_task_without_a_program_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AdapterError, match=r'no program for task "additoin"\. Did you mean "addition"\?.*ticket-title'):
        ask("additoin", "What is 1 + 2?")


@given(st.sampled_from(TASKS), st.lists(st.text(), max_size=3))
def test_any_prompt_gets_an_answer(task: str, contents: list[str]) -> None:
    assert isinstance(ask(task, *contents), str)


@given(st.text(alphabet="0123456789,.+-x\n :*", max_size=200), st.sampled_from(TASKS))
def test_any_tangle_of_numbers_and_signs_gets_an_answer(prompt: str, task: str) -> None:
    assert isinstance(ask(task, prompt), str)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_megabyte_of_one_character_is_read_in_linear_time(task: str) -> None:
    for character in ("7", "\n", " ", "a", "-", ","):
        assert isinstance(ask(task, character * 1_000_000), str)


@given(st.text(min_size=1))
def test_a_title_is_one_line_of_at_most_19_words(complaint: str) -> None:
    title = ask("ticket-title", TITLE_PROMPT + complaint)
    assert 1 == len(title.splitlines())
    assert len(title.split()) <= 19


def test_a_title_names_request_problem_thing_and_identifier() -> None:
    title = ask("ticket-title", TITLE_PROMPT + "My kettle broke! Refund me, please. Order A-10423. The kettle is new.")
    assert "Refund request, not working: kettle broke a-10423" == title


def test_a_title_drops_emotional_words_and_shouting() -> None:
    title = ask("ticket-title", TITLE_PROMPT + "TERRIBLE! This is a RIDICULOUS disgrace. My TOASTER is filthy.")
    assert "Complaint: toaster filthy" == title


def test_a_title_leaves_instruction_and_closed_reference_material_aside() -> None:
    prompt = (
        "Write a title.\n\n- short\n- neutral\n\nNotes, for reference:\n\nMrs Bell's bicycle.\n\n"
        "End of the notes.\n\nOur garden\n\nhose bursts"
    )
    assert "Complaint: garden hose bursts" == ask("ticket-title", prompt)


def test_a_prompt_of_one_paragraph_is_taken_as_the_complaint() -> None:
    assert "Complaint: zebra poster" == ask("ticket-title", "The zebra poster")


def test_a_complaint_of_request_words_alone_has_a_title_without_keywords() -> None:
    assert "Refund request" == ask("ticket-title", TITLE_PROMPT + "Refund!")


def test_a_complaint_without_telling_words_still_has_a_title() -> None:
    assert "Complaint" == ask("ticket-title", TITLE_PROMPT + "It is what it is.")


@pytest.mark.parametrize(
    ("message", "queue"),
    [
        ("I want my money back, where is the refund?", "refunds"),
        ("The courier left my parcel at the wrong house.\n\nThe tracking is wrong as well.", "delivery"),
        ("The app shows an error and crashes.", "technical"),
        ("Blah.", "refunds"),
    ],
)
def test_a_message_goes_to_the_queue_whose_words_it_uses_else_to_the_first(message: str, queue: str) -> None:
    assert queue == ask("routing", ROUTING_PROMPT + message)


def test_words_of_a_queues_description_count_where_support_knowledge_has_none() -> None:
    prompt = (
        "Choose.\n\n- aviary: parrots and finches\n- stable: horses and mules\n\nName it.\n\nOne of my mules limps."
    )
    assert "stable" == ask("routing", prompt)


def test_a_prompt_without_queues_gets_an_empty_answer() -> None:
    assert "" == ask("routing", "Where does this go?")


@pytest.mark.parametrize(
    ("task", "prompt", "result"),
    [
        ("addition", "What is 12 + 30? Reply with the number only.", "42"),
        ("addition", "In 1 line: add 1,200 and 34.", "1234"),
        ("subtraction", "What is 5 - 8?", "-3"),
        ("subtraction", "Work out 80 − 5.", "75"),
        ("subtraction", "Subtract 3 from 10.", "7"),
        ("subtraction", "From 10 take 3.", "7"),
        ("multiplication", "Step 1: what is 6 × 7?", "42"),
        ("addition", "Only 1 number here.", ""),
        ("addition", "No number here.", ""),
    ],
)
def test_arithmetic_is_done_on_the_two_numbers_of_the_prompt(task: str, prompt: str, result: str) -> None:
    assert result == ask(task, prompt)


def test_a_fair_share_of_the_shipped_complaints_gets_a_title_with_every_needed_word() -> None:
    """The baseline is a bar to clear: neither a strawman nor a program made for these items."""
    items = [json.loads(line) for line in (shipped("suites") / "support/ticket-title.jsonl").read_text().splitlines()]
    passes = 0
    for item in items:
        title = ask("ticket-title", TITLE_PROMPT + item["complaint"])
        passes += all(any(form in title.lower() for form in forms) for forms in item["request"])
    assert len(items) >= 1000
    assert 0.3 < passes / len(items) < 0.75


MESSAGE = "Order TA-4470815 of 3 March: the lamp for €1.249,50 arrived on 9 March, cracked."


def extract(message: str, received: str = "Received: Saturday, 14 March 2026") -> Any:
    return json.loads(ask("extraction", f"Extract as JSON.\n\n{received}\n\n{message}"))


def test_a_record_has_what_plain_patterns_find() -> None:
    expected = {
        "order_numbers": ["TA-4470815"],
        "paid": 1249.5,
        "currency": "EUR",
        "order_date": "2026-03-03",
        "delivery_date": "2026-03-09",
    }
    assert expected == {key: value for key, value in extract(MESSAGE).items() if key != "product"}


def test_a_day_that_would_lie_ahead_was_last_year() -> None:
    assert "2025-12-28" == extract("I ordered it on 28 December.")["order_date"]


@pytest.mark.parametrize("received", ["Recieved: Satrday, 14 Mrach 2026", ""])
def test_a_record_is_made_whatever_noise_has_done(received: str) -> None:
    assert {"order_numbers": None, "paid": None} == {
        key: value
        for key, value in extract("It is late since 3 March.", received).items()
        if key in ("order_numbers", "paid")
    }


def test_a_reply_quotes_the_rules_that_the_message_is_about() -> None:
    policy = "Policy:\n- Lamps may come back within 30 days.\n- Parking is free.\n"
    reply = ask("reply", f"Reply to this.\n\n{policy}\nMessage:\nCan the lamps come back?")
    assert "Lamps may come back within 30 days." in reply
    assert reply.endswith("Please send us your order number.")
    assert "order number" not in ask("reply", f"Reply to this.\n\n{policy}\nMessage:\nLamps of order 5512?")


STOCK = """Stock:

| Article | Site | Pieces |
|---|---|---|
| KX-1 | Leeds | 4 |
| KX-2 | York | 9 |
| KX-3 | Leeds | 12 |

"""


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ('What does the column "Pieces" say for "KX-2"?', "9"),
        ('In exactly one row, "Pieces" is "12". What is the value of "Article" in that row?', "KX-3"),
        ("What is it about?", ""),
    ],
)
def test_a_cell_is_looked_up_by_the_quoted_names(question: str, cell: str) -> None:
    assert cell == ask("lookup", STOCK + question)


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ('What is the sum of "Pieces" over the articles whose "Site" is "Leeds"?', "16"),
        ('What is the mean of "Pieces" over the articles whose "Site" is "Leeds"?', "8"),
        ('What is the greatest "Pieces" of the articles whose "Site" is "Leeds"?', "12"),
        ('What is the lowest "Pieces" of the articles whose "Site" is "Leeds"?', "4"),
        ('How many articles have "Leeds" under "Site"?', "2"),
        ('How many articles have "Leeds" under "Site" and a "Pieces" of 12 or more?', "1"),
        ('What is the sum of "Pieces" over the articles whose "Site" is "Rome"?', "0"),
        ("What is it about?", ""),
    ],
)
def test_rows_are_put_together_as_the_question_says(question: str, number: str) -> None:
    assert number == ask("aggregation", STOCK + question)


@pytest.mark.parametrize("table", ["Site,Pieces\nLeeds,4\nYork,9", "Site   Pieces\nLeeds  4\nYork   9"])
def test_a_table_is_read_however_it_is_written(table: str) -> None:
    assert "4" == ask("lookup", f'{table}\n\nWhat does the column "Pieces" say for "Leeds"?')


@pytest.mark.parametrize(
    ("record", "label"),
    [("weight: 20 kg\ncolour: blue", "heavy"), ("It weighs 19 kg. The colour is red.", "warm"),
     ("It weighs 4 kg. The colour is blue.", "light"), ("It weighs 6 kg. The colour is blue.", "plain")],
)  # fmt: skip
def test_the_first_rule_whose_conditions_hold_gives_the_class(record: str, label: str) -> None:
    rules = (
        "1. If the weight is 20 kg or more: heavy\n"
        "2. If the colour is red or pink and the weight is 7 kg or more: warm\n"
        "3. If the weight is below 5 kg: light\n4. Otherwise: plain"
    )
    assert label == ask("classification", f"Classify.\n\n{rules}\n\nThe thing:\n\n{record}")


def test_without_rules_there_is_no_class() -> None:
    assert "" == ask("classification", "Which class?")
