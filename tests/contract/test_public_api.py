"""What `import evalkit` promises is small, there, and explained."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

import evalkit

PACKAGE = Path(evalkit.__file__).parent
MOST_NAMES = 20
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(node: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Public functions, classes, and what public classes offer."""
    for child in node.body:
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from definitions(child)


def test_few_names_are_promised() -> None:
    assert len(evalkit.__all__) <= MOST_NAMES
    assert sorted(set(evalkit.__all__)) == evalkit.__all__ == dir(evalkit)


@pytest.mark.parametrize("name", evalkit.__all__)
def test_a_promised_name_is_there_and_explained(name: str) -> None:
    found = getattr(evalkit, name)
    assert inspect.getdoc(found)
    assert name == found.__name__
    assert found.__module__.startswith("evalkit.")


def test_a_name_that_is_not_promised_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        evalkit.nonsense  # noqa: B018  # looking it up is what is tested


def test_importing_evalkit_loads_nothing_heavy() -> None:
    program = (
        "import sys, evalkit; print([name for name in ('pandas', 'scipy', 'aiohttp', 'httpx2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout


def test_everything_public_is_explained() -> None:
    silent = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in definitions(ast.parse(path.read_text(encoding="utf-8")))
        if not ast.get_docstring(node)
    ]
    assert [] == silent
