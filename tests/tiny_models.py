"""Small models with random weights, written as the shipped ones are, and the slow arithmetic that they must match."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
VOCABULARY = "\n ?abcdefghijklmnopqrstuvwxyz0123456789+-=:.,"
HEADS = 2
METADATA = {
    "format": "evalkit-tiny-1",
    "heads": str(HEADS),
    "vocabulary": json.dumps(list(VOCABULARY)),
    "context": "320",
}


def weights(*, seed: int = 0, size: int = 12, layers: int = 2) -> dict[str, NDArray[np.float16]]:
    """Random ones, of a size at which every part of the network tells in the answer."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float16]:
        scaled: Numbers = rng.normal(size=shape) / np.sqrt(shape[0])
        return scaled.astype(np.float16)

    tensors = {"embed": rng.normal(size=(len(VOCABULARY), size)).astype(np.float16)}
    for index in range(layers):
        tensors[f"layers.{index}.conv"] = drawn(4, size)
        tensors[f"layers.{index}.qkv"] = drawn(size, 3 * size)
        tensors[f"layers.{index}.out"] = drawn(size, size)
        tensors[f"layers.{index}.up"] = drawn(size, 4 * size)
        tensors[f"layers.{index}.down"] = drawn(4 * size, size)
    return tensors


def written(tensors: dict[str, Any], metadata: dict[str, str] | None = None, **changed: Any) -> bytes:
    """A safetensors file; `changed` replaces or adds entries of its header."""
    header: dict[str, Any] = {"__metadata__": METADATA if metadata is None else metadata}
    data = b""
    for name, tensor in tensors.items():
        part = np.ascontiguousarray(tensor).tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps({**header, **changed}).encode()
    return len(text).to_bytes(8, "little") + text + data


def write_model(path: Path, **given: Any) -> Path:
    path.write_bytes(written(weights(**given)))
    return path


def logprobs(tensors: dict[str, NDArray[np.float16]], ids: list[int]) -> Numbers:
    """Of every token after every position: one position, one head at a time, in double precision."""
    w = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    x = [w["embed"][token] for token in ids]
    for index in range(len(tensors) // 5):
        part = {name: w[f"layers.{index}.{name}"] for name in ("conv", "qkv", "out", "up", "down")}
        normed = [_normed(each) for each in x]
        mixed = [
            h + sum((part["conv"][back] * normed[at - back] for back in range(4) if at >= back), np.zeros_like(h))
            for at, h in enumerate(normed)
        ]
        attended = _attended([h @ part["qkv"] for h in mixed])
        x = [each + found @ part["out"] for each, found in zip(x, attended, strict=True)]
        x = [each + np.maximum(_normed(each) @ part["up"], 0) ** 2 @ part["down"] for each in x]
    logits = np.array([_normed(each) @ w["embed"].T for each in x])
    shifted: Numbers = logits - logits.max(-1, keepdims=True)
    known: Numbers = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return known


def _attended(projected: list[Numbers]) -> list[Numbers]:
    size = len(projected[0]) // 3
    head = size // HEADS
    found = [np.zeros(size) for _ in projected]
    for start in range(0, size, head):
        queries, keys, values = (
            [each[kind * size + start : kind * size + start + head] for each in projected] for kind in range(3)
        )
        queries = [_turned(_normed(query), at) for at, query in enumerate(queries)]
        keys = [_turned(_normed(key), at) for at, key in enumerate(keys)]
        for at, query in enumerate(queries):
            shares = np.exp(np.array(keys[: at + 1]) @ query / np.sqrt(head))
            shares /= shares.sum()
            found[at][start : start + head] = shares @ np.array(values[: at + 1])
    return found


def _normed(x: Numbers) -> Numbers:
    normed: Numbers = x / np.sqrt((x * x).mean() + 1e-6)
    return normed


def _turned(x: Numbers, position: int) -> Numbers:
    half = len(x) // 2
    angles = position * 1000.0 ** (-np.arange(half) / half)
    first, second = x[:half], x[half:]
    return np.concatenate(
        [first * np.cos(angles) - second * np.sin(angles), second * np.cos(angles) + first * np.sin(angles)]
    )
