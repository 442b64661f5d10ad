"""How much processor time the quick commands take, beside a bare interpreter.

    python benchmarks/startup.py

Each command runs in fresh processes; the median of their user and system time is printed, and its ratio to an
interpreter that only imports click, PyYAML and pydantic, which is what no version of evalkit could do without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

SUITES = sorted((Path(__file__).parents[1] / "suites").glob("*.yaml"))
SUPPORT = str(Path(__file__).parents[1] / "suites" / "support.yaml")
RUNS = 9
COMMANDS = {
    "reference: python -c pass": ["-c", "pass"],
    "reference: imports of click, yaml, pydantic": ["-c", "import click, yaml, pydantic.main"],
    "evalkit --help (at most 0.15 s)": ["-m", "evalkit", "--help"],
    **{f"evalkit check suites/{suite.name} (at most 1 s)": ["-m", "evalkit", "check", str(suite)] for suite in SUITES},
    "evalkit plan suites/support.yaml (at most 2 s)": ["-m", "evalkit", "plan", SUPPORT, "--fixed", "1000"],
}


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of one process."""
    # Bytecode is kept between runs, as it is for everybody who does not forbid it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    reference = None
    print(f"{'command':<56} {'CPU s':>7} {'ratio':>6}")
    for name, arguments in COMMANDS.items():
        cpu_seconds(arguments)  # the first run may write bytecode
        median = statistics.median(cpu_seconds(arguments) for _ in range(RUNS))
        if "imports" in name:
            reference = median
        ratio = "" if reference is None else f"{median / reference:6.2f}"
        print(f"{name:<56} {median:7.3f} {ratio:>6}")


if __name__ == "__main__":
    main()
