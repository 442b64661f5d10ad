from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.adapter.environment import card_folders, env_file
from evalkit.content import shipped
from evalkit.errors import AdapterError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _keys() -> dict[str, str]:
    return env_file([shipped("adapters")])


def test_cards_are_looked_for_in_named_then_own_then_shipped_folders_once_each(tmp_path: Path) -> None:
    (tmp_path / "adapters").mkdir()
    assert [tmp_path / "adapters", shipped("adapters")] == card_folders([Path("adapters")])
    assert [tmp_path, tmp_path / "adapters", shipped("adapters")] == card_folders([tmp_path])


def test_a_folder_without_an_env_file_sets_nothing() -> None:
    assert {} == _keys()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_only_the_keys_that_cards_name_are_taken(tmp_path: Path, mark: bytes) -> None:
    (tmp_path / ".env").write_bytes(
        mark + b"OPENAI_API_KEY='k$HOME'\nOPENAI_BASE_URL=http://evil.example\nLOCALHOST_API_KEY=\n"
    )
    assert {"OPENAI_API_KEY": "k$HOME"} == _keys()


def test_an_env_file_that_is_no_text_is_named_but_not_quoted(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"OPENAI_API_KEY=sk-\xff")
    with pytest.raises(
        AdapterError, match=r"^\.env: cannot be read \(it is not UTF-8\), expected lines such as"
    ) as caught:
        _keys()
    assert "sk-" not in str(caught.value)


REFUSED = Path("/proc/self/mem")


@pytest.mark.skipif(not REFUSED.exists(), reason="needs a file that even root cannot read")
def test_an_env_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(REFUSED)
    with pytest.raises(AdapterError, match=r"^\.env: cannot be read \(Input/output error\)"):
        _keys()
