from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from evalkit.adapter import Reply, find_cards
from evalkit.adapter.catalogue import GROUP, FoundCard, beside_card, dialect_of, split_name
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message, Response

CARD = {"name": "acme", "about": "Acme.", "dialect": "acme", "base_url": "https://acme.example", "verified": False}
TOML = (
    'name = "acme"\nabout = "Acme."\ndialect = "DIALECT"\nbase_url = "https://acme.example"\nverified = false\n'
    'key_env = "ACME_API_KEY"\n'
)
CALL = Call(task="t", item="i", condition="clean", repeat=0, messages=(Message(role="user", content="1"),))
DIALECT = "def build(call, model, address): ...\ndef parse(reply): ...\n"


def _folder(path: Path, dialect: str = "acme", code: str | None = DIALECT) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "acme.toml").write_text(TOML.replace("DIALECT", dialect), encoding="utf-8")
    if code is not None:
        (path / f"{dialect}.py").write_text(code, encoding="utf-8")
    return path


def _entry(attributes: dict[str, Any], name: str = "acme") -> EntryPoint:
    """An entry point as an installed package publishes it; its module is already imported."""
    module = ModuleType("catalogue_entry_under_test")
    module.__dict__.update(attributes)
    sys.modules[module.__name__] = module
    return EntryPoint(name=name, value=module.__name__, group=GROUP)


def _acme(folder: Path) -> FoundCard:
    return find_cards([folder], installed=[])["acme"]


def test_cards_of_all_folders_are_found_by_name(tmp_path: Path) -> None:
    cards = find_cards([_folder(tmp_path), shipped("adapters")], installed=[])
    assert {"acme", "baseline", "echo", "localhost", "openai"} <= set(cards)
    assert list(cards) == sorted(cards)


def test_a_card_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    before = _acme(folder).card.base_url or ""
    card = folder / "acme.toml"
    card.write_text(card.read_text(encoding="utf-8").replace(before, "http://127.0.0.1:9/elsewhere"), encoding="utf-8")
    assert "http://127.0.0.1:9/elsewhere" == _acme(folder).card.base_url != before


def test_a_folder_named_twice_counts_once(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a")
    assert list(find_cards([folder, tmp_path / "a" / ".." / "a"], installed=[])) == ["acme"]


def test_a_name_found_twice_names_both_files(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r'two adapters are named "acme": .*acme\.toml and .*acme\.toml'):
        find_cards([_folder(tmp_path / "a"), _folder(tmp_path / "b")], installed=[])


def test_a_card_and_an_entry_point_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"acme\.toml and entry point acme"):
        find_cards([_folder(tmp_path)], installed=[_entry({"CARD": CARD})])


def test_an_entry_point_brings_card_and_dialect() -> None:
    entry = _entry({"CARD": CARD, "build": len, "parse": lambda reply: Response(text="its own")})
    found = find_cards([], installed=[entry])["acme"]
    assert found.card.base_url == "https://acme.example"
    assert "its own" == dialect_of(found, []).parse(Reply(body=b"")).text


@pytest.mark.parametrize(
    ("message", "attributes", "name"),
    [
        ("cannot be loaded: AttributeError", {}, "acme"),
        ('its card is named "acme", expected "other"', {"CARD": CARD}, "other"),
        (
            'found transport "process", expected "http"',
            {"CARD": {"name": "acme", "about": "", "dialect": "d", "transport": "process", "verified": True}},
            "acme",
        ),
        ("entry point acme .*: verified: found None", {"CARD": {**CARD, "verified": None}}, "acme"),
    ],
)
def test_a_bad_entry_point_is_named(message: str, attributes: dict[str, Any], name: str) -> None:
    with pytest.raises(AdapterError, match=message):
        find_cards([], installed=[_entry(attributes, name)])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acme/x", "x"),
        ("acme:x", "x"),
        ("acme/org/x:free", "org/x:free"),
        ("acme:./run.sh a/b", "./run.sh a/b"),
        ("acme//tmp/x", "/tmp/x"),
    ],
)
def test_a_model_name_is_cut_at_its_first_slash_or_colon(tmp_path: Path, name: str, expected: str) -> None:
    found, model = split_name(name, {"acme": _acme(_folder(tmp_path))})
    assert ("acme", expected) == (found.card.name, model)


