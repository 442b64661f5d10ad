"""Verdicts read together: among many tasks or models, how many may be wrong?

Each verdict alone errs with a small chance, so of many some will be wrong. e-BH keeps the expected share of wrong ones
among those that are picked below a level, whatever the tasks have in common: a verdict is an e-value of 1/alpha where
it was reached, and 0 where it was not (it is reached wrongly with chance alpha at most, so such a value is 1 on average
at most).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.plain import rounded
from evalkit.stats import e_bh
from evalkit.verdict.terms import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """Which verdicts of many can be read together."""

    level: float
    """Of those named here at most this share is wrong, on average."""
    usable: tuple[str, ...]
    unusable: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "false_discovery_rate": rounded(self.level),
            "usable": list(self.usable),
            "unusable": list(self.unusable),
        }


def claims(verdicts: Sequence[tuple[str, Verdict]], *, alpha: float) -> Claims:
    """Pick the verdicts that hold together.

    Args:
        verdicts: Of every task that was judged, the ones at the edge too, with what it is called.
        alpha: Chance that a single verdict "usable" is wrong, and likewise "unusable".

    Returns:
        Those usable and those unusable that e-BH picks at the level 2 alpha: all of a kind, or none of it.
    """
    level = 2 * alpha
    picked = {
        # A hair more than 1/alpha: what e-BH asks for is, at the limit, the same number rounded otherwise.
        kind: e_bh([(1 + 1e-9) / alpha if verdict == kind else 0.0 for _, verdict in verdicts], level)
        for kind in ("usable", "unusable")
    }
    named = {kind: tuple(verdicts[index][0] for index in sorted(indices)) for kind, indices in picked.items()}
    return Claims(level=level, usable=named["usable"], unusable=named["unusable"])
