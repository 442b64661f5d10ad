"""What a model was asked in a trial, beside the clean request of the same item."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from evalkit.browse.known_suite import KnownSuite
from evalkit.errors import EvalkitError
from evalkit.findings.trials import RequestMessage, RequestPart, RequestShown
from evalkit.plain import one_line, printable
from evalkit.plan import Plan, perturbed
from evalkit.record import TrialRow
from evalkit.score import differences
from evalkit.trial import CLEAN, Item, Message, Prompt
from evalkit.verdict import Terms

_SHOWN = 300
_DIFFERENT = "The request made here is not the one that was sent: the run drew another variant, {}."


def request_shown(row: TrialRow, known: KnownSuite, options: Mapping[str, Any]) -> RequestShown:
    """The request of a trial, as far as it is known.

    Args:
        row: The trial.
        known: The run's suite.
        options: As given with `-M`.
    """
    exact = None if row.request is None else _exact(row.request)
    item, terms = known.item(row), known.terms(row)
    if known.plan is None or terms is None:
        return RequestShown(exact=exact, note=known.note)
    if item is None:
        return RequestShown(exact=exact, note="What was asked cannot be shown: the suite no longer has this item.")
    try:
        prompt = known.plan.prompt(terms, item)
    except EvalkitError as error:
        return RequestShown(exact=exact, note=f"What was asked cannot be shown: {one_line(str(error), _SHOWN)}")
    if prompt.variant != row.variant:
        note = _DIFFERENT.format(one_line(row.variant or "none", 60))
        return RequestShown(exact=exact, note=note)
    return RequestShown(
        messages=_beside(_clean(known.plan, terms, item), prompt),
        options=_options(known.plan, terms, options),
        exact=exact,
        note=known.note,
    )


def _exact(recorded: str) -> str:
    return printable(json.dumps(json.loads(recorded), indent=2, ensure_ascii=False))


def _clean(plan: Plan, terms: Terms, item: Item) -> Prompt:
    return perturbed(plan.suite.task(terms.task), item, CLEAN, None, seed=plan.seed)


def _options(plan: Plan, terms: Terms, options: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if name != "base_url"}
    return {**plan.suite.task(terms.task).sampling, **given}


def _beside(clean: Prompt, prompt: Prompt) -> tuple[RequestMessage, ...]:
    return tuple(_message(old, new) for old, new in _paired(clean.messages, prompt.messages))


def _paired(old: Sequence[Message], new: Sequence[Message]) -> Iterator[tuple[Message | None, Message | None]]:
    """Messages that stand for each other: those of the same role, in order."""
    roles = SequenceMatcher(a=[message.role for message in old], b=[message.role for message in new], autojunk=False)
    for step, old_start, old_end, new_start, new_end in roles.get_opcodes():
        if step == "equal":
            yield from zip(old[old_start:old_end], new[new_start:new_end], strict=True)
        else:
            yield from ((message, None) for message in old[old_start:old_end])
            yield from ((None, message) for message in new[new_start:new_end])


def _message(old: Message | None, new: Message | None) -> RequestMessage:
    there = new or old
    assert there is not None, "one of two messages is there"
    pieces = differences(old.content if old else "", new.content if new else "")
    return RequestMessage(role=there.role, parts=tuple(_part(piece.old, piece.new) for piece in pieces))


def _part(old: str, new: str) -> RequestPart:
    if old == new:
        return RequestPart(text=printable(new))
    if not old:
        return RequestPart(text=printable(new), kind="added")
    if not new:
        return RequestPart(text=printable(old), kind="removed")
    return RequestPart(text=printable(new), kind="changed", was=printable(old))
