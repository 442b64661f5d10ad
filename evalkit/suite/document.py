"""Read YAML with the place of every value: the only module that imports a YAML library.

YAML 1.2 core rules in a safe loader: `no` is text, `010` is ten, `12:30` is text, duplicate keys are refused, tags are
refused, merge keys do not exist. Aliases work but may not grow a file beyond `MAX_VALUES` values.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from evalkit.errors import Problem, SuiteError

Where: TypeAlias = tuple[str | int, ...]
"""Path to a value: keys and 0-based list positions."""

MAX_VALUES = 200_000
MAX_DEPTH = 60

try:
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML built without libyaml: the same rules, ten times slower
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]


class _CoreLoader(_BaseLoader):
    """Resolves plain scalars by the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#1032-tag-resolution)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's own protocol


for _tag, _pattern, _first in [
    ("null", r"null|Null|NULL|~|", [*"nN~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
     [*"-+.0123456789"]),
]:  # fmt: skip
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A YAML file's value and the line of each of its parts."""

    path: Path
    value: Any
    lines: dict[Where, int]
    """1-based line of each value, by its path; of a mapping's entry, the line of its key."""

    def line(self, where: Where) -> int:
        """The line of a value, or of the nearest thing around it that the file has."""
        known: Where = ()
        for part in where:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines.get(known, 1)

    def problem(self, where: Where, message: str) -> Problem:
        """A problem at a value of this file."""
        return Problem(path=self.path, line=self.line(where), key=show_where(where), message=message)


def show_where(where: Where) -> str:
    """A path as people write it.

    >>> show_where(("tasks", "addition", "items", 3, "a"))
    'tasks.addition.items[3].a'
    """
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_text(path: Path, *, what: str) -> str:
    """A file's text, which must be UTF-8.

    Raises:
        SuiteError: If it cannot be read or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SuiteError([Problem(path=path, message=f"no such file; expected {what}")]) from None
    except OSError as error:
        raise SuiteError([Problem(path=path, message=f"cannot be read as {what}: {error.strerror}")]) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"found byte 0x{raw[error.start]:02x}, which is not UTF-8; save {what} as UTF-8"
        raise SuiteError([Problem(path=path, line=line, message=message)]) from None


def read_document(path: Path, text: str) -> Document:
    """Parse a YAML file.

    Args:
        path: For messages.
        text: The file's text.

    Raises:
        SuiteError: If the text is not one YAML document, or breaks one of this module's rules.
    """
    try:
        node = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        raise SuiteError([_syntax_problem(path, text, error)]) from None
    except yaml.YAMLError as error:
        raise SuiteError([Problem(path=path, message=f"is not YAML: {error}")]) from None
    if node is None:
        raise SuiteError([Problem(path=path, message="is empty; `evalkit new` writes a first suite")])
    builder = _Builder(path)
    value = builder.build(node, (), 0)
    if builder.problems:
        raise SuiteError(builder.problems)
    return Document(path=path, value=value, lines=builder.lines)


def _syntax_problem(path: Path, text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    rows = text.splitlines()
    row = rows[line - 1] if 0 < line <= len(rows) else ""
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return Problem(path=path, line=line, message="found a tab in the indentation; YAML allows spaces only")
    parts = [error.problem or "unreadable", error.context or ""]
    if parts[0].startswith("but "):  # "expected a single document", "but found another document"
        parts.reverse()
    return Problem(path=path, line=line, message=f"is not valid YAML: {' '.join(parts).strip()}")


class _Builder:
    """Turns composed nodes into plain values, remembering lines and collecting problems."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Where, int] = {}
        self.problems: list[Problem] = []
        self._values = 0

    def build(self, node: yaml.Node, where: Where, depth: int) -> Any:
        self._values += 1
        line = node.start_mark.line + 1
        self.lines.setdefault(where, line)
        if self._values > MAX_VALUES or depth > MAX_DEPTH:
            limit = f"more than {MAX_VALUES:,} values" if depth <= MAX_DEPTH else f"more than {MAX_DEPTH} levels"
            raise SuiteError([Problem(path=self.path, line=line, message=f"found {limit}; do aliases repeat it?")])
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, where, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.build(child, (*where, index), depth + 1) for index, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, where)
        return self._refuse_tag(node, where)

    def _mapping(self, node: yaml.MappingNode, where: Where, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self._scalar(key_node, where) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, Hashable) or key is None:
                self._complain(line, where, "found a key that is not text; expected a name")
                continue
            name = key if isinstance(key, str) else key_node.value
            if name in mapping:
                first = self.lines[(*where, name)]
                self._complain(line, (*where, name), f"duplicate key; first given on line {first}")
                continue
            self.lines[(*where, name)] = line
            mapping[name] = self.build(value_node, (*where, name), depth + 1)
        return mapping

    def _scalar(self, node: yaml.ScalarNode, where: Where) -> Any:
        text: str = node.value
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            try:
                return int(text, base)
            except ValueError:  # Python refuses to read numbers of more than 4,300 digits
                return self._complain(node.start_mark.line + 1, where, f"found a number of {len(text):,} digits")
        if kind == "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return text if kind == "str" else self._refuse_tag(node, where)

    def _refuse_tag(self, node: yaml.Node, where: Where) -> None:
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        self._complain(node.start_mark.line + 1, where, f"found the tag {tag!r}; tags are not allowed in a suite")

    def _complain(self, line: int, where: Where, message: str) -> None:
        self.problems.append(Problem(path=self.path, line=line, key=show_where(where), message=message))
