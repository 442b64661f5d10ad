from __future__ import annotations

from evalkit.score.answers import Choice, Exact, Number, Similar
from evalkit.score.calendar import Date
from evalkit.score.constraint import Constraint
from evalkit.score.documents import Json, JsonSchema
from evalkit.score.endings import EndsWith, StartsWith
from evalkit.score.limits import Characters, Lines, OneLine, Sentences, Words
from evalkit.score.lists import ListOf, SetOf, Sorted
from evalkit.score.money import Money
from evalkit.score.patterns import Regex
from evalkit.score.preamble import NoPreamble
from evalkit.score.program import Python
from evalkit.score.replies import Asks, NoPromise
from evalkit.score.wording import Avoids, Mentions

_KINDS: dict[str, type[Constraint]] = {
    kind.key: kind
    for kind in (
        Exact,
        Mentions,
        Avoids,
        Number,
        Money,
        Date,
        Choice,
        ListOf,
        SetOf,
        Sorted,
        Words,
        Characters,
        Sentences,
        Lines,
        OneLine,
        StartsWith,
        EndsWith,
        NoPreamble,
        Asks,
        NoPromise,
        Regex,
        Json,
        JsonSchema,
        Similar,
        Python,
    )
}


def constraint_types() -> dict[str, type[Constraint]]:
    """Every kind of constraint by its name in a suite."""
    return dict(_KINDS)
