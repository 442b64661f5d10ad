"""What all texts for the terminal have in common: width, signs, colours, and how models are called in a table."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from evalkit.plain import columns, printable

T = TypeVar("T")

Style = Callable[[str, str], str]
"""Colours a text: takes it and one of `good`, `bad`, `open`, `dim`, `strong`."""

WIDTH = 80
"""Columns."""
SIGNS = {"usable": "✓", "edge": "?", "unusable": "✗"}
"""Of verdicts."""
COLOURS = {"usable": "good", "edge": "open", "unusable": "bad"}
"""Likewise, as a `Style` takes them."""
_FILLER = "\0"
"""What no printable text holds."""
_DRAWN = "✓✗┃╋━·≥≤"
"""What a text is drawn with."""
_ANY = "文🎉"
"""What an encoding of every character holds."""
_ASCII = str.maketrans("–−×…", "--x~")
"""What a text in words holds beside ASCII of its own."""


def plain_style(text: str, _: str) -> str:
    """No colour."""
    return text


def words_only(environment: Mapping[str, str], *, terminal: bool, encoding: str | None) -> bool:
    """Whether a text is to be in words and numbers only, without bars, signs and colour: for screen readers and logs.

    >>> words_only({}, terminal=True, encoding="utf-8"), words_only({"CI": "true"}, terminal=True, encoding="utf-8")
    (False, True)

    Args:
        environment: Variables. `NO_COLOR` (https://no-color.org), `CI` and `TERM=dumb` ask for words.
        terminal: Whether the text goes to one; a file or a pipe gets words.
        encoding: Of the stream; None: any character can be shown. One that lacks the characters of bars gets words.
    """
    asked = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
    machine = environment.get("CI", "").lower() not in {"", "0", "false"}
    return not terminal or asked or machine or not _holds(encoding, _DRAWN)


def fit_encoding(text: str, encoding: str | None) -> str:
    """A text with dashes, minus signs and the like as ASCII where a stream's encoding lacks them, as wide as before.

    >>> fit_encoding("−7–3", "ascii"), fit_encoding("−7–3", "utf-8")
    ('-7-3', '−7–3')
    """
    return text if _holds(encoding, "".join(map(chr, _ASCII))) else text.translate(_ASCII)


def fit_names(value: T, encoding: str | None) -> T:
    r"""A result with texts as a stream can hold them, so that what is laid out is what will be written.

    >>> fit_names(("文", 1), "ascii"), fit_names(("文", 1), "utf-8")
    (('\\u6587', 1), ('文', 1))

    Args:
        value: A dataclass, a tuple or a text; of others nothing is changed.
        encoding: Of the stream; None: any character can be shown.
    """
    return value if _holds(encoding, _ANY) else _fitted(value, encoding)


def _fitted(value: Any, encoding: str | None) -> Any:
    if isinstance(value, str):
        lacking = {each for each in set(value) if not _holds(encoding, each)}
        return fit_encoding(value, encoding).translate({ord(each): json.dumps(each)[1:-1] for each in lacking})
    if isinstance(value, tuple):
        return tuple(_fitted(each, encoding) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _fitted(getattr(value, each.name), encoding) for each in fields(value)})
    return value


def _holds(encoding: str | None, characters: str) -> bool:
    try:
        characters.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def wrapped(text: str, *, indent: str = "") -> Iterator[str]:
    """A sentence, which may come from outside, in lines; further lines of an indented one are indented further."""
    yield from _lines(text, indent, indent + ("  " if indent else ""))


def bulleted(text: str, *, break_on_hyphens: bool = True) -> Iterator[str]:
    """An item of a list, likewise; its further lines stand below its text."""
    yield from _lines(f"- {text}", "", "  ", break_on_hyphens=break_on_hyphens)


def _lines(text: str, first: str, further: str, *, break_on_hyphens: bool = True) -> Iterator[str]:
    shown = printable(text)
    # Lines are broken by their number of characters: each column more than one that a character takes gets a filler.
    filled = shown if shown.isascii() else "".join(each + _FILLER * (columns(each) - 1) for each in shown)
    lines = textwrap.wrap(
        filled,
        WIDTH if _FILLER not in filled else WIDTH - 1,  # a break may part a character from its filler
        initial_indent=first,
        subsequent_indent=further,
        break_on_hyphens=break_on_hyphens,
    )
    yield from (line.replace(_FILLER, "") for line in lines)


def short_models(models: Sequence[str]) -> list[str]:
    """Names of models without their provider, where all have the same one.

    >>> short_models(["tiny/5k", "tiny/1m"]), short_models(["tiny/5k", "echo/x"])
    (['5k', '1m'], ['tiny/5k', 'echo/x'])
    """
    providers = {model.partition("/")[0] for model in models}
    alike = len(models) > 1 and len(providers) == 1 and all("/" in model for model in models)
    return [model.partition("/")[2] if alike else model for model in models]
