"""Regular expressions from suites, which may be slow or huge without meaning to."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import PrivateAttr

from evalkit.score.constraint import Check, Constraint

if TYPE_CHECKING:
    import regex

TIMEOUT_S = 0.5
TOO_SLOW = f"pattern took longer than {TIMEOUT_S} s"

_LONGEST = 100_000
"""Most single-character steps that counted repeats may unfold to; the library unfolds them when it compiles."""
_STEP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


class Regex(Constraint):
    """The response matches this regular expression."""

    key: ClassVar[str] = "regex"
    short: ClassVar[str | None] = "pattern"
    pattern: str
    r"""As the `regex` library reads it. Braces are doubled, since single ones name fields: `\d{{4}}`."""
    match: Literal["search", "full"] = "search"
    """`search` anywhere in the response, or the `full` response."""
    _compiled: regex.Pattern[str] = PrivateAttr()

    def model_post_init(self, _: Any) -> None:
        """Refuse a bad pattern when the suite is read."""
        self._compiled = compile_pattern(self.pattern)

    def check(self, text: str) -> Check:
        """Pass on a match; a pattern that takes too long fails."""
        try:
            matches = finds(self._compiled, text, full=self.match == "full")
        except TimeoutError:
            return Check(passed=False, score=0.0, found=TOO_SLOW)
        return Check(passed=matches, score=float(matches), found="" if matches else "no match")


def finds(pattern: regex.Pattern[str], text: str, *, full: bool = False) -> bool:
    """Whether a pattern matches, other threads running meanwhile.

    Raises:
        TimeoutError: After `TIMEOUT_S` seconds.
    """
    method = pattern.fullmatch if full else pattern.search
    return method(text, timeout=TIMEOUT_S, concurrent=True) is not None


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern that a stranger may have written.

    Raises:
        ValueError: If it is malformed, nested too deeply or unfolds to too much.
    """
    import regex

    if _unfolded(pattern) > _LONGEST:
        raise ValueError(f"counted repeats unfold to more than {_LONGEST:,} characters")
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    except RecursionError:
        raise ValueError("groups are nested too deeply") from None


def _unfolded(pattern: str) -> int:
    """Steps of a pattern with counted repeats written out, roughly; least counts, which are what unfolds."""
    groups = [[0, 0]]  # per open group: steps so far, steps of the last element
    for match in _STEP.finditer(pattern):
        current = groups[-1]
        if match.group() == "(":
            groups.append([0, 0])
        elif match.group() == ")" and len(groups) > 1:
            steps = groups.pop()[0]
            groups[-1][0] += steps
            groups[-1][1] = steps
        elif match.group(1) is not None:
            # Beyond nine digits the count is too large whatever it is, and need not be read.
            times = int(match.group(1)[:10])
            current[0] += current[1] * (times - 1)
            current[1] *= times
        else:
            current[0] += 1
            current[1] = 1
    return sum(steps for steps, _ in groups)
