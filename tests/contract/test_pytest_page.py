"""The page of the pytest plugin names every option there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = "pytester"

_NAMES = re.compile(r"--evalkit[a-z-]*|evalkit_[a-z_]+")


def test_every_option_is_on_the_page(pytester: pytest.Pytester) -> None:
    page = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")
    shown = pytester.runpytest_inprocess("-p", "no:evalkit", "-p", "evalkit.pytest_plugin", "--help").stdout.str()
    named = set(_NAMES.findall(shown))
    assert named
    assert set() == named - set(_NAMES.findall(page))
