"""What looking at a large run takes: `evalkit report` with its parts (results, failures, pages), and `evalkit view`.

    python benchmarks/report.py [TRIALS] [--sequential] [--keep FOLDER]

The run is made without a model, straight through the record: a task of a thousand items under eight conditions, with
texts as long as those of real answers. Each step runs in a process of its own, so that its memory can be told; of the
command all of it counts, from the start of Python to its end. Seconds are on the clock and of the processor; the ratio
is the processor's, beside a plain `SELECT` of all rows of the same run, which hardly anything can be quicker than.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener

from evalkit.browse import open_trials
from evalkit.engine import EngineSettings, measure, start
from evalkit.findings.trials import TrialFilter
from evalkit.plan import Plan, Scope, make_plan
from evalkit.record import TrialReader, TrialRow, TrialWriter, read_run_file, write_run_file
from evalkit.score import judge
from evalkit.suite import load_suite
from evalkit.transport import opener
from evalkit.trial import Answer, Response
from evalkit.verdict import Terms

TRIALS = 300_000
ITEMS = 1_000
SUITE = """\
suite: bench
threshold: 0.9
precision: 0.0001
claim: set
tasks:
  title:
    prompt: |
      Turn the complaint below into a ticket title of at most twelve words, on one line.

      {complaint}
    items: complaints.jsonl
    constraints: [one_line, words: {max: 12}, mentions: "{thing}", avoids: emotional]
    perturbations:
      noise: {levels: [0.02, 0.05, 0.1, 0.2]}
      conflict: {levels: [soft, direct, override]}
"""
TEXT = "the order of last week came late and in two boxes while one lamp was broken so please send a new one"
WORDS = TEXT.split()


def made(folder: Path, n_trials: int, *, sequential: bool) -> Path:
    """A run of so many trials below a folder."""
    rng = random.Random(0)
    (folder / "bench.yaml").write_text(SUITE, encoding="utf-8")
    items = [
        {"id": f"c{n}", "thing": rng.choice(WORDS), "complaint": " ".join(rng.choices(WORDS, k=60)).capitalize() + "."}
        for n in range(ITEMS)
    ]
    (folder / "complaints.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    suite = load_suite(folder / "bench.yaml")
    each = n_trials // len(suite.task("title").conditions)
    scope = Scope(max_calls=each, explore=True) if sequential else Scope(fixed=each, max_calls=each)
    plan = make_plan(suite, scope)
    model = opener((), allow_code=False)("echo/bench", {})
    session = start(
        plan, model, scope=scope, confidence=None, options={}, settings=EngineSettings(), out=folder / "runs"
    )
    writer = TrialWriter(session.folder)
    for terms in plan.terms:
        writer.commit(rows(plan, terms, rng), ())
    writer.close()
    finished = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    write_run_file(session.folder, session.run.model_copy(update={"finished": finished}))
    return session.folder


def rows(plan: Plan, terms: Terms, rng: random.Random) -> Iterator[TrialRow]:
    """The trials of a condition, of which nine in ten pass; answers are judged once and used again."""
    task = plan.suite.task(terms.task)
    known: dict[tuple[str, int], TrialRow] = {}
    for unit in plan.units(terms):
        kind = rng.choices((0, 1, 2, 3), weights=(900, 60, 38, 2))[0]
        if (unit.item.id, kind) not in known:
            thing = unit.item.fields["thing"]
            text = " ".join(rng.choices(WORDS, k=(5, 30, 8, 8)[kind]))
            answer = Answer(
                response=Response(
                    text=f"{thing} {text}" + ("!" if kind == 2 else ""),
                    finish_reason="length" if kind == 3 else "stop",
                    tokens_in=120,
                    tokens_out=12,
                    served_model="echo-1",
                ),
                latency_s=rng.uniform(0.2, 2.0),
                attempts=1,
            )
            row = TrialRow(
                task=terms.task,
                condition=terms.condition,
                position=0,
                repeat=0,
                item=unit.item.id,
                item_group=None,
                level=terms.level,
                variant=None,
                request_hash="0" * 64,
            )
            row = row.answered(answer, cost_usd=0.0002)
            known[unit.item.id, kind] = row.scored(judge(task.bind(unit.item), answer.response))
        yield replace(known[unit.item.id, kind], position=unit.position, repeat=unit.repeats[0])


# --- what is timed, each in a process of its own


def plain_select(folder: Path) -> None:
    """The reference."""
    connection = sqlite3.connect(folder / "trials.db")
    for _ in connection.execute("SELECT * FROM trials"):
        pass


def results(folder: Path) -> None:
    """All results, recomputed."""
    with TrialReader(folder) as reader:
        measure(read_run_file(folder), reader)


def opened(folder: Path) -> None:
    """The first page, which reads the whole record once."""
    with open_trials(folder) as trials:
        assert trials.page(TrialFilter(), 0, 50).trials


def groups(folder: Path) -> None:
    """The same, and the groups of failures."""
    with open_trials(folder) as trials:
        assert trials.groups()


def selection(folder: Path) -> None:
    """What a file carries."""
    with open_trials(folder) as trials:
        assert trials.selection().trials


STEPS: dict[str, Callable[[Path], None]] = {
    step.__name__: step for step in (plain_select, results, opened, groups, selection)
}


def answers(folder: Path) -> Iterator[tuple[str, float]]:
    """Seconds that a question takes once the trials are open."""
    with open_trials(folder) as trials:
        total = trials.page(TrialFilter(), 0, 50).total
        last = TrialFilter(outcome="pass", condition="noise@0.2")
        questions: dict[str, Callable[[], Any]] = {
            "page": lambda: trials.page(TrialFilter(), total // 2, 50),
            "page of failures, first time": lambda: trials.page(TrialFilter(outcome="fail"), 0, 50),
            "page of failures": lambda: trials.page(TrialFilter(outcome="fail"), total // 20, 50),
            "page of passes, first time": lambda: trials.page(TrialFilter(outcome="pass"), total // 2, 50),
            "page of a condition's passes": lambda: trials.page(last, 5_000, 50),
            "page of a broken constraint": lambda: trials.page(TrialFilter(constraint="words"), 1_000, 50),
            "page of a text, first time": lambda: trials.page(TrialFilter(text="two boxes"), 0, 50),
            "page of a text": lambda: trials.page(TrialFilter(text="two boxes"), 50, 50),
            "trial, first time": lambda: trials.detail("title/noise@0.2/7/0"),
            "trial": lambda: trials.detail("title/noise@0.2/8/0"),
            "flaky items": lambda: trials.flaky_items(),
        }
        for name, question in questions.items():
            started = time.perf_counter()
            question()
            yield name, time.perf_counter() - started


def timed(step: str, folder: Path) -> tuple[float, float, float]:
    """Seconds, seconds of the processor and peak megabytes of a step in a process of its own; imports do not count."""
    code = f"import runpy; runpy.run_path({__file__!r})['one']({step!r}, {str(folder)!r})"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(told[0]), float(told[1]), float(told[2])


def one(step: str, folder: str) -> None:
    """Print what a step takes."""
    started, worked = time.perf_counter(), time.process_time()
    STEPS[step](Path(folder))
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    print(seconds, worked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


COMMAND = """\
import resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run([sys.executable, "-m", "evalkit", "report", *sys.argv[1:]], check=True)
seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""
"""Run from a small process: a new one's peak is at least the memory of the one that starts it."""


