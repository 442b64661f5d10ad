"""The docstrings that stand beneath the fields of a class, which Python itself forgets."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise


def field_docstrings(found: type) -> dict[str, str]:
    """What a class and those above it say of their fields, each on one line.

    Read from the source when somebody asks: pydantic's `use_attribute_docstrings` would read them at every start of
    every command, which takes a tenth of it.
    """
    said: dict[str, str] = {}
    for base in reversed(found.__mro__):
        if base.__module__.partition(".")[0] != found.__module__.partition(".")[0]:
            continue
        said.update(_own(base))
    return said


@cache
def _own(found: type) -> dict[str, str]:
    said: dict[str, str] = {}
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(found))).body
    for field, note in pairwise(getattr(definition, "body", [])):
        match field, note:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                said[name] = " ".join(text.split())
    return said
