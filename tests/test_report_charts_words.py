from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.report.charts.words import margin_told, measured_words, model_labels, slug, standing, was_asked
from evalkit.report.names import labels
from tests.charted import repeats
from tests.results import condition, result, task


def test_names_that_would_be_cut_to_the_same_stay_apart() -> None:
    """A chart takes what is called the same for the same."""
    names = [f"{'a' * 40}{n}" for n in range(12)]
    shown = labels(names, 10)
    assert (12, True) == (len(set(shown)), all(len(name) <= 10 for name in shown))


def test_models_are_called_as_briefly_as_tells_them_apart() -> None:
    assert ["x", "y"] == model_labels([result("acme/x", {"t": 1}), result("acme/y", {"t": 1})])


@pytest.mark.parametrize(("expected", "name"), [("a-b", "A & b"), ("x", "…"), ("a" * 40, "a" * 90)])
def test_ids_hold_letters_digits_and_hyphens_only(expected: str, name: str) -> None:
    assert expected == slug(name)


@pytest.mark.parametrize(("expected", "passes"), [("✓ ≥+6.4", 198), ("✗ ≤−32.8", 100), ("? −5…+5", 181), ("–", None)])
def test_a_task_stands_where_its_interval_ends_rounded_outwards(expected: str, passes: int | None) -> None:
    assert expected == standing(task("t", [condition(passes)]))


def test_a_task_that_a_model_does_not_have_stands_nowhere() -> None:
    assert "–" == standing(None)


def test_what_was_not_measured_has_no_margin() -> None:
    assert "–" == margin_told(condition(None))


def test_a_condition_is_told_with_its_numbers() -> None:
    told = measured_words(replace(condition(181, counts=False), void=3))
    assert (
        "clean: pass rate 90.5 % (between 85.5–94.2 %), needs 90.0 %, 200 trials and 3 void, edge, "
        "explored only: it does not count"
    ) == told


def test_items_that_are_asked_again_are_not_called_trials() -> None:
    told = measured_words(replace(condition(181), repeat=repeats(0.9, 0.8)))
    assert "200 series of up to 2 asks of the same item, edge" in told


def test_a_condition_that_was_not_asked_is_told_as_not_measured() -> None:
    assert "clean: not measured, needs 90.0 %" == measured_words(condition(None))


def test_void_units_alone_are_drawn_as_the_interval_that_they_leave() -> None:
    void = replace(condition(None), void=4, low=0.0, high=1.0)
    assert (True, False) == (was_asked(void), was_asked(condition(None)))
