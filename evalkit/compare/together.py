"""Which differences stand when all conditions are read together: of many, some would seem to differ by chance."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.findings.compare import ComparedCondition
from evalkit.stats import e_bh


def stand_together(conditions: Sequence[ComparedCondition], level: float) -> list[bool | None]:
    """For each condition whether its difference stands beside the others.

    Of p-values (runs whose number of trials was fixed) by Holm's step-down test: with a chance of `level` at most any
    that stands is wrong. Of evidence (runs that stopped by what they found) by e-BH: on average at most a share of
    `level` of those that stand is wrong.

    Args:
        conditions: Of all tasks.
        level: Above 0, below 1.

    Returns:
        None for a condition that has neither; False also where the difference is not even shown alone.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65; for e-BH see `evalkit.stats.e_bh`.
    """
    found: list[bool | None] = [None] * len(conditions)
    of_p = [place for place, each in enumerate(conditions) if each.result.difference.p is not None]
    of_evidence = [place for place, each in enumerate(conditions) if each.result.difference.evidence is not None]
    standing = {of_p[place] for place in _holm([conditions[place].result.difference.p or 0.0 for place in of_p], level)}
    evidence = [conditions[place].result.difference.evidence or 0.0 for place in of_evidence]
    standing |= {of_evidence[place] for place in e_bh(evidence, level)}
    for place in (*of_p, *of_evidence):
        found[place] = place in standing and conditions[place].result.difference.shown != "none"
    return found


def _holm(p_values: Sequence[float], level: float) -> list[int]:
    """Places of the null hypotheses to reject: from the smallest p-value on, until the first that is too large."""
    rejected: list[int] = []
    for place in sorted(range(len(p_values)), key=p_values.__getitem__):
        if p_values[place] > level / (len(p_values) - len(rejected)):
            break
        rejected.append(place)
    return rejected
