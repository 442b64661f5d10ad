from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import RecordError, TransportError
from evalkit.plan import Scope
from evalkit.record import read_run_file
from evalkit.view.stored import stored_results
from tests.runs import Scripted, carry_out, make_suite, right
from tests.viewing import make_run


def published(folder: Path) -> dict[str, object]:
    results = read_run_file(folder).results
    assert results is not None
    return results


def nearly(expected: Any, actual: Any) -> bool:
    """Whether two JSON values say the same, but for what six digits leave of a difference."""
    if isinstance(expected, dict):
        return expected.keys() == actual.keys() and all(nearly(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(nearly, expected, actual))
    if isinstance(expected, float):
        return math.isclose(expected, actual, rel_tol=1e-4, abs_tol=2e-6)
    return bool(expected == actual)


def test_results_read_back_are_published_the_same(tmp_path: Path) -> None:
    """Repeats, levels, constraints and their conjunction, and numbers that are not known."""
    given = published(
        make_run(
            tmp_path,
            tmp_path / "runs",
            constraints='[{number: "{sum}"}, one_line, {words: {max: 3}}]',
            perturbations="{noise: [0.1, 0.2], repeat: 3}",
        )
    )
    read = stored_results(json.loads(json.dumps(given)))
    assert nearly(given, read.as_json())
    task = read.tasks[0]
    assert task.weakest is not None
    assert task.weakest.conjunction is not None
    assert task.weakest.constraints
    assert task.repeat is not None
    assert [False, False, False, True] == [each.repeat is not None for each in task.conditions]


def test_a_run_without_a_single_answer_reads_back_too(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=3)
    model = Scripted(lambda call: TransportError("timeout", "no answer"))
    measured = carry_out(suite, model, tmp_path / "runs", scope=Scope(fixed=3), max_void=1.0)
    given = published(measured.folder)
    assert nearly(given, stored_results(given).as_json())


@pytest.mark.parametrize("broken", [{}, {"suite": "x"}, {"tasks": 3}])
def test_another_shape_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(RecordError, match="another shape than this version writes"):
        stored_results(broken)


def test_a_weakest_condition_that_is_not_there_is_refused(tmp_path: Path) -> None:
    given = json.loads(json.dumps(published(make_run(tmp_path, tmp_path / "runs", right))))
    given["tasks"][0]["weakest"] = "no such"
    with pytest.raises(RecordError, match="another shape"):
        stored_results(given)
