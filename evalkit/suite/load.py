"""Load a suite: find it, read it, resolve what it names, and collect everything that is wrong before giving up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalkit.content import folders
from evalkit.errors import Problem, SuiteError, did_you_mean
from evalkit.perturb import Material, read_material
from evalkit.score import name_constraints
from evalkit.suite.checks import item_problems
from evalkit.suite.code import CodeError, load_function
from evalkit.suite.conditions import axis_of, condition_definitions
from evalkit.suite.definition import Suite, Supply, Task
from evalkit.suite.document import Document, Where, read_document, read_text
from evalkit.suite.explain import explain
from evalkit.suite.generators import GeneratorError, generator
from evalkit.suite.items import Row, called_rows, file_rows, inline_rows, material_path, path_inside, read_items
from evalkit.suite.models import Generated, SuiteFile, TaskFile, as_messages


def find_suite(name: str) -> Path:
    """The file that a user means: a path, or the name of a suite in `suites/` or of a shipped one.

    Raises:
        SuiteError: If there is neither.
    """
    path = Path(name)
    if not name:
        raise SuiteError([Problem(path=Path("''"), message="found no name, expected a path or the name of a suite")])
    for candidate in (path, *(folder / f"{name}.yaml" for folder in folders("suites"))):
        try:
            if candidate.is_file():
                return candidate
        except OSError as error:
            raise SuiteError([Problem(path=candidate, message=f"cannot be read: {error.strerror}")]) from None
    if path.is_dir():
        raise SuiteError([Problem(path=path, message="is a folder; expected a suite (YAML)")])
    known = {file.stem for folder in folders("suites") for file in folder.glob("*.yaml")}
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        shipped = f'; the shipped suite is named "{path.stem}", without folder and ending' if path.stem in known else ""
        raise SuiteError([Problem(path=path, message=f"no such file; expected a suite (YAML){shipped}")])
    raise SuiteError([Problem(path=path, message=f"no file and no suite of that name. {did_you_mean(name, known)}")])


def load_suite(suite: str | Path, *, allow_code: bool = False) -> Suite:
    """Load a suite with its items, and check everything that needs no model.

    Args:
        suite: A path, or the name of a suite in the project or of a shipped one.
        allow_code: Whether Python that the suite names may run.

    Raises:
        SuiteError: With every problem found, each with its file and line.
    """
    path = find_suite(str(suite))
    return read_suite(path, read_text(path, what="a suite (YAML)"), allow_code=allow_code)


def read_suite(path: Path, text: str, *, allow_code: bool = False, checked: bool = False) -> Suite:
    """As `load_suite`, from a text that is already read; files are looked up beside `path`.

    Args:
        path: Of the suite.
        text: What it holds.
        allow_code: As in `load_suite`.
        checked: Whether this version has found before that prompts and constraints fit the items.

    Raises:
        SuiteError: As `load_suite`.
    """
    document = read_document(path, text)
    try:
        file = SuiteFile.model_validate(document.value)
    except ValidationError as error:
        raise SuiteError(explain(error, document, SuiteFile)) from None
    reader = _Reader(document=document, file=file, allow_code=allow_code, checked=checked)
    tasks = [task for name, given in file.tasks.items() if (task := reader.task(name, given)) is not None]
    if reader.problems:
        raise SuiteError(reader.problems)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Suite(
        name=file.suite,
        about=file.about,
        path=path,
        confidence=file.confidence,
        precision=file.precision,
        strict=file.strict,
        tasks=tuple(tasks),
        text=text,
        files={path.name: digest, **reader.digests},
    )


@dataclass(kw_only=True)
class _Reader:
    """Resolves the tasks of one file, collecting problems."""

    document: Document
    file: SuiteFile
    allow_code: bool
    checked: bool
    problems: list[Problem] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.document.path.parent

    def complain(self, where: Where, message: str) -> None:
        self.problems.append(self.document.problem(where, message))

    def task(self, name: str, given: TaskFile) -> Task | None:
        """One task; None when something is wrong with it."""
        before = len(self.problems)
        where = ("tasks", name)
        threshold = given.threshold if given.threshold is not None else self.file.threshold
        if threshold is None:
            self.complain(where, "missing threshold; give the task or the suite one, such as `threshold: 0.95`")
        functions = self._functions(where, given)
        material = self._material(where, given)
        supply, rows = self._supply(where, given)
        if supply is None or threshold is None:
            return None
        axis = axis_of(given, supply, lambda part, message: self.complain((*where, *part), message))
        if len(self.problems) > before:
            return None
        task = Task(
            name=name,
            about=given.about,
            line=self.document.line(where),
            threshold=threshold,
            measure=given.measure,
            claim=given.claim or self.file.claim,
            sampling=self.file.sampling,
            prompt=as_messages(given.prompt),
            paraphrases=tuple(as_messages(variant) for variant in given.paraphrases),
            supply=supply,
            grouped=given.group is not None,
            extract=given.extract,
            constraints=tuple(name_constraints(given.constraints)),
            target=given.target,
            conditions=condition_definitions(given, threshold, axis),
            axis=axis,
            protect=tuple(given.protect),
            noise_on=given.perturbations.noise.on if given.perturbations.noise else "item",
            place=given.perturbations.context.place if given.perturbations.context else "before",
            material=material,
            functions=functions,
        )
        if not self.checked:
            self.problems.extend(item_problems(task, rows, self.document))
        return task

    def _read(self, path: Path) -> Path:
        """Remember what a file held, so that a run can tell later whether it changed."""
        if path.is_file():
            name = path.relative_to(self.folder) if path.is_relative_to(self.folder) else path.name
            self.digests[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return path

    def _supply(self, where: Where, given: TaskFile) -> tuple[Supply | None, Sequence[Row]]:
        source, where = given.items, (*where, "items")
        if isinstance(source, Generated) and source.generate is not None:
            try:
                return generator(source.generate, source.arguments), ()
            except GeneratorError as error:
                self.complain(where, str(error))
                return None, ()
        try:
            rows = self._rows(where, source)
        except SuiteError as error:
            self.problems.extend(error.problems)
            return None, ()
        except (CodeError, ValueError, OSError) as error:
            self.complain(where, _said(error))
            return None, ()
        items, problems = read_items(rows, group=given.group)
        self.problems.extend(problems)
        return (None if problems else tuple(items)), rows

    def _rows(self, where: Where, source: Any) -> list[Row]:
        if isinstance(source, list):
            return inline_rows(self.document, where, source)
        if isinstance(source, Generated):
            function = load_function(self.folder, source.python or "", allow_code=self.allow_code)
            path = self._read(path_inside(self.folder, (source.python or "").rpartition(":")[0]))
            return called_rows(path, function, source.arguments)
        path = path_inside(self.folder, source)
        if not path.is_file():
            raise ValueError(f"no such file: {path}")
        return file_rows(self._read(path))

    def _functions(self, where: Where, given: TaskFile) -> Mapping[str, Callable[..., Any]]:
        functions = {}
        for index, spec in enumerate(given.constraints):
            name = spec.function
            if name is None:
                continue
            try:
                functions[name] = load_function(self.folder, name, allow_code=self.allow_code)
                self._read(path_inside(self.folder, name.rpartition(":")[0]))
            except CodeError as error:
                self.complain((*where, "constraints", index), str(error))
        return functions

    def _material(self, where: Where, given: TaskFile) -> Material | None:
        context = given.perturbations.context
        if context is None:
            return None
        where = (*where, "perturbations", "context", "material")
        try:
            path = self._read(material_path(self.folder, context.material))
            return _cached_material(path, read_text(path, what="context material (JSONL)"))
        except SuiteError as error:
            self.complain(where, f"{context.material!r}: {error.problems[0].message}")
        except (ValueError, OSError) as error:
            self.complain(where, _said(error))
        return None


def _said(error: Exception) -> str:
    """What went wrong, in words; of the operating system's errors, without their number."""
    return f"{error.filename} cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)


@lru_cache(maxsize=8)
def _cached_material(path: Path, text: str) -> Material:
    """Tasks often share one file; its name takes part so that messages name the right one."""
    return read_material(text.split("\n"))
