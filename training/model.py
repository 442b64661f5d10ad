"""The family's architecture, for training; `adapters/tiny_network.py` computes the same without torch.

A decoder-only transformer over characters: root-mean-square norms without gains, a causal convolution of width four
before attention, rotary positions, normalised queries and keys, squared ReLU, no biases, and one matrix for both ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.characters import VOCABULARY

CONVOLVED = 4
"""How many characters the convolution sees: this one and those before it."""
_ROTARY_BASE = 1000.0
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a model is."""

    width: int
    layers: int
    heads: int


SHAPES: Mapping[str, Shape] = {
    "5k": Shape(12, 2, 2),
    "15k": Shape(20, 3, 2),
    "40k": Shape(32, 3, 2),
    "120k": Shape(48, 4, 3),
    "300k": Shape(80, 4, 4),
    "1m": Shape(144, 4, 4),
}


def _normed(x: Tensor) -> Tensor:
    return functional.rms_norm(x, x.shape[-1:], eps=_EPSILON)


class Block(nn.Module):  # type: ignore[misc]
    """One layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.conv = nn.Parameter(torch.zeros(CONVOLVED, width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)
        for linear in (self.out, self.down):
            nn.init.zeros_(linear.weight)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Read and write the residual stream; shapes (batch, length, width), and (length, half a head) of angles."""
        h = self._convolved(_normed(x))
        q, k, v = self.qkv(h).unflatten(-1, (3 * self.heads, -1)).transpose(1, 2).chunk(3, dim=1)
        q, k = (_rotated(_normed(part), cos, sin) for part in (q, k))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(-2))
        return x + self.down(functional.relu(self.up(_normed(x))).square())

    def _convolved(self, h: Tensor) -> Tensor:
        earlier = functional.pad(h, (0, 0, CONVOLVED - 1, 0))
        length = h.shape[1]
        for back in range(CONVOLVED):
            start = CONVOLVED - 1 - back
            h = h + self.conv[back] * earlier[:, start : start + length]
        return h


class Model(nn.Module):  # type: ignore[misc]
    """Characters in, and out what each says of the next one."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(len(VOCABULARY), shape.width)
        # Logits then begin at about one, whatever the width.
        nn.init.normal_(self.embed.weight, std=shape.width**-0.5)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))

    @property
    def params(self) -> int:
        """How many numbers are learnt."""
        return sum(parameter.numel() for parameter in self.parameters())

    def forward(self, tokens: Tensor) -> Tensor:
        """What the last layer leaves, normalised; shapes (batch, length) and (batch, length, width)."""
        half = self.shape.width // self.shape.heads // 2
        angles = torch.arange(tokens.shape[1])[:, None] * _ROTARY_BASE ** (-torch.arange(half) / half)
        cos, sin = angles.cos(), angles.sin()
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x, cos, sin)
        return _normed(x)

    def losses(self, tokens: Tensor, scored: Tensor) -> Tensor:
        """Negative log-likelihoods, in nats, of the tokens that are scored, in their order.

        Args:
            tokens: Shape (batch, length).
            scored: Which of them; true or false, the same shape, never the first of a row.
        """
        hidden = self(tokens[:, :-1])[scored[:, 1:]]
        return functional.cross_entropy(hidden @ self.embed.weight.T, tokens[scored], reduction="none")


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)
