"""The suite of a run, as it was when the run was made."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from evalkit.errors import RecordError
from evalkit.record import RunFile
from evalkit.suite import Suite, read_suite


def stored_suite(run: RunFile, *, allow_code: bool) -> Suite:
    """The suite of a run, from the copy that the run keeps.

    Raises:
        SuiteError: If its items cannot be read any more.
        RecordError: If a file that the suite reads has changed since the run was made.
    """
    # When the run was made its items were checked, by what may since have become stricter.
    checked = run.evalkit == version("evalkit")
    suite = read_suite(Path(run.suite.path), run.suite.text, allow_code=allow_code, checked=checked)
    changed = [name for name, digest in run.suite.files.items() if suite.files.get(name) != digest]
    if changed:
        raise RecordError(
            f"{run.suite.path}: {', '.join(changed)} changed since the run was made; bring the old one back, or start "
            "a new run (with --reuse it keeps every answer that still fits)"
        )
    return suite
