from __future__ import annotations

from evalkit.score.answers import Choice, Exact, Number, Similar
from evalkit.score.constraint import Constraint
from evalkit.score.documents import Json, JsonSchema
from evalkit.score.limits import Characters, Lines, OneLine, Words
from evalkit.score.patterns import Regex
from evalkit.score.program import Python
from evalkit.score.wording import Avoids, Mentions

_KINDS: dict[str, type[Constraint]] = {
    kind.key: kind
    for kind in (
        Exact,
        Mentions,
        Avoids,
        Number,
        Choice,
        Words,
        Characters,
        Lines,
        OneLine,
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
