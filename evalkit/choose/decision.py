"""Who is chosen among candidates that were judged, and what else is to be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from evalkit.findings.choose import Candidate, Choice, Exhaustive, Limits, speed
from evalkit.plain import usd

HABIT = 1_000
"""Units of each condition that are asked where nothing stops by itself."""


def choose(candidates: Sequence[Candidate], limits: Limits) -> tuple[Candidate, ...]:
    """The same candidates, with the one that is chosen marked.

    Args:
        candidates: The cheapest first.
        limits: Which usable one is wanted: the first, or the quickest.
    """
    usable = [index for index, each in enumerate(candidates) if each.status == "usable"]
    if not usable:
        return tuple(candidates)
    best = usable[0] if limits.prefer == "cost" else min(usable, key=lambda index: (*speed(candidates[index]), index))
    return tuple(replace(each, status="chosen") if at == best else each for at, each in enumerate(candidates))


def undominated(candidates: Sequence[Candidate]) -> frozenset[str]:
    """Models than which no other is at least as cheap, as quick and as far above its thresholds, and better in one.

    By what was seen, which is no guarantee; those of which one of the three is not known are left out, and so are those
    that were not asked for every task, since their worst may not have been seen.
    """
    known = {each.model: figures for each in candidates if (figures := _figures(each)) is not None}
    return frozenset(
        model
        for model, own in known.items()
        if not any(_dominates(other, own) for name, other in known.items() if name != model)
    )


def _figures(candidate: Candidate) -> tuple[float, float, float] | None:
    """Cost, latency and shortfall, each better when lower."""
    cost, latency, margin = candidate.cost_per_1k, candidate.latency, candidate.margin
    if cost is None or latency is None or margin is None or candidate.results is None:
        return None
    if any(task.weakest is None for task in candidate.results.tasks):
        return None
    return cost, latency.p95_s, -margin


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(mine <= theirs for mine, theirs in zip(one, other, strict=True))


def exhaustive(
    candidates: Sequence[Candidate], calls_each: int, expected_per_call: Sequence[float | None]
) -> Exhaustive:
    """What asking everybody everything would take.

    Args:
        candidates: All of them.
        calls_each: Of 1,000 units of each condition that counts.
        expected_per_call: What a call of each candidate costs, where none was made; None when unknown.
    """
    pairs = list(zip(candidates, expected_per_call, strict=True))
    share = _came_to(pairs)
    costs = [_per_call(each, None if expected is None else share * expected) for each, expected in pairs]
    known = [cost for cost in costs if cost is not None]
    return Exhaustive(
        calls=calls_each * len(candidates), cost_usd=calls_each * sum(known) if len(known) == len(costs) else None
    )


def _came_to(pairs: Sequence[tuple[Candidate, float | None]]) -> float:
    """What calls cost of what was expected, by those who were asked; at most 1.

    A guess at how long answers are that was too high must not look like money saved.
    """
    both = [(cost, expected) for each, expected in pairs if (cost := _per_call(each, None)) is not None and expected]
    return min(sum(cost for cost, _ in both) / sum(expected for _, expected in both), 1.0) if both else 1.0


def _per_call(candidate: Candidate, expected: float | None) -> float | None:
    totals = None if candidate.results is None else candidate.results.totals
    if totals is None or not totals.calls:
        return expected
    return None if totals.cost_usd is None else totals.cost_usd / totals.calls


def notes(choice: Choice) -> Iterator[str]:
    """What speaks against taking the choice for more than it is."""
    chosen = choice.chosen
    if chosen is None or choice.limits.prefer == "latency":
        return
    at = choice.candidates.index(chosen)
    before = choice.candidates[:at]
    for status, told in (("edge", "decided"), ("failed", "asked")):
        names = [each.model for each in before if each.status == status]
        if names:
            yield f"{', '.join(names)} could not be {told} and may be usable and cheaper"
    cheaper = [each for each in choice.candidates[at + 1 :] if _expected_cheaper(each, chosen)]
    if cheaper and choice.raced:
        yield (
            f"{chosen.model} took more than was expected ({usd(chosen.cost_per_1k)} for 1,000 answers): "
            f"{', '.join(each.model for each in cheaper)} may be cheaper"
        )
    unknown = [each.model for each in choice.candidates if each is not chosen and _price(each) == inf]
    if unknown:
        yield f"what {', '.join(unknown)} would cost is not known; whether one of them is cheaper nobody can say"


def _expected_cheaper(other: Candidate, chosen: Candidate) -> bool:
    return other.status == "not asked" and chosen.cost_per_1k is not None and _price(other) < chosen.cost_per_1k


def _price(candidate: Candidate) -> float:
    found = candidate.expected_per_1k if candidate.cost_per_1k is None else candidate.cost_per_1k
    return inf if found is None else found
