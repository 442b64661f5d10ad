from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.content import folders, shipped


@pytest.mark.parametrize("kind", ["adapters", "suites"])
def test_every_kind_of_content_is_found(kind: str) -> None:
    assert shipped(kind).is_dir()  # type: ignore[arg-type]  # parametrised by its name


def test_a_project_adds_its_own_folder_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "suites").mkdir()
    assert [tmp_path / "suites", shipped("suites")] == folders("suites", project=tmp_path)


def test_a_project_without_such_a_folder_has_the_shipped_one(tmp_path: Path) -> None:
    assert [shipped("suites")] == folders("suites", project=tmp_path)


def test_a_folder_is_looked_into_once() -> None:
    checkout = shipped("suites").parent
    assert [checkout / "suites"] == folders("suites", project=checkout)
