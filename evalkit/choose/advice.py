"""What would help where no candidate is usable: read off what failed, by a table of rules.

An advice is a hint, never a claim: each names what it rests on. Rules look at the candidate that came nearest, at its
weakest condition and at the constraints that broke there, and at how the candidates compare with each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evalkit.choose.order import is_plain
from evalkit.findings.choose import Advice, Candidate, margin_of
from evalkit.plain import one_line, percent, percent_range
from evalkit.score import ANSWERED
from evalkit.stats import LEAST_TRIALS
from evalkit.trial import CLEAN
from evalkit.verdict import ConditionResult, ConstraintResult, TaskResult

Kinds: TypeAlias = Mapping[tuple[str, str], str]
"""The kind of each constraint, by task and by the constraint's name."""

_NAME = 24
_MOST_KINDS = 2
"""Constraints of a task that are spoken of, those that break most often."""
_NOTABLE = 0.1
"""Share of a condition's failed trials in which a constraint must have broken to be spoken of."""

_PERTURBED = {
    "noise": ("clean input", "clean the text before the model sees it: spelling, spacing, recognition errors"),
    "context": ("retrieval", "give it less to read: retrieve the passages that matter, or shorten the context"),
    "conflict": (
        "data apart from instructions",
        "mark what users write as data, repeat the rule after it, and check the answer against the rule",
    ),
    "paraphrase": ("one wording", "ask in one fixed wording, the best of those tried, and put what users want into it"),
    "repeat": ("a vote", "ask several times and take the majority, or set the temperature to 0"),
}
"""By perturbation: what helps in a few words, and in a sentence."""
_STEPS = ("smaller steps", "cut the task into smaller steps that are each within reach, or let a program do this part")

