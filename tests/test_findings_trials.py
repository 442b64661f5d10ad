from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.findings.trials import (
    FailureGroup,
    RequestShown,
    TrialDetail,
    TrialFilter,
    TrialSelection,
    TrialSummary,
    trial_id,
    trial_key,
)


def _summary(**given: Any) -> TrialSummary:
    whole: dict[str, Any] = {
        "id": "t/clean/0/0",
        "task": "t",
        "condition": "clean",
        "item": "i",
        "repeat": 0,
        "position": 0,
        "variant": None,
        "outcome": "fail",
        "score": 2 / 3,
        "failed": ("words",),
        "reason": None,
        "excerpt": "well",
        "latency_s": None,
        "cost_usd": None,
    }
    return TrialSummary(**{**whole, **given})


@pytest.mark.parametrize(
    "key",
    [
        ("ticket-title", "noise@0.05", 12, 0),
        ("a/b %2F ü", "digits@1/2", 0, 3),
        ("\u202e../..", "clean", 299_999, 0),
        ("", "", 0, 0),
    ],
)
def test_an_id_names_a_trial_exactly_and_is_fit_for_an_address(key: tuple[str, str, int, int]) -> None:
    assert key == trial_key(trial_id(key))
    assert trial_id(key).isascii()
    assert " " not in trial_id(key)
    assert 3 == trial_id(key).count("/")


@pytest.mark.parametrize(
    "text", ["", "t/clean/0", "t/clean/0/0/0", "t/clean/-1/0", "t/clean/x/0", "t/clean/٣/0", "a/b/c/"]
)
def test_what_is_no_id_names_no_trial(text: str) -> None:
    assert trial_key(text) is None
    assert trial_key(f"t/clean/{'9' * 30}/0") is None  # beyond what the record can hold


def test_a_summary_is_published_rounded_and_without_a_zero_for_what_is_not_known() -> None:
    shown = _summary().as_json()
    assert (0.666667, ["words"], None, None) == (shown["score"], shown["failed"], shown["latency_s"], shown["cost_usd"])


@pytest.mark.parametrize(
    ("kind", "name", "wanted"),
    [
        ("constraint", "words", TrialFilter(task="t", condition="c", outcome="fail", constraint="words")),
        ("ending", "refused", TrialFilter(task="t", condition="c", outcome="fail", reason="refused")),
        ("void", "timeout", TrialFilter(task="t", condition="c", outcome="void", reason="timeout")),
        ("other", "failed", TrialFilter(task="t", condition="c", outcome="fail")),
    ],
)
def test_a_group_says_how_its_trials_are_found(kind: Any, name: str, wanted: TrialFilter) -> None:
    group = FailureGroup(task="t", condition="c", kind=kind, name=name, says="", trials=1, of=3, examples=("x",))
    assert wanted == group.members
    assert (0.333333, ["x"]) == (group.as_json()["share"], group.as_json()["examples"])


def test_a_selection_is_json_with_the_keys_of_a_trial_beside_those_of_its_summary() -> None:
    detail = TrialDetail(
        summary=_summary(),
        request=RequestShown(note="not known"),
        response=None,
        extracted=(),
        tool_calls=(),
        finish_reason=None,
        tokens={"in": None},
        attempts=1,
        served_model=None,
        void_message="gone",
        constraints=(),
        neighbours=(_summary(id="t/clean/1/0"),),
        more_neighbours=4,
    )
    selection = TrialSelection(says="One of 2.", total=2, trials=(detail,), groups=(), flaky=())
    read = json.loads(json.dumps(selection.as_json()))
    (trial,) = read["trials"]
    assert {"says", "total", "trials", "groups", "flaky"} == set(read)
    assert ("t/clean/0/0", None, "t/clean/1/0", 4) == (
        trial["id"],
        trial["response"],
        trial["neighbours"][0]["id"],
        trial["more_neighbours"],
    )
    assert {"messages": [], "options": {}, "exact": None, "note": "not known"} == trial["request"]
