from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured
from evalkit.engine.baseline import baseline_of, check_comparable, comparisons, open_baseline, stored_baseline
from evalkit.errors import RecordError, TransportError
from evalkit.plan import Scope
from evalkit.record import (
    BASELINE_FILE,
    Baseline,
    RunFile,
    StoredGate,
    read_run_file,
    write_baseline,
    write_run_file,
)
from evalkit.trial import Call
from tests.runs import Scripted, carry_out, make_suite, right, rows_of

NOISE = "{noise: {levels: [0.02, 0.5], require: 0.02}}"


def wrong_for(*items: int) -> Any:
    """Right, but for items by their number."""
    prompts = {f"What is {n} + 1?" for n in items}
    return lambda call: "0" if call.messages[-1].content in prompts else right(call)


def measured(tmp_path: Path, answer: Any = right, **given: Any) -> Measured:
    scope = given.pop("scope", Scope(fixed=20))
    return carry_out(make_suite(tmp_path, **given), Scripted(answer), tmp_path / "runs", scope=scope, max_void=1.0)


def baseline(tmp_path: Path, answer: Any = right, **given: Any) -> tuple[RunFile, Baseline]:
    found = measured(tmp_path, answer, **given)
    return found.run, baseline_of(found.folder)


def test_a_baseline_says_what_each_item_brought_in_plan_order(tmp_path: Path) -> None:
    def answer(call: Call) -> str | BaseException:
        if "What is 3 " in call.messages[-1].content:
            return TransportError("timeout", "gave no answer")
        return str(wrong_for(5, 7)(call))

    found = measured(tmp_path, answer)
    (task,) = baseline_of(found.folder).tasks
    assert [row.item for row in rows_of(found.folder)] == task.items[0]
    (condition,) = task.conditions
    said = dict(zip(task.items[0], condition.outcomes, strict=True))
    assert {"i3": "-", "i5": "0", "i7": "0"} == {item: outcome for item, outcome in said.items() if outcome != "1"}
    assert (19, 17, 1) == (condition.trials, condition.passes, condition.void)


def test_a_baseline_knows_where_it_comes_from(tmp_path: Path) -> None:
    run, found = baseline(tmp_path)
    assert ("sums", "scripted/x", 0, run.started) == (found.suite, found.model, found.seed, found.started)
    assert (run.suite.sha256, {}) == (found.sha256, found.files)
    assert {"suite", "threshold"} == set(found.defined)
    assert {"prompt", "items"} <= set(found.tasks[0].defined)


def test_conditions_that_were_asked_about_the_same_items_share_a_list(tmp_path: Path) -> None:
    _, found = baseline(tmp_path, perturbations=NOISE)
    (task,) = found.tasks
    assert [("clean", 0), ("noise@0.02", 0)] == [(each.condition, each.items) for each in task.conditions]
    assert 1 == len(task.items)


def test_a_condition_that_ended_earlier_shares_the_beginning_of_a_longer_list(tmp_path: Path) -> None:
    easier = "{noise: {levels: [0.02], require: 0.02, threshold: 0.5}}"
    _, found = baseline(tmp_path, perturbations=easier, n_items=80, scope=Scope(until="verdict"))
    (task,) = found.tasks
    lengths = [len(each.outcomes) for each in task.conditions]
    assert (1, max(lengths)) == (len(task.items), len(task.items[0]))
    assert 2 == len(set(lengths))


def test_conditions_that_do_not_count_are_left_out(tmp_path: Path) -> None:
    _, found = baseline(tmp_path, perturbations=NOISE)
    assert "noise@0.5" not in [each.condition for each in found.tasks[0].conditions]


def test_of_scores_a_baseline_keeps_the_scores(tmp_path: Path) -> None:
    constraints = '[{number: "{sum}"}, {number: "{half}"}]'
    _, found = baseline(
        tmp_path, constraints=constraints, scope=Scope(until="verdict"), more="    measure: score\n", n_items=30
    )
    (condition,) = found.tasks[0].conditions
    assert "score" == condition.measure
    assert {0.5} == set(condition.outcomes) - {1.0}


