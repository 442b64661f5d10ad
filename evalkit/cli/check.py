"""`evalkit check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evalkit.cli.shared import allow_code_option, json_option, print_json, say
from evalkit.errors import EXIT_USAGE, SuiteError
from evalkit.lint import Finding, lint
from evalkit.plain import counted
from evalkit.suite import load_suite


@click.command(epilog="Example: evalkit check suites/support.yaml")
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@allow_code_option
@json_option
def command(suites: tuple[str, ...], allow_code: bool, as_json: bool) -> int:
    """Find every error in suites, without a model.

    Errors exit with 2. Warnings say what will keep a run from a verdict, such as too few items for the threshold.
    """
    reports = [_check(name, allow_code=allow_code) for name in suites]
    if as_json:
        print_json(reports if len(reports) > 1 else reports[0])
    else:
        for report in reports:
            for line in (*report["errors"], *report["warnings"], *report["notes"]):
                say(line)
            state = counted(len(report["errors"]), "error") if report["errors"] else "ok"
            say(f"{report['suite']}: {state}")
    return EXIT_USAGE if any(report["errors"] for report in reports) else 0


def _check(name: str, *, allow_code: bool) -> dict[str, Any]:
    try:
        suite = load_suite(name, allow_code=allow_code)
    except SuiteError as error:
        return {"suite": name, "errors": [str(problem) for problem in error.problems], "warnings": [], "notes": []}
    findings = lint(suite)
    return {
        "suite": str(Path(suite.path)),
        "errors": _texts(findings, "error"),
        "warnings": _texts(findings, "warning"),
        "notes": _texts(findings, "note"),
    }


def _texts(findings: list[Finding], kind: str) -> list[str]:
    prefix = {"error": "", "warning": "warning: ", "note": ""}[kind]
    return [f"{prefix}{finding.problem}" for finding in findings if finding.kind == kind]