def reported(form: str, folder: Path) -> tuple[float, float, float]:
    """As `timed`, of the command `evalkit report`, imports and all."""
    given = [str(folder), "--format", form, "-o", str(folder.parent / f"report-{form}")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    told = subprocess.run(
        [sys.executable, "-c", COMMAND, *given], check=True, capture_output=True, text=True, env=environment
    ).stdout.split()
    return float(told[-3]), float(told[-2]), float(told[-1])


def viewed(folder: Path) -> float:
    """Seconds from the start of `evalkit view` to the whole page of a run."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "evalkit", "view", str(folder), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as viewer:
        assert viewer.stdout is not None
        browser = build_opener(HTTPCookieProcessor())
        with browser.open(json.loads(viewer.stdout.readline())["url"]) as page:
            assert page.read().endswith(b"</html>")
        seconds = time.perf_counter() - started
        viewer.send_signal(signal.SIGINT)
    return seconds


def killed(folder: Path) -> Path:
    """The same run, as it lies there when it was killed right before its end."""
    copy = Path(shutil.copytree(folder, folder.parent / "killed", dirs_exist_ok=True))
    write_run_file(copy, read_run_file(copy).model_copy(update={"finished": None, "results": None}))
    return copy


def show(name: str, taken: tuple[float, float, float], reference: float) -> None:
    """Print a line."""
    seconds, worked, peak_mb = taken
    print(f"{name:32}{seconds:8.2f} s {worked:8.2f} s {worked / reference:6.1f} × {peak_mb:6.0f} MB")


def main() -> None:
    """Make the run, and print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", nargs="?", type=int, default=TRIALS)
    parser.add_argument("--sequential", action="store_true", help="tests that may stop at any trial")
    parser.add_argument("--keep", type=Path, help="make the run here, and leave it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = given.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        folder = made(place, given.trials, sequential=given.sequential)
        size_mb = (folder / "trials.db").stat().st_size / 2**20
        print(f"{given.trials:,} trials, {size_mb:,.0f} MB")
        timed("plain_select", folder)  # the file is in memory from here on
        _, reference, _ = timed("plain_select", folder)
        for step in STEPS:
            show(step, timed(step, folder), reference)
        reported("terminal", folder)  # so that modules are compiled
        for form in ("terminal", "html", "csv", "jsonl", "parquet"):
            show(f"evalkit report --format {form}", reported(form, folder), reference)
        print(f"{'evalkit view':32}{viewed(folder):8.2f} s")
        print(f"{'evalkit view of a killed run':32}{viewed(killed(folder)):8.2f} s")
        for name, seconds in answers(folder):
            print(f"{name:32}{1000 * seconds:8.1f} ms")


if __name__ == "__main__":
    main()
