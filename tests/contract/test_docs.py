"""The pages are true: generated ones are current, all options are there, blocks run, links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from docs.generate import EXAMPLES, FIELDS, example_of, main, stale
from evalkit.cli import COMMANDS, call, cli
from evalkit.record import COLUMNS, Baseline, BaselineCondition, BaselineTask, RunFile, StoredGate, StoredSuite
from evalkit.score import constraint_types
from evalkit.suite.models import SuiteFile, TaskFile
from evalkit.verdict import Terms

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
LINKED = [*PAGES, *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "suites/README.md"))]
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.M)


class Block(NamedTuple):
    page: Path
    language: str
    name: str
    text: str


def blocks() -> Iterator[Block]:
    for page in PAGES:
        for language, name, text in _FENCE.findall(page.read_text(encoding="utf-8")):
            yield Block(page, language, name, text)


def suites() -> list[Block]:
    first = re.compile(r"(?:#.*\n)*suite:")
    return [block for block in blocks() if block.language == "yaml" and first.match(block.text)]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """The part of a page below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", page(name), re.M | re.S)
    assert found is not None, f"{name} has no heading {heading}"
    return found.group(1)


def keys_of_table(text: str) -> list[str]:
    """What the first column of tables names."""
    rows = re.findall(r"^\| ((?:`[\w.]+`(?:, )?)+) \|", text, re.M)
    return [key for row in rows for key in re.findall(r"`([\w.]+)`", row)]


@pytest.mark.slow
def test_generated_pages_are_current() -> None:
    assert [] == stale()


@pytest.mark.slow
def test_a_page_that_somebody_changed_is_named_and_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == main([], tmp_path)
    (tmp_path / "cli.md").write_text("changed\n", encoding="utf-8")
    (tmp_path / "constraints.md").unlink()
    assert 1 == main(["--check"], tmp_path)
    assert ["docs/cli.md", "docs/constraints.md"] == re.findall(r"^\S+", capsys.readouterr().out, re.M)
    assert (0, 0) == (main([], tmp_path), main(["--check"], tmp_path))


