"""How a page carries styles, scripts and data within itself, under a policy that lets nothing else run."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.errors import EvalkitError
from evalkit.plain import printable, with_texts
from evalkit.report.page.templates import markup

_CLOSING = re.compile(r"</(script|style)|<!--", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inline:
    """A style or script within the page."""

    name: str
    text: str
    """Marked up: it stands as it is."""

    @property
    def source(self) -> str:
        """What a policy knows it by."""
        return f"'sha256-{b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}'"


def inline(name: str, text: str) -> Inline:
    """A file's text as part of a page.

    Raises:
        EvalkitError: If it would end its own element.
    """
    found = _CLOSING.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        told = f"reports/{name}:{line}: found {found[0]}, which ends the element that holds the file; write it apart"
        raise EvalkitError(told)
    # A browser reads every kind of line break as \n before it takes the sum.
    return Inline(name=name, text=markup(text.replace("\r\n", "\n").replace("\r", "\n")))


def policy(styles: Sequence[Inline], scripts: Sequence[Inline]) -> str:
    """The content-security policy of a page: these styles and scripts run, nothing is loaded, nothing is sent."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(each.source for each in scripts)}",
            f"style-src {' '.join(each.source for each in styles)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def packed(value: Any) -> str:
    """A value as compressed JSON in base64, which the page's script unpacks: charts say the same things many times.

    Texts in it are printable, so that none misleads an eye; nothing in it can be mark-up.
    """
    text = json.dumps(with_texts(value, printable), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return markup(b64encode(zlib.compress(text.encode(), 9)).decode())
