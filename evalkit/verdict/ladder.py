"""How far up the levels of a perturbation a model stays usable: which level to test next, and what the tests say."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.verdict.terms import Verdict


def next_level(verdicts: Sequence[Verdict | None], *, strict: bool) -> int | None:
    """Which level to test next.

    Bisection twice over, as if harder levels were never easier: for the hardest usable level, then for the easiest
    unusable one. A level at the edge is neither.

    Args:
        verdicts: Of each level from easy to hard; None where it has not been tested to its end.
        strict: Test every level from easy to hard instead, until the first that is not shown usable.

    Returns:
        A level without a verdict, or None when no test could bring the two closer.

    >>> next_level([None, None, None, None, None], strict=False)
    2
    >>> next_level([None, None, "unusable", None, None], strict=False)
    0
    """
    n = len(verdicts)
    if strict:
        first = next((level for level, verdict in enumerate(verdicts) if verdict != "usable"), n)
        return first if first < n and verdicts[first] is None else None
    usable = max((level for level, verdict in enumerate(verdicts) if verdict == "usable"), default=-1)
    not_usable = min((level for level in range(usable + 1, n) if verdicts[level] is not None), default=n)
    if not_usable - usable > 1:
        return (usable + not_usable) // 2
    unusable = min((level for level, verdict in enumerate(verdicts) if verdict == "unusable"), default=n)
    not_unusable = max((level for level in range(unusable) if verdicts[level] is not None), default=-1)
    return (not_unusable + unusable) // 2 if unusable - not_unusable > 1 else None
