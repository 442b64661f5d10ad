"""The one door to Jinja: what pages are made of; files of a user's project win over the shipped ones."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from evalkit.content import shipped
from evalkit.errors import EvalkitError, did_you_mean
from evalkit.plain import printable

SHIPPED = "shipped/"
"""Before a template's name: the one that came with evalkit, for whoever changes only a part of it."""
STYLES: tuple[str, ...] = ("report.css",)
SCRIPTS: tuple[str, ...] = (
    "vendor/vega.min.js",
    "vendor/vega-lite.min.js",
    "vendor/vega-interpreter.min.js",
    "report.js",
    "source.js",
    "trial.js",
    "trials.js",
)
"""Of the report, in the order in which they run."""

_OF_PAGES = (".jinja", ".css", ".js")
_WRONG = (
    *(jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError),
    *(TypeError, ValueError),
)
"""What a template can bring about by what it says."""


class Templates:
    """The files that pages are made of.

    Whatever a template shows is escaped: what could be mark-up, and control and bidirectional characters. Templates
    cannot run Python.

    Args:
        overrides: A folder of the user's, whose files win over shipped ones of the same name; None: there is none.
    """

    def __init__(self, overrides: Path | None = None) -> None:
        own = shipped("reports")
        self._folders = (own,) if overrides is None else (overrides, own)
        self._environment = _environment(self._folders)

    def render(self, name: str, values: dict[str, Any]) -> str:
        """Fill in a template.

        Args:
            name: Such as `report.html.jinja`.
            values: What it may show.

        Raises:
            EvalkitError: If it is not there, cannot be read, or goes wrong as it is filled in.
        """
        try:
            return self._environment.get_template(name).render(values)
        except jinja2.TemplateSyntaxError as error:
            where = f"{error.filename or error.name or name}:{error.lineno}"
            raise EvalkitError(f"{where}: {error.message}; mend the template") from None
        except jinja2.TemplateNotFound as error:
            told = f"found no template {error.name}. {did_you_mean(str(error.name), self._names(str(error.name)))}"
            raise EvalkitError(f"{_line(error) or self._place(name)}: {told}") from None
        except _WRONG as error:
            raise EvalkitError(f"{_line(error) or self._place(name)}: {_told(error)}; mend the template") from None

    def text(self, name: str) -> str:
        """A style or script.

        Args:
            name: Such as `report.css`.

        Raises:
            EvalkitError: If it is not there or is not UTF-8.
        """
        path = self._place(name)
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EvalkitError(f"{path}: cannot be read: {error}") from None

    def unused(self) -> Iterator[str]:
        """What the user's folder has that no page shows, such as a mistyped name: a sentence for each.

        Files that are no template, style or script are not spoken of: reports may be kept in that folder, too.
        """
        if len(self._folders) == 1:
            return
        own, came = map(_files, self._folders)
        texts = _texts(own)
        for name, path in own.items():
            asked = any(name in text for other, text in texts.items() if other != name)
            if name not in came and not asked:
                yield f"{path}: no page shows it. {did_you_mean(name, came)}"
        known = {block for text in _texts(came).values() for block in self._blocks(text)}
        for name, text in texts.items():
            theirs = {block for other in texts if other != name for block in self._blocks(texts[other])}
            for block in self._blocks(text, overriding=True):
                if block not in known | theirs:
                    yield f"{own[name]}: no template has a block {block}. {did_you_mean(block, known)}"

    def _blocks(self, text: str, *, overriding: bool = False) -> list[str]:
        """The blocks of a template; or those that are shown only if the template that it extends has them."""
        try:
            tree = self._environment.parse(text)
        except jinja2.TemplateSyntaxError:  # told when the template is filled in
            return []
        if not overriding:
            return [block.name for block in tree.find_all(jinja2.nodes.Block)]
        extends = any(isinstance(node, jinja2.nodes.Extends) for node in tree.body)
        return [node.name for node in tree.body if extends and isinstance(node, jinja2.nodes.Block)]

    def _names(self, like: str) -> list[str]:
        """Templates that there are: where a shipped one is asked for, those."""
        every = self._environment.list_templates(extensions=["jinja"])
        return [each for each in every if each.startswith(SHIPPED) == like.startswith(SHIPPED)]

    def _place(self, name: str) -> Path:
        return next((folder / name for folder in self._folders if (folder / name).is_file()), self._folders[-1] / name)


def _files(folder: Path) -> dict[str, Path]:
    """Templates, styles and scripts of a folder, by the names that pages have for them."""
    found = [path for pattern in ("*", "parts/*") for path in sorted(folder.glob(pattern))]
    return {path.relative_to(folder).as_posix(): path for path in found if path.suffix in _OF_PAGES and path.is_file()}


def _texts(files: Mapping[str, Path]) -> dict[str, str]:
    """What templates among files hold; what cannot be read is told when it is filled in."""
    found = {}
    for name, path in files.items():
        if path.suffix == ".jinja":
            with suppress(OSError):
                found[name] = path.read_text(encoding="utf-8", errors="replace")
    return found


def _told(error: Exception) -> str:
    """What went wrong, in a sentence without its stop."""
    if isinstance(error, RecursionError):
        return (
            "templates ask for each other without end; the one that came with evalkit is called by "
            f'"{SHIPPED}" before its name, as in {{% extends "{SHIPPED}report.html.jinja" %}}'
        )
    if isinstance(error, LookupError):  # which says no more than what was looked up
        return f"found no {error}"
    return str(error).rstrip(".")


def _line(error: Exception) -> str | None:
    """Where in which template something went wrong: a part may be to blame, and not the page that includes it."""
    told = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.endswith(".jinja")]
    return f"{told[-1].filename}:{told[-1].lineno}" if told else None


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...]) -> jinja2.Environment:
    """Templates of these folders, the first first; kept, since compiling them takes longer than filling them in."""
    loaders: list[jinja2.BaseLoader] = [jinja2.FileSystemLoader(folder) for folder in folders]
    named = jinja2.PrefixLoader({SHIPPED.rstrip("/"): loaders[-1]})
    return ImmutableSandboxedEnvironment(
        loader=jinja2.ChoiceLoader([named, *loaders]),
        autoescape=True,
        finalize=_visible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def markup(text: str) -> str:
    """A text that templates put in as it is; only for what was made here."""
    return Markup(text)


def _visible(value: Any) -> Any:
    """What a template shows, with control and bidirectional characters as visible escapes."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
