from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from evalkit.choose.advice import BROKEN, advise
from evalkit.findings.choose import Advice, Candidate
from evalkit.score import ANSWERED, constraint_types
from evalkit.verdict import ConditionResult, Conjunction, Link
from tests.choices import broken, candidate, measured
from tests.results import condition


def perturbed(passes: int, perturbation: str) -> ConditionResult:
    return replace(condition(passes, f"{perturbation}@1"), perturbation=perturbation)


def plain(passes: int) -> ConditionResult:
    return replace(condition(passes), perturbation="clean")


def stands(model: str, tasks: Mapping[str, Sequence[ConditionResult]]) -> Candidate:
    results = measured(model, {**tasks})
    return candidate(model, results.verdict if results.verdict != "usable" else "usable", results=results)


def advice(*conditions: ConditionResult, kinds: Mapping[tuple[str, str], str] | None = None) -> dict[str, str]:
    """What helps one candidate with one task, with what it rests on."""
    found = advise([stands("a", {"title": conditions})], kinds or {})
    return {each.help: each.evidence for each in found}


@pytest.mark.parametrize(
    ("help_", "perturbation"),
    [
        ("clean input", "noise"),
        ("retrieval", "context"),
        ("data apart from instructions", "conflict"),
        ("one wording", "paraphrase"),
        ("a vote", "repeat"),
    ],
)
def test_a_perturbation_that_alone_is_too_much_has_its_remedy(help_: str, perturbation: str) -> None:
    found = advice(plain(195), perturbed(120, perturbation))
    assert "a at " + perturbation in found[help_]
    assert "needs 90.0 %; it is not shown to fail on plain items" in found[help_]
    assert help_ not in advice(plain(110), perturbed(100, perturbation))


def test_a_level_of_difficulty_that_is_too_hard_is_cut_into_steps() -> None:
    easy, hard = (replace(condition(passes, f"digits@{n}"), perturbation="digits") for n, passes in ((1, 198), (3, 90)))
    assert "digits@3" in advice(easy, hard)["smaller steps"]
    assert "smaller steps" not in advice(replace(easy, verdict="unusable"), hard)


def test_every_kind_of_constraint_has_its_remedy() -> None:
    assert set() == {*constraint_types(), ANSWERED} - BROKEN.keys()


@pytest.mark.parametrize(
    ("help_", "kind"),
    [
        ("a program or a tool", "number"),
        ("validators", "words"),
        ("validators", "json"),
        ("room to answer", "answered"),
    ],
)
def test_what_breaks_has_its_remedy_and_says_how_often_it_broke(help_: str, kind: str) -> None:
    found = advice(broken(plain(120), mine=80, other=2), kinds={("title", "mine"): kind})
    assert {help_: "mine breaks in 80 of 200 trials of a at clean"} == found


def test_a_constraint_is_known_by_its_name_where_its_kind_is_not() -> None:
    assert {"validators"} == advice(broken(plain(120), one_line=80)).keys()


def links(joint: float, **rates: tuple[float, float]) -> Conjunction:
    made = tuple(Link(constraint=name, rate=rate, if_fixed=fixed) for name, (rate, fixed) in rates.items())
    return Conjunction(condition="clean", trials=200, joint=joint, links=made, together=1.0, apart=1.0, needed=40.0)


def test_links_that_hold_often_enough_each_but_not_together_ask_for_smaller_steps() -> None:
    joint = replace(plain(168), conjunction=links(0.84, words=(0.92, 0.9), name=(0.92, 0.9)))
    evidence = "each of 2 constraints holds in 92.0 % or more, but all together in 84.0 % of 200 trials"
    assert {"smaller steps": evidence} == advice(joint)


def test_one_link_that_keeps_the_task_down_is_the_one_to_work_on() -> None:
    joint = replace(plain(140), conjunction=links(0.7, words=(0.72, 0.97), name=(0.98, 0.71)))
    assert {"one link": "without breaks of words 97.0 % of 200 trials would pass"} == advice(joint)
    neither = replace(plain(100), conjunction=links(0.5, words=(0.7, 0.7), name=(0.7, 0.7)))
    assert {} == advice(neither)


def ladder(*passes: int) -> list[Advice]:
    return [*advise([stands(f"m{n}", {"title": [plain(each)]}) for n, each in enumerate(passes)], {})]


def test_whether_a_stronger_model_would_do_is_read_off_the_candidates() -> None:
    (better,) = ladder(60, 100, 140)
    assert "a stronger model" == better.help
    assert better.evidence.startswith("at clean: m0 ")
    assert "not size alone" == ladder(100, 103)[0].help
    assert [] == ladder(100)


def test_a_task_that_somebody_is_usable_for_needs_no_advice() -> None:
    first, second = (
        stands("a", {"x": [plain(100)], "y": [plain(100)]}),
        stands("b", {"x": [plain(200)], "y": [plain(90)]}),
    )
    assert {"y"} == {each.task for each in advise([first, second], {})}


def test_where_every_task_has_its_model_they_can_be_shared_out() -> None:
    first, second = (
        stands("a", {"x": [plain(100)], "y": [plain(200)]}),
        stands("b", {"x": [plain(200)], "y": [plain(90)]}),
    )
    (found,) = advise([first, second], {})
    assert ("several models", "the cheapest for each is x: b, y: a") == (found.help, found.evidence)


def test_who_is_beyond_a_limit_is_nobody_to_send_a_task_to() -> None:
    usable = stands("slow", {"x": [plain(200)], "y": [plain(200)]})
    failing = stands("quick", {"x": [plain(200)], "y": [plain(90)]})
    assert () == advise([replace(usable, status="too slow"), failing], {})


def test_what_may_be_usable_is_settled_before_anything_is_built() -> None:
    """One candidate is at the edge, above the threshold by what was seen."""
    near = stands("near", {"title": [plain(185)]})
    assert near.results is not None
    assert "edge" == near.results.verdict
    (found,) = advise([stands("far", {"title": [plain(20)]}), near], {})
    assert ("more calls or items", "settle near first: it may be usable") == (found.help, found.text)


def test_nothing_is_advised_where_nothing_was_measured() -> None:
    assert () == advise([candidate("a", "failed"), candidate("b", "not asked")], {})
