"""Filler passages: what they are, and how they are read from lines of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from evalkit.template import fields_of

PassageKind: TypeAlias = Literal["thread", "ticket", "policy", "orders", "note"]

_KINDS: tuple[str, ...] = get_args(PassageKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """One piece of surrounding material."""

    kind: PassageKind
    text: str
    """A template. `{name}` takes a value of the slot `name`; `{name2}` another value of the same slot."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Material:
    """Filler that `context` composes from. Compared by identity, so that composed filler can be cached."""

    slots: Mapping[str, tuple[str, ...]]
    """Slot name (no digits) → its values, without repeats."""
    passages: tuple[Passage, ...]


def slot_of(placeholder: str) -> str:
    """The slot that a placeholder draws from.

    >>> slot_of("name2")
    'name'
    """
    return placeholder.rstrip("0123456789")


def read_material(lines: Iterable[str]) -> Material:
    """Read filler from JSON lines.

    Args:
        lines: The first may be `{"slots": {"product": […], …}}`; every other is `{"kind": …, "text": …}`. Blank
            lines count but say nothing.

    Raises:
        ValueError: If a line is wrong; names the line, 1-based.
    """
    slots: dict[str, tuple[str, ...]] = {}
    passages: list[Passage] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"found {type(row).__name__}, expected an object")
            if "slots" in row and not slots and not passages:
                slots = _read_slots(row)
            else:
                passages.append(_read_passage(row, slots))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number}: {error}") from error
    return Material(slots=slots, passages=tuple(passages))


def _read_slots(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    if set(row) != {"slots"} or not isinstance(row["slots"], dict):
        raise ValueError('a line of slots is {"slots": {"name": ["value", …], …}} and nothing else')
    for name, values in row["slots"].items():
        if not re.fullmatch("[A-Za-z_]+", name):
            raise ValueError(f"slot {name!r}: a name has letters and _ only")
        good = isinstance(values, list) and values and all(isinstance(value, str) and value for value in values)
        if not good or len(set(values)) < len(values):
            raise ValueError(f"slot {name!r}: expected a list of different, non-empty texts")
    return {name: tuple(values) for name, values in row["slots"].items()}


def _read_passage(row: Mapping[str, Any], slots: Mapping[str, tuple[str, ...]]) -> Passage:
    if set(row) != {"kind", "text"}:
        raise ValueError(f"found the keys {', '.join(sorted(row)) or '(none)'}, expected kind and text")
    kind, text = row["kind"], row["text"]
    if kind not in _KINDS:
        raise ValueError(f"kind: found {kind!r}, expected one of {', '.join(_KINDS)}")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"text: found {text!r}, expected a passage")
    wanted: dict[str, int] = {}
    for placeholder in fields_of(text):
        wanted[slot_of(placeholder)] = wanted.get(slot_of(placeholder), 0) + 1
    for slot, n_values in sorted(wanted.items()):
        if n_values > len(slots.get(slot, ())):
            raise ValueError(f"text: needs {n_values} values of slot {slot!r}, which has {len(slots.get(slot, ()))}")
    return Passage(kind=cast(PassageKind, kind), text=text)
