from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import EvalkitError
from evalkit.plan import Plan, Scope, check_prompts, make_plan
from evalkit.suite import load_suite
from evalkit.trial import Call, Message
from evalkit.verdict import Terms, calibrated, explored_budget, make_level_test, make_test
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
    perturbations: {noise: {on: prompt, levels: [0.1, 0.3], require: 0.1}, repeat: 3}
"""


def _plan(folder: Path, scope: Scope | None = None, *, seed: int = 0, **given: Any) -> Plan:
    return make_plan(make_suite(folder, **given), scope or Scope(), seed=seed)


def _generated(folder: Path, **scope: Any) -> Plan:
    (folder / "generated.yaml").write_text(GENERATED, encoding="utf-8")
    return make_plan(load_suite(folder / "generated.yaml"), Scope(**scope))


def _terms(plan: Plan, condition: str) -> Terms:
    return next(terms for terms in plan.terms if terms.condition == condition)


def _items(plan: Plan, condition: str = "clean") -> list[str]:
    return [unit.item.id for unit in plan.units(_terms(plan, condition))]


def test_every_condition_has_the_same_order(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=30, perturbations="{noise: {on: prompt, levels: [0.1, 0.3]}, repeat: 4}")
    assert 4 == len(plan.terms)
    assert [_items(plan)] * 4 == [_items(plan, terms.condition) for terms in plan.terms]


def test_a_new_item_changes_no_other_items_prompt(tmp_path: Path) -> None:
    prompts = []
    for n_items in (10, 11):
        plan = _plan(tmp_path, n_items=n_items, perturbations="{noise: {on: prompt, levels: [0.3]}}")
        terms = _terms(plan, "noise@0.3")
        prompts.append({unit.item.id: plan.prompt(terms, unit.item) for unit in plan.units(terms)})
    assert prompts[0] == {item: prompt for item, prompt in prompts[1].items() if item != "i10"}


def test_a_set_is_drawn_with_replacement_and_repeats_are_numbered(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(fixed=50), n_items=5, claim="set")
    units = list(plan.units(_terms(plan, "clean")))
    assert 50 == len(units)
    for item in {unit.item.id for unit in units}:
        repeats = [unit.repeats for unit in units if unit.item.id == item]
        assert [(number,) for number in range(len(repeats))] == repeats
    assert not _terms(plan, "clean").exhausted


def test_repeats_of_an_item_that_is_drawn_again_go_on_counting(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(fixed=20), n_items=2, claim="set", perturbations="{repeat: 3}")
    units = [unit for unit in plan.units(_terms(plan, "repeat@3")) if unit.item.id == "i0"]
    assert [(0, 1, 2), (3, 4, 5), (6, 7, 8)] == [unit.repeats for unit in units][:3]


def test_a_population_runs_out(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(fixed=50), n_items=20)
    assert (20, True) == (_terms(plan, "clean").units, _terms(plan, "clean").exhausted)
    enough = _plan(tmp_path, Scope(fixed=20), n_items=20)
    assert (20, False) == (_terms(enough, "clean").units, _terms(enough, "clean").exhausted)


def test_a_generator_never_runs_out_and_its_repeats_are_numbered(tmp_path: Path) -> None:
    plan = _generated(tmp_path, fixed=400)
    units = list(plan.units(_terms(plan, "digits@1")))
    assert (400, False) == (len(units), _terms(plan, "digits@1").exhausted)
    again = [unit for unit in units if unit.item.id == units[0].item.id]
    assert [(number,) for number in range(len(again))] == [unit.repeats for unit in again]
    assert len(again) > 1


def test_an_axis_takes_the_place_of_clean_and_other_conditions_draw_from_its_counting_levels(tmp_path: Path) -> None:
    plan = _generated(tmp_path, fixed=60)
    counts = {terms.condition: terms.counts for terms in plan.terms}
    expected = {
        "digits@1": True,
        "digits@2": True,
        "digits@3": False,
        "noise@0.1": True,
        "noise@0.3": False,
        "repeat@3": False,
    }
    assert expected == counts
    levels = {
        condition: {unit.item.fields["digits"] for unit in plan.units(_terms(plan, condition))} for condition in counts
    }
    both = {1, 2}
    assert {
        "digits@1": {1},
        "digits@2": {2},
        "digits@3": {3},
        "noise@0.1": both,
        "noise@0.3": both,
        "repeat@3": both,
    } == levels
    assert {3} == {terms.n_counting for terms in plan.terms}


def test_an_axis_of_a_list_asks_only_its_levels_items(tmp_path: Path) -> None:
    plan = _plan(tmp_path, more="    difficulty: {field: half, require: 0}", perturbations="{repeat: 2}")
    assert {f"i{n}" for n in range(0, 20, 2)} == set(_items(plan, "half@0")) == set(_items(plan, "repeat@2"))
    assert {f"i{n}" for n in range(1, 20, 2)} == set(_items(plan, "half@1"))
    drawn = _plan(tmp_path, more="    difficulty: {field: half}", claim="set")
    assert {f"i{n}" for n in range(1, 20, 2)} == set(_items(drawn, "half@1"))


NOISE = "{noise: {on: prompt, levels: [0.05, 0.1, 0.3], require: 0.1}}"


@pytest.mark.parametrize(
    "scope",
    [
        Scope(tasks=("add",)),
        Scope(conditions=("clean",)),
        Scope(conditions=("noise@0.3",)),
        Scope(limit=3),
        Scope(fixed=7),
        Scope(max_calls=5),
    ],
)
def test_a_smaller_scope_changes_neither_what_counts_nor_the_terms_of_the_tests(tmp_path: Path, scope: Scope) -> None:
    def judged(plan: Plan) -> list[tuple[Any, ...]]:
        return [
            (each.condition, each.counts, each.n_counting, each.alpha, each.alpha_high, each.threshold)
            for each in plan.terms
        ]

    whole, part = _plan(tmp_path, perturbations=NOISE), _plan(tmp_path, scope, perturbations=NOISE)
    assert judged(whole) == judged(part)
    assert {3} == {each.n_counting for each in part.terms}
    order = _items(whole)
    assert all(_items(part, each.condition) == order[: each.units] for each in part.terms)


@pytest.mark.parametrize(
    ("expected", "scope"),
    [
        ([0, 20, 20, 20], Scope(conditions=("noise",))),
        ([20, 0, 20, 0], Scope(conditions=("clean", "noise@0.1"))),
        ([3, 3, 3, 3], Scope(limit=3)),
        ([5, 5, 5, 5], Scope(max_calls=5)),
        ([4, 4, 4, 4], Scope(max_calls=5, fixed=4)),
    ],
)
def test_a_scope_says_how_many_units_each_condition_gets(tmp_path: Path, expected: list[int], scope: Scope) -> None:
    plan = _plan(tmp_path, scope, perturbations=NOISE)
    assert expected == [terms.units for terms in plan.terms]
    assert expected == [len(list(plan.units(terms))) for terms in plan.terms]


def test_the_budget_of_repeats_is_in_calls(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(max_calls=17), perturbations="{repeat: {times: 5, curtail: true}}")
    terms = _terms(plan, "repeat@5")
    assert (3, 5, True, False) == (terms.units, terms.repeats, terms.curtail, terms.exhausted)


@pytest.mark.parametrize("scope", [Scope(limit=3), Scope(limit=3, fixed=20)])
@pytest.mark.parametrize("claim", ["population", "set"])
def test_a_limit_caps_the_units_of_any_claim_and_takes_the_first(tmp_path: Path, scope: Scope, claim: str) -> None:
    """There would be more calls for it: the limit is what ran out."""
    whole = _items(_plan(tmp_path, claim=claim))
    part = _plan(tmp_path, scope, claim=claim)
    assert (whole[:3], True) == (_items(part), _terms(part, "clean").exhausted)


def test_draws_under_a_limit_come_from_the_whole_set(tmp_path: Path) -> None:
    """A limit caps what is asked, never what the verdict is about."""
    drawn = _items(_plan(tmp_path, Scope(limit=200), claim="set"))
    assert (200, 20) == (len(drawn), len(set(drawn)))


def test_a_generator_under_a_limit_is_asked_that_many(tmp_path: Path) -> None:
    terms = _terms(_generated(tmp_path, limit=3), "digits@1")
    assert (3, True) == (terms.units, terms.exhausted)


@pytest.mark.parametrize(("limit", "exhausted"), [(6, True), (7, False), (8, False)])
def test_a_limit_that_leaves_the_budget_alone_runs_out_of_nothing(tmp_path: Path, limit: int, exhausted: bool) -> None:
    terms = _terms(_plan(tmp_path, Scope(limit=limit, fixed=7)), "clean")
    assert (min(limit, 7), exhausted) == (terms.units, terms.exhausted)


def test_nothing_ran_out_where_nothing_is_asked(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(limit=3, conditions=("clean",)), perturbations=NOISE)
    assert [True, False, False, False] == [terms.exhausted for terms in plan.terms]


GROUPED = "    group: half"
FIXED = Scope(fixed=200)


def test_groups_matter_to_a_fixed_number_from_a_population_only(tmp_path: Path) -> None:
    """A test that may stop anywhere asks one item of each group: none of them stand or fall together."""
    assert _terms(_plan(tmp_path, FIXED, more=GROUPED), "clean").clustered
    assert not _terms(_plan(tmp_path, FIXED, more=GROUPED, claim="set"), "clean").clustered
    assert not _terms(_plan(tmp_path, FIXED), "clean").clustered
    assert not _terms(_plan(tmp_path, more=GROUPED), "clean").clustered


def test_a_test_that_may_stop_anywhere_asks_one_item_of_each_group(tmp_path: Path) -> None:
    fixed, sequential = (_plan(tmp_path, scope, more=GROUPED) for scope in (FIXED, Scope()))
    terms = _terms(sequential, "clean")
    assert (2, True) == (terms.units, terms.exhausted)
    assert _items(fixed)[:2] == _items(sequential)
    assert {0, 1} == {unit.item.fields["half"] for unit in sequential.units(terms)}
    assert 20 == _terms(fixed, "clean").units
    drawn = _plan(tmp_path, more=GROUPED, claim="set")
    assert (2000, False) == (_terms(drawn, "clean").units, _terms(drawn, "clean").exhausted)


def test_a_limit_counts_items_in_the_order_of_rounds(tmp_path: Path) -> None:
    whole = _items(_plan(tmp_path, FIXED, more=GROUPED))
    assert whole[:5] == _items(_plan(tmp_path, Scope(fixed=200, limit=5), more=GROUPED))
    assert whole[:1] == _items(_plan(tmp_path, Scope(limit=1), more=GROUPED))
    assert whole[:2] == _items(_plan(tmp_path, Scope(limit=5), more=GROUPED))


# --- tests that may stop anywhere


def test_every_condition_has_a_test_unless_the_number_of_units_is_fixed(tmp_path: Path) -> None:
    perturbations = "{noise: {on: prompt, levels: [0.1, 0.3], require: 0.1}, repeat: 3}"
    assert all(terms.test is None for terms in _plan(tmp_path, FIXED, perturbations=perturbations).terms)
    plan = _plan(tmp_path, perturbations=perturbations)
    alpha = plan.terms[0].alpha
    assert {
        "clean": make_test(0.9, alpha, alpha / 2, 2000),
        "noise@0.1": make_test(0.9, alpha, alpha / 2, 2000),
        "noise@0.3": make_level_test(0.9, alpha, explored_budget(0.9, alpha, 2000)),
        "repeat@3": make_test(0.9, alpha, alpha, 666 // 5),
    } == {terms.condition: terms.test for terms in plan.terms}


def test_levels_that_do_not_count_have_a_smaller_budget(tmp_path: Path) -> None:
    given: dict[str, Any] = {"claim": "set", "perturbations": NOISE}
    assert [2000, 2000, 2000, 400] == [terms.units for terms in _plan(tmp_path, **given).terms]
    assert [300, 300, 300, 141] == [terms.units for terms in _plan(tmp_path, Scope(max_calls=300), **given).terms]
    assert [50, 50, 50, 50] == [terms.units for terms in _plan(tmp_path, Scope(max_calls=50), **given).terms]
    assert [200, 200, 200, 200] == [terms.units for terms in _plan(tmp_path, FIXED, **given).terms]


@pytest.mark.parametrize(
    ("units", "times", "max_calls"), [(133, 3, 2000), (80, 5, 2000), (40, 5, 500), (40, 5, 200), (10, 5, 50)]
)
def test_repeats_that_do_not_count_have_a_smaller_budget_for_at_least_forty_items_if_it_allows_them(
    tmp_path: Path, units: int, times: int, max_calls: int
) -> None:
    plan = _plan(tmp_path, Scope(max_calls=max_calls), claim="set", perturbations=f"{{repeat: {times}}}")
    terms = _terms(plan, f"repeat@{times}")
    assert (units, False, False) == (terms.units, terms.counts, terms.exhausted)


def test_repeats_that_count_and_those_of_a_fixed_number_keep_the_whole_budget(tmp_path: Path) -> None:
    counting = _plan(tmp_path, claim="set", perturbations="{repeat: {times: 5, threshold: 0.9}}")
    assert (400, True) == (_terms(counting, "repeat@5").units, _terms(counting, "repeat@5").counts)
    fixed = _plan(tmp_path, FIXED, claim="set", perturbations="{repeat: 5}")
    assert (200, False) == (_terms(fixed, "repeat@5").units, _terms(fixed, "repeat@5").counts)


def test_the_test_of_a_condition_does_not_depend_on_how_many_items_there_are(tmp_path: Path) -> None:
    few, many = (_terms(_plan(tmp_path, n_items=n), "clean") for n in (10, 100))
    assert (10, 100) == (few.units, many.units)
    assert few.test == many.test


def test_calibrated_tests_need_less_for_the_units_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given: dict[str, Any] = {"n_items": 60, "perturbations": "{repeat: 3}"}
    plain, exact = (_plan(tmp_path, Scope(calibrated=on, conditions=("clean",)), **given) for on in (False, True))
    before, after = _terms(plain, "clean").test, _terms(exact, "clean").test
    assert before is not None
    assert after == calibrated(before, 0.9, 60)
    assert after.needed < before.needed
    left_out = _terms(exact, "repeat@3")
    assert left_out.units == 0


# --- models that answer the same request the same way


def test_a_steady_model_is_asked_each_item_of_a_set_once(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(fixed=30), n_items=4, claim="set", perturbations="{repeat: 3}")
    steady = plan.for_steady()
    for condition, repeats in (("clean", (0,)), ("repeat@3", (0, 1, 2))):
        units, plain = (list(each.units(_terms(each, condition))) for each in (steady, plan))
        assert {repeats} == {unit.repeats for unit in units}
        assert [unit.item.id for unit in plain] == [unit.item.id for unit in units]
        assert len({unit.repeats for unit in plain}) > 1


def test_the_census_of_a_steady_model_is_the_size_of_its_set(tmp_path: Path) -> None:
    axis = "    difficulty: {field: half, require: 0}"
    steady = _plan(tmp_path, n_items=7, claim="set", more=axis).for_steady()
    assert {"half@0": (True, 4), "half@1": (True, 3)} == {
        terms.condition: (terms.steady, terms.census) for terms in steady.terms
    }


def test_the_census_under_a_limit_is_still_that_of_the_whole_set(tmp_path: Path) -> None:
    limited = _plan(tmp_path, Scope(limit=2), n_items=7, claim="set").for_steady()
    assert (2, 7) == (limited.terms[0].units, limited.terms[0].census)


def test_a_set_of_a_fixed_number_of_units_has_no_census(tmp_path: Path) -> None:
    steady = _plan(tmp_path, FIXED, claim="set").for_steady()
    assert (True, None) == (steady.terms[0].steady, steady.terms[0].census)


def test_to_know_what_a_generator_draws_is_not_to_know_the_pass_rate(tmp_path: Path) -> None:
    plan = _generated(tmp_path).for_steady()
    assert {(True, None)} == {(terms.steady, terms.census) for terms in plan.terms}
    again = [unit.repeats for unit in islice(plan.units(_terms(plan, "digits@1")), 300)]
    assert {(0,)} == set(again)


def test_fresh_items_make_no_difference_to_a_steady_model(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    assert plan == plan.for_steady()


def test_the_confidence_is_the_suites_unless_another_is_asked_for(tmp_path: Path) -> None:
    suite = make_suite(tmp_path)
    assert 0.025 == pytest.approx(make_plan(suite, Scope()).terms[0].alpha)
    assert 0.005 == pytest.approx(make_plan(suite, Scope(), confidence=0.99).terms[0].alpha)


@pytest.mark.parametrize(
    ("message", "scope"),
    [
        ('no task "sub" in .*sums.yaml. Known: add', Scope(tasks=("sub",))),
        ('no condition "noise@0.2" in .* Did you mean "noise@0.1"', Scope(conditions=("noise@0.2",))),
    ],
)
def test_a_scope_that_names_what_is_not_there_is_refused(tmp_path: Path, message: str, scope: Scope) -> None:
    with pytest.raises(EvalkitError, match=message):
        _plan(tmp_path, scope, perturbations="{noise: [0.1]}")


@pytest.mark.parametrize(
    ("message", "scope"),
    [
        ("found until 'soon', expected one of verdict, margin", {"until": "soon"}),
        ("found fixed and calibrated together", {"fixed": 10, "calibrated": True}),
        ("found max_cost 0, expected a positive number of US dollars", {"max_cost": 0}),
        ("found max_cost inf, expected", {"max_cost": float("inf")}),
        ("found max_cost nan, expected", {"max_cost": float("nan")}),
        ("found max_cost True, expected", {"max_cost": True}),
        ("found max_calls 1.5, expected a whole number", {"max_calls": 1.5}),
    ],
)
def test_a_scope_that_makes_no_sense_is_refused(message: str, scope: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=message):
        Scope(**scope)


@pytest.mark.parametrize(
    ("option", "why", "scope"),
    [
        ("--fixed", "a fixed number of trials has no interval", Scope(fixed=10)),
        ("--calibrated", "a test cannot be calibrated exactly", Scope(calibrated=True)),
    ],
)
def test_a_mean_score_is_judged_only_as_it_comes_in(tmp_path: Path, option: str, why: str, scope: Scope) -> None:
    given: dict[str, Any] = {"more": "    measure: score"}
    message = f'task "add": is judged by its mean score, for which {why}; leave out {option}'
    with pytest.raises(EvalkitError) as caught:
        _plan(tmp_path, scope, **given)
    assert message == str(caught.value)
    assert ["score"] == [terms.measure for terms in _plan(tmp_path, **given).terms]


def test_terms_say_what_the_items_stand_for(tmp_path: Path) -> None:
    """A generator is a population of its own, whatever is claimed."""
    (tmp_path / "generated.yaml").write_text(f"claim: set\n{GENERATED}", encoding="utf-8")
    generated = make_plan(load_suite(tmp_path / "generated.yaml"), Scope())
    plans = (_plan(tmp_path), _plan(tmp_path, claim="set"), generated)
    assert [{"population"}, {"set"}, {"population"}] == [{terms.claim for terms in plan.terms} for plan in plans]


@pytest.mark.parametrize("name", ["limit", "fixed", "max_calls"])
def test_a_scope_of_nothing_is_refused(name: str) -> None:
    nothing: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=f"found {name} 0, expected a whole number, at least 1"):
        Scope(**nothing)


def test_a_confidence_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found confidence 95"):
        make_plan(make_suite(tmp_path), Scope(), confidence=95)


def test_all_prompts_that_cannot_be_made_are_named_before_a_run(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text('{"kind": "note", "text": "Short."}\n', encoding="utf-8")
    perturbations = "{context: {levels: [4000], material: notes.jsonl}}"
    with pytest.raises(EvalkitError) as caught:
        check_prompts(_plan(tmp_path, n_items=4, perturbations=perturbations))
    assert 4 == str(caught.value).count("context@4000 cannot be made")
    check_prompts(_plan(tmp_path, Scope(conditions=("clean",)), perturbations=perturbations))


def test_tasks_that_are_not_run_have_no_terms(tmp_path: Path) -> None:
    text = "suite: two\nthreshold: 0.5\ntasks:\n" + "".join(
        f"  {name}: {{prompt: x, items: [{{id: 1}}], constraints: [one_line]}}\n" for name in ("a", "b")
    )
    (tmp_path / "two.yaml").write_text(text, encoding="utf-8")
    plan = make_plan(load_suite(tmp_path / "two.yaml"), Scope(tasks=("b",)))
    assert ["b"] == [terms.task for terms in plan.terms]


def test_a_call_knows_its_place_and_sends_what_the_suite_says(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    terms, item = plan.terms[0], next(plan.units(plan.terms[0])).item
    expected = Call(
        task="add",
        item=item.id,
        condition="clean",
        repeat=3,
        messages=(Message(role="user", content=f"What is {item.fields['a']} + 1?"),),
    )
    assert expected == plan.call(terms, item, 3, plan.prompt(terms, item))


def test_a_call_carries_the_right_answer_where_the_task_names_it(tmp_path: Path) -> None:
    plan = _plan(tmp_path, more="    target: '= {sum}'")
    terms, item = plan.terms[0], next(plan.units(plan.terms[0])).item
    assert f"= {item.fields['sum']}" == plan.call(terms, item, 0, plan.prompt(terms, item)).target


def test_a_condition_that_cannot_be_made_names_the_item(tmp_path: Path) -> None:
    (tmp_path / "mails.jsonl").write_text('{"kind": "note", "text": "Short."}\n', encoding="utf-8")
    plan = _plan(tmp_path, perturbations="{context: {levels: [4000], material: mails.jsonl}}")
    terms = _terms(plan, "context@4000")
    with pytest.raises(EvalkitError, match=r'task "add", item .i[0-9]+.: context@4000 cannot be made'):
        plan.prompt(terms, next(plan.units(terms)).item)
