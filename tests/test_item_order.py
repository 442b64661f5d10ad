from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from evalkit.item_order import draws_with_replacement, item_order, items_at, items_available, levels_of
from evalkit.suite import Task, load_suite
from evalkit.trial import Level
from tests.runs import make_suite

GENERATED = """
suite: sums
threshold: 0.9
tasks:
  add:
    prompt: "{a} + {b}"
    items: {generate: addition, digits: [1, 2, 3]}
    difficulty: {field: digits, require: 2}
    constraints: [{number: "{answer}"}]
"""
GROUPED = "    group: half"
AXIS = "    difficulty: {field: half, require: 0}"


def _task(folder: Path, **given: Any) -> Task:
    return make_suite(folder, **given).tasks[0]


def _generated(folder: Path) -> Task:
    (folder / "generated.yaml").write_text(GENERATED, encoding="utf-8")
    return load_suite(folder / "generated.yaml").tasks[0]


def _order(
    task: Task, *, seed: int = 0, levels: list[Level] | None = None, limit: int | None = None, most: int = 300
) -> list[str]:
    return [item.id for item, _ in islice(item_order(task, seed, levels, limit=limit), most)]


def _listed(n_items: int) -> list[str]:
    return [f"i{n}" for n in range(n_items)]


# --- a population


def test_a_population_comes_in_a_permutation_of_its_items(tmp_path: Path) -> None:
    task = _task(tmp_path, n_items=30)
    assert sorted(_listed(30)) == sorted(_order(task))
    assert _listed(30) != _order(task)
    assert {0} == {drawn_before for _, drawn_before in item_order(task, 0, None)}


def test_the_seed_alone_fixes_the_order(tmp_path: Path) -> None:
    order = _order(_task(tmp_path, n_items=30))
    assert order == _order(_task(tmp_path, n_items=30))
    assert order != _order(_task(tmp_path, n_items=30), seed=1)


def test_a_new_item_changes_no_other_items_place(tmp_path: Path) -> None:
    before, after = (_order(_task(tmp_path, n_items=n)) for n in (30, 31))
    assert before == [item for item in after if item != "i30"]


def test_a_limit_takes_the_first_of_the_order(tmp_path: Path) -> None:
    task = _task(tmp_path)
    assert _order(task)[:3] == _order(task, limit=3)


# --- groups


def test_of_groups_one_item_each_comes_first(tmp_path: Path) -> None:
    """Then a second of each, and so on; the groups keep their order from round to round."""
    task = _task(tmp_path, n_items=21, more=GROUPED)
    orders = set()
    for seed in range(6):
        halves = [item.fields["half"] for item, _ in item_order(task, seed, None)]
        rounds = [tuple(halves[at : at + 2]) for at in range(0, 20, 2)]
        assert [rounds[0]] * 10 == rounds
        assert 0 == halves[20]
        orders.add(rounds[0])
    assert {(0, 1), (1, 0)} == orders


def test_within_a_group_items_keep_their_order(tmp_path: Path) -> None:
    def of_half(more: str) -> list[str]:
        task = _task(tmp_path, n_items=30, more=more)
        return [item.id for item, _ in item_order(task, 0, None) if item.fields["half"] == 1]

    assert of_half("") == of_half(GROUPED)


def test_a_new_item_of_a_group_changes_no_other_items_order(tmp_path: Path) -> None:
    before, after = (_order(_task(tmp_path, n_items=n, more=GROUPED)) for n in (31, 33))
    halves = [[item for item in order if int(item[1:]) % 2 == 1 and item != "i31"] for order in (before, after)]
    assert halves[0] == halves[1]


def test_a_limit_counts_items_in_the_order_of_rounds(tmp_path: Path) -> None:
    task = _task(tmp_path, more=GROUPED)
    assert _order(task)[:5] == _order(task, limit=5)


def test_groups_change_nothing_where_items_come_again(tmp_path: Path) -> None:
    plain, grouped = (_order(_task(tmp_path, claim="set", more=more)) for more in ("", GROUPED))
    assert plain == grouped


# --- drawn with replacement


def test_a_set_is_drawn_with_replacement_and_draws_are_numbered(tmp_path: Path) -> None:
    drawn = list(islice(item_order(_task(tmp_path, n_items=5, claim="set"), 0, None), 50))
    assert set(_listed(5)) == {item.id for item, _ in drawn}
    for item in _listed(5):
        numbers = [drawn_before for each, drawn_before in drawn if each.id == item]
        assert list(range(len(numbers))) == numbers


