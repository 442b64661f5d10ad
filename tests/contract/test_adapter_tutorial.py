"""The files and programs of the guide to providers work as it says, and its tables are true."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import Card, Reply, find_cards
from evalkit.adapter.catalogue import dialect_of
from evalkit.adapter.endpoint import endpoint_for
from evalkit.adapter.template import Template
from evalkit.cli import call
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.transport import Model, open_model
from evalkit.trial import Call, Message, Response
from tests.server import serving

TUTORIAL = Path(__file__).parents[2] / "docs" / "adapters.md"
TEXT = TUTORIAL.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", TEXT, re.M | re.S)
CARDS = find_cards([shipped("adapters")], installed=[])
FILES = {name: text for _, name, text in BLOCKS if name and name != "output"}
CALL = Call(task="t", item="1", condition="clean", repeat=0, messages=(Message(role="user", content="2 and 3"),))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _open(name: str, project: Path, environment: dict[str, str], options: dict[str, str]) -> Model:
    folder = project / "adapters"
    return open_model(
        name,
        options=options,
        folders=[folder, shipped("adapters")],
        allow_code=False,
        timeout_s=10,
        code_folders=[folder],
        environment=environment,
    )


def test_the_card_alone_reaches_a_server(project: Path) -> None:
    with serving(answer="add", key="k") as server:
        model = _open("acme/their-model", project, {"ACME_API_KEY": "k"}, {"base_url": server.base_url})

        async def ask() -> str:
            try:
                return (await model.ask(model.request(CALL))).response.text
            finally:
                await model.close()

        assert asyncio.run(ask()) == "5"


def test_the_dialect_builds_its_own_format(project: Path) -> None:
    request = _open("plain/x", project, {}, {}).request(CALL)
    assert (request.url, request.body) == ("https://plain.example/complete", {"model": "x", "prompt": "2 and 3"})


def test_the_programs_print_what_the_tutorial_shows(project: Path) -> None:
    (program,) = [text for language, name, text in BLOCKS if language == "python" and not name]
    (expected,) = [text for _, name, text in BLOCKS if name == "output"]
    done = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (expected, "")


LIST = """
from evalkit.adapter import find_cards
from evalkit.adapter.catalogue import dialect_of
from evalkit.adapter import Reply
found = find_cards([])["shared"]
print(found.source, dialect_of(found, []).parse(Reply(body=b'{"text": "hi"}')).text)
"""


def test_the_package_publishes_its_adapter(project: Path) -> None:
    """Laid out as an installer would leave it; building a package here would need the network."""
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = project / f"{metadata['name'].replace('-', '_')}-{metadata['version']}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {metadata['name']}\nVersion: 1.0\n", "utf-8")
    lines = [f"{name} = {value}" for name, value in metadata["entry-points"]["evalkit.adapters"].items()]
    (installed / "entry_points.txt").write_text("\n".join(["[evalkit.adapters]", *lines]), "utf-8")
    program = f"import sys; sys.path.insert(0, {str(project)!r})\n{LIST}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("entry point shared (evalkit_shared) hi\n", "")


def table(first: str) -> list[list[str]]:
    """The rows of the table whose first column is headed so, without its head."""
    lines = TEXT[TEXT.index(f"| {first} |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_provider_is_listed_with_its_variables() -> None:
    listed = {names_in(row[0])[0]: row[1:] for row in table("provider")}
    servers = {name: found.card for name, found in CARDS.items() if found.card.transport in {"http", "library"}}
    assert list(servers) == list(listed)
    for name, card in servers.items():
        key, address, dialect = listed[name]
        assert [one for one in (card.key_env, *card.key_env_also) if one] == names_in(key), name
        assert (card.key_env is not None and not card.key_required) == ("(optional)" in key), name
        assert [card.base_url_env] * (card.base_url_env is not None) == names_in(address), name
        assert [card.dialect] == names_in(dialect), name


FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "temperature": {"temperature": 0.5},
    "top_p": {"top_p": 0.9},
    "max_tokens": {"max_tokens": 7},
    "stop": {"stop": ["x"]},
    "seed": {"seed": 3},
    "response_format": {"response_format": SCHEMA},
    "tools": {"tools": [FUNCTION]},
    "tool_choice": {"tools": [FUNCTION], "tool_choice": "required"},
    "logprobs": {"logprobs": True},
    "reasoning_effort": {"reasoning_effort": "high"},
    "verbosity": {"verbosity": "low"},
}


def test_the_table_of_settings_has_those_that_are_translated() -> None:
    assert list(SETTINGS) == [names_in(row[0])[0] for row in table("setting")]


def sent(name: str, sampling: Mapping[str, Any]) -> Any:
    """What a provider is sent with some settings."""
    endpoint = endpoint_for(CARDS[name], "m", options=sampling, environment={})
    return endpoint.request(CALL, dialect_of(CARDS[name], [])).body


def paths(value: Any, place: str = "") -> Iterator[str]:
    """Every name inside a JSON value with the names around it, dots between."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield f"{place}.{name}"
            yield from paths(part, f"{place}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from paths(part, place)


@pytest.mark.parametrize("place", range(1, 7))
def test_each_setting_goes_where_the_table_says(place: int) -> None:
    head = TEXT[TEXT.index("| setting |") :].partition("\n")[0].split("|")
    (name,) = names_in(head[place + 1])
    for row in table("setting"):
        (setting,) = names_in(row[0])
        if row[place] == "refused":
            with pytest.raises(AdapterError, match=setting):
                sent(name, SETTINGS[setting])
        else:
            (wanted,) = names_in(row[place])
            found = [path for path in paths(sent(name, SETTINGS[setting])) if path.endswith(f".{wanted}")]
            assert found, f"{name}: {setting}"


@pytest.mark.parametrize(("before", "model"), [("## Test your application", Template), ("What a card can say", Card)])
def test_every_key_of_a_card_and_of_its_template_is_explained(before: str, model: type[Template] | type[Card]) -> None:
    start = TEXT.index("| key | value | meaning |", TEXT.index(before))
    lines = TEXT[start:].partition("\n\n")[0].splitlines()[2:]
    explained = [name for line in lines for name in names_in(line.split("|")[1])]
    assert sorted(model.model_fields) == sorted(explained)


def test_the_application_is_asked_and_read_as_the_guide_shows(project: Path) -> None:
    asked = Call(
        task="t",
        item="1",
        condition="clean",
        repeat=0,
        messages=(Message(role="user", content="Where is my order?"),),
        sampling={"max_tokens": 1024},
    )
    request = _open("assistant/shop", project, {"ASSISTANT_API_KEY": "k"}, {}).request(asked)
    shown = json.loads(FILES["assistant-request.json"])
    assert ("http://127.0.0.1:8080/tenants/shop/ask", shown) == (request.url, request.body)
    found = find_cards([project / "adapters"])["assistant"]
    reply = Reply(body=FILES["assistant-reply.json"].encode())
    expected = Response(text="It left our depot this morning.", tokens_in=412, tokens_out=9)
    assert expected == dialect_of(found, []).parse(reply)


def test_the_older_address_of_azure_is_a_card(project: Path) -> None:
    environment = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com"}
    url = _open("azure-classic/my-deployment", project, environment, {}).request(CALL).url
    expected = "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
    assert f"https://mine.openai.azure.com{expected}" == url


CALLER = """
import re

def answer(messages, options):
    assert options["tools"][0]["function"]["name"] == "refund"
    text = messages[-1]["content"]
    arguments = {"order": re.search(r"[AB]-\\d+", text)[0], "euros": float(re.search(r"([\\d.]+) euros", text)[1])}
    if ASKS:
        return "Shall I refund it?"
    return {"text": "", "tool_calls": [{"name": "refund", "arguments": arguments}]}
"""


@pytest.mark.parametrize(("verdict", "asks"), [("usable", False), ("unusable", True)])
def test_the_suite_of_tool_calls_tells_a_caller_from_one_that_only_talks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: str, asks: bool
) -> None:
    (suite,) = [text for language, _, text in BLOCKS if language == "yaml" and text.startswith("suite: desk-tools")]
    (tmp_path / "tools.yaml").write_text(suite, encoding="utf-8")
    (tmp_path / "caller.py").write_text(f"ASKS = {asks}\n{CALLER}", encoding="utf-8")
    options = ["--allow-code", "--fixed", "60", "--json", "--out", str(tmp_path)]
    assert 0 == call(["run", str(tmp_path / "tools.yaml"), "--model", f"python:{tmp_path}/caller.py:answer", *options])
    assert verdict == json.loads(capsys.readouterr().out)["verdict"]
