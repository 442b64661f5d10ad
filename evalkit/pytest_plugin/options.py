"""What the options of the command line and of the ini file say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import pytest

from evalkit.cli.shared import read_settings
from evalkit.errors import did_you_mean
from evalkit.plan import DEFAULT_MAX_COST_USD, Scope

Edge: TypeAlias = Literal["fail", "pass", "skip", "xfail"]
"""What an item comes to that is at the edge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How suites are measured and judged."""

    models: tuple[str, ...]
    """As the user named them."""
    edge: Edge
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
        scope=scope,
        settings=read_settings(settings),
        out=Path(_single(config, "out", "runs")),
        reuse=tuple(Path(folder) for folder in config.getoption("evalkit_reuse") or ()),
        allow_code=config.getoption("evalkit_allow_code"),
    )


def _single(config: pytest.Config, name: str, default: str) -> str:
    return str(config.getoption(f"evalkit_{name}") or config.getini(f"evalkit_{name}") or default)


def _several(config: pytest.Config, name: str) -> list[str]:
    return list(config.getoption(f"evalkit_{name}") or config.getini(f"evalkit_{name}"))
