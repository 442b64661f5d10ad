"""What the options of the command line and of the ini file say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import pytest

from evalkit.cli.shared import read_settings
from evalkit.errors import EvalkitError, did_you_mean
from evalkit.gate import DEFAULT_TOLERANCE
from evalkit.plain import printable
from evalkit.plan import DEFAULT_MAX_COST_USD, Scope
from evalkit.pytest_plugin.baselines import Baselines, read_baselines

Edge: TypeAlias = Literal["fail", "pass", "skip", "xfail"]
"""What an item comes to that is at the edge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How suites are measured and judged."""

    models: tuple[str, ...]
    """As the user named them."""
    edge: Edge
    baselines: Baselines
    scope: Scope
    settings: Mapping[str, Any]
    """Of the models."""
    out: Path
    """Where the folders of runs are made."""
    reuse: tuple[Path, ...]
    """Runs whose answers are taken."""
    allow_code: bool


def read_options(config: pytest.Config) -> Options:
    """Read the options; the command line goes before the ini file.

    Raises:
        UsageError: If one is not as it should be.
    """
    settings = _several(config, "setting")
    for setting in settings:
        name, equals, _ = setting.partition("=")
        if not name or not equals:
            raise pytest.UsageError(f"--evalkit-setting {setting}: found no KEY=VALUE, expected such as temperature=0")
    edge = _single(config, "edge", "fail")
    if edge not in get_args(Edge):
        raise pytest.UsageError(f"evalkit_edge: found {edge!r}. {did_you_mean(edge, get_args(Edge))}")
    cost = _single(config, "max_cost", str(DEFAULT_MAX_COST_USD))
    try:
        scope = Scope(until=_single(config, "until", "verdict"), max_cost=float(cost))  # type: ignore[arg-type]  # Scope refuses other words
    except ValueError as error:
        raise pytest.UsageError(f"evalkit: {error}") from None
    return Options(
        models=tuple(dict.fromkeys(_several(config, "model"))),
        edge=edge,  # type: ignore[arg-type]  # seen to above
        baselines=_baselines(config),
        scope=scope,
        settings=read_settings(settings),
        out=_out(config),
        reuse=tuple(Path(folder) for folder in config.getoption("evalkit_reuse") or ()),
        allow_code=config.getoption("evalkit_allow_code"),
    )


def _baselines(config: pytest.Config) -> Baselines:
    given = config.getoption("evalkit_baseline")
    paths = [Path(name) for name in given] if given else [beside_ini(config, name) for name in _ini(config, "baseline")]
    for option in ("tolerance", "strict"):
        if config.getoption(f"evalkit_{option}") and not paths:
            raise pytest.UsageError(f"--evalkit-{option}: says nothing without --evalkit-baseline; name one")
    tolerance = _single(config, "tolerance", str(DEFAULT_TOLERANCE))
    try:
        number = float(tolerance)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        expected = "expected a share from 0 to below 1, such as 0.02 for 2 points"
        raise pytest.UsageError(f"--evalkit-tolerance: found {tolerance!r}, {expected}")
    strict = config.getoption("evalkit_strict") or config.getini("evalkit_strict")
    try:
        return read_baselines(paths, tolerance=number, strict=strict)
    except EvalkitError as error:
        raise pytest.UsageError(printable(f"evalkit: {error}")) from None


def _out(config: pytest.Config) -> Path:
    given = config.getoption("evalkit_out")
    told = config.getini("evalkit_out")
    return Path(given) if given else beside_ini(config, told) if told else Path("runs")


def beside_ini(config: pytest.Config, name: str) -> Path:
    """A path of the ini file, which does not depend on where pytest is started; short where it can be."""
    path, here = config.rootpath / name, Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _single(config: pytest.Config, name: str, default: str) -> str:
    return str(config.getoption(f"evalkit_{name}") or config.getini(f"evalkit_{name}") or default)


def _several(config: pytest.Config, name: str) -> list[str]:
    return list(config.getoption(f"evalkit_{name}") or _ini(config, name))


def _ini(config: pytest.Config, name: str) -> list[str]:
    return list(config.getini(f"evalkit_{name}"))
