from __future__ import annotations

from evalkit.verdict import Served, ServedCounts


def test_answers_are_counted_by_who_gave_them_with_the_first_place_in_the_plan() -> None:
    counts = ServedCounts()
    for name, condition, position in (("a", "clean", 0), ("b", "clean", 7), ("a", "clean", 8), ("b", "noise@0.1", 3)):
        counts.add(name, task="t", condition=condition, position=position)
    assert (
        Served(name="a", trials=2, since="t clean, unit 1"),
        Served(name="b", trials=2, since="t noise@0.1, unit 4"),
    ) == counts.served()


def test_nobody_answered_when_nothing_was_counted() -> None:
    assert () == ServedCounts().served()
