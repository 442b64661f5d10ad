"""What a file of items offers to a task that is still to be written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.errors import EvalkitError, did_you_mean
from evalkit.suite.items import Row, file_rows

_PLACEHOLDER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ANSWERS = ("answer", "target", "expected", "label", "solution", "gold", "output", "reference")
"""How people call the field of the right answer."""
_MOST_OPTIONS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The fields of the items in a file."""

    name: str
    """The file's name as the suite writes it."""
    rows: Sequence[Row]

    @property
    def names(self) -> list[str]:
        """Every field of any item, in the order of their appearance, without `id`."""
        return [name for name in dict.fromkeys(name for row in self.rows for name in row.fields) if name != "id"]

    @property
    def whole(self) -> list[str]:
        """The fields that may be placeholders, and that every item has."""
        return [name for name in self.names if self.flaw(name) is None]

    @property
    def likely_target(self) -> str | None:
        """The field that is called as the right answer mostly is; else the last one, when there are several."""
        named = self.answers
        return named[0] if named else self.whole[-1] if len(self.whole) > 1 else None

    @property
    def answers(self) -> list[str]:
        """The fields that are called as the right answer mostly is, which no prompt should show."""
        return [name for known in _ANSWERS for name in self.whole if name.casefold() == known]

    def shown(self, target: str | None) -> list[str]:
        """The fields that a prompt can show without giving the answer away; at least one.

        Raises:
            EvalkitError: If there is none.
        """
        showable = [name for name in self.whole if name != target and self._showable(name)]
        fields = [name for name in showable if name not in self.answers] or (showable if target else [])
        if not fields:
            why = "; ".join(f"{name} {flaw}" for name in self.names if (flaw := self.flaw(name)) is not None)
            raise EvalkitError(
                f"{self.name}: found no field that a prompt could show, expected at least one beside the right answer"
                f"{f' ({why})' if why else ''}; add or rename a column"
            )
        return fields

    def check_target(self, name: str) -> str:
        """See whether a field can hold the right answer.

        Raises:
            EvalkitError: If there is none of that name, not every item has it, or it can be no placeholder.
        """
        if name not in self.names:
            raise EvalkitError(f"{self.name} has no field {name!r}. {did_you_mean(name, self.names)}")
        flaw = self.flaw(name)
        if flaw is not None:
            raise EvalkitError(f"{self.name}: the field {name!r} {flaw}")
        return name

    def options(self, target: str) -> tuple[str, ...]:
        """The different values of a field, as the options of a choice.

        Raises:
            EvalkitError: If they are no texts or numbers, or not 2 to 50 different ones.
        """
        values = [row.fields[target] for row in self.rows]
        wrong = [value for value in values if isinstance(value, bool) or not isinstance(value, str | int)]
        if wrong:
            raise EvalkitError(f"{self.name}: found {wrong[0]!r:.40} in {target!r}, expected texts to choose from")
        options = {str(value).strip().casefold(): str(value).strip() for value in reversed(values)}
        if "" in options:
            raise EvalkitError(f"{self.name}: found an empty {target!r}, expected one of the options in every item")
        if not 2 <= len(options) <= _MOST_OPTIONS:
            raise EvalkitError(
                f"{self.name}: found {len(options)} different values in {target!r}, expected 2 to {_MOST_OPTIONS} to "
                "choose from; judge by exact or mentions, or name another field"
            )
        return tuple(reversed(options.values()))

    def flaw(self, name: str) -> str | None:
        """Why a field can be no placeholder; None when it can."""
        if not _PLACEHOLDER.fullmatch(name):
            return "cannot be written as {field}: expected letters, digits and _ only, so no space; rename the column"
        if any(name not in row.fields for row in self.rows):
            return "is not in every item; add it where it is missing"
        return None

    def hidden(self, name: str) -> str | None:
        """Why no prompt can show a field, whatever it is for; None when one can."""
        flaw = self.flaw(name)
        return "is no text or number in every item" if flaw is None and not self._showable(name) else flaw

    def _showable(self, name: str) -> bool:
        return all(_has_text(row.fields[name]) for row in self.rows)


def _has_text(value: Any) -> bool:
    """Whether a prompt can show a value: what `evalkit check` demands of a placeholder's field."""
    if isinstance(value, list | tuple):
        return all(map(_has_text, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int) and not isinstance(value, bool)


def read_columns(given: str, folder: Path) -> Columns:
    """Read the fields of an items file.

    Args:
        given: The file as a user names it, from the current folder.
        folder: The suite's, in which or below which the file must lie.

    Raises:
        EvalkitError: If it is not there, lies elsewhere, or is no file of items.
    """
    path = Path(given)
    if not path.is_file():
        raise EvalkitError(f"no file {given!r}; expected items as JSONL, CSV or Parquet")
    whole, home = path.resolve(), folder.resolve()
    if not whole.is_relative_to(home):
        raise EvalkitError(f"{given} lies outside the suite's folder {folder}; move it there, or the suite to it")
    return Columns(name=whole.relative_to(home).as_posix(), rows=file_rows(path))
