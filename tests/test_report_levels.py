from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from evalkit.report.levels import level_notes
from evalkit.trial import Level
from evalkit.verdict import ConditionResult, Reason, Spend, TaskResult
from evalkit.verdict.critical import critical_level
from tests.ladders import condition_at

NOISE: Sequence[Level] = [0.02, 0.05, 0.1, 0.2]


def at_level(level: Level, passes: int, trials: int, reason: Reason | None = "budget") -> ConditionResult:
    """At a threshold of 90 %, with the reason where it is at the edge."""
    found = condition_at(level, passes, trials, threshold=0.9)
    return replace(found, reason=reason) if found.verdict == "edge" else found


def notes_on(ladder: Sequence[ConditionResult]) -> list[str]:
    task = TaskResult(
        task="t",
        threshold=0.9,
        claim="population",
        verdict="edge",
        weakest=None,
        conditions=tuple(ladder),
        critical_levels=(critical_level("noise", ladder, strict=False),),
        repeat=None,
        spend=Spend(),
    )
    return list(level_notes(task))


def shown(levels: Sequence[Level], passes: Sequence[int], trials: int = 200) -> str:
    """The line about noise at a threshold of 90 %."""
    (line,) = notes_on([at_level(level, n, trials) for level, n in zip(levels, passes, strict=True)])
    return line.removeprefix("noise: ")


@pytest.mark.parametrize(
    ("levels", "passes", "line"),
    [
        (
            NOISE,
            [198, 192, 170, 100],
            "usable to 0.05, unusable from 0.1 (tested); about 0.0811 by a fitted curve (between 0.0682 and 0.0948, "
            "model-based)",
        ),
        (
            [1, 2, 3, 4],
            [200, 130, 130, 130],
            "usable to 1, unusable from 2 (tested); about 1 by a fitted curve (between 1 and 1.06, model-based, fits "
            "poorly)",
        ),
        (
            [1000, 4000, 16000],
            [200, 190, 170],
            "usable to 4000, unusable from 16000 (tested); about 10700 by a fitted curve (between 7740 and 15300, "
            "model-based)",
        ),
        (
            NOISE,
            [200, 200, 0, 0],
            "usable to 0.05, unusable from 0.1 (tested); all trials pass, then all fail: the threshold is met between "
            "0.05 and 0.1, no slope can be fitted",
        ),
        (NOISE, [200, 200, 200, 200], "usable to 0.2"),
        (NOISE, [100, 80, 60, 40], "shown usable at no level, unusable from 0.02"),
        (
            NOISE,
            [150, 195, 150, 20],
            "shown usable at no level, unusable from 0.02 (tested); harder 0.05 passes more often than easier 0.02: no "
            "curve is fitted",
        ),
        (["soft", "direct"], [200, 100], "usable to soft, unusable from direct"),
    ],
)
def test_verdicts_come_first_and_what_a_curve_says_is_called_model_based(
    levels: Sequence[Level], passes: Sequence[int], line: str
) -> None:
    assert line == shown(levels, passes)


@pytest.mark.parametrize(
    ("levels", "passes", "trials", "line"),
    [
        (
            NOISE,
            [20, 20, 20, 20],
            20,
            "shown usable at no level; by a fitted curve the threshold is met above 0.2 (model-based)",
        ),
        (
            [16, 8, 4, 2],
            [20, 20, 20, 20],
            20,
            "shown usable at no level; by a fitted curve the threshold is met below 2 (model-based)",
        ),
        (
            NOISE,
            [1, 1, 1, 1],
            1,
            "shown usable at no level; too few trials to say where the threshold is met",
        ),
        (NOISE, [0, 0, 0, 0], 0, "shown usable at no level"),
    ],
)
def test_few_trials_say_little(levels: Sequence[Level], passes: Sequence[int], trials: int, line: str) -> None:
    assert line == shown(levels, passes, trials)


@pytest.mark.parametrize("reason", [None, "task-decided", "interrupted"])
@pytest.mark.parametrize("trials", [0, 5])
def test_nothing_is_said_of_levels_of_which_none_was_asked_to_its_end(reason: Reason | None, trials: int) -> None:
    assert [] == notes_on([at_level(level, trials, trials, reason) for level in NOISE])


@pytest.mark.parametrize("passes", [200, 100])
def test_one_level_with_a_verdict_is_enough_to_say_how_far_it_is_usable(passes: int) -> None:
    (line,) = notes_on([at_level(0.02, passes, 200), *[at_level(level, 0, 0, "task-decided") for level in NOISE[1:]]])
    assert {200: "noise: usable to 0.02", 100: "noise: shown usable at no level, unusable from 0.02"}[passes] == line


def test_a_level_that_was_asked_to_its_end_in_vain_is_told() -> None:
    (line,) = notes_on([at_level(0.02, 180, 200, "futility"), at_level(0.05, 0, 0, "task-decided")])
    assert "noise: shown usable at no level" == line


@pytest.mark.parametrize("below", [(184, 200), (0, 0)])
def test_a_level_without_a_verdict_below_a_usable_one_is_said_to_be_passed_over(below: tuple[int, int]) -> None:
    (line,) = notes_on([at_level(0.02, *below), at_level(0.05, 195, 200), at_level(0.1, 100, 200)])
    assert line.startswith("noise: usable to 0.05, unusable from 0.1 (tested, if harder is never easier); about 0.0")


def test_a_level_without_a_verdict_beyond_the_usable_ones_is_not_passed_over() -> None:
    (line,) = notes_on([at_level(0.02, 198, 200), at_level(0.05, 184, 200), at_level(0.1, 100, 200)])
    assert line.startswith("noise: usable to 0.02, unusable from 0.1 (tested); about 0.0")
