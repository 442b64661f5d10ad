"""Constraints on how a response begins and ends."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from evalkit.score.constraint import Check, Constraint, quoted
from evalkit.score.normal import Ignore, normalised
from evalkit.score.values import text_of


def _alternatives(value: Any) -> Any:
    alternatives = tuple(map(text_of, value if isinstance(value, list | tuple) else [value]))
    if not alternatives or not all(each.strip() for each in alternatives):
        raise ValueError("found empty text, expected what to begin or end with")
    return alternatives


_TEXT: dict[str, Any] = {"type": ["string", "number"]}

Alternatives = Annotated[
    tuple[str, ...],
    BeforeValidator(_alternatives),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]


class _Ending(Constraint):
    """One end of a response."""

    short: ClassVar[str | None] = "text"
    text: Alternatives
    """The text; a list holds alternatives."""
    ignore: Ignore = Field(default=())
    """Differences that do not matter: `case`, `accents`, `punctuation`, `spaces`."""

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if not all(normalised(each, self.ignore) for each in self.text):
            raise ValueError("nothing is left of the text when what `ignore` names is taken away")
        return self

    def _ends(self, text: str) -> tuple[str, list[str]]:
        return normalised(text, self.ignore), [normalised(each, self.ignore) for each in self.text]


class StartsWith(_Ending):
    """The response begins with this text."""

    key: ClassVar[str] = "starts_with"

    def check(self, text: str) -> Check:
        """Pass when it begins so, white space aside."""
        found, wanted = self._ends(text)
        passed = any(found.startswith(each) for each in wanted)
        return Check(passed=passed, score=float(passed), found="" if passed else f"begins {quoted(text.strip())}")

    def wishes(self) -> tuple[str, ...]:
        """Another beginning."""
        return ('begin with the words "Well now"', f"leave out the {quoted(self.text[0])} at the beginning")


class EndsWith(_Ending):
    """The response ends with this text."""

    key: ClassVar[str] = "ends_with"

    def check(self, text: str) -> Check:
        """Pass when it ends so, white space aside."""
        found, wanted = self._ends(text)
        passed = any(found.endswith(each) for each in wanted)
        return Check(passed=passed, score=float(passed), found="" if passed else f"ends {quoted(text.strip()[-60:])}")

    def wishes(self) -> tuple[str, ...]:
        """Another end."""
        return ('finish with the words "and that is that"', f"leave out the {quoted(self.text[0])} at the end")
