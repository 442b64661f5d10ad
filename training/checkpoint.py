"""A checkpoint of one model, as it is measured and shipped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from training.model import SHAPES, Model
from training.train import RUNS


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """Weights after so many steps."""

    size: str
    seed: int
    step: int
    tokens: int
    """Characters of training so far, prompts included."""
    seconds: float
    """Of training, processor time of one core."""
    model: Model
    """Weights rounded to sixteen bits."""

    @property
    def weights(self) -> str:
        """A digest of the weights, by which it is seen whether they are those that were measured."""
        digest = hashlib.sha256()
        for value in self.model.state_dict().values():
            digest.update(value.half().numpy().tobytes())
        return digest.hexdigest()[:12]

    @property
    def flops(self) -> float:
        """Of training: six for each parameter and token (Kaplan et al. 2020)."""
        return 6.0 * self.model.params * self.tokens


def read(path: Path) -> Checkpoint:
    """Read what a training kept."""
    size, _, seed = path.parent.name.partition("-seed")
    kept = torch.load(path)
    model = Model(SHAPES[size])
    model.load_state_dict({name: value.half().float() for name, value in kept["model"].items()})
    model.eval()
    return Checkpoint(
        size=size, seed=int(seed), step=kept["done"], tokens=kept["n_tokens"], seconds=kept["seconds"], model=model
    )


def every(runs: Path = RUNS) -> Iterator[Checkpoint]:
    """All that were kept: small before large, early before late."""
    for size in SHAPES:
        for folder in sorted(runs.glob(f"{size}-seed*")):
            for path in sorted(folder.glob("step-*.pt"), key=lambda path: int(path.stem.partition("-")[2])):
                yield read(path)
