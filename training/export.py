"""Ship the models of the published seed: `python -m training.export` writes `adapters/tiny/`, and sizes in its card."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from training import checkpoint
from training.characters import VOCABULARY
from training.checkpoint import Checkpoint
from training.measured import PUBLISHED_SEED, Measured, mean_loss, read_measured
from training.model import SHAPES
from training.train import folder_of, weights_at

CONTEXT = 2048
"""Characters that a model is let read; it has learnt from far shorter ones."""
_ADAPTERS = Path(__file__).parents[1] / "adapters"
_MARK = "# What follows is written by `python -m training.export`.\n"


def main() -> None:
    """Write weights, model cards and sizes."""
    folder = _ADAPTERS / "tiny"
    folder.mkdir(exist_ok=True)
    sizes = [_MARK]
    measured = read_measured()
    for size in SHAPES:
        path = weights_at(folder_of(size, PUBLISHED_SEED))
        if not path.exists():
            sys.exit(f"found no {path}, expected the whole family to be trained; python -m training does it")
        point = checkpoint.read(path)
        write_weights(point, folder / f"{size}.safetensors")
        (folder / f"{size}.md").write_text(_card(point, measured), encoding="utf-8")
        sizes.append(
            f'\n[sizes."{size}"]\nparams = {point.model.params}\ntokens = {point.tokens}\nflops = {point.flops:.4g}\n'
        )
        print(f"tiny/{size}: {(folder / f'{size}.safetensors').stat().st_size:,} bytes")
    card = _ADAPTERS / "tiny.toml"
    card.write_text(card.read_text(encoding="utf-8").partition(_MARK)[0] + "".join(sizes), encoding="utf-8")


def write_weights(point: Checkpoint, path: Path) -> None:
    """Write a model as `adapters/tiny_network.py` reads it: sixteen bits, matrices with a row for each input."""
    weights: dict[str, Tensor] = {"embed": point.model.embed.weight}
    for number, block in enumerate(point.model.blocks):
        weights[f"layers.{number}.conv"] = block.conv
        for name in ("qkv", "out", "up", "down"):
            weights[f"layers.{number}.{name}"] = getattr(block, name).weight.T
    metadata = {
        "format": "evalkit-tiny-1",
        "heads": str(point.model.shape.heads),
        "vocabulary": json.dumps(list(VOCABULARY)),
        "context": str(CONTEXT),
    }
    path.write_bytes(_safetensors(weights, metadata))


def _safetensors(weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A file of half-precision tensors; the library's is another one each time, for its metadata come in any order."""
    header: dict[str, Any] = {"__metadata__": metadata}
    data = b""
    for name, value in weights.items():
        part = value.detach().half().contiguous().numpy().astype("<f2").tobytes()
        header[name] = {"dtype": "F16", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors are aligned
    return len(text).to_bytes(8, "little") + text + data


def _card(point: Checkpoint, measured: Sequence[Measured]) -> str:
    shape = point.model.shape
    own = [one for one in measured if (one.model, one.seed, one.step) == (f"tiny/{point.size}", point.seed, point.step)]
    return f"""# tiny/{point.size}

A decoder-only transformer over characters, one of a family that differs in size alone. It adds, subtracts and
multiplies small numbers, reverses and sorts letters, and sorts, reads and titles short messages to a support desk, in
the words of `suites/ladder.yaml`. It knows nothing else, and no other language than the few sentences it was made with.

| | |
|---|---|
| parameters | {point.model.params:,} |
| shape | width {shape.width}, {shape.layers} layers, {shape.heads} heads, {len(VOCABULARY)} characters |
| training | {point.step:,} steps, {point.tokens:,} characters, {point.flops:.3g} FLOP, seed {point.seed} |
| data | made by `training/`, no text by others; one item in ten held out |
| held-out loss | {mean_loss(own):.4f} nats a character, mean over tasks |
| for | showing and testing evalkit; not for use on anything that matters |
| licence | MIT, as evalkit |

The whole family, with what each can do: `docs/ladder.md`.
"""


if __name__ == "__main__":
    main()
