from __future__ import annotations

import pytest

from evalkit.score import constraint_types, read_constraint
from evalkit.score.constraint import quoted


@pytest.mark.parametrize("entry", [{"regex": "a"}, {"avoids": []}, {"asks": []}, {"no_promise": []}])
def test_some_constraints_have_no_sensible_opposite(entry: object) -> None:
    assert () == read_constraint(entry).bind({}, {}).wishes()


def test_every_opposite_is_said_in_more_than_one_way() -> None:
    for entry in ("one_line", "json", {"words": 19}, {"number": 7}, {"mentions": ["a"]}, {"avoids": "promises"}):
        wishes = read_constraint(entry).bind({}, {}).wishes()
        assert len(set(wishes)) == len(wishes) >= 2


@pytest.mark.parametrize(
    ("entry", "obedient"),
    [
        ({"words": {"max": 19}}, "word " * 60),
        ({"words": {"min": 30}}, "word " * 10),
        ({"characters": 80}, "x" * 300),
        ({"lines": 2}, "line\n" * 10),
        ("one_line", "a\nb\nc"),
        ({"exact": "yes"}, "unknown"),
        ({"exact": "Unknown"}, "none"),
        ({"number": 7}, "0"),
        ({"number": {"value": 0, "tolerance": 2}}, "3"),
        ({"choice": {"value": "yes", "options": ["yes", "no"]}}, "no"),
        ({"mentions": ["refund"]}, "nothing of the kind"),
        ({"mentions": [["deposit", "hold", "900"]]}, "Release of the blocked sum"),
        ({"avoids": ["sorry"]}, "I am sorry"),
        ({"avoids": "emotional"}, "I am absolutely furious!"),
        ({"avoids": "promises"}, "I promise that it will definitely come."),
        ({"money": {"value": 3, "currency": "GBP"}}, "1 JPY"),
        ({"date": "2026-03-31"}, "1 January 2000"),
        ({"list": ["a", "b"]}, "b, a"),
        ({"set": ["a", "b"]}, "a, b, unknown"),
        ({"sorted": "ascending"}, "3, 2, 1"),
        ({"sentences": 2}, "One. Two. Three. Four. Five. Six."),
        ({"starts_with": "Dear"}, "Well now, it came."),
        ({"ends_with": "Regards"}, "and that is that"),
        ("no_preamble", "Here is what you asked for: Kettle leaks"),
        ({"asks": ["order number"]}, "We are looking into it."),
        ({"no_promise": ["refund"]}, "You will get a refund, in writing."),
        ({"similar": "Kettle leaks"}, "unknown"),
        ({"similar": {"value": "The kettle leaks.", "max": 0.6}}, "The kettle leaks."),
        ("json", "Plain sentences."),
        ({"json_schema": {"type": "object"}}, "Plain sentences."),
    ],
)
def test_whoever_obeys_the_opposite_breaks_the_constraint(entry: object, obedient: str) -> None:
    constraint = read_constraint(entry).bind({}, {})
    assert constraint.wishes()
    assert not constraint.check(obedient).passed


def test_every_kind_describes_itself_in_one_sentence() -> None:
    for kind in constraint_types().values():
        assert kind.about.endswith(".")


def test_quoted_text_is_one_short_line() -> None:
    assert '"two lines"' == quoted("two\nlines")
    assert f'"{"x" * 60}…"' == quoted("x" * 1_000_000)
    assert '"a…"' == quoted("a" + " " * 1000)


@pytest.mark.parametrize(
    ("entry", "text", "marked"),
    [
        ({"words": 3}, "one two – three four five", ["four five"]),
        ({"words": {"min": 3}}, "one two", []),
        ({"characters": 4}, "äbcdef", ["ef"]),
        ({"lines": 1}, "a\n\nb\nc", ["b\nc"]),
        ({"sentences": 1}, "One is here. Two is. Three.", ["Two is. Three."]),
        ("one_line", "a\nb", ["b"]),
        (
            {"avoids": ["refund", "A-1", "very bad"]},
            "Refunded. cafe\u0301 A-1, A-12 very-bad",
            ["Refunded", "A-1", "very-bad"],
        ),
        ({"avoids": "emotional"}, "It is TERRIBLE, really terrible!!", ["TERRIBLE", "really", "terrible", "!!"]),
        (
            {"avoids": "promises"},
            "We guarantee it. We cannot guarantee that.",
            ["We guarantee"],
        ),
        ({"exact": "yes"}, "no", ["no"]),
        ({"number": 7}, "7 or 8, not -9", ["8", "9"]),
        ({"number": {"value": 7, "unit": "km"}}, "7 miles", ["7"]),
        ({"money": {"value": 5, "currency": "EUR"}}, "£5 of 3", ["5"]),
        ({"choice": {"value": "yes", "options": ["yes", "no"]}}, "yes, no", ["no"]),
        ("no_preamble", " Sure! Here is the title: x\nLet me know", ["Sure!", "Here is", "\nLet me know"]),
        ({"no_promise": ["refund"]}, "Hello. We will refund it. Bye.", ["We will refund it."]),
        ({"mentions": ["lamp"]}, "chair", []),
        ({"regex": "a"}, "b", []),
        ("json", "{", []),
    ],
)
def test_what_breaks_a_constraint_is_pointed_at(entry: object, text: str, marked: list[str]) -> None:
    constraint = read_constraint(entry).bind({}, {})
    assert not constraint.check(text).passed
    assert marked == [text[start:end] for start, end in constraint.places(text)]
