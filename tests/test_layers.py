"""Imports point down, and each library has one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "evalkit"
ORDER = [
    *["errors", "content", "plain", "aside", "python_file", "docstrings"],
    *["template", "json_path", "trial", "stats", "score", "perturb"],
    *["adapter", "suite", "verdict", "item_order", "plan", "lint", "forecast", "scale", "findings"],
    *["transport", "record", "report"],
    *["engine", "gate", "compare", "choose", "browse", "api", "view"],
    *["__init__", "cli", "pytest_plugin", "__main__"],
]
DOORS: dict[str, str | tuple[str, ...]] = {
    "yaml": "suite/document.py",
    "sqlite3": "record",
    "filelock": "record/run_file.py",
    "httpx2": "transport",
    "aiohttp": ("transport", "view"),
    "tenacity": "transport",
    "click": "cli",
    "rich": ("cli", "plain.py"),
    "dotenv": "adapter/environment.py",
    "genai_prices": "adapter/price_list.py",
    "rapidfuzz": "score",
    "regex": "score",
    "jinja2": "report/page/templates.py",
    "markupsafe": "report/page/templates.py",
    "vl_convert": "report/picture.py",
    "pytest": "pytest_plugin",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""


def top(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_imports_point_down_only() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        for name in imports(path)
        if name.startswith("evalkit.") and name.split(".")[1] != top(path)
        if ORDER.index(name.split(".")[1]) >= ORDER.index(top(path))
    ]
    assert [] == wrong


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    users = [path for path in modules() if library in {name.split(".")[0] for name in imports(path)}]
    wrong = [path for path in users if not str(path.relative_to(PACKAGE)).startswith(DOORS[library])]
    assert users
    assert [] == wrong


def test_statistics_know_nothing_of_evalkit_but_its_errors() -> None:
    known = {name for path in (PACKAGE / "stats").glob("*.py") for name in imports(path) if name.startswith("evalkit")}
    assert {name for name in known if not name.startswith(("evalkit.stats", "evalkit.errors"))} == set()


def test_every_module_has_a_place_in_the_order() -> None:
    assert {top(path) for path in modules()} <= set(ORDER)


def test_no_module_is_two_ideas() -> None:
    assert [] == [path.name for path in modules() if len(path.read_text(encoding="utf-8").splitlines()) > 400]
