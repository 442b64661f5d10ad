from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.report.scale_sentences import grounds, headline, sentences
from evalkit.scale import Question, find_scale
from evalkit.scale.result import Ability
from evalkit.scale.shape import Shape
from tests.ladder_points import series

pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.fixture(scope="module")
def ability() -> Ability:
    (found,) = find_scale([series([0.1, 0.5, 0.9])], Question(leave_out=0)).abilities
    return found


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (
            Shape(verdict="sharp", smaller=1e4, larger=4e4),
            "Most of the rise comes at once, between 10k and 40k.",
        ),
        (
            Shape(verdict="metric-made", smaller=1e4, larger=4e4),
            "Passes jump between 10k and 40k, but the ability behind them grows more evenly.",
        ),
        (Shape(verdict="smooth"), "Models do better step by step as they grow."),
        (Shape(verdict=None, reason="no rise shown"), "No larger model is shown to do better."),
        (Shape(verdict=None, reason="rise unfinished"), "The rise has only begun."),
        (Shape(verdict=None, reason="too few trials"), "How it rises cannot be told from so few trials."),
        (Shape(verdict=None, reason="too few sizes"), "It takes 4 sizes to tell how it rises."),
    ],
)
def test_how_an_ability_comes_is_said_plainly(ability: Ability, shape: Shape, told: str) -> None:
    crossing, shown = headline(replace(ability, shape=shape))
    assert crossing.startswith("The threshold of 80.0 %")
    assert told == shown


def test_without_a_threshold_nothing_is_said_of_one(ability: Ability) -> None:
    told = headline(replace(ability, crossing=None, shape=Shape(verdict="smooth")))
    assert ["Models do better step by step as they grow."] == list(told)


def test_what_it_rests_on_is_all_but_the_answer(ability: Ability) -> None:
    assert list(grounds(ability)) == list(sentences(ability))[1:] != []
