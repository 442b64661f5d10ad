from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.browse import RunTrials, open_trials
from evalkit.engine import Measured
from evalkit.engine.importing import ImportOptions, import_trials
from evalkit.engine.rescore import rescore
from evalkit.errors import RecordError
from evalkit.findings.trials import TrialDetail, TrialFilter
from evalkit.record import TrialWriter
from evalkit.suite import load_suite
from tests.browsed import SUITE, desk_run, write_desk
from tests.runs import Scripted, rows_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return desk_run(tmp_path_factory.mktemp("desk"))


def _detail(trials: RunTrials, condition: str, item: str) -> TrialDetail:
    (summary, *_) = trials.page(TrialFilter(condition=condition, item=item)).trials
    found = trials.detail(summary.id)
    assert found is not None
    assert summary == found.summary
    return found


def test_groups_agree_with_the_results(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        groups = trials.groups()
        assert len(rows_of(run.folder)) == trials.total() == 6 * 7 + 6
    (task,) = run.results.as_json()["tasks"]
    failed = {each["constraint"]: each["trials"] - each["passes"] for each in task["constraints"]}
    of_weakest = {group.name: group.trials for group in groups if group.condition == task["weakest"]}
    assert {name: count for name, count in failed.items() if count} == of_weakest
    assert {"words": 6, "avoids": 6} == of_weakest
    assert [("noise@0.2", "timeout", 1)] == [
        (group.condition, group.name, group.trials) for group in groups if group.kind == "void"
    ]


def test_every_example_of_a_group_is_a_trial_that_breaks_it(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        for group in trials.groups():
            members = trials.page(group.members)
            assert group.trials == members.total
            assert group.examples == tuple(trial.id for trial in members.trials[:5])
            for example in group.examples:
                detail = trials.detail(example)
                assert detail is not None
                assert group.name in (*detail.summary.failed, detail.summary.reason)


def test_a_trial_is_shown_with_the_same_item_under_other_conditions(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        detail = _detail(trials, "noise@0.2", "c2")
    conditions = [each.condition for each in detail.neighbours]
    assert ["clean", "paraphrase", "context@200", "conflict@direct", *["repeat@3"] * 3] == conditions
    assert ({"c2"}, 0) == ({each.item for each in detail.neighbours}, detail.more_neighbours)


def test_a_void_trial_says_why_and_what_was_asked(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        detail = _detail(trials, "noise@0.2", "c1")
    assert ("void", "timeout", None) == (detail.summary.outcome, detail.summary.reason, detail.response)
    assert (detail.void_message, detail.attempts) == ("no reply in 10 s", 3)
    assert "changed" in {part.kind for part in detail.request.messages[0].parts}


def test_items_that_vary_from_ask_to_ask_are_found(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        (item,) = trials.flaky_items()
    assert ("repeat@3", "c2", 3, 2) == (item.condition, item.item, item.asks, item.passes)


@pytest.mark.parametrize(
    "identity", ["", "title/clean/99/0", "title/none/0/0", "../../etc/passwd", "title/clean/0/0/0"]
)
def test_what_names_no_trial_is_none(run: Measured, identity: str) -> None:
    with open_trials(run.folder) as trials:
        assert trials.detail(identity) is None


def test_a_page_is_bounded_and_takes_any_number(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        assert 48 == len(trials.page(TrialFilter(), -5, 10**9).trials)
        assert (48, ()) == (trials.page(TrialFilter(), 10**12, 5).total, trials.page(TrialFilter(), 0, -1).trials)


def test_everything_is_json(run: Measured) -> None:
    with open_trials(run.folder) as trials:
        for summary in trials.page(TrialFilter()).trials[::5]:
            detail = trials.detail(summary.id)
            assert detail is not None
            text = json.dumps(detail.as_json(), ensure_ascii=False)
            assert summary.id == json.loads(text)["id"]
            assert not {"\u202e", "\x1b"} & set(text)


def test_a_trial_may_be_looked_at_while_the_run_goes_on(tmp_path: Path) -> None:
    run = desk_run(tmp_path)
    answered, *_ = rows_of(run.folder)
    writer = TrialWriter(run.folder)
    writer.commit([replace(answered, position=50)], [])
    with open_trials(run.folder) as trials:
        assert trials.detail(f"title/{answered.condition}/50/0") is not None
        writer.close()
        assert 49 == trials.total()
    assert ["run.json", "trials.db"] == sorted(path.name for path in run.folder.iterdir() if path.name != ".lock")


def test_an_imported_run_shows_what_its_table_says(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("item,passed,response\na,1,good\nb,0,bad \u202e\nc,,\n", encoding="utf-8")
    columns = {"item": "item", "passed": "passed", "response": "response"}
    (run,) = import_trials(tmp_path / "table.csv", tmp_path / "run", ImportOptions(threshold=0.9, columns=columns)).runs
    with open_trials(run.folder) as trials:
        failed, void = trials.groups()
        assert ("other", "void") == (failed.kind, void.kind)
        detail = trials.detail(failed.examples[0])
        assert detail is not None
        assert (["bad \\u202e"], (), ()) == (
            [part.text for part in detail.response or ()],
            detail.constraints,
            detail.request.messages,
        )
        assert "The trials were imported from table.csv; what was asked is not recorded." == detail.request.note


def test_a_rescored_run_is_judged_by_its_own_constraints(run: Measured, tmp_path: Path) -> None:
    write_desk(tmp_path)
    strict = load_suite(write_desk(tmp_path, SUITE.replace("one_line, words: {max: 6}", "words: {max: 1}")))
    again = asyncio.run(rescore(run.folder, strict, Scripted(), out=tmp_path / "again").carry_out())
    with open_trials(again.folder) as trials:
        detail = _detail(trials, "clean", "c1")
    assert ["answered", "words", "mentions", "avoids"] == [each.name for each in detail.constraints]
    assert [("Broken ", "plain"), ("chair", "offending")] == [(part.text, part.kind) for part in detail.response or ()]
    assert "The chair that came" in detail.request.messages[0].parts[0].text


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no run\.json; expected the folder of a run"):
        open_trials(tmp_path)
