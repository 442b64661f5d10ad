from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from evalkit.perturb.material import Material
from evalkit.template import fill
from evalkit.trial import Item, Messages


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Everything of a task and one of its items that a perturbation may use."""

    seed: int
    """The suite's."""
    item: Item
    prompt: Messages
    """Templates, `{field}` not yet filled."""
    paraphrases: tuple[Messages, ...] = ()
    """Variants of the whole prompt, templates too."""
    protect: tuple[str, ...] = ()
    """What noise never alters wherever it occurs: names of item fields (then their values), or literal text."""
    opposites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Constraint name → what a user who wants its opposite asks for, each as it follows "please"; at least one."""
    targets: frozenset[str] | None = None
    """Fields that the constraints read, which `context` must not give away; None: all that the prompt does not show."""
    noise_on: Literal["item", "prompt"] = "item"
    """What noise falls on: the item's text fields, or the template's own words as well."""
    place: Literal["before", "after", "around"] = "before"
    """Where `context` puts its filler, seen from the item."""
    material: Material | None = None
    """Filler for `context`."""


def filled(prompt: Messages, fields: Mapping[str, Any]) -> Messages:
    """Fill every message of a prompt.

    Raises:
        TemplateError: If a template is malformed or names a field that is not there.
    """
    return tuple(replace(message, content=fill(message.content, fields)) for message in prompt)


def scalars(value: Any) -> list[Any]:
    """The text and numbers inside a JSON-like value, however deep; nothing for null.

    >>> scalars({"labels": ["late", "damaged"], "note": None})
    ['late', 'damaged']
    """
    if value is None:
        return []
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [scalar for part in value for scalar in scalars(part)]
    return [value]
