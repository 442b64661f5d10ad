"""The section `[template]` of a card: how an application of one's own is asked, and where its answer stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from evalkit.errors import did_you_mean
from evalkit.json_path import PATTERN
from evalkit.template import fields_of, parse

GIVEN = frozenset({"prompt", "system", "messages", "model"})
"""What a template may name besides settings."""

_PATH = r"^(/[A-Za-z0-9._~%:@!$&'()*+,;={}-]*)*$"
_HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"


def lone_field(value: Any) -> str | None:
    """The field that a text consists of; None where it is anything else.

    >>> lone_field("{prompt}"), lone_field("Q: {prompt}")
    ('prompt', None)
    """
    spans = parse(value) if isinstance(value, str) else ()
    return spans[0].field if len(spans) == 1 else None


def texts_in(value: Any) -> Iterator[str]:
    """Every text inside a JSON value, but for the names of its objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def _well_formed(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{error}; write dates as text") from None
    for text in texts_in(value):
        parse(text)
    return value


_Text = Annotated[str, AfterValidator(_well_formed)]
_Place = Annotated[str, Field(pattern=PATTERN)]


class Template(BaseModel):
    """A request with placeholders, and the places of what counts in the reply.

    Placeholders are `{prompt}` (the last user message), `{system}`, `{messages}`, `{model}`, and settings by their
    names. A text that is one placeholder becomes the value itself; where it names a setting that a call does not have,
    its entry is left out.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    method: Literal["GET", "POST", "PUT", "PATCH"] = "POST"
    path: Annotated[_Text, Field(pattern=_PATH)] = ""
    """What follows the address; values in it are percent-encoded."""
    query: dict[str, _Text] = {}
    headers: dict[Annotated[str, Field(pattern=_HEADER)], _Text] = {}
    body: Annotated[Any, AfterValidator(_well_formed)] = None
    """A JSON value; none is sent when None."""
    ignores: tuple[str, ...] = Field(default=(), strict=False)
    """Settings that the application decides itself, so that they need no place in the request."""
    response: Annotated[str, Field(pattern=rf"^$|{PATTERN}")]
    """The place of the answer in the JSON of the reply; the whole reply as text when empty."""
    tokens_in: _Place | None = None
    tokens_out: _Place | None = None
    served_model: _Place | None = None
    finish_reason: _Place | None = None
    """The place of a text such as `length`, `content_filter` or `refusal`."""
    refused: _Place | None = None
    """The place of what is true, or a text, when the application refuses to answer."""

    @property
    def fields(self) -> set[str]:
        """Everything that it names."""
        return set().union(*(fields_of(text) for text in texts_in([self.path, self.query, self.headers, self.body])))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._misplaced()]
        if self.method == "GET" and self.body is not None:
            problems.append("body: a GET request has none; use query or path")
        if not self.fields & {"prompt", "messages"}:
            near = next((did_you_mean(name, GIVEN) for name in sorted(self.fields)), "")
            problems.append(
                f"found neither {{prompt}} nor {{messages}}: the question would not be sent. {near}".strip()
            )
        others = ("tokens_in", "tokens_out", "served_model", "finish_reason", "refused")
        read = [name for name in others if getattr(self, name) is not None]
        if not self.response and read:
            problems.append(f"{', '.join(read)}: has no place in a reply that is read as text; name response")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _misplaced(self) -> Iterator[str]:
        for name, value in (("path", self.path), ("query", self.query), ("headers", self.headers), ("body", self.body)):
            for text in texts_in(value):
                named = fields_of(text)
                if "messages" in named and (name != "body" or lone_field(text) is None):
                    yield f"{name}: {{messages}} is a list, which stands alone in a text of the body"
                if name == "headers" and named & {"prompt", "system"}:
                    yield "headers: a prompt may hold what no header can; put it into body or query"
