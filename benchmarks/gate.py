"""How often a gate errs, what it catches, and for how many calls, by simulation through the real command.

    python benchmarks/gate.py [GATES]

Each gate is one `evalkit run --gate --baseline` of five tasks, against a new baseline of 1,000 trials a task. The model
passes at random, at 95 % and independently each time, which is the hardest case: of a model that answers alike each
time, fewer pairs differ. The threshold lies at 80 %, so that only the comparison can catch a drop. Beside it stand two
customary gates over 100 fixed trials a task. Both fail when a task is worse than the baseline by more than the
tolerance: by the rates themselves, or by the upper end of Wilson's 95 % interval of the later one.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from math import sqrt
from pathlib import Path

from evalkit.cli import call
from evalkit.errors import EXIT_UNUSABLE
from evalkit.plan import Plan, Scope, make_plan
from evalkit.record import Baseline, BaselineCondition, BaselineTask, read_run_file, write_baseline
from evalkit.suite import Suite, load_suite
from evalkit.suite.digests import suite_digests

GATES = 2_000
N_BASELINE = 1_000
N_CUSTOMARY = 100
N_TASKS = 5
PASS_RATE, THRESHOLD, TOLERANCE = 0.95, 0.8, 0.02
TASKS = [f"task{number}" for number in range(1, N_TASKS + 1)]
TASK = """\
  {name}:
    prompt: "{name} {{a}} {{b}}"
    items: {{generate: addition, digits: [6]}}
    constraints: [{{number: "{{answer}}"}}]
"""
PROGRAM = """\
import random
RATES, rng = {rates!r}, random.Random("after {seed}")


def answer(messages, options):
    task, a, b = messages[-1]["content"].split()
    return str(int(a) + int(b)) if rng.random() < RATES[task] else "0"
"""
Rates = Mapping[str, float]


@dataclass(frozen=True)
class Gated:
    """What one gate did."""

    code: int
    calls: int


def model(folder: Path, name: str, rates: Rates, seed: int) -> str:
    """A program that passes at the rates given."""
    path = folder / f"{name}.py"
    path.write_text(PROGRAM.format(rates=dict(rates), seed=seed))
    return f"python/{path}:answer"


def quiet(arguments: list[str]) -> int:
    """The exit code of a command, without what it says."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return call(arguments)


def baseline_of(plan: Plan, suite: Suite, rng: random.Random) -> Baseline:
    """What `evalkit gate --save-baseline` would write of a run of a model at the usual pass rate.

    Made without the run: 10,000,000 trials of baselines would take most of the time, and say nothing of the gate.
    """
    digests = suite_digests(suite.path, suite.text)
    tasks = []
    for terms in plan.terms:
        items = [unit.item.id for unit in plan.units(terms)]
        outcomes = "".join("01"[rng.random() < PASS_RATE] for _ in items)
        passes = outcomes.count("1")
        condition = BaselineCondition(
            condition=terms.condition, measure="pass", trials=len(items), passes=passes, void=0,
            pass_rate=passes / len(items), low=0, high=1, items=0, outcomes=outcomes,
        )  # fmt: skip
        tasks.append(
            BaselineTask(
                task=terms.task, threshold=THRESHOLD, verdict="usable", defined=dict(digests.tasks[terms.task]),
                items=[items], conditions=[condition],
            )
        )  # fmt: skip
    return Baseline(
        evalkit=version("evalkit"), suite=suite.name, sha256=suite.files[suite.path.name],
        defined=dict(digests.suite), files={}, model="python/before", options={}, served_model=[], seed=plan.seed,
        confidence=0.95, started="2026-01-01T00:00:00Z", tasks=tasks,
    )  # fmt: skip


def gate_once(rates: Rates, seed: int) -> Gated:
    """Make a baseline, then run a gate against it."""
    tasks = "".join(TASK.format(name=name) for name in TASKS)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        folder = Path(name)
        path = folder / "gate.yaml"
        path.write_text(f"suite: gate\nthreshold: {THRESHOLD}\ntasks:\n{tasks}")
        suite = load_suite(path)
        plan = make_plan(suite, Scope(fixed=N_BASELINE), seed=seed)
        write_baseline(folder / "baseline.json", baseline_of(plan, suite, random.Random(f"before {seed}")))
        arguments = ["--model", model(folder, "after", rates, seed), "--gate", "--baseline", f"{folder}/baseline.json"]
        code = quiet(["run", str(path), *arguments, "--seed", str(seed), "--allow-code", "--out", f"{folder}/runs"])
        (run,) = (folder / "runs").iterdir()
        return Gated(code=code, calls=read_run_file(run).totals.calls)


def customary(rates: Rates, rng: random.Random) -> tuple[bool, bool]:
    """Whether the two customary gates fail: by the rates, by Wilson's interval."""
    by_rate = by_interval = False
    for rate in rates.values():
        before, after = (sum(rng.random() < each for _ in range(N_CUSTOMARY)) for each in (PASS_RATE, rate))
        bar = before / N_CUSTOMARY - TOLERANCE
        by_rate |= round(after / N_CUSTOMARY - bar, 9) < 0
        by_interval |= wilson_high(after, N_CUSTOMARY) < bar
    return by_rate, by_interval


def wilson_high(passes: int, trials: int, z: float = 1.96) -> float:
    """The upper end of Wilson's interval."""
    rate, share = passes / trials, z * z / trials
    return (rate + share / 2 + z * sqrt(rate * (1 - rate) / trials + share / trials / 4)) / (1 + share)


def main() -> None:
    n_gates = int(sys.argv[1]) if len(sys.argv) > 1 else GATES
    print(f"{n_gates:,} gates each; {N_TASKS} tasks at {PASS_RATE:.0%}, tolerance {TOLERANCE:.0%},")
    print(f"baseline of {N_BASELINE:,} trials a task; customary gates with {N_CUSTOMARY} trials a task")
    print(f"{'what changed':<18} {'gate fails':>10} {'calls':>6} {'by rates':>9} {'by Wilson':>9}")
    rng = random.Random(1)
    for name, drop in (("nothing", 0.0), ("one task by 10", 0.1), ("one task by 5", 0.05)):
        rates = {**dict.fromkeys(TASKS, PASS_RATE), TASKS[2]: PASS_RATE - drop}
        with ProcessPoolExecutor() as pool:
            gated = list(pool.map(gate_once, [rates] * n_gates, range(n_gates), chunksize=20))
        fails = sum(each.code == EXIT_UNUSABLE for each in gated) / n_gates
        calls = sum(each.calls for each in gated) / n_gates
        others = zip(*[customary(rates, rng) for _ in range(n_gates)], strict=True)
        by_rates, by_wilson = (sum(column) / n_gates for column in others)
        print(f"{name:<18} {fails:>10.2%} {calls:>6,.0f} {by_rates:>9.2%} {by_wilson:>9.2%}", flush=True)


if __name__ == "__main__":
    main()
