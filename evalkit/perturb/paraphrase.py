from __future__ import annotations

from evalkit.perturb.source import Source, filled
from evalkit.trial import Level, Prompt, rng_for


def paraphrase(source: Source, level: Level | None) -> Prompt:
    """One of the author's variants of the prompt, drawn per item, each as likely; never the original.

    Args:
        source: Task and item.
        level: Not used: a paraphrase has none.

    Returns:
        The prompt, with `variant` such as `paraphrase 3` (1-based).

    Raises:
        ValueError: If the task has no paraphrases.
    """
    if not source.paraphrases:
        raise ValueError(
            "paraphrase: the task has no paraphrases; write some, or let `evalkit paraphrase` propose them"
        )
    rng = rng_for(source.seed, source.item.id, "paraphrase")
    index = int(rng.random() * len(source.paraphrases))
    return Prompt(messages=filled(source.paraphrases[index], source.item.fields), variant=f"paraphrase {index + 1}")
