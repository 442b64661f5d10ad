"""Changes that keep the target: what a model is asked under a condition.

Everything follows from (suite seed, item id, condition) alone, so every model sees the same text, and adding an item
changes no other trial. Levels are nested: what a lower level changes, a higher one changes too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalkit.perturb.conflict import conflict
from evalkit.perturb.context import context
from evalkit.perturb.material import Material, Passage, read_material
from evalkit.perturb.noise import noise
from evalkit.perturb.paraphrase import paraphrase
from evalkit.perturb.source import Source, filled
from evalkit.perturb.tokens import TOKEN_COUNTER, count_tokens
from evalkit.trial import Condition, Level, Prompt

__all__ = [
    "PERTURBATIONS",
    "TOKEN_COUNTER",
    "Material",
    "Passage",
    "Source",
    "count_tokens",
    "perturb",
    "read_material",
]

PERTURBATIONS: Mapping[str, Callable[[Source, Level | None], Prompt]] = {
    "paraphrase": paraphrase,
    "noise": noise,
    "context": context,
    "conflict": conflict,
}
"""What changes the text; `repeat` does not."""


def perturb(source: Source, condition: Condition) -> Prompt:
    """What a model is asked about an item under a condition.

    Conditions that change no text (`clean`, `repeat`, a difficulty axis) give the prompt as it is: all repeats send
    the very same text.

    Args:
        source: Task and item.
        condition: Perturbation and level.

    Raises:
        ValueError: If the level is out of range, or the task lacks what the perturbation needs.
        TemplateError: If a template is malformed or names a field that the item lacks.

    >>> from evalkit.trial import Item, Message
    >>> prompt = (Message(role="user", content="What is {a} + {b}?"),)
    >>> source = Source(seed=0, item=Item(id="i", fields={"a": 2, "b": 3}), prompt=prompt)
    >>> perturb(source, Condition(perturbation="clean")).messages[0].content
    'What is 2 + 3?'
    """
    change = PERTURBATIONS.get(condition.perturbation)
    if change is None:
        return Prompt(messages=filled(source.prompt, source.item.fields))
    return change(source, condition.level)
