"""From outcomes to verdicts: is a condition, a task, a suite usable?

Theory of operation. The terms of every condition's test are fixed when a run is made (`Terms`). A `Decider` says which
condition gets its next unit, is fed each condition's outcomes in plan order, and gives each condition's result whenever
asked. It never chooses an item and never sees an outcome out of order: that is what keeps its error rates. The
engine knows only the protocol, so one way of deciding can take another's place; `FixedDecider` asks a number of units
that was fixed beforehand.

A verdict is read off the interval: usable when its low end is above the threshold, unusable when its high end is
below it, else edge. The two ends are one-sided bounds. The low one errs with chance alpha; the high one of a counting
condition with alpha / K, K being how many conditions count for the task. A task is usable when all K are, which
needs no correction (intersection–union test), but unusable as soon as one is, which has K chances to err.
"""

from evalkit.verdict.calibration import calibrated
from evalkit.verdict.claims import Claims, claims
from evalkit.verdict.comparison import Before, Comparison
from evalkit.verdict.conjunction import Conjunction, Link
from evalkit.verdict.decidability import (
    ASSUMED_PASS_RATES,
    Decidability,
    decidability,
    least_units,
    task_decidability,
    units_to_precision,
)
from evalkit.verdict.decider import Decider
from evalkit.verdict.fixed import FixedDecider
from evalkit.verdict.gate_decider import GateDecider
from evalkit.verdict.paired_test import PairedResult, PairedTerms, PairedTest, Regression
from evalkit.verdict.results import (
    ConditionResult,
    ConstraintResult,
    CriticalLevel,
    Evidence,
    RepeatResult,
    Spend,
    SuiteResult,
    TaskResult,
    Totals,
    VariantResult,
)
from evalkit.verdict.sequential import SequentialDecider, Until
from evalkit.verdict.sequential_test import explored_budget, make_level_test, make_test, make_test_of
from evalkit.verdict.served import Served, ServedCounts
from evalkit.verdict.summary import TaskEntry, summarise
from evalkit.verdict.terms import Key, Outcome, Reason, SequentialTest, Terms, Verdict

__all__ = [
    "ASSUMED_PASS_RATES",
    "Before",
    "Claims",
    "Comparison",
    "ConditionResult",
    "Conjunction",
    "ConstraintResult",
    "CriticalLevel",
    "Decidability",
    "Decider",
    "Evidence",
    "FixedDecider",
    "GateDecider",
    "Key",
    "Link",
    "Outcome",
    "PairedResult",
    "PairedTerms",
    "PairedTest",
    "Reason",
    "Regression",
    "RepeatResult",
    "SequentialDecider",
    "SequentialTest",
    "Served",
    "ServedCounts",
    "Spend",
    "SuiteResult",
    "TaskEntry",
    "TaskResult",
    "Terms",
    "Totals",
    "Until",
    "VariantResult",
    "Verdict",
    "calibrated",
    "claims",
    "decidability",
    "explored_budget",
    "least_units",
    "make_level_test",
    "make_test",
    "make_test_of",
    "summarise",
    "task_decidability",
    "units_to_precision",
]
