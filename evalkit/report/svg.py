"""What an SVG needs beyond what the renderer draws: a name for those who hear it, and room for other fonts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from math import ceil
from unicodedata import east_asian_width
from xml.etree import ElementTree

_CLIP = re.compile(r'(?<=\bid=")clip[0-9]+(?=")|(?<=url\(#)clip[0-9]+(?=\))')
_CONTAINER = re.compile(r' role="graphics-object" aria-roledescription="[a-z]+ mark container"')
_ROOT = re.compile(
    r'(?P<start><svg [^>]*?) width="(?P<width>[0-9.]+)" height="(?P<height>[0-9.]+)" viewBox="0 0 [0-9. ]+">'
    r'<rect width="[0-9.]+" height="[0-9.]+"'
)
_MOVED = re.compile(r"translate\(([-0-9.e]+),([-0-9.e]+)\)(.*)")
_SLIM, _BROAD = frozenset("fijlrtI.,:;!|'()[] -·"), frozenset("mwMW%@…≤≥±−+×")
_WIDTHS = (0.39, 0.64, 1.0)
"""Of a slim letter, of most, and of a broad one, in sizes of a wide font such as DejaVu Sans or Verdana."""
_BOLD = 1.13
"""Times as wide as others."""
_EDGE = 6
"""Pixels that stay free around texts."""


def finished(svg: str, *, title: str, description: str) -> str:
    """A picture of the renderer that can be heard, and read in whatever font there is.

    The root is a document and not an image, so that what is inside keeps its descriptions. Where a text would be cut
    off in a font that is wider than the renderer's, the picture grows to that side. Clip paths are numbered from 1: the
    renderer goes on counting from one picture to the next.

    Args:
        svg: As the renderer drew it.
        title: What it is called; empty: it has no name.
        description: What it says, likewise.
    """
    names: dict[str, str] = {}
    numbered = _CLIP.sub(lambda found: names.setdefault(found[0], f"clip{len(names) + 1}"), svg)
    spans = list(_spans(ElementTree.fromstring(svg), 0.0))
    left = max(ceil(_EDGE - min((start for start, _ in spans), default=_EDGE)), 0)
    most = ceil(max((end for _, end in spans), default=0.0) + _EDGE)
    parts = (("title", title), ("desc", description))
    told = "".join(f"<{tag}>{escape(text, quote=False)}</{tag}>" for tag, text in parts if text)
    role = ' role="graphics-document"' if title else ""

    def root(found: re.Match[str]) -> str:
        width = f"{max(float(found['width']), most) + left:g}"
        size = f'width="{width}" height="{found["height"]}"'
        box = f'viewBox="{-left} 0 {width} {found["height"]}"'
        return f'{found["start"]}{role} {size} {box}>{told}<rect x="{-left}" {size}'

    return _ROOT.sub(root, _CONTAINER.sub("", numbered), count=1)


def _spans(node: ElementTree.Element, x: float) -> Iterator[tuple[float, float]]:
    """The left and right ends of texts in a wide font; of one that is turned, nothing."""
    moved = _MOVED.match(node.get("transform", ""))
    if moved is not None:
        x += float(moved[1])
        if "rotate(" in moved[3]:
            return
    if node.tag.endswith("}text"):
        width = _width(node)
        left = x - width * {"end": 1.0, "middle": 0.5}.get(node.get("text-anchor", ""), 0.0)
        yield left, left + width
    for child in node:
        yield from _spans(child, x)


def _width(node: ElementTree.Element) -> float:
    """Of the longest line."""
    size = float(node.get("font-size", "11px").removesuffix("px"))
    bold = _BOLD if node.get("font-weight") == "bold" else 1.0
    return bold * size * max(sum(map(_letter, each.text or "")) for each in (node, *node))


def _letter(letter: str) -> float:
    slim, usual, broad = _WIDTHS
    if letter in _SLIM:
        return slim
    return broad if letter in _BROAD or east_asian_width(letter) in "WF" else usual
