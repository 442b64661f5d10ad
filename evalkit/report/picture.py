"""Pictures from Vega-Lite specifications."""

from __future__ import annotations

from typing import Any, Literal

from evalkit.errors import EvalkitError
from evalkit.plain import one_line, printable, with_texts
from evalkit.report.charts.theme import config
from evalkit.report.svg import finished

_VERSION = "6.4"
"""The renderer holds several; the same one every time draws the same picture every time."""
_SCALE = 2.0
"""Pixels of a PNG for each of a specification: for screens of today."""
_TOLD = 300
"""Characters of what the renderer says; it adds its whole call stack."""
_NO_CHARACTERS = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
_FONT = "Arial, Helvetica, 'Liberation Sans', Arimo, sans-serif"
"""Fonts as wide as the one that the renderer measures with; a page uses what the system has, and measures it."""


def picture(spec: dict[str, Any], form: Literal["svg", "png"]) -> bytes:
    """Draw a Vega-Lite specification on white: the same bytes for the same one, whatever was drawn before.

    Texts may come from outside: they are shown as they are, except that characters which no picture can hold become
    visible escapes. An SVG stands alone; it loads nothing and holds no script.

    Args:
        spec: Vega-Lite 6 with its data inside, and without a `config`; one that names an address for its data is
            refused. Its titles and its `description` are what an SVG tells those who do not see it.
        form: What to draw: `svg` as UTF-8 text, or `png`.

    Raises:
        EvalkitError: If the extra `charts` is not installed, or the specification cannot be drawn.
    """
    try:
        import vl_convert
    except ModuleNotFoundError:
        raise EvalkitError("Pictures need an extra; run: pip install 'evalkit[charts]'") from None
    # The renderer ends the whole process when a text holds a character that XML does not have.
    fit = with_texts({**spec, "config": {**config(dark=False), "font": _FONT}}, _fit)
    try:
        if form == "png":
            return vl_convert.vegalite_to_png(fit, vl_version=_VERSION, scale=_SCALE, allowed_base_urls=[])
        drawn = vl_convert.vegalite_to_svg(fit, vl_version=_VERSION, allowed_base_urls=[])
    except ValueError as error:
        message = str(error).partition("\n    at ")[0]
        raise EvalkitError(f"picture: the renderer refused the specification: {one_line(message, _TOLD)}") from error
    return finished(drawn, title=_title(fit), description=fit.get("description", "")).encode()


def _fit(text: str) -> str:
    """A text that an XML file can hold."""
    return printable(text).translate(_NO_CHARACTERS)


def _title(spec: dict[str, Any]) -> str:
    """What a picture is called; one of several panels by their titles."""
    own = spec.get("title") or ""
    text: str = own["text"] if isinstance(own, dict) else own
    panels = [_title(panel) for key in ("vconcat", "concat") for panel in spec.get(key, ())]
    return text or "; ".join(filter(None, panels))
