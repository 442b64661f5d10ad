"""What GitHub Actions shows: annotations at the lines of a suite file, and the summary of a job.

Formats: "Workflow commands for GitHub Actions" of its documentation; escapes as its toolkit makes them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from evalkit.errors import EXIT_INFRASTRUCTURE, RecordError
from evalkit.findings.gate import GateResult
from evalkit.plain import one_line
from evalkit.report.gate_sentences import Finding, findings, plain_name
from evalkit.suite.document import read_document

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that the summary of one step may have; GitHub drops a longer one as a whole."""
_MOST = 10
"""Annotations of one level that GitHub shows of a step."""
_Level: TypeAlias = Literal["error", "warning", "notice"]


def task_lines(path: Path, text: str) -> dict[str, int]:
    """The line of each task in a suite file, 1-based.

    Args:
        path: For messages.
        text: What the file holds.

    Raises:
        SuiteError: If it is not YAML.
    """
    document = read_document(path, text)
    return {
        str(where[1]): line for where, line in document.lines.items() if where[:1] == ("tasks",) and len(where) == 2
    }


def workspace_path(path: Path, environ: Mapping[str, str] = os.environ) -> str:
    """A file's path as annotations name it: within the repository; empty for a file outside, such as a shipped suite.

    Args:
        path: Of the file, as seen from the current folder.
        environ: Names the repository's folder as `GITHUB_WORKSPACE`; the current folder without that.
    """
    workspace = Path(environ.get("GITHUB_WORKSPACE") or ".").resolve()
    whole = path.resolve()
    return whole.relative_to(workspace).as_posix() if whole.is_relative_to(workspace) else ""


def github_annotations(gate: GateResult, suite_path: str, lines: Mapping[str, int]) -> str:
    """What a gate found, as workflow commands: a line each, none when nothing was found.

    An error for what fails the gate, a warning for an edge that is let through, a notice for an unclear comparison that
    is. Of each level at most ten, since GitHub shows no more; the last of them says how many are left out.

    Args:
        gate: What it says.
        suite_path: Of the suite file within the repository; empty: the annotations point nowhere.
        lines: Of the tasks in it.
    """
    found = [(_level(gate, finding), finding) for finding in findings(gate)]
    totals, shown = Counter(level for level, _ in found), Counter[str]()
    commands = []
    for level, finding in found:
        shown[level] += 1
        if shown[level] < _MOST or totals[level] == _MOST:
            message = f"{finding.text}. Model: {plain_name(gate.result.model)}."
            where = dict(_where(suite_path, lines.get(finding.task)))
            commands.append(_command(level, where, _title(gate, finding), message))
        elif shown[level] == _MOST:
            left = totals[level] - _MOST + 1
            title = f"{plain_name(gate.result.suite)}: {left} more"
            commands.append(_command(level, {}, title, f"{left} more findings; the job's summary has all tasks."))
    return "".join(f"{command}\n" for command in commands)


def _level(gate: GateResult, finding: Finding) -> _Level:
    if finding.kind in {"unusable", "regressed"}:
        return "error"
    if finding.kind == "unclear" and not gate.strict:
        return "notice"
    return "warning" if gate.edge_passes else "error"


def _where(suite_path: str, line: int | None) -> Iterator[tuple[str, str]]:
    if suite_path:
        yield "file", suite_path
        yield "line", str(line or 1)


def _title(gate: GateResult, finding: Finding) -> str:
    told = {"unusable": "is unusable", "regressed": "got worse", "edge": "could be either", "unclear": "may be worse"}
    return f"{plain_name(gate.result.suite)}: {plain_name(finding.task)} {told[finding.kind]}"


def _command(level: _Level, where: Mapping[str, str], title: str, message: str) -> str:
    properties = ",".join(f"{key}={_property(value)}" for key, value in {**where, "title": title}.items())
    return f"::{level} {properties}::{_data(one_line(message, 1000))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def write_step_summary(text: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Add a text to the summary of the step that is running.

    Args:
        text: Markdown.
        environ: Names the file as `GITHUB_STEP_SUMMARY`.

    Returns:
        Whether it was written: not outside of GitHub Actions, and not when the summary would become too long, for
        then GitHub would drop all of it.

    Raises:
        RecordError: With exit code 4 if the disk refuses.
    """
    name = environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return False
    path, data = Path(name), text.encode()
    try:
        with path.open("ab") as file:
            if file.tell() + len(data) > SUMMARY_LIMIT:
                return False
            file.write(data)
    except OSError as error:
        message = f"{path} (GITHUB_STEP_SUMMARY): cannot be written: {error.strerror}"
        raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE) from None
    return True