def test_an_unknown_provider_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r'no adapter "amce"\. Did you mean "acme"\?'):
        split_name("amce/x", {"acme": _acme(_folder(tmp_path))})


def test_a_model_without_its_provider_is_told_how_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r'model "gpt-5-mini": expected PROVIDER/MODEL, such as openai/NAME'):
        split_name("gpt-5-mini", {"acme": _acme(_folder(tmp_path))})


@pytest.mark.parametrize("name", ["acme", "acme/", "acme: "])
def test_a_provider_alone_is_no_model(tmp_path: Path, name: str) -> None:
    with pytest.raises(AdapterError, match="expected PROVIDER/MODEL, such as acme/NAME"):
        split_name(name, {"acme": _acme(_folder(tmp_path))})


def test_a_dialect_beside_its_card_runs_when_its_folder_is_named(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    assert callable(dialect_of(_acme(folder), [folder]).build)


def test_a_dialect_of_an_unnamed_folder_does_not_run(tmp_path: Path) -> None:
    folder = _folder(tmp_path, code="raise SystemExit('executed')")
    with pytest.raises(AdapterError, match="add --adapters"):
        dialect_of(_acme(folder), [])


def test_a_card_may_use_a_shipped_dialect_without_permission(tmp_path: Path) -> None:
    found = _acme(_folder(tmp_path, dialect="openai-chat", code=None))
    assert callable(dialect_of(found, []).parse)


def test_a_dialect_without_parse_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path, code="def build(): ...")
    with pytest.raises(AdapterError, match='dialect "acme" has no function parse'):
        dialect_of(_acme(folder), [folder])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise RuntimeError('oops')", "build failed: RuntimeError: oops"),
        ("raise KeyError('x')", "build failed: KeyError: 'x'"),
        ("raise SystemExit(3)", "build failed: SystemExit: 3"),
        ("return 5", "build gave int, expected a Request"),
    ],
)
def test_a_strangers_dialect_that_cannot_build_is_named(tmp_path: Path, code: str, told: str) -> None:
    folder = _folder(tmp_path, code=f"def build(call, model, address): {code}\ndef parse(reply): ...\n")
    with pytest.raises(AdapterError, match=f'acme.toml: dialect "acme": {told}'):
        dialect_of(_acme(folder), [folder]).build(CALL, "m", "https://acme.example")


@pytest.mark.parametrize(
    ("code", "told"),
    [("raise RuntimeError('oops')", "parse failed: RuntimeError: oops"), ("...", "parse gave NoneType, expected a R")],
)
def test_a_strangers_dialect_that_cannot_parse_is_named(tmp_path: Path, code: str, told: str) -> None:
    folder = _folder(tmp_path, code=f"def build(call, model, address): ...\ndef parse(reply): {code}\n")
    with pytest.raises(AdapterError, match=f'acme.toml: dialect "acme": {told}'):
        dialect_of(_acme(folder), [folder]).parse(Reply(body=b""))


def test_a_reply_of_another_shape_is_no_failure_of_a_strangers_dialect(tmp_path: Path) -> None:
    code = "def build(call, model, address): ...\ndef parse(reply): return reply.json()['x']\n"
    folder = _folder(tmp_path, code=code)
    with pytest.raises(KeyError, match="x"):
        dialect_of(_acme(folder), [folder]).parse(Reply(body=b"{}"))


def test_a_dialect_that_is_not_there_is_told_with_its_card(tmp_path: Path) -> None:
    folder = _folder(tmp_path, dialect="nowhere", code=None)
    with pytest.raises(AdapterError, match=r"acme\.toml: no dialect or program 'nowhere'"):
        dialect_of(_acme(folder), [folder])


def test_a_card_without_a_folder_finds_shipped_files_only(tmp_path: Path) -> None:
    found = FoundCard(card=_acme(_folder(tmp_path)).card, source="here", folder=None, published=SimpleNamespace())
    assert callable(beside_card(found, "program", []).parse)
