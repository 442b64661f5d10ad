"""The files and programs of the tutorial work as it says."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from evalkit.content import shipped
from evalkit.transport import Model, open_model
from evalkit.trial import Call, Message
from tests.server import serving

TUTORIAL = Path(__file__).parents[2] / "docs" / "adapters.md"
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", TUTORIAL.read_text(encoding="utf-8"), re.M | re.S)
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