def test_an_unfinished_run_is_no_baseline(tmp_path: Path) -> None:
    found = measured(tmp_path)
    write_run_file(found.folder, found.run.model_copy(update={"finished": None}))
    with pytest.raises(RecordError, match=r"has not come to its end.*; go on with: evalkit run --resume"):
        baseline_of(found.folder)


def test_a_baseline_is_opened_from_a_file_or_from_the_folder_of_a_run(tmp_path: Path) -> None:
    folder = measured(tmp_path).folder
    write_baseline(tmp_path / "b.json", baseline_of(folder))
    assert open_baseline(folder) == open_baseline(tmp_path / "b.json")


def test_a_run_knows_what_it_was_compared_with(tmp_path: Path) -> None:
    run, known = baseline(tmp_path)
    write_baseline(tmp_path / BASELINE_FILE, known)
    gates = {None: None, StoredGate(tolerance=0.1): None, StoredGate(tolerance=0.1, baseline="main.json"): known}
    for gate, expected in gates.items():
        assert expected == stored_baseline(tmp_path, run.model_copy(update={"gate": gate}))


def test_a_run_that_lost_its_copy_of_the_baseline_is_refused(tmp_path: Path) -> None:
    run, _ = baseline(tmp_path)
    lost = run.model_copy(update={"gate": StoredGate(tolerance=0.1, baseline="main.json")})
    with pytest.raises(RecordError, match="no such baseline"):
        stored_baseline(tmp_path, lost)


# --- what is compared


def test_a_run_is_compared_where_both_count_and_have_trials(tmp_path: Path) -> None:
    run, found = baseline(tmp_path, perturbations=NOISE)
    compared = comparisons(run.terms, found, tolerance=0.05, strict=False)
    assert [("add", "clean"), ("add", "noise@0.02")] == list(compared)
    terms = compared["add", "clean"].test.terms
    assert (0.05, 2) == (terms.tolerance, terms.n_compared)
    assert pytest.approx(0.025) == terms.alpha


def test_a_task_that_is_judged_by_scores_now_and_was_by_passes_then_is_not_compared(tmp_path: Path) -> None:
    _, found = baseline(tmp_path)
    run = measured(tmp_path, scope=Scope(until="verdict"), more="    measure: score\n").run
    assert {} == comparisons(run.terms, found, tolerance=0.02, strict=False)


def test_a_run_without_a_task_of_the_baseline_is_refused(tmp_path: Path) -> None:
    _, found = baseline(tmp_path)
    check_comparable(["add", "other"], found, "b.json")
    with pytest.raises(RecordError, match=r"^b\.json: found a baseline of add, expected one of other, more; name anot"):
        check_comparable(["other", "more"], found, "b.json")


def test_a_run_that_would_be_asked_in_another_order_is_refused(tmp_path: Path) -> None:
    _, found = baseline(tmp_path)
    check_comparable(["add"], found, "b.json", seed=0)
    with pytest.raises(RecordError, match=r"was measured with --seed 0, found --seed 3.*; say --seed 0, or make anot"):
        check_comparable(["add"], found, "b.json", seed=3)


def test_a_run_against_itself_has_every_trial_as_a_pair(tmp_path: Path) -> None:
    run, found = baseline(tmp_path, wrong_for(1, 2))
    (comparison,) = comparisons(run.terms, found, tolerance=0.02, strict=True).values()
    for item, outcome in zip(found.tasks[0].items[0], found.tasks[0].conditions[0].outcomes, strict=True):
        comparison.observe(item, float(outcome == "1"))
    result = comparison.test.result()
    assert (20, 0, 0, 0.9) == (result.pairs, result.worse, result.better, result.rate_before)
    assert read_run_file(next((tmp_path / "runs").iterdir())) == run
