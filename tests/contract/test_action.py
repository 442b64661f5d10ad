"""The composite action and the examples for CI: what they say is true, and nothing from outside becomes a command."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml

from evalkit.cli import cli

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / "examples/github-workflow.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((ROOT / "examples/gitlab-ci.yml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
EVIL = "x\"; touch owned; '$(touch owned) `touch owned` * --help"


def script(name: str) -> str:
    (found,) = [step["run"] for step in STEPS if step.get("name") == name]
    return str(found)


def options_of(*commands: str) -> set[str]:
    """The options that some commands have."""
    found = [cli.get_command(click.Context(cli), name) for name in commands]
    return {flag for command in found if command is not None for option in command.params for flag in option.opts}


class Done(NamedTuple):
    code: int
    out: str
    calls: list[list[str]]
    """Of the programs that the script called, each with its arguments."""


STUB = """#!/bin/bash
printf '%s\\n' "$(basename "$0")" "$@" --- >> "$CALLS"
{body}
"""


def bash(text: str, folder: Path, programs: dict[str, str], variables: dict[str, str]) -> Done:
    """Run a script as a runner does, with programs of ours in place of the real ones."""
    (folder / "bin").mkdir()
    for name, body in programs.items():
        (folder / "bin" / name).write_text(STUB.format(body=body), encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    known = {"RUNNER_TEMP": folder, "GITHUB_OUTPUT": folder / "output", "CALLS": folder / "calls"}
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", **{key: str(path) for key, path in known.items()}}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == done.stderr
    calls = (folder / "calls").read_text(encoding="utf-8") if (folder / "calls").exists() else ""
    assert not (folder / "owned").exists()
    return Done(done.returncode, done.stdout, [call.splitlines() for call in calls.split("---\n")[:-1]])


def measure(folder: Path, given: Mapping[str, str] | None = None, *, exits: int = 0, runs: str = "one") -> Done:
    inputs = {"SUITE": "s.yaml", "MODEL": "echo/x", "BASELINE": "", "TOLERANCE": "0.02", "STRICT": "false"}
    made = f'for run in {runs}; do mkdir -p "$2/$run"; done'
    body = f'if [ "$1" = run ]; then while [ "$1" != --out ]; do shift; done; {made}; exit {exits}; fi'
    variables = {**inputs, "EDGE": "fail", "MORE": "", **(given or {})}
    return bash(script("Measure until the gate is decided"), folder, {"evalkit": body}, variables)


def comment(folder: Path, *, known: str = "", gh: str = "") -> Done:
    (folder / "comment.md").write_text("<!-- evalkit: s m -->\n### x\n", encoding="utf-8")
    body = gh or f'if [ "$2" = --paginate ]; then echo "$MARKER" > marker; printf "{known}"; fi'
    variables = {"FOLDER": str(folder), "NUMBER": "7", "GITHUB_REPOSITORY": "us/app"}
    return bash(script("Comment on the pull request"), folder, {"gh": body}, variables)


# --- the action


def test_the_action_has_what_github_asks_for() -> None:
    assert {"name", "description", "author", "branding", "inputs", "outputs", "runs"} == set(ACTION)
    assert "composite" == ACTION["runs"]["using"]
    for given in ACTION["inputs"].values():
        assert {"description"} < set(given) <= {"description", "required", "default"}
    for step in STEPS:
        assert set(step) <= {"name", "id", "if", "shell", "env", "run", "uses", "with"}
        assert ("run" in step) == ("shell" in step) != ("uses" in step)


def test_no_expression_is_written_into_a_script() -> None:
    assert [] == [step["name"] for step in STEPS if "${{" in step.get("run", "")]


def test_every_input_is_used_and_none_is_used_that_there_is_not() -> None:
    used = re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert set(ACTION["inputs"]) == set(used)


def test_every_variable_of_a_script_is_given_or_its_own() -> None:
    runners = {"RUNNER_TEMP", "GITHUB_OUTPUT", "GITHUB_REPOSITORY", "GITHUB_ACTION_PATH", "RANDOM"}
    for step in STEPS:
        text = step.get("run", "")
        read = set(re.findall(r"\$\{?([A-Z_]+)", text)) - runners
        assert read <= {*step.get("env", {}), *re.findall(r"^ *([A-Z_]+)=", text, re.M)}


def test_other_actions_are_official_and_pinned() -> None:
    uses = [step["uses"] for step in [*STEPS, *WORKFLOW["jobs"]["gate"]["steps"]] if "uses" in step]
    assert 4 == len(uses)
    assert [] == [each for each in uses if not re.fullmatch(r"actions/[\w-]+@v\d+|OWNER/evalkit@v[\d.]+", each)]


def test_the_page_names_every_input_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \|", PAGE, re.M))
    shown = {name: f"`{given['default']}`" for name, given in ACTION["inputs"].items() if given.get("default")}
    expected = {
        name: shown.get(name, "" if "default" in given else "required") for name, given in ACTION["inputs"].items()
    }
    expected["github-token"] = "that of the job"
    assert expected == {name: rows.get(name) for name in expected}


def test_the_script_calls_the_gate_and_tells_it_again_for_those_who_look_elsewhere(tmp_path: Path) -> None:
    done = measure(tmp_path, {"BASELINE": "b.json", "STRICT": "true", "MORE": "--max-cost\n  5\n\n-M\ntemperature=0\n"})
    (run, gate) = done.calls
    folder = next(iter(tmp_path.glob("evalkit-*")))
    asked = ["--model", "echo/x", "--gate", "--edge", "fail", "--out", f"{folder}/runs"]
    compared = ["--baseline", "b.json", "--tolerance", "0.02", "--strict"]
    more = ["--max-cost", "5", "-M", "temperature=0"]
    assert ["evalkit", "run", *asked, *compared, *more, "--", "s.yaml"] == run
    told = ["--github", "--junit", f"{folder}/junit.xml", "--format", "markdown", "-o", f"{folder}/comment.md"]
    assert ["evalkit", "gate", f"{folder}/runs/one", "--edge", "fail", *told] == gate
    assert f"folder={folder}\nexit-code=0\n" == (tmp_path / "output").read_text(encoding="utf-8")


def test_all_models_of_a_job_are_told_together(tmp_path: Path) -> None:
    """Each on its own would write over the one before."""
    (_, gate) = measure(tmp_path, {"MORE": "--model\necho/y"}, runs="one two").calls
    assert ["one", "two"] == [Path(run).name for run in gate[2:4]]


def test_of_a_run_that_was_not_made_nothing_more_is_told(tmp_path: Path) -> None:
    done = measure(tmp_path, exits=2, runs="")
    assert (2, ["run"]) == (done.code, [call[1] for call in done.calls])


def test_without_a_baseline_nothing_is_said_of_one(tmp_path: Path) -> None:
    (run, _) = measure(tmp_path, {"STRICT": "true"}).calls
    assert {"--baseline", "--tolerance", "--strict"}.isdisjoint(run)


@pytest.mark.parametrize("exits", [1, 3, 4])
def test_the_exit_code_is_that_of_the_run(tmp_path: Path, exits: int) -> None:
    assert exits == measure(tmp_path, exits=exits).code
    assert f"exit-code={exits}\n" in (tmp_path / "output").read_text(encoding="utf-8")


def test_no_input_becomes_a_command_or_several_words(tmp_path: Path) -> None:
    names = ("SUITE", "MODEL", "BASELINE", "TOLERANCE", "EDGE", "MORE", "STRICT")
    done = measure(tmp_path, dict.fromkeys(names, EVIL))
    assert {"--model": EVIL, "--baseline": EVIL, "--edge": EVIL} == {
        name: done.calls[0][done.calls[0].index(name) + 1] for name in ("--model", "--baseline", "--edge")
    }
    assert [EVIL, "--", EVIL] == done.calls[0][-3:]


def test_what_a_run_prints_is_no_command_to_the_runner(tmp_path: Path) -> None:
    first, last = measure(tmp_path).out.splitlines()
    pause = first.removeprefix("::stop-commands::")
    assert (f"::stop-commands::{pause}", f"::{pause}::") == (first, last)
    assert pause.startswith("evalkit-")


def test_the_options_in_the_script_and_the_examples_exist() -> None:
    known = options_of("run", "gate")
    shown = [script("Measure until the gate is decided"), "\n".join(GITLAB["evalkit"]["script"][2:]), PAGE]
    shown.append(WORKFLOW["jobs"]["gate"]["steps"][1]["with"]["args"])
    for text in shown:
        used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--quiet"}
        assert used
        assert set() == used - known


# --- its comment


def test_a_first_comment_is_written(tmp_path: Path) -> None:
    (asked, written) = comment(tmp_path).calls
    assert ["gh", "api", "--paginate", "repos/us/app/issues/7/comments", "--jq"] == asked[:5]
    assert ["gh", "api", "--silent", "--method", "POST", "repos/us/app/issues/7/comments"] == written[:6]
    assert ["--field", f"body=@{tmp_path}/comment.md"] == written[6:]
    assert "<!-- evalkit: s m -->\n" == (tmp_path / "marker").read_text(encoding="utf-8")


def test_a_comment_that_is_there_already_is_written_anew(tmp_path: Path) -> None:
    (_, written) = comment(tmp_path, known="12\\n34\\n").calls
    assert ["gh", "api", "--silent", "--method", "PATCH", "repos/us/app/issues/comments/12"] == written[:6]


@pytest.mark.parametrize("gh", ["exit 1", 'if [ "$2" = --silent ]; then exit 1; fi'])
def test_a_comment_that_may_not_be_written_is_a_warning(tmp_path: Path, gh: str) -> None:
    done = comment(tmp_path, gh=gh)
    assert 0 == done.code
    assert done.out.startswith("::warning title=evalkit::The comment was not written")


def test_without_a_result_there_is_no_comment(tmp_path: Path) -> None:
    done = bash(script("Comment on the pull request"), tmp_path, {"gh": ""}, {"FOLDER": str(tmp_path)})
    assert (0, []) == (done.code, done.calls)


# --- the examples


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    step = WORKFLOW["jobs"]["gate"]["steps"][1]
    assert set(step["with"]) <= set(ACTION["inputs"])
    required = {name for name, given in ACTION["inputs"].items() if given.get("required")}
    assert required <= set(step["with"])
    assert {"contents": "read", "pull-requests": "write"} == WORKFLOW["permissions"]


def test_the_page_shows_the_examples_as_they_are() -> None:
    for name in ("github-workflow.yml", "gitlab-ci.yml"):
        assert f"```yaml\n{(ROOT / 'examples' / name).read_text(encoding='utf-8')}```" in PAGE


def test_gitlab_keeps_the_tests_whatever_becomes_of_the_job() -> None:
    job = GITLAB["evalkit"]
    assert ("always", "junit.xml", 3) == (
        job["artifacts"]["when"],
        job["artifacts"]["reports"]["junit"],
        job["allow_failure"]["exit_codes"],
    )


@pytest.mark.parametrize("exits", [0, 1, 3])
def test_the_gitlab_job_ends_as_the_run_did(tmp_path: Path, exits: int) -> None:
    body = f'if [ "$1" = run ]; then exit {exits}; else exit 1; fi'
    done = bash(
        "\n".join(GITLAB["evalkit"]["script"]), tmp_path, {"evalkit": body, "pip": ""}, GITLAB["evalkit"]["variables"]
    )
    assert (exits, ["pip", "evalkit", "evalkit"]) == (done.code, [each[0] for each in done.calls])
