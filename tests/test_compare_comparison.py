from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.compare import compare_runs
from evalkit.errors import EvalkitError, RecordError, TransportError
from evalkit.findings.compare import RunComparison
from evalkit.plan import Scope
from evalkit.record import TrialWriter
from evalkit.trial import Call
from tests.runs import Scripted, carry_out, make_suite, right, rows_of

TWO = '[{number: "{sum}"}, {words: {max: 1}}]'


def wordy(every: int) -> Callable[[Call], str]:
    """Right, with a word too many for each so-manieth item."""
    return lambda call: f"It is {right(call)}" if int(call.item[1:]) % every == 0 else right(call)


def measured(folder: Path, answer: Callable[[Call], str | BaseException] = right, **given: Any) -> Path:
    """The folder of a run."""
    settings = {key: given.pop(key) for key in ("scope", "max_void") if key in given}
    folder.mkdir()
    suite = make_suite(folder, **{"n_items": 30, "constraints": TWO, **given})
    return carry_out(suite, Scripted(answer), folder / "runs", **settings).folder


def compared(folder: Path, other: Callable[[Call], str | BaseException], **given: Any) -> RunComparison:
    return compare_runs(measured(folder / "a", **given), measured(folder / "b", other, **given))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 30 items that all pass."""
    return measured(tmp_path_factory.mktemp("compared") / "plain")


def test_items_are_paired_and_what_broke_is_told(tmp_path: Path) -> None:
    comparison = compared(tmp_path, wordy(3), perturbations="{noise: [0.1]}")
    (task,) = comparison.tasks
    clean = task.conditions[0]
    assert (True, (), ()) == (comparison.fixed, comparison.unpaired, task.unpaired)
    assert ["clean", "noise@0.1"] == [each.condition for each in task.conditions]
    assert clean.result.pairs is not None
    assert (30, 10, 0) == (clean.result.pairs.pairs, clean.result.pairs.only_a, clean.result.pairs.only_b)
    assert ("worse", True) == (clean.result.difference.shown, clean.together)
    constraints = {name: each.difference.shown for name, each in clean.constraints}
    assert {"number": "none", "words": "worse", "answered": "none"} == constraints


def test_flipped_items_come_with_both_responses(plain: Path, tmp_path: Path) -> None:
    comparison = compare_runs(plain, measured(tmp_path / "b", wordy(15)))
    flips = {flip.item: flip for flip in comparison.tasks[0].conditions[0].flips}
    assert {"i0", "i15"} == set(flips)
    lost = flips["i15"]
    assert ((True, "16", ()), (False, "It is 16", ("words",))) == (
        (lost.a.passed, lost.a.response, lost.a.failed),
        (lost.b.passed, lost.b.response, lost.b.failed),
    )


def test_the_same_run_twice_differs_in_nothing(plain: Path) -> None:
    difference = compare_runs(plain, plain).tasks[0].conditions[0].result.difference
    assert (0.0, 1.0, "none") == (difference.value, difference.p, difference.shown)


def test_of_a_run_that_stopped_by_what_it_found_the_interval_holds_at_any_time(tmp_path: Path) -> None:
    comparison = compared(tmp_path, wordy(2), n_items=200, scope=Scope(until="verdict"))
    clean = comparison.tasks[0].conditions[0]
    assert (False, False) == (comparison.a.fixed, comparison.fixed)
    assert None is clean.result.difference.p
    assert clean.result.difference.evidence is not None
    ran = [len(rows_of(Path(each.folder))) for each in (comparison.a, comparison.b)]
    assert min(ran) == clean.result.trials_b < max(ran)


def test_items_that_come_again_are_paired_turn_by_turn(tmp_path: Path) -> None:
    comparison = compared(tmp_path, wordy(2), n_items=6, claim="set", scope=Scope(fixed=40))
    clean = comparison.tasks[0].conditions[0]
    assert 40 == clean.result.trials_b
    assert max(flip.before for flip in clean.flips) > 0
    assert len({(flip.item, flip.before) for flip in clean.flips}) == len(clean.flips)


def test_other_seeds_are_said_and_compared_without_pairs(plain: Path, tmp_path: Path) -> None:
    b = measured(tmp_path / "b", wordy(2), perturbations="{noise: [0.1]}")
    run = (b / "run.json").read_text(encoding="utf-8")
    (b / "run.json").write_text(run.replace('"seed": 0', '"seed": 7'), encoding="utf-8")
    comparison = compare_runs(plain, b)
    assert ("different seeds: 0 and 7",) == comparison.unpaired
    assert ["compared without pairing: different seeds: 0 and 7"] == list(comparison.warnings)
    clean = comparison.tasks[0].conditions[0]
    assert (None, None, (), "worse") == (clean.result.pairs, clean.together, clean.flips, clean.result.difference.shown)
    assert ("Only B was asked: add noise@0.1.",) == comparison.notes


def test_another_prompt_is_said_and_its_task_compared_without_pairs(plain: Path, tmp_path: Path) -> None:
    comparison = compare_runs(plain, measured(tmp_path / "b", prompt="Add {a} + {b}?"))
    (task,) = comparison.tasks
    assert ("different prompt",) == task.unpaired
    assert ["add is compared without pairing: different prompt"] == list(comparison.warnings)


def test_with_other_perturbations_what_is_not_perturbed_is_still_paired(tmp_path: Path) -> None:
    a, b = (measured(tmp_path / name, perturbations=f"{{noise: {levels}}}") for name, levels in
            (("a", "[0.1]"), ("b", "[0.1, 0.2]")))  # fmt: skip
    comparison = compare_runs(a, b)
    (task,) = comparison.tasks
    assert {"clean": True, "noise@0.1": False} == {
        each.condition: each.result.pairs is not None for each in task.conditions
    }
    assert ["add is compared without pairing where it is perturbed: different perturbations"] == (
        list(comparison.warnings)
    )


def test_void_trials_are_counted(plain: Path, tmp_path: Path) -> None:
    def failing(call: Call) -> str | BaseException:
        return TransportError("http-500", "no answer") if call.item == "i7" else right(call)

    counts = compare_runs(plain, measured(tmp_path / "b", failing, max_void=1.0)).tasks[0].conditions[0].result.pairs
    assert counts is not None
    assert (30, 1, 29) == (counts.pairs, counts.void, counts.both)


def test_mean_scores_are_compared_beside_passes(plain: Path, tmp_path: Path) -> None:
    clean = compare_runs(plain, measured(tmp_path / "b", wordy(3))).tasks[0].conditions[0]
    assert clean.score is not None
    assert clean.score.value is not None
    assert -0.34 < clean.score.value < 0


def test_where_scores_are_what_is_judged_they_are_what_is_compared(tmp_path: Path) -> None:
    comparison = compared(tmp_path, wordy(1), more="    measure: score", scope=Scope(until="verdict"))
    clean = comparison.tasks[0].conditions[0]
    assert ("score", None) == (clean.measure, clean.score)
    assert pytest.approx(-1 / 3) == clean.result.difference.value


def test_runs_without_a_common_task_are_refused(plain: Path, tmp_path: Path) -> None:
    b = measured(tmp_path / "b")
    text = (b / "run.json").read_text(encoding="utf-8").replace('"add"', '"other"')
    (b / "run.json").write_text(text, encoding="utf-8")
    rows = rows_of(b)
    with pytest.raises(RecordError, match=r"has trials of add, clean, which run\.json does not know"):
        compare_runs(plain, b)
    (b / "trials.db").unlink()
    writer = TrialWriter(b)
    writer.commit([replace(row, task="other") for row in rows], ())
    writer.close()
    with pytest.raises(EvalkitError, match="have no task in common: add and other"):
        compare_runs(plain, b)


def test_what_only_one_has_is_listed(plain: Path, tmp_path: Path) -> None:
    more = "  two:\n    prompt: 'Say {a}.'\n    items: [{id: x, a: 1}]\n    constraints: [one_line]\n"
    comparison = compare_runs(measured(tmp_path / "a", more=more), plain)
    assert ("Only A has: two.",) == comparison.notes
    assert ["add"] == [task.task for task in comparison.tasks]


def test_json_has_everything(plain: Path, tmp_path: Path) -> None:
    value = compare_runs(plain, measured(tmp_path / "b", wordy(15))).as_json()
    assert ["a", "b", "confidence", "method", "unpaired", "notes", "tasks"] == list(value)
    condition = value["tasks"][0]["conditions"][0]
    assert ["condition", "counts", "measure", "trials", "pairs"] == list(condition)[:5]
    assert {"pairs": 30, "void": 0, "both": 28, "only_a": 2, "only_b": 0, "neither": 0} == condition["pairs"]
    assert (1.0, 0.933333, -0.0666667, 0.5) == tuple(condition[key] for key in ("a", "b", "difference", "p"))
    assert [{"item", "before", "a", "b"}] * 2 == [set(flip) for flip in condition["flips"]]
