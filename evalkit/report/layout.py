"""What all texts for the terminal have in common: width, signs, colours, and how models are called in a table."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from evalkit.plain import printable

Style = Callable[[str, str], str]
"""Colours a text: takes it and one of `good`, `bad`, `open`, `dim`, `strong`."""

WIDTH = 80
"""Columns."""
SIGNS = {"usable": "✓", "edge": "?", "unusable": "✗"}
"""Of verdicts."""
COLOURS = {"usable": "good", "edge": "open", "unusable": "bad"}
"""Likewise, as a `Style` takes them."""


def plain_style(text: str, _: str) -> str:
    """No colour."""
    return text


def wrapped(text: str, *, indent: str = "") -> Iterator[str]:
    """A sentence, which may come from outside, in lines; further lines of an indented one are indented further."""
    following = indent + ("  " if indent else "")
    yield from textwrap.wrap(printable(text), WIDTH, initial_indent=indent, subsequent_indent=following)


def short_models(models: Sequence[str]) -> list[str]:
    """Names of models without their provider, where all have the same one.

    >>> short_models(["tiny/5k", "tiny/1m"]), short_models(["tiny/5k", "echo/x"])
    (['5k', '1m'], ['tiny/5k', 'echo/x'])
    """
    providers = {model.partition("/")[0] for model in models}
    alike = len(models) > 1 and len(providers) == 1 and all("/" in model for model in models)
    return [model.partition("/")[2] if alike else model for model in models]
