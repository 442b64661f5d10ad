from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.table import TableTrial
from evalkit.engine.table_conditions import TableCondition, coverage, table_conditions
from evalkit.errors import EvalkitError
from evalkit.trial import Condition

PATH = Path("t.csv")


def trial(item: str, repeat: str | None = None, *, line: int = 0, on: str = "clean", **given: Any) -> TableTrial:
    name, _, written = on.partition("@")
    level = int(written) if written.isdecimal() else float(written) if "." in written else written or None
    condition = Condition(perturbation=name, level=level)
    plain: dict[str, Any] = {"model": "m", "task": "t", "group": None, "passed": True, "score": 1.0, "response": None}
    return TableTrial(line=line, item=item, repeat=repeat, condition=condition, **{**plain, **given})


def found(trials: Iterable[TableTrial]) -> list[TableCondition]:
    return table_conditions(PATH, trials)


def refused(trials: Iterable[TableTrial]) -> str:
    with pytest.raises(EvalkitError) as raised:
        found(trials)
    return str(raised.value)


def ids(conditions: Iterable[TableCondition]) -> list[str]:
    return [each.condition.id for each in conditions]


def test_trials_are_sorted_by_condition_with_the_repeats_of_each_item_in_order() -> None:
    (condition,) = found([trial("b", "10"), trial("a", "2"), trial("a", "10"), trial("b", "2")])
    assert 2 == condition.repeats
    order = {item: [each.repeat for each in asked] for item, asked in condition.items.items()}
    assert {"b": ["2", "10"], "a": ["2", "10"]} == order


def test_repeats_that_are_no_numbers_stay_in_the_tables_order() -> None:
    (condition,) = found([trial("a", "x"), trial("a", "b"), trial("c", "x"), trial("c", "b")])
    assert ["x", "b"] == [each.repeat for each in condition.items["a"]]


def test_conditions_stand_clean_first_levels_by_size_and_repeats_last() -> None:
    names = ["repeat@2", "noise@0.2", "conflict@soft", "noise@0.1", "conflict@direct", "clean"]
    rows = [trial(item, "1", on=name) for name in names for item in "ab"]
    rows += [trial(item, "2", on="repeat@2") for item in "ab"]
    expected = ["clean", "noise@0.1", "noise@0.2", "conflict@soft", "conflict@direct", "repeat@2"]
    assert expected == ids(found(rows))


def test_the_same_trial_twice_is_refused_with_both_lines() -> None:
    rows = [trial("a", "1", line=2), trial("b", "1", line=3), trial("a", "1", line=4)]
    message = refused(rows)
    assert message.startswith("t.csv:4: model m, task t, condition clean: found the item 'a' again, first on line 2;")
    assert message.endswith("both are repeat 1; if they are copies, remove one")


def test_without_a_column_of_repeats_the_same_item_twice_is_refused_with_advice() -> None:
    message = refused([trial("a", line=2), trial("b", line=3), trial("a", line=4)])
    assert "say which with --map repeat=COLUMN or model=COLUMN; if they are copies, remove one" in message


def test_the_same_item_of_another_model_task_or_condition_is_no_double() -> None:
    others: list[dict[str, Any]] = [{}, {"model": "n"}, {"task": "u"}, {"on": "noise@0.1"}]
    rows = [trial(item, "1", **other) for other in others for item in "ab"]
    assert 4 == len(found(rows))


def test_one_id_for_all_rows_is_refused() -> None:
    message = refused([trial("run-7", str(number)) for number in range(500)])
    assert "found the item 'run-7' in every one of 500 rows, expected at least two items" in message
    assert "Map item= to the column that tells them apart" in message
    assert 1 == len(found([trial("a")]))


def test_unequal_repeats_are_refused_with_how_many_have_how_many() -> None:
    rows = [trial(item, str(repeat)) for item in "abcdefgh" for repeat in range(3)][:-1]
    message = refused([*rows, *(trial("i", str(repeat)) for repeat in range(5))])
    assert "different numbers of repeats (1 of 5, 7 of 3, 1 of 2), expected the same for each" in message
    assert "Not asked 3 times: h, i. Leave the surplus out, or add what is missing with an empty outcome" in message


def test_repeats_may_differ_between_conditions_and_models() -> None:
    rows = [trial(item, str(repeat)) for item in "ab" for repeat in range(3)]
    rows += [trial(item, "1", on="noise@0.1") for item in "ab"] + [trial(item, "1", model="n") for item in "ab"]
    assert [3, 1, 1] == [each.repeats for each in found(rows)]


def test_an_item_in_two_groups_is_refused() -> None:
    message = refused([trial("a", group="x", line=2), trial("b", group="x", line=3), trial("a", group="y", on="noise")])
    assert "task t: found the item 'a' in the group 'y', expected 'x' as on line 2" in message


@pytest.mark.parametrize(("n", "level", "expected"), [(2, "3", "expected 3 by"), (1, "1", "and two at least")])
def test_a_condition_that_is_called_after_other_repeats_than_it_has_is_refused(
    n: int, level: str, expected: str
) -> None:
    rows = [trial(item, str(repeat), on=f"repeat@{level}") for item in "ab" for repeat in range(n)]
    message = refused([*rows, trial("a"), trial("b")])
    assert f"found {n} repeats of each item, expected {level}" in message
    assert expected in message


def test_a_task_of_nothing_but_its_repeats_is_refused() -> None:
    rows = [trial(item, str(repeat), on="repeat@2") for item in "ab" for repeat in range(2)]
    assert "task t: found only repeat@…, which no verdict is about; leave the condition empty" in refused(rows)


def test_full_coverage_is_nothing_to_warn_of() -> None:
    rows = [trial(item, on=on, model=model) for on in ("clean", "noise") for model in "mn" for item in "abc"]
    assert [] == coverage(found(rows))


def test_conditions_that_lack_items_are_told_with_numbers() -> None:
    rows = [trial(f"q{number}") for number in range(10)] + [trial(f"q{number}", on="noise@0.1") for number in range(3)]
    (warning,) = coverage(found(rows))
    assert warning.startswith("model m, task t: not all conditions have the same items. Of 10, condition noise@0.1 "
                              "has 3, not q3, q4, q5, q6, q7 and 2 more. Each verdict")  # fmt: skip


def test_models_that_lack_items_or_tasks_are_told_with_numbers() -> None:
    rows = [trial(item, model="m") for item in "abc"] + [trial(item, model="n") for item in "bcd"]
    rows += [trial(item, model="m", task="u") for item in "ab"]
    first, second = coverage(found(rows))
    assert "task t, condition clean: not all models have the same items. Of 4, model m has 3, not d; model n has 3, " \
           "not a. Each" in first  # fmt: skip
    assert "task u, condition clean: not all models have the same items. Of 2, model n has 0, not a, b." in second


def test_models_with_long_names_are_told_apart() -> None:
    names = ["x" * 60 + end for end in "ab"]
    rows = [trial(item, model=name) for name in names for item in "abc"]
    assert [] == coverage(found(rows))
    (warning,) = coverage(found(rows[:-1]))
    assert f"model {names[1]} has 2, not c" in warning
