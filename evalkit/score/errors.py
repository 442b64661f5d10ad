from __future__ import annotations

from evalkit.errors import EvalkitError


class ConstraintError(ValueError):
    """A constraint or an extractor is written wrongly, or does not fit an item.

    Args:
        path: Where inside the entry, such as `("words", "max")`; empty for the entry itself.
        message: What was found, what was expected.
    """

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        self.path = path
        super().__init__(message)


class ScoreError(EvalkitError):
    """A response could not be judged because the judge itself is broken: neither pass nor fail."""
