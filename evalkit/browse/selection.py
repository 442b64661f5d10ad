"""Trials that stand for all of a run, for a file that cannot hold all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from evalkit.findings.trials import (
    FailureGroup,
    RequestMessage,
    RequestPart,
    ResponsePart,
    TrialDetail,
    TrialFilter,
    TrialSelection,
    trial_id,
)
from evalkit.plain import printable
from evalkit.record import TrialKey, TrialPages
from evalkit.verdict import Key

LONGEST = 2_000
"""Characters of a stretch of text that are kept: its beginning and its end."""
NEIGHBOURS = 5
_FLAKY = 50
_PASSES_FROM = 2
_PASSES_STEP = 3
"""Of a condition, a pass comes after two failures of each kind, and then one to three of those."""
_LEAST_OF_EACH = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stratum:
    """Trials of one condition that ended alike."""

    wanted: TrialFilter
    first: int
    """When its first trial has its turn; 0 is before everything else."""
    step: int
    """How many turns later each further one has."""
    condition: int
    """The condition's place in its task."""
    task: int
    """The task's place in the run."""


def selected(
    pages: TrialPages,
    detail: Callable[[str, int], TrialDetail | None],
    keys: Sequence[Key],
    max_trials: int,
    max_bytes: int,
) -> TrialSelection:
    """As `RunTrials.selection`.

    Args:
        pages: The run's trials.
        detail: Gives one in full, with so many neighbours.
        keys: The run's tasks and conditions.
        max_trials: Trials at most.
        max_bytes: Of JSON at most.
    """
    groups, total = pages.groups(), pages.total()
    frame = TrialSelection(says="", total=total, trials=(), groups=tuple(groups), flaky=tuple(pages.flaky(_FLAKY)))
    chosen = [trial_id(key) for key in _chosen(pages, list(_strata(groups, keys)), total, max_trials)]
    details = _made(sorted(chosen, key=_plan_order(keys)), detail)
    room = max_bytes - _size(frame.as_json()) - _LEAST_OF_SAYS
    kept = set()
    for identity in chosen:
        size = _size(details[identity].as_json()) + 2 if identity in details else room + 1
        if size <= room:
            room -= size
            kept.add(identity)
    trials = tuple(each for identity, each in details.items() if identity in kept)
    return replace(frame, says=_says(len(trials), total), trials=trials)


_LEAST_OF_SAYS = 400


def _says(n_trials: int, total: int) -> str:
    shortened = "Long texts are shortened."
    if n_trials == total:
        return f"All {total:,} trials. {shortened}" if total else "There are no trials yet."
    return (
        f"{n_trials:,} of {total:,} trials: of each condition the first failures of every kind in plan order, then "
        f"some that passed. Counts are of all trials. {shortened}"
    )


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def _plan_order(keys: Sequence[Key]) -> Callable[[str], tuple[int, int, int]]:
    places = {trial_id((*key, 0, 0)).rsplit("/", 2)[0]: place for place, key in enumerate(keys)}

    def order(identity: str) -> tuple[int, int, int]:
        place, position, repeat = identity.rsplit("/", 2)
        return places[place], int(position), int(repeat)

    return order


def _made(identities: Sequence[str], detail: Callable[[str, int], TrialDetail | None]) -> dict[str, TrialDetail]:
    """In plan order, in which the items of a generator are drawn."""
    made = {identity: detail(identity, NEIGHBOURS) for identity in identities}
    return {identity: shortened(each) for identity, each in made.items() if each is not None}


def _strata(groups: Sequence[FailureGroup], keys: Sequence[Key]) -> Iterator[_Stratum]:
    tasks = {task: place for place, task in enumerate(dict.fromkeys(task for task, _ in keys))}
    of_condition: dict[tuple[str, str], list[FailureGroup]] = defaultdict(list)
    for group in groups:
        of_condition[group.task, group.condition].append(group)
    n_conditions: dict[str, int] = defaultdict(int)
    for task, condition in keys:
        shown = (printable(task), printable(condition))
        place = n_conditions[task]
        n_conditions[task] += 1
        for rank, group in enumerate(of_condition[shown]):
            yield _Stratum(wanted=group.members, first=rank, step=1, condition=place, task=tasks[task])
        passes = TrialFilter(task=shown[0], condition=shown[1], outcome="pass")
        yield _Stratum(wanted=passes, first=_PASSES_FROM, step=_PASSES_STEP, condition=place, task=tasks[task])


def _chosen(pages: TrialPages, strata: Sequence[_Stratum], total: int, max_trials: int) -> list[TrialKey]:
    """Trials by their turn, each once."""
    if total <= max_trials:
        return pages.keys(TrialFilter(), total)
    limit = min(max_trials, max(_LEAST_OF_EACH, 4 * max_trials // max(1, len(strata))))
    turns = [
        ((stratum.first + stratum.step * nth, stratum.condition, stratum.task), key)
        for stratum in strata
        for nth, key in enumerate(pages.keys(stratum.wanted, limit))
    ]
    turns.sort(key=lambda turn: turn[0])
    return list(dict.fromkeys(key for _, key in turns))[:max_trials]


def shortened(detail: TrialDetail) -> TrialDetail:
    """A trial for where there is little room: the beginnings and ends of long texts."""
    request = detail.request
    return replace(
        detail,
        request=replace(
            request,
            messages=tuple(map(_short_message, request.messages)),
            exact=None if request.exact is None else _short_text(request.exact),
        ),
        response=None
        if detail.response is None
        else tuple(kept for part in detail.response for kept in _short_response(part)),
        extracted=tuple(
            replace(each, text=None if each.text is None else _short_text(each.text)) for each in detail.extracted
        ),
        tool_calls=tuple(map(_short_text, detail.tool_calls)),
    )


def _ends(text: str) -> tuple[str, str, str]:
    """The beginning of a text, a remark on what is left out, and its end; a short one whole, and nothing."""
    if len(text) <= LONGEST:
        return text, "", ""
    half = LONGEST // 2
    return text[:half], f" … {len(text) - 2 * half:,} characters left out … ", text[-half:]


def _short_text(text: str) -> str:
    return "".join(_ends(text))


def _short_message(message: RequestMessage) -> RequestMessage:
    return replace(message, parts=tuple(kept for part in message.parts for kept in _short_request(part)))


def _short_request(part: RequestPart) -> list[RequestPart]:
    start, remark, end = _ends(part.text)
    short = replace(part, text=start, was=None if part.was is None else _short_text(part.was))
    if not remark:
        return [short]
    # What it was stands beside its beginning, and not twice.
    rest = replace(part, text=end, kind="added" if part.kind == "changed" else part.kind, was=None)
    return [short, RequestPart(text=remark, kind="left-out"), rest]


def _short_response(part: ResponsePart) -> list[ResponsePart]:
    start, remark, end = _ends(part.text)
    if not remark:
        return [part]
    return [replace(part, text=start), ResponsePart(text=remark, kind="left-out"), replace(part, text=end)]
