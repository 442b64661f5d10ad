from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.findings.compare import (
    Compared,
    ComparedCondition,
    ComparedRun,
    ComparedTask,
    Difference,
    Flip,
    PairCounts,
    RunComparison,
    Side,
)
from evalkit.report.compare import render_comparison

WORSE = Difference(a=0.39, b=0.347, low=-0.0713, high=-0.0151, shown="worse", p=0.00315)
BETTER = Difference(a=0.8, b=0.9, low=0.0512, high=0.151, shown="better", p=0.00001)
NONE = Difference(a=0.9, b=0.91, low=-0.0213, high=0.0391, shown="none", p=0.62)
RUN = ComparedRun(folder="runs/a", model="x/a", suite="support", started="2026-11-27T00:00:00Z", fixed=True)


def condition(difference: Difference = WORSE, name: str = "clean", **given: Any) -> ComparedCondition:
    pairs = PairCounts(pairs=1319, void=given.pop("void", 0), both=306, only_a=209, only_b=152, neither=652)
    made = ComparedCondition(
        condition=name,
        counts=True,
        measure="pass",
        result=Compared(trials_a=1319, trials_b=1319, pairs=pairs, difference=difference),
        score=None,
        constraints=(),
        flips=(),
    )
    return replace(made, **given)


def comparison(*conditions: ComparedCondition, task: dict[str, Any] | None = None, **given: Any) -> RunComparison:
    made = ComparedTask(task="title", unpaired=(), perturbed_unpaired=(), notes=(), conditions=conditions)
    return replace(
        RunComparison(
            a=RUN,
            b=replace(RUN, folder="runs/b", model="x/b"),
            confidence=0.95,
            unpaired=(),
            notes=(),
            tasks=(replace(made, **(task or {})),),
        ),
        **given,
    )


def told(*conditions: ComparedCondition, flips: int = 3, **given: Any) -> str:
    return render_comparison(comparison(*conditions, **given), flips=flips)


def flat(*conditions: ComparedCondition, **given: Any) -> str:
    return " ".join(told(*conditions, **given).split())


def flip(item: str = "i1", *, passed: bool = True, response: str | None = "ok", before: int = 0) -> Flip:
    sides = Side(passed=True, response=response, failed=()), Side(passed=False, response="bad", failed=("words",))
    return Flip(item=item, before=before, a=sides[0 if passed else 1], b=sides[1 if passed else 0])


def test_what_is_worse_is_said_first_with_the_least_that_is_shown() -> None:
    text = told(condition())
    assert "B is worse at clean (34.7 % against 39.0 %, by at least 1.5 points)." in text
    assert "clean                  1319  39.0  34.7     −7.2 to −1.5    209    152  worse" in text
    assert "clean 0.0032" in text


def test_better_and_undecided_conditions_have_their_sentences() -> None:
    text = flat(condition(BETTER), condition(NONE, "noise@0.1"), condition(NONE, "repeat@3"))
    assert "B is better at clean (90.0 % against 80.0 %, by at least 5.1 points)." in text
    assert "No difference is shown at the 2 others." in text
    assert "clean < 0.0001, noise@0.1 0.62" in text


def test_of_many_conditions_the_first_are_named() -> None:
    text = flat(*(condition(name=f"noise@{place}") for place in range(6)))
    assert "noise@3 (34.7 % against 39.0 %, by at least 1.5 points) and 2 more." in text


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([condition(NONE)], "No difference is shown: it lies between −2.2 and +4.0 points."),
        (
            [condition(NONE), condition(replace(NONE, low=-0.3), "noise@0.1")],
            "No difference is shown at any condition; the least is known of noise@0.1: −30.0 to +4.0 points.",
        ),
        (
            [condition(Difference(a=None, b=None, low=-1, high=1, shown="none"))],
            "Nothing to compare: no item has an answer in both runs.",
        ),
        ([condition(replace(WORSE, high=-0.00001))], "B is worse at clean (34.7 % against 39.0 %)."),
    ],
)
def test_nothing_more_is_said_than_was_shown(conditions: list[ComparedCondition], expected: str) -> None:
    assert expected in flat(*conditions)


def test_a_test_that_sees_more_than_the_interval_is_explained() -> None:
    assert "clean: by that test there is a difference; its interval" in flat(condition(replace(NONE, p=0.03)))
    assert "by that test there is a difference" not in flat(condition(NONE))


def test_void_pairs_scores_and_constraints_that_tell_something_have_a_line() -> None:
    still = Compared(
        trials_a=9,
        trials_b=9,
        pairs=PairCounts(pairs=9, void=0, both=9, only_a=0, only_b=0, neither=0),
        difference=replace(NONE, p=1.0),
    )
    flipping = replace(still, pairs=PairCounts(pairs=9, void=0, both=7, only_a=1, only_b=1, neither=0))
    shown = replace(still, pairs=None, difference=WORSE)
    constraints = (("words", shown), ("number", flipping), ("answered", still))
    text = flat(condition(void=2, score=replace(NONE, p=None), constraints=constraints))
    assert "clean: 2 pairs void on a side" in text
    assert "clean, mean score: 91.0 % against 90.0 %, −2.2 to +4.0 points" in text
    assert "clean, words holds: 34.7 % against 39.0 %, −7.2 to −1.5 points, worse" in text
    assert "clean, number holds: 91.0 % against 90.0 %, −2.2 to +4.0 points; 1 only with A, 1 only with B" in text
    assert "answered holds" not in text
    assert "number holds" not in flat(condition(NONE, constraints=constraints))


