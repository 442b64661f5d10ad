"""What all texts for the terminal have in common: width, signs, colours, and how models are called in a table."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence

from evalkit.plain import printable

Style = Callable[[str, str], str]
"""Colours a text: takes it and one of `good`, `bad`, `open`, `dim`, `strong`."""

WIDTH = 80
"""Columns."""
SIGNS = {"usable": "✓", "edge": "?", "unusable": "✗"}
"""Of verdicts."""
COLOURS = {"usable": "good", "edge": "open", "unusable": "bad"}
"""Likewise, as a `Style` takes them."""
_DRAWN = "✓✗┃╋━·≥≤"
"""What a text is drawn with."""
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


def _holds(encoding: str | None, characters: str) -> bool:
    try:
        characters.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


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
