"""What is learnt in which step: the same for every size, and for every machine, from seed and step alone."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from evalkit.perturb import Material, Passage
from evalkit.plan import perturbed
from evalkit.suite import Suite, Task, load_suite
from evalkit.trial import Item, Level
from training.characters import END, encode
from training.exercises import EXERCISES, Fields, exercise
from training.messages import SMALL_TALK, made_up, sentence

SUITE = Path(__file__).parents[1] / "suites" / "ladder.yaml"

SHORT: Mapping[str, float] = {"addition": 30, "subtraction": 20, "multiplication": 12, "reversing": 16, "sorting": 22}
SHORT_ITEMS = 192
LONG: Mapping[str, float] = {"routing": 20, "extraction": 40, "ticket-title": 40}
LONG_ITEMS = 16
"""Per step; an item of `LONG` has as many characters as five or ten of `SHORT`."""

_ROWS_UP_TO = (20, 25, 32, 48, 96, 128, 176, 256)
"""Lengths at which a step is cut into batches, so that little of a batch is padding."""
_CONDITIONS: Mapping[tuple[str, Level | None], float] = {
    ("clean", None): 40,
    ("paraphrase", None): 30,
    ("noise", 0.02): 5,
    ("noise", 0.05): 5,
    ("noise", 0.1): 3,
    ("context", 100): 8,
    ("conflict", "soft"): 6,
    ("conflict", "direct"): 6,
}
"""How prompts are changed, with weights; contradictions that override the instruction are left for the examination."""
_ALWAYS = frozenset({"clean", "paraphrase"})
_ALSO: Mapping[str, frozenset[str]] = {
    "routing": frozenset({"noise", "context"}),
    "extraction": frozenset({"noise", "context", "conflict"}),
    "ticket-title": frozenset({"noise", "context", "conflict"}),
}
"""What is changed in which task, beside its wording; not what the suite asks for, which may change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One item as text."""

    task: str
    prompt: str
    answer: str

    @property
    def text(self) -> str:
        """All of it, with the characters that end prompt and answer."""
        return f"{self.prompt.rstrip()}{END}{self.answer}{END}"

    @property
    def n_scored(self) -> int:
        """Characters at the end that count for the loss."""
        return len(self.answer) + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """A batch: as many rows as examples, all of one length."""

    tokens: list[list[int]]
    scored: list[list[bool]]


class Mixture:
    """Draws the examples of a step.

    Args:
        seed: Another one gives other examples in another order.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @cached_property
    def _tasks(self) -> dict[str, Task]:
        suite: Suite = load_suite(SUITE)
        # The suite's own filler is for the examination.
        return {task.name: replace(task, material=None) for task in suite.tasks}

    def step(self, number: int) -> list[Example]:
        """The examples of one step."""
        rng = random.Random(f"{self._seed}/{number}/prompts")
        return [
            self._example(task, Item(id=f"{number}/{place}", fields=fields), rng)
            for place, (task, fields) in enumerate(self.fields(number))
        ]

    def fields(self, number: int) -> Iterator[tuple[str, Fields]]:
        """The tasks and items of one step."""
        rng = random.Random(f"{self._seed}/{number}")
        short = rng.choices(list(SHORT), list(SHORT.values()), k=SHORT_ITEMS)
        long = rng.choices(list(LONG), list(LONG.values()), k=LONG_ITEMS)
        for task in short + long:
            taught = EXERCISES[task].taught
            level = rng.choices(list(taught), list(taught.values()))[0]
            yield task, exercise(task, rng, level, held_out=False)

    def _example(self, name: str, item: Item, rng: random.Random) -> Example:
        task = self._tasks[name]
        offered = _ALWAYS | _ALSO.get(name, frozenset())
        weights = {one: weight for one, weight in _CONDITIONS.items() if one[0] in offered}
        perturbation, strength = rng.choices(list(weights), list(weights.values()))[0]
        if perturbation == "context":
            task = replace(task, material=_filler(rng))
        prompt = perturbed(task, item, perturbation, strength, seed=self._seed)
        return Example(
            task=name,
            prompt="\n".join(message.content for message in prompt.messages),
            answer=item.fields["answer"],
        )


def _filler(rng: random.Random) -> Material:
    """Text that means nothing here, enough for a hundred tokens and some that the item rules out."""
    passages = [" ".join(_idle(rng) for _ in range(rng.randrange(2, 6))) for _ in range(12)]
    return Material(passages=tuple(Passage(kind="note", text=text) for text in passages), slots={})


def _idle(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return rng.choice(SMALL_TALK)
    words = [made_up(rng) if rng.random() < 0.8 else str(rng.randrange(1000)) for _ in range(rng.randrange(3, 9))]
    return sentence(" ".join(words))


def rows(examples: Sequence[Example]) -> Iterator[Rows]:
    """Cut examples into batches of about the same length, shortest first."""
    groups: list[list[tuple[list[int], int]]] = [[] for _ in range(len(_ROWS_UP_TO) + 1)]
    for example in examples:
        tokens = encode(example.text)
        groups[bisect_left(_ROWS_UP_TO, len(tokens))].append((tokens, len(tokens) - example.n_scored))
    for group in filter(None, groups):
        length = max(len(tokens) for tokens, _ in group)
        yield Rows(
            tokens=[tokens + [0] * (length - len(tokens)) for tokens, _ in group],
            scored=[[start <= place < len(tokens) for place in range(length)] for tokens, start in group],
        )
