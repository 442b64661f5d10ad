"""Trials that stand for all of a run, for a file that cannot hold all."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

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
from evalkit.plain import counted, printable
from evalkit.record import TrialKey, TrialPages
from evalkit.verdict import Key

LONGEST = 2_000
"""Characters of a stretch of text that are kept: its beginning and its end."""
NEIGHBOURS = 5
_FLAKY = 50
_PASSES_FROM = 2
"""Of a condition, a pass comes after a failure of its two most frequent kinds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stratum:
    """Trials of one condition that ended alike."""

    wanted: TrialFilter
    turn: tuple[int, int, int]
    """When it is its turn in every round: its rank in its condition, that one's place in its task, the task's."""
    keys: Sequence[TrialKey]
    """Its trials in plan order, as many as may be wanted."""


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
        max_bytes: Of a file at most.
    """
    groups, total = pages.groups(), pages.total()
    frame = TrialSelection(says="", total=total, trials=(), groups=tuple(groups), flaky=tuple(pages.flaky(_FLAKY)))
    strata = [stratum for stratum in _strata(pages, groups, keys, max_trials) if stratum.keys]
    chosen = [trial_id(key) for key in _chosen(pages, strata, max_trials)]
    details = _made(sorted(chosen, key=_plan_order(keys)), detail)
    size = _size_in_file()
    room, kept = max_bytes - size(frame.as_json()), set()
    for identity in chosen:
        taken = size(details[identity].as_json()) if room > 0 and identity in details else room + 1
        if taken <= room:
            room -= taken
            kept.add(identity)
    trials = tuple(each for identity, each in details.items() if identity in kept)
    return replace(frame, says=_says(len(trials), total, _without(strata, kept)), trials=trials)


def _without(strata: Sequence[_Stratum], kept: Collection[str]) -> tuple[int, int]:
    """Of how many groups of failures, and of how many conditions' passes, no trial is kept."""
    empty = [each.wanted for each in strata if not any(trial_id(key) in kept for key in each.keys)]
    passes = sum(wanted.outcome == "pass" for wanted in empty)
    return len(empty) - passes, passes


def _says(n_trials: int, total: int, without: tuple[int, int]) -> str:
    shortened = "Long texts are shortened."
    if n_trials == total:
        return f"All {total:,} trials. {shortened}" if total else "There are no trials yet."
    what = "of every group of failures and of every condition's passes"
    if any(without):
        groups, passes = counted(without[0], "group"), f"the passes of {counted(without[1], 'condition')}"
        out = " and ".join(told for told, n_without in zip((groups, passes), without, strict=True) if n_without)
        chosen = f"in turn one {what}, as far as there is room, which leaves out {out}"
    else:
        chosen = f"at least one {what}, then more of each in turn, in plan order"
    return f"{n_trials:,} of {total:,} trials: {chosen}. Counts are of all trials. {shortened}"


def _size_in_file() -> Callable[[object], int]:
    """Tells how many bytes of a file each further value takes, compressed after those before it, and in base64."""
    compressor = zlib.compressobj()

    def size(value: object) -> int:
        packed = compressor.compress(json.dumps(value, ensure_ascii=False).encode())
        return 4 * len(packed + compressor.flush(zlib.Z_SYNC_FLUSH)) // 3

    return size


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


def _strata(
    pages: TrialPages, groups: Sequence[FailureGroup], keys: Sequence[Key], max_trials: int
) -> Iterator[_Stratum]:
    tasks = {task: place for place, task in enumerate(dict.fromkeys(task for task, _ in keys))}
    of_condition: dict[tuple[str, str], list[FailureGroup]] = defaultdict(list)
    for group in groups:
        of_condition[group.task, group.condition].append(group)
    n_conditions: dict[str, int] = defaultdict(int)
    for task, condition in keys:
        shown = (printable(task), printable(condition))
        place = n_conditions[task]
        n_conditions[task] += 1
        passes = TrialFilter(task=shown[0], condition=shown[1], outcome="pass")
        ranked = [*enumerate(group.members for group in of_condition[shown]), (_PASSES_FROM, passes)]
        for rank, wanted in ranked:
            turn = (rank, place, tasks[task])
            yield _Stratum(wanted=wanted, turn=turn, keys=pages.keys(wanted, max(1, max_trials)))


def _chosen(pages: TrialPages, strata: Sequence[_Stratum], max_trials: int) -> list[TrialKey]:
    """Trials by their turn, each once: every round brings each stratum to one more, unless others' trials did."""
    strata = sorted(strata, key=lambda stratum: stratum.turn)
    places: dict[TrialKey, list[int]] = defaultdict(list)
    for place, stratum in enumerate(strata):
        for key in stratum.keys:
            places[key].append(place)
    left, held = [iter(stratum.keys) for stratum in strata], [0] * len(strata)
    chosen: dict[TrialKey, None] = {}
    for nth, place in product(range(max_trials), range(len(strata))):
        news = (key for key in left[place] if key not in chosen) if held[place] <= nth else ()
        for key in islice(news, 1):
            chosen[key] = None
            for each in places[key]:
                held[each] += 1
        if len(chosen) >= min(max_trials, len(places)):
            break
    # What belongs nowhere, such as trials that are not scored yet.
    return list(dict.fromkeys([*chosen, *pages.keys(TrialFilter(), max_trials)]))[:max_trials]


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
