"""Pictures from Vega-Lite specifications."""

from __future__ import annotations

import re
from typing import Any, Literal

from evalkit.errors import EvalkitError
from evalkit.plain import one_line, printable, with_texts
from evalkit.report.charts.theme import config

_VERSION = "6.4"
"""The renderer holds several; the same one every time draws the same picture every time."""
_SCALE = 2.0
"""Pixels of a PNG for each of a specification: for screens of today."""
_TOLD = 300
"""Characters of what the renderer says; it adds its whole call stack."""
_NO_CHARACTERS = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
_CLIP = re.compile(r'(?<=\bid=")clip[0-9]+(?=")|(?<=url\(#)clip[0-9]+(?=\))')


def picture(spec: dict[str, Any], form: Literal["svg", "png"]) -> bytes:
    """Draw a Vega-Lite specification on white: the same bytes for the same one, whatever was drawn before.

    Texts may come from outside: they are shown as they are, except that characters which no picture can hold become
    visible escapes. An SVG stands alone; it loads nothing and holds no script.

    Args:
        spec: Vega-Lite 6 with its data inside, and without a `config`; one that names an address for its data is
            refused.
        form: What to draw: `svg` as UTF-8 text, or `png`.

    Raises:
        EvalkitError: If the extra `charts` is not installed, or the specification cannot be drawn.
    """
    try:
        import vl_convert
    except ModuleNotFoundError:
        raise EvalkitError("Pictures need an extra; run: pip install 'evalkit[charts]'") from None
    # The renderer ends the whole process when a text holds a character that XML does not have.
    fit = with_texts({**spec, "config": config(dark=False)}, _fit)
    try:
        if form == "png":
            return vl_convert.vegalite_to_png(fit, vl_version=_VERSION, scale=_SCALE, allowed_base_urls=[])
        drawn = vl_convert.vegalite_to_svg(fit, vl_version=_VERSION, allowed_base_urls=[])
    except ValueError as error:
        message = str(error).partition("\n    at ")[0]
        raise EvalkitError(f"picture: the renderer refused the specification: {one_line(message, _TOLD)}") from error
    return _numbered_afresh(drawn).encode()


def _fit(text: str) -> str:
    """A text that an XML file can hold."""
    return printable(text).translate(_NO_CHARACTERS)


def _numbered_afresh(svg: str) -> str:
    """With clip paths numbered from 1: the renderer goes on counting from one picture to the next."""
    names: dict[str, str] = {}
    return _CLIP.sub(lambda found: names.setdefault(found[0], f"clip{len(names) + 1}"), svg)
