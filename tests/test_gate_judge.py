from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured
from evalkit.engine.baseline import baseline_of
from evalkit.errors import RecordError
from evalkit.gate import judge, judge_run
from evalkit.plan import Scope
from evalkit.record import BASELINE_FILE, StoredGate, write_baseline, write_run_file
from evalkit.suite import load_suite
from evalkit.trial import Call
from tests.runs import Scripted, carry_out, make_suite, right

N_ITEMS = 60


def failing(share: float, seed: int = 1) -> Any:
    """A model that fails a share of what it is asked."""
    rng = random.Random(seed)

    def answer(call: Call) -> str:
        return "0" if rng.random() < share else right(call)

    return answer


def measured(tmp_path: Path, answer: Any = right, **given: Any) -> Measured:
    suite = make_suite(tmp_path, **({"n_items": N_ITEMS, "threshold": 0.5} | given))
    return carry_out(suite, Scripted(answer), tmp_path / "runs", scope=Scope(fixed=N_ITEMS))


def test_without_a_baseline_the_thresholds_alone_are_judged(tmp_path: Path) -> None:
    found = judge(measured(tmp_path).folder)
    assert ("passed", None) == (found.outcome, found.baseline)
    assert [(None, None)] == [(task.regression, task.conditions[0].paired) for task in found.tasks]


def test_a_run_that_got_worse_has_regressed_though_it_is_usable_unless_so_much_is_tolerated(tmp_path: Path) -> None:
    before, after = measured(tmp_path), measured(tmp_path, failing(0.3))
    known = baseline_of(before.folder)
    found = judge(after.folder, known, name="b.json")
    (task,) = found.tasks
    assert ("usable", "regressed", "failed") == (task.result.verdict, task.regression, found.outcome)
    assert task.worst is not None
    assert task.worst.paired is not None
    n_failed = N_ITEMS - after.results.tasks[0].conditions[0].passes
    assert (N_ITEMS, n_failed, 0) == (task.worst.paired.pairs, task.worst.paired.worse, task.worst.paired.better)
    assert "passed" == judge(after.folder, known, tolerance=0.5).outcome


def test_few_pairs_that_are_alike_are_unclear_and_with_strict_an_edge(tmp_path: Path) -> None:
    before, after = measured(tmp_path), measured(tmp_path)
    known = baseline_of(before.folder)
    lenient, strict = (judge(after.folder, known, strict=strict) for strict in (False, True))
    assert [("unclear", "passed"), ("unclear", "edge")] == [
        (each.tasks[0].regression, each.outcome) for each in (lenient, strict)
    ]
    assert "passed" == judge(after.folder, known, strict=True, tolerance=0.3).outcome  # held


def test_a_condition_that_is_new_keeps_its_task_unclear(tmp_path: Path) -> None:
    known = baseline_of(measured(tmp_path).folder)
    after = measured(tmp_path, perturbations="{noise: {levels: [0.02], require: 0.02}}")
    (task,) = judge(after.folder, known, tolerance=0.3).tasks
    assert ["held", None] == [None if each.paired is None else each.paired.regression for each in task.conditions]
    assert "unclear" == task.regression


def test_a_task_that_the_baseline_lacks_is_not_compared(tmp_path: Path) -> None:
    known = baseline_of(measured(tmp_path).folder)
    path = tmp_path / "sums.yaml"
    text = path.read_text(encoding="utf-8")
    task = text.partition("tasks:\n")[2].replace("  add:", "  more:", 1)
    path.write_text(text + task, encoding="utf-8")
    after = carry_out(load_suite(path), Scripted(), tmp_path / "runs", scope=Scope(fixed=N_ITEMS))
    found = judge(after.folder, known)
    assert ["unclear", None] == [task.regression for task in found.tasks]
    assert found.baseline is not None
    assert ("not in the baseline: more",) == found.baseline.changes[1:]