def test_the_generator_explains_itself_when_it_does_not_know_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["--chekc"])
    assert "--check" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    text = section("cli.md", f"evalkit {name}")
    options = [flag for parameter in command.params if isinstance(parameter, click.Option) for flag in parameter.opts]
    assert [] == [flag for flag in options if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", text)]


def test_every_command_is_in_the_list_of_commands() -> None:
    listed = re.findall(r"^  (\w+) +\S", section("cli.md", "evalkit").partition("Commands:")[2], re.M)
    assert list(COMMANDS) == [name for name in listed if name != "Example"]


def test_help_has_no_colour_and_a_stable_width() -> None:
    assert "\x1b" not in page("cli.md")
    assert max(len(line) for block in _FENCE.findall(page("cli.md")) for line in block[2].splitlines()) <= 100


def test_every_constraint_has_an_example_and_a_section() -> None:
    assert list(constraint_types()) == list(EXAMPLES)
    for key in EXAMPLES:
        assert EXAMPLES[key].entry in section("constraints.md", key)


@pytest.mark.parametrize("key", EXAMPLES)
def test_the_answers_of_an_example_pass_and_fail_as_the_page_says(key: str) -> None:
    functions = {"checks.py:is_polite": lambda text, _: "thank" in text.lower()}
    constraint = example_of(key).bind(FIELDS, functions)
    assert constraint.check(EXAMPLES[key].passes).passed
    assert not constraint.check(EXAMPLES[key].fails).passed


def test_every_column_of_a_trial_is_documented_in_order() -> None:
    assert list(COLUMNS) == keys_of_table(section("record.md", "trials.db"))


def test_every_key_of_a_run_file_is_documented() -> None:
    text = section("record.md", "run.json")
    assert list(RunFile.model_fields) == keys_of_table(text)
    inner = [*StoredSuite.model_fields, *StoredGate.model_fields, *Terms.__dataclass_fields__]
    assert [] == [name for name in inner if f"`{name}`" not in text]


def test_every_key_of_a_baseline_is_documented() -> None:
    text = section("gate.md", "The file")
    keys = [name for model in (Baseline, BaselineTask, BaselineCondition) for name in model.model_fields]
    assert [] == [name for name in keys if f"`{name}`" not in text]


@pytest.mark.parametrize(
    ("heading", "model"), [("Keys of the suite", SuiteFile), ("Keys of a task", TaskFile)], ids=["suite", "task"]
)
def test_every_key_of_a_suite_is_documented(heading: str, model: type[SuiteFile] | type[TaskFile]) -> None:
    assert sorted(model.model_fields) == sorted(keys_of_table(section("suites.md", heading)))


def test_messages_in_the_pages_are_those_that_people_get() -> None:
    said = (ROOT / "tests/golden/broken_suites.txt").read_text(encoding="utf-8").splitlines()
    shown = [line for block in blocks() if block.name == "errors" for line in block.text.splitlines()]
    assert shown
    assert [] == [line for line in shown if line not in said]


def test_there_are_suites_in_the_pages() -> None:
    assert len(suites()) >= 2


@pytest.mark.parametrize("block", suites(), ids=lambda block: f"{block.page.stem}-{block.text.count(chr(10))}")
def test_every_suite_in_the_pages_passes_check(block: Block, tmp_path: Path) -> None:
    for other in blocks():
        if other.page == block.page and other.name and other.language != "text":
            (tmp_path / other.name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / other.name).write_text(other.text, encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(block.text, encoding="utf-8")
    assert 0 == call(["check", str(tmp_path / "suite.yaml")])


PROGRAMS = sorted({block.page for block in blocks() if block.language == "python" and not block.name})


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_the_programs_of_a_page_run(program: Path, tmp_path: Path) -> None:
    own = [block for block in blocks() if block.page == program and block.language != "text"]
    for block in own:
        if block.name:
            (tmp_path / block.name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.name).write_text(block.text, encoding="utf-8")
    text = "\n".join(block.text for block in own if block.language == "python" and not block.name)
    done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def anchors(text: str) -> set[str]:
    """The anchors that a web view gives to a page's headings."""
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in _HEADING.findall(text)}


@pytest.mark.parametrize("linking", LINKED, ids=lambda path: path.name if path.parent.name != "suites" else "suites")
def test_relative_links_lead_somewhere(linking: Path) -> None:
    text = linking.read_text(encoding="utf-8")
    for link in _LINK.findall(_FENCE.sub("", text)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = linking.parent / path if path else linking
        assert target.exists(), f"{linking.name}: {link}"
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), f"{linking.name}: {link}"


def test_every_page_can_be_reached_by_a_link_from_another() -> None:
    linked = {
        (linking.parent / link.partition("#")[0]).resolve()
        for linking in LINKED
        for link in _LINK.findall(linking.read_text(encoding="utf-8"))
    }
    assert [] == [path.name for path in PAGES if path.resolve() not in linked]


def test_files_that_the_architecture_names_exist() -> None:
    named = re.findall(r"`((?:evalkit|adapters|tests|docs)/[\w/]+\.\w+)`", page("architecture.md"))
    assert named
    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_the_example_is_a_good_suite() -> None:
    assert 0 == call(["check", str(ROOT / "examples/invoice.yaml")])


def test_the_example_runs_with_the_example_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite, app = (str(ROOT / "examples" / name) for name in ("invoice.yaml", "my_app.py:answer"))
    model = f"python:{app}"
    options = ["--allow-code", "--fixed", "40", "--json", "--out", str(tmp_path)]
    assert 0 == call(["run", suite, "--model", model, *options])
    result = json.loads(capsys.readouterr().out)
    verdicts = {found["condition"]: found["verdict"] for found in result["tasks"][0]["conditions"]}
    assert ("usable", "unusable") == (verdicts["clean"], verdicts["noise@0.1"])


def test_the_example_app_is_short() -> None:
    assert len((ROOT / "examples/my_app.py").read_text(encoding="utf-8").splitlines()) <= 15
