from __future__ import annotations

import pytest

from evalkit.compare.together import stand_together
from evalkit.findings.compare import Compared, ComparedCondition, Difference, Shown


def condition(*, p: float | None = None, evidence: float | None = None, shown: Shown = "worse") -> ComparedCondition:
    difference = Difference(a=0.5, b=0.4, low=-0.2, high=-0.01, shown=shown, p=p, evidence=evidence)
    return ComparedCondition(
        condition="clean",
        counts=True,
        measure="pass",
        result=Compared(trials_a=9, trials_b=9, pairs=None, difference=difference),
        score=None,
        constraints=(),
        flips=(),
    )


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.01, 0.04, 0.03], [True, False, False]),  # .03 > .05 / 2 ends it
        ([0.01, 0.04, 0.02], [True, True, True]),
        ([0.02, 0.02, 0.02], [False, False, False]),  # .02 > .05 / 3
        ([], []),
    ],
)
def test_p_values_are_corrected_step_by_step(p_values: list[float], expected: list[bool]) -> None:
    assert expected == stand_together([condition(p=p) for p in p_values], 0.05)


def test_evidence_is_corrected_by_its_number() -> None:
    found = stand_together([condition(evidence=value) for value in (100, 50, 1, 0.1)], 0.05)
    assert [True, True, False, False] == found


def test_what_is_not_shown_alone_does_not_stand_beside_others() -> None:
    assert [False, True] == stand_together([condition(p=0.001, shown="none"), condition(p=0.001)], 0.05)


def test_of_what_was_not_paired_it_cannot_be_said() -> None:
    assert [None, True] == stand_together([condition(), condition(p=0.001)], 0.05)
