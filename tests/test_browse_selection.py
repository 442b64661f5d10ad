from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.browse import open_trials
from evalkit.browse.selection import LONGEST, NEIGHBOURS, shortened
from evalkit.engine import Measured
from evalkit.findings.trials import RequestMessage, RequestPart, ResponsePart, TrialSelection
from evalkit.plain import counted
from evalkit.record import TrialWriter
from evalkit.report.page.embedding import packed
from tests.browsed import checks, desk_run, row
from tests.runs import rows_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return desk_run(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A run with 600 trials more, of which nine in ten passed; others are void, cut off, or break two things."""
    run = desk_run(tmp_path_factory.mktemp("many"))
    kinds: list[dict[str, Any]] = [
        {"passed": False, "constraints": checks("words", others=("mentions",))},
        {"passed": False, "constraints": checks("words", "avoids")},
        {"passed": False, "constraints": checks(whole=False), "finish_reason": "length"},
        {"passed": None, "constraints": None, "response": None, "void_reason": "timeout"},
    ]
    writer = TrialWriter(run.folder)
    writer.commit(
        [
            row(task="title", condition=condition, position=n, item=f"i{n}", **({} if n % 10 else kinds[n // 10 % 4]))
            for condition in ("clean", "noise@0.2")
            for n in range(100, 400)
        ],
        [],
    )
    writer.close()
    return run


def test_a_small_run_is_selected_whole(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        selection = trials.selection()
    assert [row.key for row in rows_of(run.folder) if row.condition == "clean"] == [
        ("title", "clean", trial.summary.position, trial.summary.repeat)
        for trial in selection.trials
        if trial.summary.condition == "clean"
    ]
    assert (48, 48) == (selection.total, len(selection.trials))
    assert "All 48 trials. Long texts are shortened." == selection.says
    assert "repeat@3" == selection.flaky[0].condition
    assert {(NEIGHBOURS, 2)} == {(len(trial.neighbours), trial.more_neighbours) for trial in selection.trials}


ALL = (
    "at least one of every group of failures and of every condition's passes, then more of each in turn, in plan order"
)
SOME = (
    "in turn one of every group of failures and of every condition's passes, as far as there is room, which leaves out "
    "{} and the passes of {}"
)


def stated(selection: TrialSelection) -> str:
    """What a selection of the large run says, but for its end."""
    told, counts = selection.says.split(". ", 1)
    assert "Counts are of all trials. Long texts are shortened." == counts
    assert told.startswith(f"{len(selection.trials)} of 648 trials: ")
    return told.split(": ", 1)[1]


def test_of_a_large_run_every_group_of_failures_and_passes_of_every_condition_are_selected(many: Measured) -> None:
    with open_trials(many.folder) as trials:
        groups = trials.groups()
        selection = trials.selection(max_trials=60)
        each_once = trials.selection(max_trials=len(groups) + 5)
    assert tuple(groups) == selection.groups
    assert ((648, 60), ALL) == ((selection.total, len(selection.trials)), stated(selection))
    chosen = {trial.summary.id for trial in each_once.trials}
    assert all(chosen.intersection(group.examples) for group in groups)
    passing = [trial.summary.condition for trial in each_once.trials if trial.summary.outcome == "pass"]
    # Nothing passes under conflict, and a trial that breaks two things stands for both groups.
    assert {"clean", "noise@0.2", "context@200", "repeat@3", "paraphrase"} == set(passing)
    assert ALL == stated(each_once)
    outcomes = Counter(trial.summary.outcome for trial in selection.trials)
    assert outcomes["fail"] + outcomes["void"] > outcomes["pass"] > len(set(passing))


def test_a_selection_says_what_it_has_no_room_for(many: Measured) -> None:
    with open_trials(many.folder) as trials:
        none = trials.selection(max_trials=0)
        few = trials.selection(max_trials=8)
    n_groups = len(none.groups)
    assert SOME.format(f"{n_groups} groups", "5 conditions") == stated(none)
    chosen = {trial.summary.id for trial in few.trials}
    without = sum(not chosen.intersection(group.examples) for group in few.groups)
    passing = {trial.summary.condition for trial in few.trials if trial.summary.outcome == "pass"}
    assert n_groups > without > 0
    assert SOME.format(counted(without, "group"), counted(5 - len(passing), "condition")) == stated(few)


def test_a_selection_is_the_same_every_time_and_in_plan_order(many: Measured) -> None:
    with open_trials(many.folder) as one, open_trials(many.folder) as other:
        selection = one.selection(max_trials=30)
        assert selection == other.selection(max_trials=30)
    order = [terms.condition for terms in many.run.terms]
    places = [(order.index(each.summary.condition), each.summary.position) for each in selection.trials]
    assert sorted(places) == places


@pytest.mark.parametrize("max_bytes", [0, 3_000, 8_000])
def test_a_selection_takes_no_more_of_a_file_than_it_may_but_for_its_groups(many: Measured, max_bytes: int) -> None:
    with open_trials(many.folder) as trials:
        selection = trials.selection(max_trials=24, max_bytes=max_bytes)
        alone = trials.selection(max_trials=0)
    assert len(packed(selection.as_json())) <= max(max_bytes, len(packed(alone.as_json())) + 100)
    assert (len(selection.trials) > 10) == (max_bytes == 8_000)
    stated(selection)


def test_a_run_without_trials_says_so(tmp_path: Path) -> None:
    run = desk_run(tmp_path)
    (run.folder / "trials.db").unlink()
    TrialWriter(run.folder).close()
    with open_trials(run.folder) as trials:
        selection = trials.selection()
    assert ("There are no trials yet.", 0, (), ()) == (
        selection.says,
        selection.total,
        selection.trials,
        selection.groups,
    )


def test_long_texts_keep_their_beginning_and_their_end(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        detail = trials.detail("title/clean/0/0")
    assert detail is not None
    text = "a" * 1_000 + "b" * 5_000 + "c" * 1_000
    parts = (RequestPart(text=text, kind="changed", was=text), RequestPart(text="short", kind="added"))
    request = type(detail.request)(messages=(RequestMessage(role="user", parts=parts),), exact=text)
    response = (ResponsePart(text=text, kind="offending", constraints=("words",)),)
    short = shortened(replace(detail, request=request, response=response, tool_calls=(text,)))
    remark = " … 5,000 characters left out … "
    begin, end = "a" * 1_000, "c" * 1_000
    assert LONGEST == len(begin + end)
    assert [
        (begin, "changed", begin + remark + end),
        (remark, "left-out", None),
        (end, "added", None),
        ("short", "added", None),
    ] == [(part.text, part.kind, part.was) for part in short.request.messages[0].parts]
    assert short.response is not None
    assert [(begin, "offending"), (remark, "left-out"), (end, "offending")] == [
        (part.text, part.kind) for part in short.response
    ]
    assert (begin + remark + end, (begin + remark + end,)) == (short.request.exact, short.tool_calls)