_PROGRAM = ("a program or a tool", "let a program compute this, or give the model a tool that does")
_VALIDATOR = ("validators", "check each answer by a program, and ask again with what was wrong")
_EXAMPLES = ("examples or a stronger model", "show worked examples of the cases that fail, or try a stronger model")
_WORDING = ("validators", "check each answer for it, and ask again with what is missing or must go")
BROKEN = {
    **dict.fromkeys(("number", "money", "date"), _PROGRAM),
    "sorted": ("a deterministic program", "let a program sort the model's answer: it never gets that wrong"),
    **dict.fromkeys(
        ("json", "json_schema", "words", "characters", "sentences", "lines", "one_line", "starts_with", "ends_with"),
        _VALIDATOR,
    ),
    **dict.fromkeys(("no_preamble", "regex", "python"), _VALIDATOR),
    **dict.fromkeys(("mentions", "avoids", "asks", "no_promise"), _WORDING),
    **dict.fromkeys(("exact", "choice", "similar", "list", "set"), _EXAMPLES),
    ANSWERED: ("room to answer", "see why answers are missing: a length limit, a refusal, a prompt that does not fit"),
}
"""By kind of constraint: likewise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Blocked:
    """A task that nobody can be used for."""

    task: str
    nearest: str
    """The candidate that came nearest."""
    result: TaskResult
    """Its."""
    weakest: ConditionResult


def advise(candidates: Sequence[Candidate], kinds: Kinds) -> tuple[Advice, ...]:
    """What would help, task by task.

    Args:
        candidates: The cheapest first.
        kinds: Of the suite's constraints; one that is not there is taken for what its name says.
    """
    blocked = list(_blocked(candidates))
    found = [advice for each in blocked for advice in _for_task(each, candidates, kinds)]
    return tuple(found) if blocked else tuple(_shared_out(candidates))


def _blocked(candidates: Sequence[Candidate]) -> Iterator[_Blocked]:
    """Tasks that somebody was shown unusable for, and nobody usable.

    A candidate that was left because of another task says little about this one, so it does not come nearest.
    """
    tasks: dict[str, list[tuple[Candidate, TaskResult]]] = {}
    for candidate in candidates:
        for task in candidate.results.tasks if candidate.results is not None else ():
            tasks.setdefault(task.task, []).append((candidate, task))
    for name, results in tasks.items():
        verdicts = {task.verdict for _, task in results}
        if "unusable" not in verdicts or "usable" in verdicts:
            continue
        failed = [
            (candidate.model, task)
            for candidate, task in results
            if task.verdict == "unusable" or (candidate.results is not None and candidate.results.verdict == "edge")
        ]
        model, nearest = max(failed, key=lambda each: margin_of(each[1], unknown=-1.0))
        if nearest.weakest is not None:
            yield _Blocked(task=name, nearest=model, result=nearest, weakest=nearest.weakest)


def _for_task(blocked: _Blocked, candidates: Sequence[Candidate], kinds: Kinds) -> Iterator[Advice]:
    found: dict[tuple[str, str], Advice] = {}
    if blocked.result.verdict == "edge" and margin_of(blocked.result, unknown=0.0) > 0:
        text = f"settle {_model(blocked.nearest)} first: it may be usable"
        evidence = f"{_model(blocked.nearest)} at {_short(blocked.weakest.condition)} {_stands(blocked)}"
        yield Advice(task=blocked.task, help="more calls or items", text=text, evidence=evidence)
        return
    for (help_, text), evidence in (
        *_perturbed(blocked),
        *_broken(blocked, kinds),
        *_together(blocked),
        *_stronger(blocked, candidates),
    ):
        found.setdefault((help_, text), Advice(task=blocked.task, help=help_, text=text, evidence=evidence))
    yield from found.values()


def _perturbed(blocked: _Blocked) -> Iterator[tuple[tuple[str, str], str]]:
    """A condition that fails while items as they stand do not."""
    weakest = blocked.weakest
    plain = [each for each in blocked.result.conditions if each.counts and is_plain(each.perturbation)]
    stands = f"{_model(blocked.nearest)} at {_short(weakest.condition)} {_stands(blocked)}"
    if is_plain(weakest.perturbation):
        if weakest.perturbation != CLEAN and any(each.verdict != "unusable" for each in plain):
            yield _STEPS, stands
        return
    if weakest.perturbation in _PERTURBED and all(each.verdict != "unusable" for each in plain):
        yield _PERTURBED[weakest.perturbation], f"{stands}; it is not shown to fail on plain items"


def _stands(blocked: _Blocked) -> str:
    weakest = blocked.weakest
    return f"is at {percent_range(weakest.low, weakest.high)} %, needs {percent(weakest.threshold)} %"


def _broken(blocked: _Blocked, kinds: Kinds) -> Iterator[tuple[tuple[str, str], str]]:
    """The constraints that break."""
    weakest = blocked.weakest
    least = _NOTABLE * (weakest.trials - weakest.passes)
    worst = sorted((each for each in weakest.constraints if _breaks(each) > 0), key=_breaks, reverse=True)
    for each in [each for each in worst if _breaks(each) >= least][:_MOST_KINDS]:
        kind = kinds.get((blocked.task, each.constraint), each.constraint)
        where = f"{_model(blocked.nearest)} at {_short(weakest.condition)}"
        yield (
            BROKEN.get(kind, _EXAMPLES),
            (f"{_short(each.constraint)} breaks in {_breaks(each):,} of {each.trials:,} trials of {where}"),
        )


def _breaks(constraint: ConstraintResult) -> int:
    return constraint.trials - constraint.passes


def _together(blocked: _Blocked) -> Iterator[tuple[tuple[str, str], str]]:
    """Several constraints that each hold often enough, but not all at once; or one that holds all others up."""
    found, threshold = blocked.weakest.conjunction, blocked.weakest.threshold
    if found is None or sum(link.rate < 1 for link in found.links) < 2:
        return
    if found.limiting_rate >= threshold > found.joint:
        evidence = (
            f"each of {len(found.links)} constraints holds in {percent(found.limiting_rate)} % or more, but all "
            f"together in {percent(found.joint)} % of {found.trials:,} trials"
        )
        yield (("smaller steps", "ask for fewer things at once, or check each part and ask again for it"), evidence)
        return
    mended = max(found.links, key=lambda link: link.if_fixed)
    if mended.if_fixed >= threshold:
        name = _short(mended.constraint)
        evidence = f"without breaks of {name} {percent(mended.if_fixed)} % of {found.trials:,} trials would pass"
        yield (("one link", f"work on {name} alone: the others are not what keeps the task down"), evidence)


def _stronger(blocked: _Blocked, candidates: Sequence[Candidate]) -> Iterator[tuple[tuple[str, str], str]]:
    """Whether dearer candidates did better at the same condition."""
    stood = [
        (candidate.model, condition)
        for candidate in candidates
        for task in (candidate.results.tasks if candidate.results is not None else ())
        for condition in task.conditions
        if (task.task, condition.condition) == (blocked.task, blocked.weakest.condition)
        and condition.trials >= LEAST_TRIALS
    ]
    if len(stood) < 2:
        return
    (first, low), (last, high) = stood[0], stood[-1]
    rates = ", ".join(
        f"{_model(model)} {percent_range(each.low, each.high)} %" for model, each in ((first, low), (last, high))
    )
    evidence = f"at {_short(blocked.weakest.condition)}: {rates}"
    if low.high is not None and high.low is not None and high.low > low.high:
        yield ("a stronger model", "try one beyond the last candidate: they get better along this list"), evidence
    else:
        yield (
            ("not size alone", "a dearer model by itself may not do: the last candidate is not shown to be better"),
            evidence,
        )


def _shared_out(candidates: Sequence[Candidate]) -> Iterator[Advice]:
    """Nobody can do everything, but for every task there is somebody who is not beyond a limit."""
    by_task: dict[str, str | None] = {}
    for candidate in (each for each in candidates if each.status not in {"too dear", "too slow"}):
        for task in candidate.results.tasks if candidate.results is not None else ():
            if task.verdict == "usable" and by_task.get(task.task) is None:
                by_task[task.task] = candidate.model
            by_task.setdefault(task.task, None)
    if len(by_task) > 1 and None not in by_task.values():
        evidence = ", ".join(f"{_short(task)}: {_model(model or '')}" for task, model in by_task.items())
        text = "send each task to a model that is usable for it"
        yield Advice(task="", help="several models", text=text, evidence=f"the cheapest for each is {evidence}")


def _short(text: str) -> str:
    return one_line(text, _NAME)


def _model(name: str) -> str:
    return one_line(name, 40)
