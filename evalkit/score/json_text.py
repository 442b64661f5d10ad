"""JSON inside text that a model wrote: deep, huge or broken on purpose or by accident."""

from __future__ import annotations

import json
import re
from typing import Any

TOO_DEEP = "nested too deeply"

_LONGEST_INTEGER = 4000  # digits; Python refuses to read longer ones, and no schema asks for them


class NotJsonError(ValueError):
    """A text is not JSON; the message says why, for people."""


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _refuse_constant(name: str) -> Any:
    raise NotJsonError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(parse_int=_integer, parse_constant=_refuse_constant)
# What can begin an object or array: most braces of prose and code are told apart at once.
_OPENING = re.compile(r"""\{[ \t\r\n]*["}]|\[[ \t\r\n]*["{\[\]\d\-tfnNI]""", re.ASCII)
_MOST_OPENINGS = 1000  # each failure costs time in proportion to the text, since Python counts its lines
# Only the end of a value matters when looking for one, so nothing is converted.
_LOCATOR = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def parse_json(text: str) -> Any:
    """Read a text that is one JSON value.

    Raises:
        NotJsonError: If it is not, by RFC 8259.
    """
    try:
        return _STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not JSON: {error.msg} at character {error.pos + 1:,}") from None
    except RecursionError:
        raise NotJsonError(TOO_DEEP) from None


def first_json(text: str) -> str | None:
    """The first JSON object or array inside prose, or None.

    A value that breaks off is passed over as a whole: what is inside a truncated object is not the answer. The search
    goes on where reading failed, and is given up after `_MOST_OPENINGS` failures, so that the time is linear.
    """
    position = 0
    for _ in range(_MOST_OPENINGS):
        opening = _OPENING.search(text, position)
        if opening is None:
            return None
        try:
            _, end = _LOCATOR.raw_decode(text, opening.start())
        except json.JSONDecodeError as error:
            position = max(error.pos, opening.start() + 1)
        except RecursionError:
            return None
        else:
            return text[opening.start() : end]
    return None