def test_every_item_of_a_set_is_as_likely_as_another(tmp_path: Path) -> None:
    """Whatever was drawn before: half the items do not make up for the other half."""
    drawn = _order(_task(tmp_path, n_items=4, claim="set"), most=4000)
    assert all(900 < drawn.count(item) < 1100 for item in _listed(4))
    assert 900 < sum(one == other for one, other in pairwise(drawn)) < 1100


def test_a_limit_leaves_the_draws_from_a_set_as_they_are(tmp_path: Path) -> None:
    """What is asked stands for the whole set, also when little is."""
    task = _task(tmp_path, claim="set")
    assert _order(task) == _order(task, limit=3)


def test_the_order_of_a_set_does_not_depend_on_the_order_in_the_file(tmp_path: Path) -> None:
    drawn = _order(_task(tmp_path, claim="set", n_items=8))
    turned = (tmp_path / "sums.yaml").read_text(encoding="utf-8").splitlines()
    at = [number for number, line in enumerate(turned) if "- {id:" in line]
    turned[at[0] : at[-1] + 1] = reversed(turned[at[0] : at[-1] + 1])
    (tmp_path / "sums.yaml").write_text("\n".join(turned), encoding="utf-8")
    again = load_suite(tmp_path / "sums.yaml").tasks[0]
    assert _listed(8)[::-1] == [item.id for item in items_at(again, None)]
    assert drawn == _order(again)


@pytest.mark.parametrize("levels", [[1], [1, 2], [3]])
def test_a_generator_draws_at_the_levels_that_are_asked_for(tmp_path: Path, levels: list[Level]) -> None:
    drawn = [item for item, _ in islice(item_order(_generated(tmp_path), 0, levels), 100)]
    assert set(levels) == {item.fields["digits"] for item in drawn}


def test_what_a_generator_draws_twice_is_numbered(tmp_path: Path) -> None:
    drawn = list(islice(item_order(_generated(tmp_path), 0, [1]), 400))
    again = [drawn_before for item, drawn_before in drawn if item.id == drawn[0][0].id]
    assert list(range(len(again))) == again
    assert len(again) > 1


def test_every_seed_draws_differently(tmp_path: Path) -> None:
    for task in (_task(tmp_path, claim="set"), _generated(tmp_path)):
        assert 5 == len({tuple(_order(task, seed=seed, most=20)) for seed in range(5)})


# --- how many there are


def test_items_come_again_where_they_are_not_the_sample_of_anything(tmp_path: Path) -> None:
    tasks = (_task(tmp_path), _task(tmp_path, claim="set"), _generated(tmp_path))
    assert [False, True, True] == [draws_with_replacement(task) for task in tasks]


def test_only_a_population_runs_out(tmp_path: Path) -> None:
    tasks = (_task(tmp_path, n_items=17), _task(tmp_path, claim="set"), _generated(tmp_path))
    assert [17, None, None] == [items_available(task, None, apart=False) for task in tasks]


@pytest.mark.parametrize(("more", "apart"), [(GROUPED, 2), ("", 20)])
def test_of_items_that_stand_or_fall_together_one_is_apart(tmp_path: Path, more: str, apart: int) -> None:
    task = _task(tmp_path, more=more)
    assert (20, apart) == (items_available(task, None, apart=False), items_available(task, None, apart=True))


def test_only_the_items_of_a_level_are_there_for_it(tmp_path: Path) -> None:
    task = _task(tmp_path, n_items=7, more=AXIS)
    assert ["i1", "i3", "i5"] == [item.id for item in items_at(task, [1])]
    assert (3, 7) == (items_available(task, [1], apart=False), items_available(task, [0, 1], apart=False))
    assert _listed(7) == [item.id for item in items_at(task, None)]
    assert {"i1", "i3", "i5"} == set(_order(task, levels=[1]))


def test_a_generator_lists_no_items(tmp_path: Path) -> None:
    assert [] == items_at(_generated(tmp_path), [1])


def test_a_level_of_the_axis_has_its_own_items_and_other_conditions_have_those_that_count(tmp_path: Path) -> None:
    task = _generated(tmp_path)
    given: list[tuple[str, Level | None]] = [("digits", 3), ("noise", 0.1), ("repeat", 3), ("clean", None)]
    assert [[3], [1, 2], [1, 2], [1, 2]] == [list(levels_of(task, *each) or ()) for each in given]
    assert levels_of(_task(tmp_path), "noise", 0.1) is None
