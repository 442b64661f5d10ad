"""Compose filler passages, the same for every item of a variant, so that providers can cache long prefixes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evalkit.perturb.material import Material, slot_of
from evalkit.perturb.source import Source, scalars
from evalkit.perturb.spans import fold, identifiers, occurrences
from evalkit.perturb.tokens import count_tokens
from evalkit.template import fields_of, fill
from evalkit.trial import rng_for

N_VARIANTS = 8
"""Different fillers for the items of a suite: enough that no single passage carries the result, few enough to cache."""

MIN_GIVEAWAY = 3
"""Characters from which a value of the item counts as mentioned by a passage."""

_MOST_VAIN = 20
"""Rounds through all passages that may bring nothing new before the material counts as used up."""

_EDGES = "()[]{}<>.,;:!?'\"“”‘’«»#"


@dataclass(frozen=True, slots=True)
class Filled:
    """A passage with its slots filled."""

    text: str
    folded: str
    """The text as searches for mentions want it."""


def variant_of(seed: int, item_id: str) -> int:
    """Which of the fillers an item gets; 0 ≤ variant < 8."""
    return int(rng_for(seed, item_id, "context").random() * N_VARIANTS)


@lru_cache(maxsize=64)
def composed(material: Material, seed: int, variant: int, n_tokens: int) -> tuple[Filled, ...]:
    """Filled passages, no two alike; a longer composition starts with the shorter ones.

    Every passage is used once before any is used again with other slot values.

    Args:
        material: What to compose from.
        seed: The suite's.
        variant: As `variant_of` gives it.
        n_tokens: How much is wanted, in reference tokens. Less comes back when the material runs out, perhaps
            a few ways to fill it short of that.
    """
    rng = rng_for(seed, "context", variant)
    found: dict[str, Filled] = {}
    n_found = n_vain = 0
    while n_found < n_tokens and n_vain < _MOST_VAIN:
        n_before = len(found)
        for passage in sorted(material.passages, key=lambda _: rng.random()):
            text = fill(passage.text, _slot_values(passage.text, material.slots, rng))
            if text not in found and n_found < n_tokens:
                found[text] = Filled(text, fold(text))
                n_found += count_tokens(text)
        n_vain = n_vain + 1 if len(found) == n_before else 0
    return tuple(found.values())


def giveaways(source: Source) -> tuple[str, ...]:
    """What no filler may mention, folded: targets, and the item's own numbers and identifiers.

    Targets are the texts in fields that the prompt does not show and the constraints read, such as labels and words to
    be mentioned.
    """
    shown = {name for message in source.prompt for name in fields_of(message.content)}
    values: list[str] = []
    for name, value in source.item.fields.items():
        for text in map(str, scalars(value)):
            is_target = name not in shown and (source.targets is None or name in source.targets)
            values += [text] if is_target else []
            values += [text[start:end] for start, end in identifiers(text)]
    stripped = (fold(value).strip().strip(_EDGES) for value in values)
    return tuple(dict.fromkeys(value for value in stripped if len(value) >= MIN_GIVEAWAY))


def without_mentions(passages: Iterable[Filled], terms: Sequence[str]) -> list[str]:
    """The texts of passages that mention none of the terms as a word (or words) of its own."""
    return [
        passage.text
        for passage in passages
        if not any(term in passage.folded and any(occurrences(passage.folded, term, whole_word=True)) for term in terms)
    ]


def _slot_values(template: str, slots: Mapping[str, tuple[str, ...]], rng: random.Random) -> dict[str, str]:
    left: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    for placeholder in sorted(fields_of(template)):
        choices = left.setdefault(slot_of(placeholder), list(slots[slot_of(placeholder)]))
        values[placeholder] = choices.pop(int(rng.random() * len(choices)))
    return values
