"""What ability against size is made of: sizes, and what a model of a size brought on a task."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Literal, TypeAlias, get_args

from evalkit.errors import EvalkitError
from evalkit.plain import rounded
from evalkit.trial import CLEAN

Against: TypeAlias = Literal["params", "tokens", "flops"]
"""What size is: parameters, training tokens, or operations of training."""

SIZES: tuple[Against, ...] = get_args(Against)

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,3})?)([kmbt]?)", re.IGNORECASE | re.ASCII)
_SUFFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How large a model is; what is not known is None."""

    params: float | None = None
    tokens: float | None = None
    """Seen in training."""
    flops: float | None = None
    """Floating-point operations of training."""

    def of(self, against: Against) -> float | None:
        """One of them."""
        return {"params": self.params, "tokens": self.tokens, "flops": self.flops}[against]

    def as_json(self) -> dict[str, float | None]:
        """The published shape."""
        return {"params": self.params, "tokens": self.tokens, "flops": self.flops}


def read_size(text: str) -> float:
    """A size as people write it.

    Raises:
        EvalkitError: If it is not one, or not above 0.

    >>> [read_size(text) for text in ("70m", "1.4B", "1e22")]
    [70000000.0, 1400000000.0, 1e+22]
    """
    found = _SIZE.fullmatch(text.strip())
    number = float(found[1]) * _SUFFIXES[found[2].lower()] if found else 0.0
    if not 0 < number < float("inf"):
        raise EvalkitError(f"found the size {text!r}, expected a number above 0 such as 70m, 1.4b, 300k or 1e22")
    # 1.4 times a billion is 1399999999.9999998 for a computer.
    return float(f"{number:.12g}")


def sizes_given(given: tuple[str, ...]) -> dict[str, Size]:
    """`--size NAME=PARAMS[,tokens=…,flops=…]` as sizes by model.

    Raises:
        EvalkitError: If one cannot be read, or a model is named twice.
    """
    sizes: dict[str, Size] = {}
    for text in given:
        name, equals, rest = text.partition("=")
        parts: dict[str, float] = {}
        for part in rest.split(","):
            key, named, value = part.rpartition("=")
            key = key.strip() if named else "params"
            if key not in SIZES or key in parts:
                raise EvalkitError(f"--size {text}: found {part!r}, expected NAME=PARAMS[,tokens=…,flops=…]")
            try:
                parts[key] = read_size(value)
            except EvalkitError as error:
                raise EvalkitError(f"--size {text}: {error}") from None
        if not equals or not name.strip() or name.strip() in sizes:
            raise EvalkitError(f"--size {text}: expected a model's name, once, such as tiny/80k=80k")
        sizes[name.strip()] = Size(**parts)
    return sizes


def shown_size(number: float) -> str:
    """A size as people read it, to two digits or three.

    >>> [shown_size(number) for number in (69_600_000, 1.4e9, 7e10, 1.26e22)]
    ['69.6m', '1.4b', '70b', '1.26e22']
    """
    exponent = floor(log10(number))
    if exponent >= 15 or exponent < 0:
        mantissa, _, power = f"{number:.2e}".partition("e")
        return f"{float(mantissa):g}e{int(power)}"
    suffix = next(suffix for suffix in ("t", "b", "m", "k", "") if number >= _SUFFIXES[suffix])
    return f"{float(f'{number / _SUFFIXES[suffix]:.3g}'):g}{suffix}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mean:
    """A mean over trials."""

    value: float
    error: float | None = None
    """Standard error; None where it is not known."""

    def as_json(self) -> dict[str, float | None]:
        """The published shape."""
        return {"value": rounded(self.value), "standard_error": rounded(self.error)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """What one model brought on one task under one condition; what is not known is None."""

    model: str
    size: Size
    pass_rate: float | None = None
    trials: float | None = None
    """That the pass rate comes from."""
    error: float | None = None
    """Standard error of the pass rate where only that is known."""
    low: float | None = None
    """Interval of the pass rate."""
    high: float | None = None
    score: Mean | None = None
    """0–1 in runs; in a table whatever its unit is, larger being better."""
    loss: Mean | None = None
    """Nats a token of the right answer."""
    target_tokens: float | None = None
    """Tokens that a right answer has on average."""

    def as_json(self, against: Against) -> dict[str, Any]:
        """The published shape."""
        return {
            "model": self.model,
            "size": self.size.of(against),
            "trials": rounded(self.trials),
            "pass_rate": rounded(self.pass_rate),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "score": None if self.score is None else self.score.as_json(),
            "loss": None if self.loss is None else self.loss.as_json(),
            "target_tokens": rounded(self.target_tokens),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One task under one condition, over models."""

    task: str
    condition: str
    threshold: float | None
    """The pass rate needed for use; None where nobody said one."""
    points: tuple[Point, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return series_name(self.task, self.condition)

    def sized(self, against: Against) -> tuple[Point, ...]:
        """The points whose size is known, from small to large."""
        known = [(size, point) for point in self.points if (size := point.size.of(against)) is not None]
        return tuple(point for _, point in sorted(known, key=lambda pair: pair[0]))


def series_name(task: str, condition: str) -> str:
    """The task, with its condition where that is not the plain one."""
    return task if condition == CLEAN else f"{task} {condition}"


def size_of(point: Point, against: Against) -> float:
    """A size that is known."""
    size = point.size.of(against)
    assert size is not None
    return size


def place_of(point: Point, against: Against) -> float:
    """Its decimal logarithm."""
    return log10(size_of(point, against))
