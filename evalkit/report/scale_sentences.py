"""What a series of models shows, in sentences for whoever decides about a product."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.plain import one_line, percent, percent_range
from evalkit.scale.points import shown_size, size_of
from evalkit.scale.result import Ability, CrossingSize, State
from evalkit.scale.shape import LEAST_SIZES, Moved, Shape

_FINER = {"score": "the mean score", "loss": "the loss"}

_NO_CURVE: dict[State, str] = {
    "floor": "no model{which} does surely better than the smallest by five points, so a curve through them says "
    "nothing of larger ones: an ability that has not begun to show cannot be extrapolated",
    "ceiling": "already the smallest model passes nearly always; the items are too easy to tell these models apart",
    "separated": "fewer than two sizes lie part-way up, so how steep the rise is, and what comes next, cannot be told",
    "too few sizes": "it takes three sizes for a curve",
}

_NO_CHECK: dict[State, str] = {
    "floor": "none of them leaves the floor",
    "ceiling": "they are all at the ceiling",
    "separated": "fewer than two of them lie part-way up",
    "too few sizes": "it takes three",
}
_VAGUE = 0.5
"""Width of an interval, as a pass rate, from which on it proves little to lie in it."""


def headline(ability: Ability) -> Iterator[str]:
    """From which size on the task can be done, and how the ability comes, without a word of statistics."""
    if ability.crossing is not None:
        yield _crossing(ability, ability.crossing)
    shape = ability.shape
    between = f"between {shown_size(shape.smaller or 1.0)} and {shown_size(shape.larger or 1.0)}"
    if shape.verdict == "sharp":
        yield f"Most of the rise comes at once, {between}."
    elif shape.verdict == "metric-made":
        yield f"Passes jump {between}, but the ability behind them grows more evenly."
    elif shape.verdict == "smooth":
        yield "Models do better step by step as they grow."
    elif shape.reason == "no rise shown":
        yield "No larger model is shown to do better."
    elif shape.reason == "rise unfinished":
        yield "The rise has only begun."
    elif shape.reason == "too few trials":
        yield "How it rises cannot be told from so few trials."
    elif shape.reason == "too few sizes":
        yield f"It takes {LEAST_SIZES} sizes to tell how it rises."


def sentences(ability: Ability) -> Iterator[str]:
    """The answers first, then what they rest on."""
    if ability.crossing is not None:
        yield _crossing(ability, ability.crossing)
    yield from grounds(ability)


def grounds(ability: Ability) -> Iterator[str]:
    """What the answers rest on."""
    yield from _shape(ability.shape)
    yield from _dips(ability)
    yield from _curve(ability)
    yield from _prediction(ability)
    yield from _check(ability)


def _crossing(ability: Ability, crossing: CrossingSize) -> str:
    needed = f"The threshold of {percent(crossing.threshold)} %"
    below, above, first = crossing.below, crossing.above, crossing.first_above
    last = shown_size(size_of(ability.points[-1], ability.against))
    if below is None and above is None:
        return f"{needed}: no model is shown to be above or below; more trials would tell."
    if above is None and first is not None:
        return (
            f"{needed} is a matter of more than size: {shown_size(first)} is above it, yet {shown_size(below or 1.0)} "
            "falls short."
        )
    if above is None:
        if all((point.high or 0.0) < crossing.threshold for point in ability.points):
            return f"{needed} is met by no model up to {last}."
        return (
            f"{needed} is not shown to be met by any model; the largest that surely falls short has "
            f"{shown_size(below or 1.0)}."
        )
    if below is None:
        return f"{needed} is met from {shown_size(above)} on; no model is shown to be below."
    between = f"{needed} is crossed between {shown_size(below)} and {shown_size(above)}"
    early = first is not None and first < below
    more = f" Size alone does not decide: {shown_size(first or 1.0)} is above already." if early else ""
    if crossing.estimate is not None:
        return f"{between}, by the curve at about {shown_size(crossing.estimate)} ({_range(crossing)}).{more}"
    if crossing.n_above == 1 and not early:
        return f"{between}; with one size above, neither where nor how it goes on can be told: not extrapolable."
    return f"{between}; where in between cannot be told.{more}"


def _range(crossing: CrossingSize) -> str:
    low = "below all sizes" if crossing.low is None else shown_size(crossing.low)
    high = "beyond all sizes" if crossing.high is None else shown_size(crossing.high)
    return f"{low} to {high}"


def _shape(shape: Shape) -> Iterator[str]:
    if shape.reason == "too few sizes":
        yield f"Shape: it takes {LEAST_SIZES} sizes to tell a jump from a rise."
    elif shape.reason == "no rise shown":
        yield "Shape: no larger model is shown to pass more often than a smaller one."
    elif shape.reason == "rise unfinished":
        begun = f"a rise that has only begun ({_steepest(shape)})"
        yield f"Shape: {begun}; whether it is a jump, a still larger size would tell."
    elif shape.reason == "too few trials":
        yield f"Shape: too few trials, or too much scatter, to tell a jump from a rise ({_steepest(shape)})."
    elif shape.verdict == "smooth":
        yield f"Smooth: the pass rate rises step by step ({_steepest(shape)})."
    elif shape.verdict == "metric-made":
        yield f"The jump is made by the metric: {_steepest(shape)}, {_told(shape)}. Judge progress by that."
        yield from _explained(shape)
    elif shape.verdict == "sharp":
        finer = [moved for moved in shape.moved if moved.metric in _FINER]
        if finer:
            yield f"A jump of the ability itself: {_steepest(shape)}, {_told(shape)}."
        else:
            yield f"A jump: {_steepest(shape)}. Without a finer score or a loss, it may as well be the metric's."


def _steepest(shape: Shape) -> str:
    sizes = f"from {shown_size(shape.smaller or 1.0)} to {shown_size(shape.larger or 1.0)}"
    part = f"{_share(shape.length or 0.0)} of the range of sizes on a log scale"
    return f"{sizes}, {part}, the pass rate makes {_share(shape.moved[0].share)} of its rise"


def _told(shape: Shape) -> str:
    """How much of their own change the finer measures make there."""
    return " and ".join(_change(moved) for moved in shape.moved if moved.metric in _FINER)


def _change(moved: Moved) -> str:
    change = "fall" if moved.metric == "loss" else "rise"
    return (
        f"{_FINER[moved.metric]} {_share(moved.share)} of its {change} ({moved.first:.3g} to {moved.last:.3g} in all)"
    )


def _explained(shape: Shape) -> Iterator[str]:
    for moved in shape.moved:
        if moved.metric == "predicted":
            yield (
                f"If every token of an answer were as likely as the loss says, {_share(moved.share)} of the rise would "
                "lie there: many tokens that must all be right turn a smooth loss into a jump."
            )


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _dips(ability: Ability) -> Iterator[str]:
    if ability.dips is None:
        yield "Nothing says how precise the pass rates are, so no fall is told from noise."
    elif ability.dips:
        dip = ability.dips[0]
        before, after = (one_line(point.model, 30) for point in (dip.smaller, dip.larger))
        sizes = [shown_size(size_of(point, ability.against)) for point in (dip.smaller, dip.larger)]
        names = f"{before} at {sizes[0]} to {after} at {sizes[1]}" if before != after else f"{sizes[0]} to {sizes[1]}"
        more = f" (and {len(ability.dips) - 1} more such pairs)" if len(ability.dips) > 1 else ""
        yield (
            f"Not monotone: from {names} the pass rate falls from {percent(dip.smaller.pass_rate)} to "
            f"{percent(dip.larger.pass_rate)} %, more than chance explains{more}."
        )


def _curve(ability: Ability) -> Iterator[str]:
    curve = ability.curve
    fitted = curve.readable
    if fitted is None:
        n_sizes = len({size_of(point, ability.against) for point in ability.points})
        which = f" of the {curve.sizes} smallest sizes" if curve.sizes < n_sizes else ""
        yield f"No curve: {_NO_CURVE[curve.state].format(which=which)}."
        return
    ends = [f"a {name} of {percent(getattr(fitted, name))} %" for name in fitted.freed]
    yield f"Curve: from 10 to 90 % of the rise takes {_times(fitted.width)} the size{', with ' if ends else ''}" + (
        f"{' and '.join(ends)}." if ends else "."
    )
    if fitted.worth is not None:
        yield (
            f"The table has no numbers of trials: by its scatter about the curve each rate is taken to be worth "
            f"{fitted.worth:.0f} trials."
        )
    elif curve.state == "poor":
        yield (
            f"The models scatter about the curve {fitted.dispersion:.1f} times as much as their trials would; the "
            "curve's intervals allow for it."
        )
    yield from _ends(ability)


def _times(decades: float) -> str:
    """How many times as large, to two digits."""
    return "more than a million times" if decades > 6 else f"{float(f'{10**decades:.2g}'):,.12g} times"


def _ends(ability: Ability) -> Iterator[str]:
    """A warning where most models are at one end: a curve hangs on the few that are not."""
    for names, end in ((ability.at_floor, "floor"), (ability.at_ceiling, "ceiling")):
        if 2 * len(names) > len(ability.points):
            share = f"{len(names)} of {len(ability.points)} points"
            yield f"{share} are at the {end}; the others carry the curve."


def _prediction(ability: Ability) -> Iterator[str]:
    prediction = ability.prediction
    if prediction is None:
        return
    size = shown_size(prediction.size)
    if prediction.estimate is None:
        yield f"No prediction for {size}: see above."
        return
    estimate = prediction.estimate
    yield (
        f"Prediction for {size}: a pass rate of {percent(estimate.value)} % "
        f"({percent_range(estimate.low, estimate.high)} %), if the curve goes on as it does."
    )


def _check(ability: Ability) -> Iterator[str]:
    check = ability.check
    if check is None:
        return
    curve = f"Check: a curve through the {check.sizes} smallest sizes only"
    if not check.sizes:
        yield "Check: without that many of the largest sizes none is left for a curve."
        return
    if check.refused is not None or not check.held:
        yield f"{curve} predicts nothing of the larger ones ({_NO_CHECK[check.refused or 'floor']})."
        return
    met = sum(held.met for held in check.held)
    worst = max(check.held, key=lambda held: abs(held.measured - held.predicted))
    told = (
        f"{one_line(worst.model, 30)}: expected {percent(worst.predicted)} % "
        f"({percent_range(worst.low, worst.high)}), measured {percent(worst.measured)} %"
    )
    vague = min(held.high - held.low for held in check.held) > _VAGUE
    trust = "; so wide an interval would be met by nearly anything" if vague else ""
    trust = trust if met == len(check.held) else "; do not rely on a prediction"
    yield f"{curve} meets {met} of {len(check.held)} larger ones ({told}){trust}."
