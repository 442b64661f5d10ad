from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, PrivateAttr

from evalkit.score.constraint import Check, Constraint
from evalkit.score.errors import ScoreError


class Python(Constraint):
    """A function of the suite's author accepts the response."""

    key: ClassVar[str] = "python"
    short: ClassVar[str | None] = "function"
    function: Annotated[str, Field(pattern=r"^[^:]+\.py:[A-Za-z_][A-Za-z0-9_]*$", examples=["file.py:function"])]
    """`file.py:function`; called with the text and the item's fields, gives true or false, or a score from 0 to 1."""
    _call: Callable[[str, Mapping[str, Any]], object] = PrivateAttr()
    _fields: Mapping[str, Any] = PrivateAttr()

    def calling(self, function: Callable[[str, Mapping[str, Any]], object], fields: Mapping[str, Any]) -> Self:
        """The constraint with its loaded function, for an item."""
        bound = self.model_copy()
        bound._call = function
        bound._fields = fields
        return bound

    def check(self, text: str) -> Check:
        """Pass on true or 1.

        Raises:
            ScoreError: If the function raises, or gives anything but true, false or a number from 0 to 1.
        """
        try:
            score = self._call(text, self._fields)
        except (Exception, SystemExit) as error:
            raise ScoreError(f"{self.function} raised {type(error).__name__}: {error}") from error
        if not isinstance(score, bool | int | float) or math.isnan(score) or not 0 <= score <= 1:
            raise ScoreError(f"{self.function} gave {score!r:.80}, expected true, false or a number from 0 to 1")
        return Check(passed=score == 1, score=float(score))
