"""`{field}` substitution: no code, no template language that can execute.

Literal braces are written `{{` and `}}`. A template that is nothing but one placeholder gives the field's value as it
is (a list stays a list); anything else gives text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")


class TemplateError(ValueError):
    """A template is malformed or names a field that is not there.

    Args:
        message: What is wrong.
        field: The unknown field, or None when a brace is unmatched.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a template or of the text that it gave."""

    text: str
    field: str | None = None
    """The field that the text comes from; None for the template's own words."""


@lru_cache(maxsize=4096)
def parse(template: str) -> tuple[Span, ...]:
    """Cut a template into its own words and its placeholders (whose `text` is the field's name).

    Raises:
        TemplateError: If a brace stands alone.
    """
    spans: list[Span] = []
    words: list[str] = []
    end = 0
    for match in _TOKEN.finditer(template):
        words.append(template[end : match.start()])
        end = match.end()
        name = match.group(1)
        if name is not None:
            spans.extend([Span("".join(words)), Span(name, name)])
            words = []
        elif len(match.group()) == 2:
            words.append(match.group()[0])
        else:
            near = template[match.start() : match.start() + 20]
            raise TemplateError(f"a lone brace at {near!r}; write {{{{ and }}}} for literal braces, or {{field}}")
    words.append(template[end:])
    spans.append(Span("".join(words)))
    return tuple(span for span in spans if span.text)


def fields_of(template: str) -> set[str]:
    """The fields that a template names.

    >>> sorted(fields_of("What is {a} + {b}?"))
    ['a', 'b']
    """
    return {span.field for span in parse(template) if span.field is not None}


def as_text(value: Any) -> str:
    """A field's value as a prompt shows it: text as it is, lists joined by commas, numbers as Python writes them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(as_text(part) for part in value)
    return str(value)


def render(template: str, fields: Mapping[str, Any]) -> list[Span]:
    """Fill a template, keeping apart which words are the template's and which are the item's.

    Raises:
        TemplateError: If a brace stands alone, or a field is not there.
    """
    filled: list[Span] = []
    for span in parse(template):
        if span.field is None:
            filled.append(span)
        elif span.field in fields:
            filled.append(Span(as_text(fields[span.field]), span.field))
        else:
            raise TemplateError(f"no field {span.field!r}; the item has {', '.join(sorted(fields))}", field=span.field)
    return filled


def fill(template: str, fields: Mapping[str, Any]) -> str:
    """Fill a template to text.

    >>> fill("What is {a} + {b}?", {"a": 2, "b": 3})
    'What is 2 + 3?'
    """
    return "".join(span.text for span in render(template, fields))


def substitute(value: Any, fields: Mapping[str, Any]) -> Any:
    """Fill every template inside a JSON-like value; a lone placeholder keeps the field's type.

    Raises:
        TemplateError: As `render`.

    >>> substitute({"options": "{queues}", "note": "id {n}"}, {"queues": ["a", "b"], "n": 7})
    {'options': ['a', 'b'], 'note': 'id 7'}
    """
    if isinstance(value, str):
        spans = parse(value)
        if len(spans) == 1 and spans[0].field is not None:
            name = spans[0].field
            if name not in fields:
                raise TemplateError(f"no field {name!r}; the item has {', '.join(sorted(fields))}", field=name)
            return fields[name]
        return "".join(span.text for span in render(value, fields))
    if isinstance(value, Mapping):
        return {key: substitute(part, fields) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [substitute(part, fields) for part in value]
    return value
