"""Styles and scripts, by name: those of the pages and no other file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from evalkit.report.page.templates import SCRIPTS, STYLES, Templates

VIEW_STYLES = ("view.css",)
VIEW_SCRIPTS = ("view.js",)
"""Of the viewer, after those of the report."""
_NAMES = frozenset((*STYLES, *SCRIPTS, *VIEW_STYLES, *VIEW_SCRIPTS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A style or a script."""

    content: bytes
    kind: str
    """Media type."""
    digest: str
    """Another as soon as it is changed."""


class Parts:
    """Gives them.

    Args:
        templates: Whose files they are; those of a user's project win.
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    def part(self, name: str) -> Part | None:
        """A part; None when no page has one of that name.

        Raises:
            EvalkitError: If its file cannot be read.
        """
        if name not in _NAMES:
            return None
        content = self._templates.text(name).encode()
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        return Part(content=content, kind=kind, digest=hashlib.sha256(content).hexdigest()[:32])
