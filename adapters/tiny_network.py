"""The network behind `tiny/…`: small decoder-only transformers over characters, in plain NumPy.

Each layer is attention and a feed-forward part, both with a root-mean-square norm before them, as in LLaMA (Touvron et
al. 2023); a causal convolution over four positions mixes each position with the last three before attention. Queries
and keys are normed too (Henry et al. 2020) and turned by their position (RoPE, Su et al. 2021), the feed-forward part
squares a ReLU (So et al. 2021). Input and output share one matrix; there are no gains and no biases.

Weights are a safetensors file of half-precision tensors; all arithmetic is in single precision.
Source of the file format: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]

FORMAT = "evalkit-tiny-1"
END = "\n"
"""The character that ends an answer."""
UNKNOWN = "?"
"""Stands for characters that the vocabulary lacks."""
_REACH = 3
"""Positions that the convolution looks back."""
_ROPE_BASE = 1000.0
_EPSILON = 1e-6
_BLOCK = 128
"""Positions of a prompt whose attention is computed at once: the whole of a long one would be a large square."""
_LONGEST_HEADER = 1 << 20
"""Bytes; a header that claims more is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """The weights of one layer, in single precision."""

    conv: Floats
    """(4, d): what each position takes from itself and the three before it, the farthest first."""
    qkv: Floats
    out: Floats
    up: Floats
    down: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """What has been computed for some rows, by position: a row takes up where its positions end.

    What lies beyond the position that a row has come to is never read, so that a row is taken back by forgetting.
    """

    keys: Floats
    """(layers, rows, heads, positions, head size)."""
    values: Floats
    normed: Floats
    """(layers, rows, 3 + positions, d): what the convolution sees; zeros before the start."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and positions of each."""
        return self.keys.shape[1], self.keys.shape[3]

    def move(self, source: int, target: int, length: int) -> None:
        """Put a row of so many positions in another's place."""
        self.keys[:, target, :, :length] = self.keys[:, source, :, :length]
        self.values[:, target, :, :length] = self.values[:, source, :, :length]
        self.normed[:, target, : length + _REACH] = self.normed[:, source, : length + _REACH]


