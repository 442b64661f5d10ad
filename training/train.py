"""Train one model of the family: `python -m training.train 1m --seed 0`.

It may be stopped at any time and goes on where it was; the result is the same to the last bit on the same machine.
Everything follows from size, seed and step: batches are made anew, never stored.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from training.mixture import Example, Mixture, rows
from training.model import SHAPES, Model

RUNS = Path(__file__).parent / "runs"
STEPS = 5000
KEPT_AT = (150, 300, 600, 1250, 2500, STEPS)
"""Steps whose weights are kept, to see loss against tokens."""
AVERAGED = 0.05
"""Kept weights are averages over about the last of so large a share of the steps: while the rates are high, those of a
single step are noisy."""
MATRIX_RATE = 0.02
OTHER_RATE = 0.006
_WARM_UP = 100
_SAVE_EVERY_S = 60.0


def folder_of(size: str, seed: int) -> Path:
    """Where the checkpoints of a model lie."""
    return RUNS / f"{size}-seed{seed}"


def weights_at(folder: Path, step: int = STEPS) -> Path:
    """The file with the weights that were kept after a step."""
    return folder / f"step-{step}.pt"


class Training:
    """A model, its optimisers, and how far it has come.

    Args:
        size: One of `SHAPES`.
        seed: Of the first weights and of all examples.
        folder: Where checkpoints lie; what is there is taken up.
        steps: After which the rates have fallen to zero.
    """

    def __init__(self, size: str, seed: int, folder: Path, steps: int = STEPS) -> None:
        torch.manual_seed(seed)
        self.folder = folder
        self.steps = steps
        self.model = Model(SHAPES[size])
        self._mixture = Mixture(seed)
        matrices = [p for name, p in self.model.named_parameters() if name.endswith(".weight") and "embed" not in name]
        others = [p for p in self.model.parameters() if not any(p is matrix for matrix in matrices)]
        # Muon's steps are orthogonal matrices (Jordan et al. 2024).
        self._optimisers: tuple[torch.optim.Optimizer, ...] = (
            torch.optim.Muon(matrices, lr=MATRIX_RATE, momentum=0.95, weight_decay=0.0),
            torch.optim.Adam(others, lr=OTHER_RATE, betas=(0.9, 0.95)),
        )
        self._rates = (MATRIX_RATE, OTHER_RATE)
        self._averages = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.done = 0
        self.n_tokens = 0
        self.seconds = 0.0
        """Of processor time."""
        self._load()

    def run(self, until: int) -> Iterator[tuple[int, float]]:
        """Train up to a step; saves now and then.

        Yields:
            After each step its number, from 1, and its mean loss in nats a scored character.
        """
        saved, started = time.monotonic(), time.process_time()
        while self.done < until:
            loss = self._step(self._mixture.step(self.done))
            self.done += 1
            used = time.process_time()
            self.seconds, started = self.seconds + used - started, used
            if self.done in KEPT_AT or self.done == self.steps:
                self._keep()
            if time.monotonic() - saved > _SAVE_EVERY_S or self.done == until:
                saved = time.monotonic()
                self._save()
            yield self.done, loss

    def _step(self, examples: Sequence[Example]) -> float:
        for optimiser, rate in zip(self._optimisers, self._rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * self._share(self.done)
        n_scored = sum(example.n_scored for example in examples)
        total = 0.0
        for batch in rows(examples):
            tokens = torch.tensor(batch.tokens)
            loss = self.model.losses(tokens, torch.tensor(batch.scored)).sum() / n_scored
            loss.backward()
            total += loss.item()
        self.n_tokens += sum(len(example.text) for example in examples)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad()
        for name, value in self.model.state_dict().items():
            self._averages[name].lerp_(value, 1 / (1 + AVERAGED * self.done))
        return total

    def _share(self, step: int) -> float:
        """Of the full rates: they rise at first, and fall in a line to zero over the last half."""
        return min(1.0, (step + 1) / _WARM_UP, 2 * (self.steps - step) / self.steps)

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "averages": self._averages,
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
            **self._progress(),
        }

    def _progress(self) -> dict[str, float]:
        return {"done": self.done, "n_tokens": self.n_tokens, "seconds": self.seconds}

    def _save(self) -> None:
        _write(self._state(), self.folder / "state.pt")

    def _load(self) -> None:
        path = self.folder / "state.pt"
        if not path.exists():
            return
        state = torch.load(path)
        self.model.load_state_dict(state["model"])
        self._averages = state["averages"]
        for optimiser, kept in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.done, self.n_tokens, self.seconds = state["done"], state["n_tokens"], state["seconds"]

    def _keep(self) -> None:
        _write({"model": self._averages, **self._progress()}, weights_at(self.folder, self.done))


def _write(state: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".part")
    torch.save(state, whole)
    os.replace(whole, path)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=list(SHAPES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # A sum's last digits depend on how many threads share it.
    torch.set_num_threads(1)
    training = Training(options.size, options.seed, folder_of(options.size, options.seed))
    print(f"tiny/{options.size}: {training.model.params:,} parameters, from step {training.done}", flush=True)
    for step, loss in training.run(STEPS):
        if step % 50 == 0:
            speed = training.n_tokens / training.seconds
            print(f"step {step}: loss {loss:.4f}, {training.n_tokens:,} tokens, {speed:,.0f} tokens/s", flush=True)


if __name__ == "__main__":
    main()
