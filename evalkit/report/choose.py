"""A choice between models for the terminal: who it is and why, the candidates in a table, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from evalkit.findings.choose import Candidate, Choice, Latency, Shortfall
from evalkit.plain import columns, counted, one_line, padded, percent, percent_range, printable, usd
from evalkit.report.capability_map import MapEntry, capability_map
from evalkit.report.layout import COLOURS, WIDTH, Style, bulleted, plain_style, short_models, wrapped
from evalkit.report.names import labels
from evalkit.report.terminal import guaranteed
from evalkit.score import ANSWERED

_NAME = 22
_SHOWN = 3
"""Tasks that are named of a candidate."""
_STATUS_COLOURS = {"chosen": "good", **COLOURS, "failed": "open", "too dear": "bad", "too slow": "bad"}
_LEGEND = (
    "USD/1,000: for 1,000 answers to items as they stand, each task for the same share; ~ is an estimate from prices "
    "and the length of questions, before anything was asked. Seconds: half and 95 of 100 calls took no longer. Margin: "
    "what is guaranteed, in points from the threshold, where the model is weakest."
)


def render_choice(choice: Choice, *, style: Style = plain_style) -> str:
    """A choice as text of at most 80 columns.

    Args:
        choice: What was found.
        style: Colours it.
    """
    return "\n".join(_lines(choice, style)) + "\n"


def _lines(choice: Choice, style: Style) -> Iterator[str]:
    yield style(f"{one_line(choice.suite, 40)}: {counted(len(choice.candidates), 'candidate')}", "strong")
    yield from _headline(choice, style)
    yield ""
    yield from _table(choice, style)
    said = [line for candidate in choice.candidates for line in _why(candidate)]
    if choice.chosen is None and not choice.interrupted:
        said += _nobody(choice, style)
    said += [line for note in choice.notes for line in wrapped(f"note: {note}")]
    yield from ["", *said] if said else []
    yield ""
    for line in (*_taken(choice), *wrapped(_sure(choice)), *wrapped(_LEGEND)):
        yield style(line, "dim")


# --- the answer


def _headline(choice: Choice, style: Style) -> Iterator[str]:
    chosen = choice.chosen
    if choice.interrupted:
        yield style("STOPPED before anybody was chosen", COLOURS["edge"])
        return
    if chosen is None:
        settled = not any(each.status in {"edge", "failed", "not asked"} for each in choice.candidates)
        told = "NOBODY can be chosen" if settled else "NOBODY is shown to be usable; it could not be settled"
        yield style(told, COLOURS["unusable" if settled else "edge"])
    else:
        yield style(f"CHOSEN: {_name(chosen)}", "good")
        yield from wrapped(_why_chosen(choice, chosen))
        if chosen.latency is not None and choice.limits.max_p95_s is not None:
            yield from wrapped(_slow_share(chosen.latency, choice.limits.max_p95_s))
    runner_up = choice.runner_up
    if runner_up is not None:
        yield from wrapped(f"{'Runner-up' if chosen else 'Nearest'}: {_name(runner_up)}, {_state(runner_up)}.")


def _why_chosen(choice: Choice, chosen: Candidate) -> str:
    tasks = 0 if chosen.results is None else len(chosen.results.tasks)
    of = "its task" if tasks == 1 else f"each of {tasks} tasks"
    cost = f", for {usd(chosen.cost_per_1k)} per 1,000 answers" if chosen.cost_per_1k else ""
    return f"It is usable on {of}, and {_which(choice, chosen)} of the candidates that are shown to be{cost}."


def _which(choice: Choice, chosen: Candidate) -> str:
    """What the chosen one is among those that are usable, too; where all cost the same, that is not the price."""
    if choice.limits.prefer == "latency":
        return "the quickest"
    alike = [each for each in choice.candidates if _price(each) == _price(chosen)]
    if len(alike) < 2:
        return "the cheapest"
    known = all(each.size is not None for each in alike)
    reason = "free" if chosen.cost_per_1k == 0 else "of the same price, as far as is known"
    return f"{'the smallest' if known else 'the first in the order given'} ({len(alike)} are {reason})"


def _price(candidate: Candidate) -> float | None:
    return candidate.cost_per_1k if candidate.expected_per_1k is None else candidate.expected_per_1k


def _slow_share(latency: Latency, limit: float) -> str:
    """What is known of calls that take too long: the percentile is what was seen, the bound what is guaranteed."""
    high = ceil(1000 * (latency.slower_share_high or 0.0)) / 10
    return (
        f"{latency.slower or 0:,} of {counted(latency.calls, 'call')} took longer than {limit:g} s; with what was seen "
        f"the share may be up to {high:.1f} %."
    )


def _state(candidate: Candidate) -> str:
    return {"not asked": "which was not asked", "edge": "which could not be decided"}.get(
        candidate.status, "which is usable, too"
    )


# --- the table


def _table(choice: Choice, style: Style) -> Iterator[str]:
    candidates = choice.candidates
    names = labels(short_models([each.model for each in candidates]), _NAME)
    width = max(columns(name) for name in [*names, "model"])
    yield style(
        f"  {'model':<{width}} {'status':<9} {'USD/1,000':>9} {'p50 s':>6} {'p95 s':>6} {'margin':>6} {'calls':>6} "
        f"{'USD':>7}",
        "dim",
    )
    for name, each in zip(names, candidates, strict=True):
        mark = "*" if each.model in choice.undominated else " "
        totals = None if each.results is None else each.results.totals
        status = style(f"{each.status:<9}", _STATUS_COLOURS.get(each.status, "dim"))
        calls = "–" if totals is None else f"{totals.calls:,}"
        cost = "–" if totals is None or totals.cost_usd is None else _bare(totals.cost_usd)
        yield (
            f"{mark} {padded(name, width)} {status} {_per_1k(each):>9} {_seconds(each, 'p50_s'):>6} "
            f"{_seconds(each, 'p95_s'):>6} {_margin(each):>6} {calls:>6} {cost:>7}"
        )
    if choice.undominated:
        yield from (
            style(line, "dim")
            for line in wrapped(
                "* none of the others is at once as cheap, as quick and as good where it is weakest, by what was seen",
                indent="  ",
            )
        )


def _per_1k(candidate: Candidate) -> str:
    if candidate.cost_per_1k is not None:
        return _bare(candidate.cost_per_1k)
    return "–" if candidate.expected_per_1k is None else f"~{_bare(candidate.expected_per_1k)}"


def _bare(amount: float) -> str:
    return "free" if amount == 0 else usd(amount).removesuffix(" USD")


def _seconds(candidate: Candidate, which: str) -> str:
    if candidate.latency is None:
        return "–"
    value = float(getattr(candidate.latency, which))
    if value < 0.01:
        return "<0.01"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def _margin(candidate: Candidate) -> str:
    return "–" if candidate.weakest is None else guaranteed(candidate.weakest[1])


# --- the candidates


def _why(candidate: Candidate) -> Iterator[str]:
    """What a candidate failed on, or what its status rests on."""
    if candidate.status in {"chosen", "usable", "not asked"} and candidate.note is None:
        return
    shortfalls = () if candidate.status == "failed" else candidate.shortfalls
    parts = [_short_of(each) for each in shortfalls[:_SHOWN]]
    if len(shortfalls) > _SHOWN:
        parts.append(f"and {len(shortfalls) - _SHOWN} more")
    said = [*([one_line(candidate.note, 300)] if candidate.note else []), *parts]
    if said:
        yield from bulleted(f"{_name(candidate)}, {candidate.status}: {'; '.join(said)}", break_on_hyphens=False)
    if candidate.next_step is not None:
        yield f"  {printable(candidate.next_step)}"  # to be copied, so it is never wrapped


def _short_of(shortfall: Shortfall) -> str:
    weakest = shortfall.weakest
    name = one_line(shortfall.task, 24)
    if weakest is None:
        return f"{name} was not measured"
    left = weakest.reason == "gate-decided"
    how = "fails" if shortfall.verdict == "unusable" else "could be either so far" if left else "could be either"
    between = percent_range(weakest.low, weakest.high)
    told = f"{name} {how} at {one_line(weakest.condition, 20)} ({between} %, needs {percent(weakest.threshold)} %)"
    broken = shortfall.broken
    if broken is None or len({each.constraint for each in weakest.constraints} - {ANSWERED}) < 2:
        return told
    return f"{told}, most often by {one_line(broken[0], 20)} ({broken[1]:,} of {broken[2]:,})"


# --- when nobody is usable


def _nobody(choice: Choice, style: Style) -> Iterator[str]:
    entries = [
        MapEntry(result=each.results, sha256="", started="")
        for each in choice.candidates
        if each.results is not None and any(task.weakest is not None for task in each.results.tasks)
    ]
    drawn = capability_map(entries, style=style)
    if drawn:
        yield drawn.rstrip("\n")
    if choice.advice:
        yield ""
        yield style("What would help, by what failed", "strong")
    for each in choice.advice:
        task = f"{one_line(each.task, 24)}: " if each.task else ""
        yield from bulleted(f"{task}{each.help}: {each.text} ({each.evidence}).", break_on_hyphens=False)


# --- what it took, and how sure it is


def _taken(choice: Choice) -> Iterator[str]:
    """Calls and money, beside what it would take to ask everybody everything."""
    everything = choice.exhaustive
    took = "The race took" if choice.raced else "These runs took"
    cost = choice.cost_usd
    money = f" and {usd(cost)}" if cost else ""
    text = f"{took} {counted(choice.calls, 'call')}{money}"
    if everything.calls:
        text += f", {_share(choice.calls / everything.calls)} of the {everything.calls:,} calls"
        if everything.cost_usd and cost:
            text += f" and {_share(cost / everything.cost_usd)} of the {usd(everything.cost_usd)}"
        text += " that 1,000 items of every condition that counts would take of every candidate"
    yield from wrapped(f"{text}.")


def _share(share: float) -> str:
    """A share in percent, rounded up: less is not claimed."""
    return f"{ceil(round(1000 * share, 9)) / 10:.1f} %"


def _sure(choice: Choice) -> str:
    chance = f"{100 * choice.alpha:.3g} %"
    if len(choice.candidates) == 1:
        return f"The chance that a model is chosen that is not usable is at most {chance}."
    return (
        f"The chance that a model is chosen that is not usable on every task is at most {chance}, whoever "
        f"of the {len(choice.candidates)} candidates it is: each is held to its share of that."
    )


def _name(candidate: Candidate) -> str:
    return one_line(candidate.model, WIDTH - 20)
