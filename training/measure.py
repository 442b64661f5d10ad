"""What each checkpoint knows: `python -m training.measure` adds it to `measured.csv` and `losses.csv`.

Loss is of the right answer's characters, given all before them. An answer is right when each of its characters is the
likeliest there, which is when greedy decoding writes it. Weights are rounded to sixteen bits, as they are shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from evalkit.plan import perturbed
from evalkit.suite import Task, load_suite
from evalkit.trial import Item
from training import checkpoint
from training.checkpoint import Checkpoint
from training.exercises import EXERCISES
from training.measured import Measured, checkpoints, mean_loss, read_measured, write_measured
from training.mixture import SUITE, Example, rows
from training.model import SHAPES

ITEMS_A_LEVEL = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """Items of one level of one task."""

    task: str
    level: int
    examples: list[Example]


def levels(items_a_level: int = ITEMS_A_LEVEL) -> Iterator[Level]:
    """What is measured: the first items of every level of every task, as the suite asks them."""
    for task in load_suite(SUITE).tasks:
        assert isinstance(task.supply, tuple)
        axis = EXERCISES[task.name].axis
        for level, items in groupby(task.supply, key=lambda item: int(item.fields[axis])):
            yield Level(
                task=task.name, level=level, examples=[_example(task, item) for item in list(items)[:items_a_level]]
            )


def _example(task: Task, item: Item) -> Example:
    prompt = perturbed(task, item, "clean", None, seed=0)
    return Example(task=task.name, prompt=prompt.messages[0].content, answer=str(item.fields["answer"]))


@torch.inference_mode()  # type: ignore[untyped-decorator]
def measured(point: Checkpoint, asked: Sequence[Level]) -> Iterator[Measured]:
    """A checkpoint on each level of each task."""
    for level in asked:
        n_right, loss, n_scored = 0, 0.0, 0
        for batch in rows(level.examples):
            tokens, scored = torch.tensor(batch.tokens), torch.tensor(batch.scored)
            logits = point.model(tokens[:, :-1]) @ point.model.embed.weight.T
            right = (logits.argmax(-1) == tokens[:, 1:]) | ~scored[:, 1:]
            n_right += int(right.all(dim=1).sum())
            loss += float(point.model.losses(tokens, scored).sum())
            n_scored += int(scored.sum())
        yield Measured(
            model=f"tiny/{point.size}",
            seed=point.seed,
            params=point.model.params,
            step=point.step,
            weights=point.weights,
            tokens=point.tokens,
            flops=point.flops,
            seconds=round(point.seconds),
            task=level.task,
            level=level.level,
            taught=level.level in EXERCISES[level.task].taught,
            trials=len(level.examples),
            pass_rate=n_right / len(level.examples),
            loss=float(f"{loss / n_scored:.6g}"),
        )


def main() -> None:
    """Measure every checkpoint that `measured.csv` does not have yet, or has with other weights."""
    torch.set_num_threads(1)
    asked = list(levels())
    known = {(found[0].model, found[0].seed, found[0].step): found for found in checkpoints(read_measured())}
    for point in checkpoint.every():
        key = (f"tiny/{point.size}", point.seed, point.step)
        if key not in known or known[key][0].weights != point.weights:
            known[key] = list(measured(point, asked))
            write_measured([one for key in sorted(known, key=_order) for one in known[key]])
        print(f"{key[0]} seed {point.seed} step {point.step}: loss {mean_loss(known[key]):.4f}", flush=True)


def _order(key: tuple[str, int, int]) -> tuple[int, int, int]:
    model, seed, step = key
    return list(SHAPES).index(model.removeprefix("tiny/")), seed, step


if __name__ == "__main__":
    main()