def test_of_several_tasks_it_is_said_first_how_many_differ() -> None:
    made = comparison(condition(), condition(BETTER, "b"), condition(NONE, "c"))
    (task,) = made.tasks
    alike = replace(task, conditions=(condition(NONE),))
    assert "Of 6 comparisons B is worse in 2, better in 2; no difference is shown in 2.\n\ntitle" in (
        render_comparison(replace(made, tasks=(task, task)))
    )
    assert "No difference is shown in 2 comparisons." in render_comparison(replace(made, tasks=(alike, alike)))
    assert "comparisons B is worse" not in render_comparison(made)


def test_where_mean_scores_are_compared_it_is_said() -> None:
    assert "clean: what is compared is the mean score" in flat(condition(measure="score"))
    assert "mean score" not in flat(condition())


def test_a_task_without_a_common_condition_has_no_table() -> None:
    text = told()
    assert "Nothing to compare: the two have no condition in common." in text
    assert "only A" not in text


def test_as_many_flips_are_shown_as_asked_for_each_way() -> None:
    flips = (*(flip(f"i{place}") for place in range(5)), flip("won", passed=False, before=2))
    text = told(condition(flips=flips), flips=2)
    assert "passed with A, not with B: 5, 2 shown" in text
    assert "    i1, clean\n      A: ok\n      B: bad [fails words]" in text
    assert "i2, clean" not in text
    assert "passed with B, not with A: 1\n    won, clean, time 3\n      A: bad [fails words]" in text
    assert "passed with" not in told(condition(flips=flips), flips=0)
    for nothing in (None, "", " \n"):
        assert "A: no text" in told(condition(flips=(flip(response=nothing),)))


def test_what_is_not_paired_is_said_above_everything() -> None:
    unpaired = replace(condition(), result=replace(condition().result, pairs=None, trials_a=120))
    text = told(unpaired, unpaired=("different seeds: 0 and 1",))
    assert "Warning: compared without pairing: different seeds: 0 and 1." in text
    assert "120/1319" in text
    assert text.index("Warning") < text.index("title")
    text = told(unpaired, task={"unpaired": ("different prompt",), "notes": ("Different constraints: so.",)})
    assert "Warning: title is compared without pairing: different prompt." in text
    assert "  Different constraints: so." in text


def test_explored_conditions_are_in_brackets() -> None:
    text = told(condition(), condition(NONE, "noise@0.2", counts=False))
    assert "  (noise@0.2) " in text
    assert "(in brackets: explored, does not count for the verdict)" in text


def test_intervals_that_hold_at_any_time_are_explained() -> None:
    assert "A run stopped by what it found" not in told(condition())
    assert "A run stopped by what it found" in told(condition(), b=replace(RUN, fixed=False))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (
            [condition(together=True), condition(BETTER, "b", together=True)],
            "Both shown differences stand when both comparisons are read together, with a chance of at most 5 % that "
            "any is wrong.",
        ),
        (
            [condition(together=True), condition(NONE, "b", together=False)],
            "The shown difference stands when both comparisons are read together",
        ),
        (
            [condition(together=True), condition(WORSE, "b", together=False), condition(NONE, "c", together=False)],
            "Of 3 comparisons 2 show a difference; read together, 1 of these stands, with a chance of at most 5 % that "
            "any is wrong: title clean. The rest may be chance.",
        ),
        (
            [condition(together=False), condition(NONE, "b", together=False)],
            "Of 2 comparisons 1 shows a difference; read together, none stands: it may be chance.",
        ),
    ],
)
def test_what_many_comparisons_come_to_is_said(conditions: list[ComparedCondition], expected: str) -> None:
    assert expected in flat(*conditions)


def test_what_cannot_be_read_together_is_named() -> None:
    alone = condition(WORSE, "unpaired")
    text = flat(condition(together=True), condition(NONE, "b", together=False), alone)
    assert "Shown when read alone only; of many such differences some are chance: title unpaired." in text
    assert "The shown difference stands when both comparisons are read together" in text
    assert "read alone only" not in flat(alone)


def test_of_runs_that_stopped_by_what_they_found_wrong_ones_are_few_on_average() -> None:
    text = flat(condition(together=True), condition(BETTER, together=True), a=replace(RUN, fixed=False))
    assert "on average at most 5 % wrong." in text


@pytest.mark.parametrize("conditions", [[condition(together=True)], [condition(NONE, together=False)] * 2])
def test_a_single_comparison_or_nothing_shown_needs_no_correction(conditions: list[ComparedCondition]) -> None:
    assert "read together" not in flat(*conditions)


def test_lines_fit_and_what_models_and_suites_say_cannot_command_the_terminal() -> None:
    evil = "\x1b[31m" + "very long " * 30
    difference = replace(WORSE, low=-1.0, high=-0.999)
    flips = (flip(evil, response=evil), flip("y", passed=False))
    text = told(
        condition(difference, evil, flips=flips, constraints=((evil, condition(difference).result),)),
        a=replace(RUN, model=evil, folder=evil),
        task={"task": evil, "notes": (evil,)},
        notes=(evil,),
    )
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
