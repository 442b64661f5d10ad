"""Read the `constraints:` of a suite, and fill them in for an item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evalkit.errors import did_you_mean
from evalkit.score.arguments import build
from evalkit.score.constraint import Constraint
from evalkit.score.errors import ConstraintError
from evalkit.score.extract import Extract, read_extract
from evalkit.score.kinds import constraint_types
from evalkit.score.program import Python
from evalkit.score.scored import ANSWERED
from evalkit.score.values import show
from evalkit.template import TemplateError, fill, substitute
from evalkit.template import fields_of as named_in

_OWN = frozenset({"name", "extract", "opposite"})
_KINDS = constraint_types()


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstraintSpec:
    """A constraint as the suite states it, for any item."""

    name: str
    """Unique within a task after `name_constraints`."""
    key: str
    """Which kind of constraint."""
    arguments: Mapping[str, Any]
    """The constraint's fields, `{field}` placeholders unfilled."""
    extract: Extract | None = None
    """What it reads; None leaves that to the task."""
    opposite: str | None = None
    """What a user who wanted the opposite would ask for, a template; None leaves that to the kind."""
    is_named: bool = False
    """Whether the suite gives the name."""
    is_short: bool = False
    """Whether the suite uses the short form."""
    fixed: Constraint | None = field(default=None, compare=False)
    """The constraint itself, when it is the same for all items."""

    @property
    def function(self) -> str | None:
        """The `file.py:function` that it calls; None unless it is a `python` constraint."""
        return str(self.arguments["function"]) if self.key == Python.key else None

    def fields(self) -> set[str]:
        """The item fields that it names."""
        texts = [text for _, text in _texts(self.arguments)] + ([self.opposite] if self.opposite else [])
        return {name for text in texts for name in named_in(text)}

    def wishes(self, constraint: Constraint, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """What a user who wanted the opposite would ask for, each as it follows "please".

        Args:
            constraint: As `bind` gave it for the item.
            fields: Of the item.
        """
        return constraint.wishes() if self.opposite is None else (fill(self.opposite, fields),)

    def bind(self, fields: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Constraint:
        """The constraint for one item.

        Args:
            fields: Of the item.
            functions: Loaded functions by their `file.py:function`, for `python` constraints.

        Raises:
            ConstraintError: If a field is not there, does not fit, or a function is not loaded.
        """
        if isinstance(self.fixed, Python):
            if self.fixed.function not in functions:
                raise ConstraintError((self.key,), f'function "{self.fixed.function}" is not loaded')
            return self.fixed.calling(functions[self.fixed.function], fields)
        return self.fixed if self.fixed is not None else self._filled(fields)

    def _filled(self, fields: Mapping[str, Any]) -> Constraint:
        try:
            arguments = substitute(self.arguments, fields)
        except TemplateError as error:
            raise ConstraintError((self.key,), str(error)) from None
        try:
            return build(_KINDS[self.key], arguments, ())
        except ConstraintError as error:
            raise ConstraintError((self.key, *self._inner(error.path)), str(error)) from None

    def _inner(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """The path as the suite shows it: the short form does not write the field's name."""
        return path[1:] if self.is_short else path


def read_constraint(entry: object) -> ConstraintSpec:
    """Read one entry of a suite's `constraints:`.

    Args:
        entry: A bare name, or a mapping of one constraint, with `name` and `extract` if wanted.

    Raises:
        ConstraintError: If it is written wrongly; its path is relative to the entry.
    """
    if isinstance(entry, str):
        try:
            return read_constraint({entry: None})
        except ConstraintError as error:
            # A bare name has no places inside.
            raise ConstraintError((), str(error)) from None
    if not isinstance(entry, dict):
        raise ConstraintError((), f"found {show(entry)}, expected a constraint. {did_you_mean('', _KINDS)}")
    key = _key_of(entry)
    name = entry.get("name", key)
    if not isinstance(name, str) or not name.strip():
        raise ConstraintError(("name",), f"found {show(name)}, expected a name")
    arguments, is_short = _arguments(_KINDS[key], entry[key])
    spec = ConstraintSpec(
        name=name,
        key=key,
        arguments=arguments,
        extract=_own_extract(entry),
        opposite=_own_opposite(entry),
        is_named="name" in entry,
        is_short=is_short,
    )
    if _is_fixed(spec):
        return replace(spec, fixed=spec._filled({}))
    if key == Python.key:
        raise ConstraintError((key,), "the function is the same for all items, so it has no placeholders")
    return spec


def name_constraints(specs: Sequence[ConstraintSpec]) -> list[ConstraintSpec]:
    """Give every constraint of a task a name of its own: repeated kinds become `words-2`, `words-3`.

    Raises:
        ConstraintError: If the suite gives a name twice; its path is relative to the list.
    """
    taken = {ANSWERED}
    for index, spec in enumerate(specs):
        if spec.is_named:
            if spec.name == ANSWERED:
                raise ConstraintError(
                    (index, "name"), f'found "{ANSWERED}", a constraint of every task; expected another'
                )
            if spec.name in taken:
                raise ConstraintError((index, "name"), f'found "{spec.name}" twice, expected a name of its own')
            taken.add(spec.name)
    named = []
    for spec in specs:
        name = spec.name
        number = 2
        while not spec.is_named and name in taken:
            name = f"{spec.key}-{number}"
            number += 1
        taken.add(name)
        named.append(replace(spec, name=name))
    return named


def _key_of(entry: Mapping[Any, Any]) -> str:
    keys = [key for key in entry if key not in _OWN]
    for key in keys:
        if key not in _KINDS:
            raise ConstraintError((str(key),), f'no constraint "{key}". {did_you_mean(str(key), _KINDS)}')
    if not keys:
        raise ConstraintError((), f"found no constraint. {did_you_mean('', _KINDS)}")
    if len(keys) > 1:
        found = " and ".join(f'"{key}"' for key in keys)
        raise ConstraintError((), f"found {found} in one entry, expected one constraint; start a new entry")
    return str(keys[0])


def _arguments(kind: type[Constraint], given: object) -> tuple[dict[str, Any], bool]:
    """The constraint's fields, and whether the short form was used."""
    if given is None:
        return {}, False
    if isinstance(given, dict) and not kind.takes_mapping:
        return given, False
    if kind.short is None:
        raise ConstraintError((kind.key,), f"found {show(given)}, expected {_long_form(kind)}")
    return {kind.short: given}, True


def _long_form(kind: type[Constraint]) -> str:
    fields = ", ".join(kind.model_fields)
    return f"a mapping with {fields}" if fields else f"nothing: write - {kind.key}"


def _own_extract(entry: Mapping[str, Any]) -> Extract | None:
    if "extract" not in entry:
        return None
    try:
        return read_extract(entry["extract"])
    except ConstraintError as error:
        raise ConstraintError(("extract", *error.path), str(error)) from None


def _own_opposite(entry: Mapping[str, Any]) -> str | None:
    given = entry.get("opposite")
    if given is not None and (not isinstance(given, str) or not given.strip()):
        raise ConstraintError(
            ("opposite",), f'found {show(given)}, expected what to ask for, as it follows "please": "write in capitals"'
        )
    try:
        named_in(given or "")
    except TemplateError as error:
        raise ConstraintError(("opposite",), str(error)) from None
    return given


def _is_fixed(spec: ConstraintSpec) -> bool:
    """Whether nothing depends on the item.

    Raises:
        ConstraintError: If a template is malformed.
    """
    fixed = True
    for path, text in _texts(spec.arguments):
        try:
            fixed = not named_in(text) and fixed
        except TemplateError as error:
            raise ConstraintError((spec.key, *spec._inner(path)), str(error)) from None
    return fixed


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text inside a JSON-like value, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, (*path, key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _texts(part, (*path, index))
