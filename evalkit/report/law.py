"""What the terminal says of a scaling law: what it is, what it is not, and what a budget should train."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, expm1, floor, log10

from evalkit.plain import counted, one_line
from evalkit.report.layout import wrapped
from evalkit.scale.law import Law
from evalkit.scale.law_parts import Comparison, Optimum, Parameter, Prediction
from evalkit.scale.law_problems import SYMBOLS
from evalkit.scale.loss_points import Estimate, LossPoint

_NAMED = 3
"""Comparisons that are told one by one."""
_MEANINGS = {
    "E": "the loss that no size and no training removes",
    "A": "how much a lack of size costs",
    "alpha": "how fast size removes it",
    "B": "how much a lack of training costs",
    "beta": "how fast training removes it",
}
_SUFFIXES = {12: "T", 9: "B", 6: "M", 3: "K"}


def law_lines(law: Law) -> list[str]:
    """A scaling law as text, at most 80 columns wide."""
    lines = [
        "loss = E + A / parameters^α + B / tokens^β",
        *wrapped(_made_from(law), indent="  "),
        f"    {'value':>8} {'95 % between':>17}",
        *(_row(each) for each in law.parameters),
    ]
    for problem in law.problems:
        lines.extend(wrapped(f"not known: {problem.message}", indent="  "))
    if any(problem.refuses for problem in law.problems):
        lines.extend(wrapped("so nothing is predicted beyond the sizes and tokens that were measured", indent="  "))
    for told in (*_checks(law), *_budget(law)):
        lines.extend(wrapped(told, indent="  "))
    return lines


def count(number: float) -> str:
    """A number of parameters or tokens to two digits.

    >>> [count(number) for number in (87024, 70e6, 1.42e9, 999_999, 3, 1e17)]
    ['87K', '70M', '1.4B', '1M', '3', '1e17']
    """
    rounded = float(f"{number:.2g}")
    for power, suffix in _SUFFIXES.items():
        if 10**power <= rounded < 10**15:
            return f"{float(f'{rounded / 10**power:.2g}'):g}{suffix}"
    return power_of_ten(rounded) if rounded >= 10**15 else f"{rounded:g}"


def power_of_ten(number: float) -> str:
    """A number of operations to two digits.

    >>> [power_of_ten(number) for number in (5.76e23, 1e22, 3e-7)]
    ['5.8e23', '1e22', '3e-7']
    """
    mantissa, _, power = f"{number:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(power)}"


def _number(value: float) -> str:
    """To three digits; very large and very small ones as powers of ten."""
    if value and not -4 < log10(value) < 6:
        return power_of_ten(value)
    return f"{float(f'{value:.3g}'):.12g}"


def _told_apart(first: float, second: float) -> tuple[str, str]:
    """Two numbers to three digits, or to as many more as it takes to see that they differ."""
    digits = next((n for n in (3, 4, 5) if f"{first:.{n}g}" != f"{second:.{n}g}"), 3)
    if digits == 3:
        return _number(first), _number(second)
    return f"{first:.{digits}g}", f"{second:.{digits}g}"


def _made_from(law: Law) -> str:
    blocks = ""
    if law.block > 1:
        blocks = f"; neighbouring checkpoints err together, so intervals come from blocks of {law.block}"
    made_from, apart = f"{len(law.points)} points of {counted(len(law.sizes), 'size')}", _share(expm1(law.rms))
    return f"fitted to {made_from}, which typically lie {apart} % from it{blocks}"


def _row(parameter: Parameter) -> str:
    symbol, meaning = SYMBOLS[parameter.name], _MEANINGS[parameter.name]
    if parameter.estimate is None:
        return f"  {symbol} {'–':>8} {'–':>17}  {meaning}"
    doubt = "" if parameter.known else " ?"
    return f"  {symbol} {_number(parameter.estimate.value):>8} {_between(parameter.estimate) + doubt:>17}  {meaning}"


def _checks(law: Law) -> Iterator[str]:
    """How far the law can be trusted beyond the points that made it."""
    point, residual = law.worst[0]
    if abs(residual) > 3 * law.rms:
        side = "above" if residual > 0 else "below"
        yield f"far off: {_named(point)} lies {_share(abs(expm1(residual)))} % {side} it"
    runs = [(each.params, each.model) for each in law.points]
    if len(set(runs)) < len(runs):
        yield (
            "points of one model are taken as if training had ended there; where the learning rate was still high, "
            "ending would have brought a lower loss"
        )
    if law.left_out is None:
        yield "no check: without the points of the most compute the others carry no law"
        return
    left_out = law.left_out
    # Too high by so much of what was measured, or too low by so much of what the law says.
    bias, side = (expm1(-left_out.bias), "too high") if left_out.bias < 0 else (-expm1(-left_out.bias), "too low")
    mean, worst = expm1(left_out.mean_error), expm1(left_out.worst_error)
    n_points = "point" if left_out.n_points == 1 else f"{left_out.n_points} points"
    yield (
        f"check: a law without the {n_points} of the most compute ({power_of_ten(left_out.flops)} FLOP and more) "
        f"misses them by {_share(mean)} % on average, {_share(worst)} % at most, and is {_share(bias)} % {side} over "
        "all"
    )


def _budget(law: Law) -> Iterator[str]:
    """What to train with the budget."""
    flops = f"{power_of_ten(law.budget_flops)} FLOP"
    if law.optimum is None:
        yield f"the best size for {flops} is not known: {law.optimum_refused}"
    else:
        yield _optimum(law.optimum, flops)
    if law.best_measured is None:
        yield f"no measured model took {flops} or less"
    else:
        yield f"best measured for at most {flops}: {_named(law.best_measured)}, loss {_number(law.best_measured.loss)}"
    yield from _of_the_sizes(law, flops)
    comparisons = sorted(law.comparisons, key=lambda each: {"smaller": 0, "larger": 1}.get(each.winner or "", 2))
    for comparison in comparisons[:_NAMED]:
        yield _compared(comparison)
    if len(comparisons) > _NAMED:
        yield f"and {counted(len(comparisons) - _NAMED, 'more pair')} of about this budget"


def _optimum(optimum: Optimum, flops: str) -> str:
    loss = "" if optimum.loss is None else f"; loss {_number(optimum.loss.value)} ({_between(optimum.loss)})"
    beyond = "" if optimum.measured else " – beyond what was measured"
    params, tokens, ratio = (_counts(each) for each in (optimum.params, optimum.tokens, optimum.tokens_per_parameter))
    return f"best for {flops}: {params} parameters on {tokens} tokens, {ratio} tokens per parameter{loss}{beyond}"


def _of_the_sizes(law: Law, flops: str) -> Iterator[str]:
    """Which of the measured sizes would use the budget best, and what the largest would make of it."""
    predicted = [(each, each.loss) for each in law.at_budget if each.loss is not None]
    if len(predicted) < 2:
        return
    best, loss = min(predicted, key=lambda pair: pair[1].value)
    largest, its_loss = predicted[-1]
    least, other = _told_apart(loss.value, its_loss.value)
    told = f"of the measured sizes {_size(best)} would make the most of {flops}: loss {least} by the law"
    if largest is not best:
        told += f"; the largest, {_size(largest)}, would reach {other}, trained on only {count(largest.tokens)} tokens"
    yield told


def _compared(comparison: Comparison) -> str:
    smaller, larger = comparison.smaller, comparison.larger
    ahead, behind = (larger, smaller) if comparison.winner == "larger" else (smaller, larger)
    losses = "loss {} against {}".format(*_told_apart(ahead.loss, behind.loss))
    if comparison.winner == "smaller":
        return (
            f"the smaller {_named(smaller)} beats {_named(larger)} for about the same compute ({losses}): the larger "
            f"one saw {_per_parameter(larger)} tokens per parameter, the smaller one {_per_parameter(smaller)}"
        )
    if comparison.winner == "larger":
        return f"the larger {_named(larger)} beats {_named(smaller)} for about the same compute ({losses})"
    return f"{_named(smaller)} and {_named(larger)} are too close to call for about the same compute ({losses})"


def _named(point: LossPoint) -> str:
    return f"{one_line(point.model, 30)} ({count(point.params)} parameters, {count(point.tokens)} tokens)"


def _size(prediction: Prediction) -> str:
    return f"{one_line(prediction.model or '', 30)} ({count(prediction.params)} parameters)"


def _per_parameter(point: LossPoint) -> str:
    return count(point.tokens / point.params)


def _between(estimate: Estimate) -> str:
    low, high = _outwards(estimate, 3)
    return f"{_number(low)}–{_number(high)}"


def _counts(estimate: Estimate) -> str:
    low, high = _outwards(estimate, 2)
    return f"{count(estimate.value)} ({count(low)}–{count(high)})"


def _outwards(estimate: Estimate, digits: int) -> tuple[float, float]:
    """The ends, rounded so that what is shown never claims more than was found."""
    ends = []
    for end, rounded in ((estimate.low, floor), (estimate.high, ceil)):
        unit = 10.0 ** (floor(log10(end)) + 1 - digits) if end else 1.0
        # Nine digits: 0.29 / 0.01 is 28.999999999999996 and would be rounded down to 28.
        ends.append(rounded(round(end / unit, 9)) * unit)
    return ends[0], ends[1]


def _share(value: float) -> str:
    """In percent, to two digits."""
    return f"{float(f'{100 * value:.2g}'):.12g}"
