"""Two runs side by side: which differences are shown, and which items flipped."""

from evalkit.compare.comparison import compare_runs
from evalkit.findings.compare import (
    Compared,
    ComparedCondition,
    ComparedRun,
    ComparedTask,
    Difference,
    Flip,
    PairCounts,
    RunComparison,
    Shown,
    Side,
)

__all__ = [
    "Compared",
    "ComparedCondition",
    "ComparedRun",
    "ComparedTask",
    "Difference",
    "Flip",
    "PairCounts",
    "RunComparison",
    "Shown",
    "Side",
    "compare_runs",
]
