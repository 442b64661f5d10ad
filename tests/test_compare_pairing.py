from __future__ import annotations

from evalkit.compare.pairing import Unit, flips, pair_up
from evalkit.verdict import Outcome


def unit(item: str, *asks: bool | None, before: int = 0, **held: bool) -> Unit:
    outcome = Outcome(position=0, cluster=item, asks=asks or (True,), score=0.5, constraints=held)
    return Unit(item=item, before=before, outcome=outcome, cluster=None, response=f"about {item}")


def test_pairs_have_the_order_of_the_later_run_unless_told_otherwise() -> None:
    a, b = [unit("x"), unit("y"), unit("z")], [unit("z"), unit("x")]
    assert ["z", "x"] == [second.item for _, second in pair_up(a, b)]
    assert ["x", "z"] == [first.item for first, _ in pair_up(a, b, by_a=True)]


def test_an_item_is_paired_with_the_same_turn() -> None:
    a, b = [unit("x", True), unit("x", False, before=1)], [unit("x", False), unit("x", False, before=1)]
    assert [(True, False), (False, False)] == [(one.outcome.passed, two.outcome.passed) for one, two in pair_up(a, b)]


def test_a_flip_is_a_pair_of_which_one_passed() -> None:
    a = [unit("x", True), unit("y", False, words=False), unit("z", None), unit("w", True)]
    b = [unit("x", True), unit("y", True, words=True), unit("z", True), unit("w", None)]
    (found,) = flips(pair_up(a, b))
    assert ("y", False, True, ("words",), ()) == (
        found.item,
        found.a.passed,
        found.b.passed,
        found.a.failed,
        found.b.failed,
    )


def test_a_unit_that_is_partly_void_has_no_score() -> None:
    assert (None, 0.5) == (unit("x", False, None).score, unit("x", False, True).score)


def test_of_a_constraint_that_is_not_there_nothing_is_known() -> None:
    assert (1.0, 0.0, None) == tuple(unit("x", a=True, b=False).held(name) for name in "abc")
