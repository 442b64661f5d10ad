"""What a table cannot tell of a scaling law, in words: a number is not known that many others could replace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from statistics import median
from typing import Any, Literal

from evalkit.scale.loss_points import Estimate, LossPoint, Measured, estimated
from evalkit.stats.loss_law import FLATTEST, STEEPEST, LossLaw, Part

Name = Literal["E", "A", "alpha", "B", "beta"]
"""A number of the law, as the literature calls it."""
NAMES: tuple[Name, ...] = ("E", "A", "alpha", "B", "beta")
SYMBOLS: dict[Name, str] = {"E": "E", "A": "A", "alpha": "α", "B": "B", "beta": "β"}
VALUES: dict[Name, Callable[[LossLaw], float]] = {
    "E": lambda law: law.floor,
    "A": lambda law: law.a,
    "alpha": lambda law: law.alpha,
    "B": lambda law: law.b,
    "beta": lambda law: law.beta,
}
WIDE: dict[Name, float] = {"E": 10, "A": 100, "alpha": 10, "B": 100, "beta": 10}
"""Ends of an interval that lie further apart than so many times leave the number unknown. A and B are those of a model
of one parameter or token, so far from any that a small error of the exponent multiplies them."""
_LEAST_DIFFERENT = 3
"""Sizes, and numbers of tokens: two give one difference, and a term has two numbers."""
_APART = 0.05
"""Logarithms nearer than this are the same size, given in another rounding."""
_SHOWN = 1.5
"""What a term must bring at its low end, in standard errors of a mean log loss. In simulated tables of 30 models, one
that is really 0 reaches this in 1 (size) to 5 (tokens) of 100."""
_FAR = 0.05
"""Half of the points further than this from the law, as a logarithm: fits of the field lie ten times nearer."""
_NOTHING = 1e-6
"""A share of the loss that no measurement shows."""
_MATTERS = 0.1
"""An E that is open by more than this share of the least loss keeps the law from being used beyond the table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that the table cannot tell."""

    code: str
    """`few-sizes`, `few-token-counts`, `one-line`, `poor-fit`, `no-size-effect`, `no-token-effect`, `bound`, `wide`."""
    parameters: tuple[Name, ...]
    """Numbers of the law that are not known because of it."""
    withheld: bool
    """Whether they are not even given: any other would do as well."""
    refuses: bool
    """Whether nothing is predicted outside of what was measured because of it."""
    message: str
    """For people."""

    def as_json(self) -> dict[str, Any]:
        """Code, parameters and message."""
        return {"code": self.code, "parameters": list(self.parameters), "message": self.message}


def table_problems(points: Sequence[LossPoint], measured: Measured) -> tuple[list[Problem], Part | None]:
    """What the sizes and tokens of a table leave open, whatever the losses, and a term that it cannot show at all.

    Args:
        points: At least one.
        measured: Their range.
    """
    sizes = _different([each.params for each in points])
    lengths = _different([each.tokens for each in points])
    if measured.line is not None and sizes > 1:
        message = (
            "sizes and tokens rise together along one line, so what each of them does cannot be told apart; train "
            "some models on more tokens and some on fewer"
        )
        return [_structural("one-line", NAMES, message)], "tokens"
    problems = []
    if sizes < _LEAST_DIFFERENT:
        told = "one size was" if sizes == 1 else "two sizes were"
        message = f"only {told} measured: what size does needs three or more"
        problems.append(_structural("few-sizes", ("E", "A", "alpha"), message))
    if lengths < _LEAST_DIFFERENT:
        told = "one number of training tokens was" if lengths == 1 else "two numbers of training tokens were"
        message = f"only {told} measured: what training longer does needs three or more"
        problems.append(_structural("few-token-counts", ("E", "B", "beta"), message))
    return problems, "params" if sizes == 1 else "tokens" if lengths == 1 else None


def poor_fit(residuals: Sequence[float]) -> Iterator[Problem]:
    """That the losses do not go by the law; a few points that went wrong do not say so.

    Args:
        residuals: How far each point lies above the law, as a logarithm.
    """
    typical = median(abs(value) for value in residuals)
    if typical > _FAR:
        message = (
            f"whether the loss goes by this law at all: half of the points lie {100 * typical:.0f} % or more from it, "
            "as the first steps of training often do"
        )
        yield Problem(code="poor-fit", parameters=NAMES, withheld=False, refuses=True, message=message)


def fit_problems(
    law: LossLaw, draws: Sequence[LossLaw], measured: Measured, *, error: float, said: Sequence[Problem]
) -> Iterator[Problem]:
    """What the losses of a table leave open.

    Args:
        law: Its best fit.
        draws: Fits of resampled tables.
        measured: Range of the table.
        error: Standard error of a mean of the log losses.
        said: What the table leaves open whatever the losses; not said again.
    """
    known = {name for problem in said for name in problem.parameters}
    for term in _terms(measured):
        if known.issuperset(term.names):
            continue
        effect = estimated(term.effect, law, draws)
        if effect.low < max(_SHOWN * error, _NOTHING):
            known.update(term.names)
            yield Problem(
                code=term.code, parameters=term.names, withheld=True, refuses=True, message=term.without_effect
            )
            continue
        for problem in _at_its_bound(term, estimated(VALUES[term.names[1]], law, draws)):
            known.update(term.names)
            yield problem
    best = law.loss(measured.params[1], measured.tokens[1])
    for name in NAMES:
        if name not in known:
            yield from _wide(name, estimated(VALUES[name], law, draws), best)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Term:
    """One of the two terms of the law, and what is said of it."""

    names: tuple[Name, Name]
    code: str
    effect: Callable[[LossLaw], float]
    """What it takes off the loss between the least and the most that was measured, as a share of the least loss."""
    without_effect: str
    what: str


def _terms(measured: Measured) -> tuple[_Term, _Term]:
    (small, large), (short, long) = measured.params, measured.tokens

    def best(law: LossLaw) -> float:
        return law.loss(large, long)

    return (
        _Term(
            names=("A", "alpha"),
            code="no-size-effect",
            effect=lambda law: (law.size_term(small) - law.size_term(large)) / best(law),
            without_effect="a larger model is not shown to have a lower loss: A may be 0, and then α is anything",
            what="size",
        ),
        _Term(
            names=("B", "beta"),
            code="no-token-effect",
            effect=lambda law: (law.token_term(short) - law.token_term(long)) / best(law),
            without_effect="training on more tokens is not shown to lower the loss: B may be 0, and then β is anything",
            what="training tokens",
        ),
    )


def _at_its_bound(term: _Term, exponent: Estimate) -> Iterator[Problem]:
    flat, steep = exponent.low < 1.01 * FLATTEST, exponent.high > 0.99 * STEEPEST
    if not (flat or steep):
        return
    if flat and steep:
        seen = "in a way that could be anything"
    else:
        seen = "so slowly that it may be no power at all" if flat else "so fast that it may be a single step"
    limits = [f"{FLATTEST:g} or less" if flat else f"{exponent.low:.2g}"]
    limits.append(f"{STEEPEST:g} or more" if steep else f"{exponent.high:.2g}")
    between = f"{SYMBOLS[term.names[1]]} may be anything from {' to '.join(limits)}"
    message = f"the loss falls with {term.what} {seen}: {between}"
    yield Problem(code="bound", parameters=term.names, withheld=False, refuses=True, message=message)


def _wide(name: Name, found: Estimate, best: float) -> Iterator[Problem]:
    nothing = name == "E" and found.high <= _NOTHING * best
    if found.factor <= WIDE[name] or nothing:
        return
    between = f"anything from {found.low:.2g} to {found.high:.2g}"
    told = {
        "E": f"what no size and no training removes: E may be {between}",
        "A": f"A may be {between}; it is that of a model of one parameter, far from any that was measured",
        "B": f"B may be {between}; it is that of one token of training, far from any that was measured",
    }.get(name, f"{SYMBOLS[name]} may be {between}")
    matters = found.high - found.low > _MATTERS * best if name == "E" else name in ("alpha", "beta")
    yield Problem(code="wide", parameters=(name,), withheld=False, refuses=matters, message=told)


def _structural(code: str, parameters: tuple[Name, ...], message: str) -> Problem:
    return Problem(code=code, parameters=parameters, withheld=True, refuses=True, message=message)


def _different(values: Sequence[float]) -> int:
    ordered = sorted(log(value) for value in values)
    return 1 + sum(later - earlier > _APART for earlier, later in pairwise(ordered))