def test_a_run_that_has_not_ended_is_not_judged(tmp_path: Path) -> None:
    after = measured(tmp_path)
    write_run_file(after.folder, after.run.model_copy(update={"finished": None}))
    with pytest.raises(RecordError, match="a gate must not judge a part of it; go on with: evalkit run --resume"):
        judge(after.folder)


def test_a_run_of_other_tasks_is_refused(tmp_path: Path) -> None:
    folder = measured(tmp_path).folder
    known = baseline_of(folder)
    other = known.model_copy(update={"tasks": [known.tasks[0].model_copy(update={"task": "other"})]})
    with pytest.raises(RecordError, match="found a baseline of other, expected one of add"):
        judge(folder, other, name="b.json")


def test_items_of_one_group_are_one_pair(tmp_path: Path) -> None:
    """Else a story that is answered otherwise would count as often as it has items."""
    suite = make_suite(tmp_path, n_items=N_ITEMS, threshold=0.5, more="    group: half\n")
    runs = [carry_out(suite, Scripted(), tmp_path / "runs", scope=Scope(fixed=N_ITEMS)) for _ in range(2)]
    (task,) = judge(runs[1].folder, baseline_of(runs[0].folder)).tasks
    paired = task.conditions[0].paired
    assert paired is not None
    assert (N_ITEMS, 2) == (task.conditions[0].result.trials, paired.pairs)


# --- what a run was gated by


def gated(tmp_path: Path, *, tolerance: float = 0.3, strict: bool = True) -> Path:
    """A run that was compared with a baseline while it went on."""
    before, after = measured(tmp_path), measured(tmp_path)
    write_baseline(after.folder / BASELINE_FILE, baseline_of(before.folder))
    gate = StoredGate(baseline="main.json", tolerance=tolerance, strict=strict)
    write_run_file(after.folder, after.run.model_copy(update={"gate": gate}))
    return after.folder


def test_a_run_is_judged_by_the_baseline_that_it_keeps(tmp_path: Path) -> None:
    found = judge_run(gated(tmp_path))
    assert found.baseline is not None
    assert ("main.json", 0.3, True) == (found.baseline.name, found.baseline.tolerance, found.strict)
    assert "passed" == found.outcome


def test_what_is_said_now_goes_before_what_the_run_was_made_with(tmp_path: Path) -> None:
    folder, other = gated(tmp_path), tmp_path / "other.json"
    write_baseline(other, baseline_of(folder))
    found = judge_run(folder, other, tolerance=0.02, strict=False)
    assert found.baseline is not None
    assert (str(other), 0.02, False) == (found.baseline.name, found.baseline.tolerance, found.strict)


def gated_by_thresholds(tmp_path: Path) -> Path:
    """A run with a gate, but without a baseline."""
    found = measured(tmp_path)
    write_run_file(found.folder, found.run.model_copy(update={"gate": StoredGate(tolerance=0.02)}))
    return found.folder


@pytest.mark.parametrize("made", [lambda path: measured(path).folder, gated_by_thresholds], ids=["measured", "gated"])
def test_a_tolerance_without_a_baseline_is_refused(tmp_path: Path, made: Any) -> None:
    """Whoever forgot the baseline would think that it was compared."""
    folder = made(tmp_path)
    for given in ({"tolerance": 0.1}, {"strict": True}):
        with pytest.raises(RecordError, match=r"was compared with nothing.*; name a baseline with --baseline"):
            judge_run(folder, **given)


def test_a_run_that_was_gated_by_its_thresholds_alone_can_be_compared_later(tmp_path: Path) -> None:
    folder, main = gated_by_thresholds(tmp_path), tmp_path / "main.json"
    write_baseline(main, baseline_of(folder))
    assert None is judge_run(folder).baseline
    found = judge_run(folder, main).baseline
    assert found is not None
    assert (str(main), 0.02) == (found.name, found.tolerance)
