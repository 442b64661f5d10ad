from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evalkit.suite.story import Step
from evalkit.suite.word_problems import MAX_STEPS, SETTINGS, word_problems
from evalkit.trial import rng_for

WORDS = {"2": r"\b(?:half|halved?|twice|doubled?|two|as many|as much|one other person)\b", "3": r"\bthird\b"}
seeds = st.integers(0, 100_000)
steps = st.integers(1, MAX_STEPS)


def drawn(seed: int, level: int, **arguments: Any) -> dict[str, Any]:
    return word_problems({"steps": list(range(1, MAX_STEPS + 1)), **arguments}).draw(rng_for(seed), level)


def values(working: list[str]) -> list[Fraction]:
    """What the calculations give, one after the other."""
    found = [Fraction(1)]
    for step in working:
        sign, _, amount = step.partition(" ") if step[0] in "+-*/" else ("*", "", step)
        number = Fraction(1)
        for factor in amount.split(" * "):
            number *= int(factor)
        before = found[-1]
        found.append({"+": before + number, "-": before - number, "*": before * number, "/": before / number}[sign])
    return found[1:]


@given(seed=seeds, level=steps)
def test_the_calculations_give_the_answer_through_whole_numbers_of_at_least_2(seed: int, level: int) -> None:
    item = drawn(seed, level)
    found = values(item["working"])
    assert item["answer"] == found[-1]
    assert all(value.denominator == 1 and value >= 2 for value in found)
    assert level == len(re.findall(r"[-+*/]", " ".join(item["working"])))


@given(seed=seeds, level=steps)
@example(seed=112, level=8)  # "split every album up into two thinner ones"
def test_every_number_that_is_needed_stands_in_the_text(seed: int, level: int) -> None:
    item = drawn(seed, level)
    said = re.findall(r"\d+", item["problem"])
    for number in re.findall(r"\d+", " ".join(item["working"])):
        assert number in said or re.search(WORDS[number], item["problem"].lower())


@given(seed=seeds, level=steps, n=st.integers(1, 5))
def test_distractors_change_nothing(seed: int, level: int, n: int) -> None:
    without, with_some = drawn(seed, level, distractors=[0]), drawn(seed, level, distractors=[n])
    assert (without["answer"], without["working"]) == (with_some["answer"], with_some["working"])
    sentences = re.split(r"(?<=[.?]) ", without["problem"])
    others = re.split(r"(?<=[.?]) ", with_some["problem"])
    assert n == len(others) - len(sentences)
    assert sentences == [sentence for sentence in others if sentence in sentences]
    assert len(set(others)) == len(others)


@given(seed=seeds, level=steps)
def test_texts_are_sentences_without_gaps_and_end_with_the_question(seed: int, level: int) -> None:
    problem = drawn(seed, level)["problem"]
    assert not re.search(r"[{}]|  | [.,?]|\.\.", problem)
    *told, question = re.split(r"(?<=[.?]) ", problem)
    assert question.endswith("?")
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in told)
    assert question[0].isupper()


@given(seed=seeds, level=steps)
def test_only_the_one_asked_about_is_she_or_he(seed: int, level: int) -> None:
    """The friend has the other pronoun, so that there is never a doubt who is meant."""
    words = set(re.findall(r"[a-z]+", drawn(seed, level)["problem"].lower()))
    assert not ({"she", "her"} & words and {"he", "him", "his"} & words)


def every_step() -> list[Step]:
    return [step for setting in SETTINGS for state in setting.states.values() for step in state.steps]


def test_there_are_many_settings_and_kinds_of_steps() -> None:
    assert len(SETTINGS) >= 8
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    assert len({step.text for step in every_step()}) >= 40


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_leads_to_its_own_states_and_says_its_numbers(setting: Any) -> None:
    for state in setting.states.values():
        for step in state.steps:
            assert step.to in ("", *setting.states)
            assert "{n}" in step.text or step.low == step.high
            assert ("{m}" in step.text) == (step.cost == 2)
            assert 2 <= step.low <= step.high


def told(name: str, wanted: int = 150) -> list[dict[str, Any]]:
    """Problems of one setting, by a word that only its stories have."""
    found: list[dict[str, Any]] = []
    seed = 0
    while len(found) < wanted:
        item = drawn(seed, 1 + seed % MAX_STEPS)
        found += [item] if name in item["problem"] else []
        seed += 1
    return found


@pytest.mark.slow
def test_a_film_is_not_changed_once_it_is_shown_twice() -> None:
    seen = 0
    for item in told("film evening", 400):
        _, twice, after = item["problem"].partition("show everything twice")
        seen += bool(twice)
        assert not twice or not re.search(
            r"scenes|skip|left out|interval|cartoons|half its length", after.split("parts")[0]
        )
    assert seen


def test_swimmers_steps_are_about_the_count() -> None:
    for item in told("lengths of a pool"):
        assert not re.search(r"(?:her|his) lengths|counted twice|were counted for|following day", item["problem"])


def test_stages_are_such_as_can_be_ridden_and_what_is_eaten_can_be_carried() -> None:
    for item in told("cycling tour"):
        stages = re.findall(r"stages of (\d+) kilometres", item["problem"])
        assert all(20 <= int(length) <= 120 for length in stages)
        assert "oat bars" not in item["problem"] or item["answer"] <= 90


def test_novels_are_longer_than_what_is_read_of_them_at_once() -> None:
    for item in told("novel"):
        novels = re.search(r"novels of (\d+) pages", item["problem"])
        assert novels is None or int(novels[1]) >= 60
        assert not re.search(r"chapter|again", item["problem"])


@pytest.mark.parametrize(
    "phrase",
    ["maps were lost", "the author", "the book came", "centimetres deep", "the following day", "bottles of water"],
)
def test_what_had_two_readings_or_suited_only_some_things_is_not_said(phrase: str) -> None:
    asides = [
        text for setting in SETTINGS for text, _, _ in setting.asides if setting.compared or setting.name == "reading"
    ]
    assert not any(phrase in text for text in [*asides, *(step.text for step in every_step())])