class Network:
    """A model.

    Args:
        path: Its weights.

    Raises:
        ValueError: If the file holds anything but a model of this kind.
        OSError: If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        metadata, tensors = read_tensors(path.read_bytes())
        if metadata.get("format") != FORMAT:
            raise ValueError(f"found the format {metadata.get('format')!r}, expected {FORMAT!r}")
        self.vocabulary = _vocabulary(metadata)
        self.context = _whole_number(metadata, "context")
        """Most positions of a prompt with its answer."""
        self._heads = _whole_number(metadata, "heads")
        self.embed, self.layers = _weights(tensors, len(self.vocabulary), self._heads)
        self.size = self.embed.shape[1]
        self._head_size = self.size // self._heads
        self._token_of = {character: token for token, character in enumerate(self.vocabulary)}
        self.end = self._token_of[END]
        half = self._head_size // 2
        angles = np.outer(np.arange(self.context), _ROPE_BASE ** (-np.arange(half) / half))
        self._memory = np.zeros((3, 0), np.float32)
        """Of the cache: to ask the system for as much anew each time takes as long as some answers."""
        self._cos, self._sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def encode(self, text: str) -> list[int]:
        """A text as tokens: in lower case, `?` for what the vocabulary lacks."""
        unknown = self._token_of[UNKNOWN]
        return [self._token_of.get(character, unknown) for character in text.lower()]

    def cache(self, rows: int, positions: int) -> Cache:
        """Room for so many rows of so many positions; whatever was kept in one before is lost."""
        heads = (len(self.layers), rows, self._heads, positions, self._head_size)
        wide = (len(self.layers), rows, _REACH + positions, self.size)
        if prod(wide) > self._memory.shape[1]:
            # Zeros: what lies beyond a row's end is multiplied by zero, and must be a number.
            self._memory = np.zeros((3, prod(wide)), np.float32)
        keys, values, normed = self._memory
        cache = Cache(
            keys=keys[: prod(heads)].reshape(heads),
            values=values[: prod(heads)].reshape(heads),
            normed=normed[: prod(wide)].reshape(wide),
        )
        cache.normed[:, :, :_REACH] = 0
        return cache

    def read(self, cache: Cache, first: int, ids: Ints, since: int) -> Floats:
        """Take in whole texts, from their start.

        Args:
            cache: Where they are kept.
            first: The row of the first; the others follow.
            ids: (rows, positions): the texts, the shorter ones filled up with anything.
            since: The first position after which somebody asks what follows.

        Returns:
            (rows, positions from that one on, d): what `logits` needs of each.
        """
        rows = slice(first, first + len(ids))
        blocks = []
        for start in range(0, ids.shape[1], _BLOCK):
            blocks.append(self._read_block(cache, rows, start, ids[:, start : start + _BLOCK], max(since - start, 0)))
        return np.concatenate(blocks, axis=1)

    def _read_block(self, cache: Cache, rows: slice, start: int, ids: Ints, since: int) -> Floats:
        n_rows, length = ids.shape
        end = start + length
        cos, sin = self._cos[start:end, None, None], self._sin[start:end, None, None]
        earlier = np.tri(length, dtype=np.float32)
        x: Floats = self.embed[ids]
        for index, layer in enumerate(self.layers):
            seen = cache.normed[index, rows, start : end + _REACH]
            seen[:, _REACH:] = _normed(x)
            mixed: Floats = seen[:, :length] * layer.conv[0]
            for place in range(1, _REACH + 1):
                mixed += seen[:, place : place + length] * layer.conv[place]
            parts = _projected(mixed, layer.qkv).reshape(n_rows, length, 3, self._heads, self._head_size)
            turned = self._turned(parts[:, :, :2], cos, sin)
            cache.keys[index, rows, :, start:end] = turned[:, :, 1].swapaxes(1, 2)
            cache.values[index, rows, :, start:end] = parts[:, :, 2].swapaxes(1, 2)
            if layer is self.layers[-1]:  # there, later positions need nothing but keys and values of the earlier
                x, turned, earlier = np.ascontiguousarray(x[:, since:]), turned[:, since:], earlier[since:]
            shares: Floats = turned[:, :, 0].swapaxes(1, 2) @ cache.keys[index, rows, :, :end].swapaxes(2, 3)
            np.exp(shares, out=shares)
            shares[..., start:] *= earlier
            found: Floats = shares @ cache.values[index, rows, :, :end]
            found /= shares.sum(-1, keepdims=True)
            x += _projected(found.swapaxes(1, 2).reshape(x.shape), layer.out)
            _feed_forward(x.reshape(-1, self.size), layer)
        return x

    def step(self, cache: Cache, ids: Ints, positions: Ints) -> Floats:
        """Take in one more token of each of the first rows.

        Args:
            cache: Where they are kept.
            ids: The tokens.
            positions: Where each stands in its row.

        Returns:
            (rows, vocabulary): the logits of the token that follows.
        """
        n_rows, length = len(ids), int(positions.max()) + 1
        rows = np.arange(n_rows)
        window = positions[:, None] + np.arange(_REACH + 1)
        cos, sin = self._cos[positions, None, None], self._sin[positions, None, None]
        reached = (np.arange(length) <= positions[:, None]).astype(np.float32)[:, None, None]
        x: Floats = self.embed[ids]
        for index, layer in enumerate(self.layers):
            normed = cache.normed[index]
            normed[rows, positions + _REACH] = _normed(x)
            mixed = np.einsum("bjd,jd->bd", normed[rows[:, None], window], layer.conv)
            parts = (mixed @ layer.qkv).reshape(n_rows, 3, self._heads, self._head_size)
            turned = self._turned(parts[:, :2], cos, sin)
            keys, values = cache.keys[index], cache.values[index]
            keys[rows, :, positions] = turned[:, 1]
            values[rows, :, positions] = parts[:, 2]
            shares = turned[:, 0, :, None] @ keys[:n_rows, :, :length].swapaxes(2, 3)
            np.exp(shares, out=shares)
            shares *= reached
            found = shares @ values[:n_rows, :, :length]
            found /= shares.sum(-1, keepdims=True)
            x += found.reshape(n_rows, self.size) @ layer.out
            _feed_forward(x, layer)
        return self.logits(x)

    def logits(self, read: Floats) -> Floats:
        """(…, vocabulary): of the token that follows a position."""
        return _projected(_normed(read), self.embed.T)

    def _turned(self, parts: Floats, cos: Floats, sin: Floats) -> Floats:
        """Queries and keys (…, 2, heads, head size), normed, and turned by their position.

        With it goes the root of the head size that attention divides by: the product of the two is at most that root
        then, so small that its exponential needs no care.
        """
        scale = 1 / np.sqrt(np.einsum("...i,...i->...", parts, parts) / self._head_size + np.float32(_EPSILON))
        scale[..., 0, :] /= np.float32(self._head_size**0.5)
        normed: Floats = parts * scale[..., None]
        half = self._head_size // 2
        left, right = normed[..., :half], normed[..., half:]
        turned: Floats = np.empty_like(normed)
        np.subtract(left * cos, right * sin, out=turned[..., :half])
        np.add(right * cos, left * sin, out=turned[..., half:])
        return turned


def _normed(x: Floats) -> Floats:
    squares = np.einsum("...i,...i->...", x, x)
    scale = 1 / np.sqrt(squares / np.float32(x.shape[-1]) + np.float32(_EPSILON))
    normed: Floats = x * scale[..., None]
    return normed


def _projected(x: Floats, weights: Floats) -> Floats:
    """A product with one large matrix, which is faster than one for each row."""
    flat = x.reshape(-1, x.shape[-1]) @ weights
    product: Floats = flat.reshape(*x.shape[:-1], weights.shape[-1])
    return product


def _feed_forward(x: Floats, layer: Layer) -> None:
    """Add to (rows, d), in place, what the feed-forward part makes of it."""
    inner = _normed(x) @ layer.up
    np.maximum(inner, 0, out=inner)
    inner *= inner
    x += inner @ layer.down


def read_tensors(content: bytes) -> tuple[Mapping[str, Any], dict[str, Floats]]:
    """Read a safetensors file of half-precision tensors.

    Returns:
        Its metadata, and the tensors by name, in single precision.

    Raises:
        ValueError: If it is none, or damaged.
    """
    n_header = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= n_header <= min(len(content) - 8, _LONGEST_HEADER):
        raise ValueError("found no header, expected a safetensors file; is it whole?")
    try:
        header = json.loads(content[8 : 8 + n_header])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"found a header that is no JSON ({error}), expected a safetensors file") from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise ValueError("found a header without names, expected a safetensors file")
    metadata = header.pop("__metadata__", {})
    data = content[8 + n_header :]
    places = {name: _place(name, entry) for name, entry in header.items()}
    end = 0
    for name, (start, shape) in sorted(places.items(), key=lambda each: each[1][0]):
        if start != end:
            raise ValueError(f"tensor {name}: begins at byte {start}, expected {end}, where the one before it ends")
        end += 2 * prod(shape)
    if end != len(data):
        raise ValueError(f"found {len(data)} bytes of tensors, expected {end}; is the file whole?")
    tensors = {}
    for name, (start, shape) in places.items():
        half = np.frombuffer(data, "<f2", count=prod(shape), offset=start).reshape(shape)
        if not np.isfinite(half).all():
            raise ValueError(f"tensor {name}: found a value that is not finite")
        tensors[name] = half.astype(np.float32)
    return metadata, tensors


def _place(name: str, entry: Any) -> tuple[int, tuple[int, ...]]:
    """Where a tensor begins, in bytes, and its shape."""
    match entry:
        case {"dtype": "F16", "shape": [*shape], "data_offsets": [int(start), int(end)]}:
            whole = all(type(length) is int and length > 0 for length in shape)
            if whole and start >= 0 and end - start == 2 * prod(shape):
                return start, tuple(shape)
    raise ValueError(f"tensor {name}: found {entry!r:.120}, expected dtype F16 and a shape that fits its data_offsets")


def _whole_number(metadata: Mapping[str, Any], name: str) -> int:
    given = metadata.get(name)
    if not isinstance(given, str) or not re.fullmatch("[0-9]{1,7}", given) or not 1 <= int(given) <= 1 << 20:
        raise ValueError(f"metadata {name}: found {given!r:.40}, expected a whole number as text, such as '6'")
    return int(given)


def _vocabulary(metadata: Mapping[str, Any]) -> list[str]:
    try:
        given = json.loads(metadata["vocabulary"])
        good = isinstance(given, list) and all(isinstance(each, str) and len(each) == 1 for each in given)
    except (KeyError, TypeError, ValueError):
        good = False
    if not good or len(set(given)) != len(given) or not {END, UNKNOWN} <= set(given):
        message = "expected a JSON list of different characters, among them the line break and '?'"
        raise ValueError(f"metadata vocabulary: found {metadata.get('vocabulary')!r:.80}, {message}")
    return list(given)


def _weights(tensors: dict[str, Floats], n_tokens: int, heads: int) -> tuple[Floats, list[Layer]]:
    """The embedding and the layers, each tensor of the shape that it must have."""
    embed = tensors.get("embed")
    size = 0 if embed is None or embed.ndim != 2 else embed.shape[1]
    if embed is None or embed.shape != (n_tokens, size) or size % (2 * heads):
        found = None if embed is None else embed.shape
        raise ValueError(
            f"tensor embed: found the shape {found}, expected ({n_tokens}, d), d a multiple of twice the {heads} heads"
        )
    shapes = {
        "conv": (_REACH + 1, size),
        "qkv": (size, 3 * size),
        "out": (size, size),
        "up": (size, 4 * size),
        "down": (4 * size, size),
    }
    n_layers, rest = divmod(len(tensors) - 1, len(shapes))
    expected = {f"layers.{index}.{part}": shape for index in range(n_layers) for part, shape in shapes.items()}
    found_shapes = {name: tensor.shape for name, tensor in tensors.items() if name != "embed"}
    if rest or not n_layers or found_shapes != expected:
        wrong = sorted(set(found_shapes.items()) ^ set(expected.items()))[:2]
        raise ValueError(f"found tensors that differ from those of {n_layers} layers with d = {size}: {wrong}")
    layers = []
    for index in range(n_layers):
        parts = {part: tensors[f"layers.{index}.{part}"] for part in shapes}
        # The sum of a position and what the convolution gives is a convolution too.
        conv = np.ascontiguousarray(parts["conv"][::-1])
        conv[-1] += 1
        layers.append(Layer(**{**parts, "conv": conv}))
    return embed, layers
