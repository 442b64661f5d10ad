from __future__ import annotations

from collections.abc import Sequence

import pytest

from evalkit.report.levels import level_notes
from evalkit.trial import Level
from evalkit.verdict import Spend, TaskResult
from evalkit.verdict.critical import critical_level
from tests.ladders import condition_at

NOISE: Sequence[Level] = [0.02, 0.05, 0.1, 0.2]


def shown(levels: Sequence[Level], passes: Sequence[int], trials: int = 200) -> str:
    """The line about noise at a threshold of 90 %."""
    ladder = [condition_at(level, n, trials, threshold=0.9) for level, n in zip(levels, passes, strict=True)]
    task = TaskResult(
        task="t",
        threshold=0.9,
        verdict="edge",
        weakest=None,
        conditions=tuple(ladder),
        critical_levels=(critical_level("noise", ladder, strict=False),),
        repeat=None,
        spend=Spend(),
    )
    (line,) = level_notes(task)
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
