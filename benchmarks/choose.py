"""How often a race chooses wrongly, how often it names the cheapest usable model, and what it saves.

    python benchmarks/choose.py                 # 500 races over simulated models with a price list, then the ladder
    python benchmarks/choose.py --races 40      # fewer
    python benchmarks/choose.py --races 0       # the models in the box only
    python benchmarks/choose.py --most 0.035    # every margin is next to 3 points; see also --max-calls

Every race goes through the command itself. Simulated models are Python functions that are right as often as was drawn
for them, independently from item to item; each is at least 3 points above its thresholds, or below one of them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evalkit.cli import call
from evalkit.cli.choose import MAX_CALLS

LEAST_MARGIN = 0.03
MOST_MARGIN = 0.15
THRESHOLDS = (0.85, 0.9, 0.95)
CHEAPEST_USD = 0.05
"""Of a million tokens of the cheapest model; each further one is three times as dear."""

_TASK = """\
  {name}:
    threshold: {threshold}
    prompt: "{name}: what is {{a}} + {{b}}?"
    paraphrases: ["{name}: add {{a}} to {{b}}.", "{name}: the sum of {{a}} and {{b}}?"]
    items: {{generate: addition, digits: [6]}}
    constraints: [{{number: "{{answer}}"}}]
    perturbations: {{paraphrase: true}}
"""
_MODELS = """\
import random
import re

RATES = {rates!r}


def _answer(model, text):
    task, rest = text.split(": ", 1)
    a, b = map(int, re.findall(r"[0-9]+", rest))
    right = random.Random(f"{seed}:{{model}}:{{text}}").random() < RATES[model][task]
    return {{"text": str(a + b if right else a + b + 1), "usage": {{"prompt_tokens": 20, "completion_tokens": 4}}}}

"""
_MODEL = """
async def {name}(messages, options):
    return _answer("{name}", messages[-1]["content"])
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Models of rising price with the true pass rate of each on every task."""

    threshold: dict[str, float]
    rates: dict[str, dict[str, float]]
    """By model, the cheapest first."""

    def usable(self, model: str) -> bool:
        """Whether it truly is on every task."""
        return all(rate > self.threshold[task] for task, rate in self.rates[model].items())

    @property
    def best(self) -> str | None:
        """The cheapest model that truly is usable; None when none is."""
        return next((model for model in self.rates if self.usable(model)), None)


def family(seed: int, most: float = MOST_MARGIN) -> Family:
    """Draw one whose margins are at most so large: the dearer a model, the more likely it is usable."""
    rng = random.Random(seed)
    threshold = {f"task{n}": rng.choice(THRESHOLDS) for n in range(rng.choice((2, 3)))}
    n_models = rng.choice((5, 6))
    return Family(
        threshold=threshold,
        rates={f"m{n}": _rates(rng, threshold, most, chance=(n + 0.5) / n_models) for n in range(n_models)},
    )


def _rates(rng: random.Random, threshold: dict[str, float], most: float, *, chance: float) -> dict[str, float]:
    """Of a model that is usable with a chance; of one that is not, one task surely fails, and each other may."""
    usable, failing = rng.random() < chance, rng.choice([*threshold])
    return {
        task: at + rng.uniform(LEAST_MARGIN, min(most, 1 - at))
        if usable or (task != failing and rng.random() < 0.5)
        else at - rng.uniform(LEAST_MARGIN, 2 * most)
        for task, at in threshold.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Raced:
    """What one race brought."""

    wrong: bool
    """Whether somebody was chosen who is not usable."""
    named: bool | None
    """Whether the cheapest usable one was; None where there is none."""
    calls: int
    exhaustive_calls: int
    cost_usd: float
    exhaustive_usd: float


def race(seed: int, most: float = MOST_MARGIN, max_calls: int = MAX_CALLS) -> Raced:
    """Draw a family, and let the command choose from it."""
    drawn = family(seed, most)
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder, contextlib.chdir(folder):
        Path("race.yaml").write_text(
            "suite: race\nsampling: {max_tokens: 4}\ntasks:\n"
            + "".join(_TASK.format(name=name, threshold=at) for name, at in drawn.threshold.items())
        )
        program = _MODELS.format(rates=drawn.rates, seed=seed)
        Path("models.py").write_text(program + "".join(_MODEL.format(name=name) for name in drawn.rates))
        names = {f"python:models.py:{name}": name for name in drawn.rates}
        prices = [
            f'["{full}"]\ninput = {CHEAPEST_USD * 3**place}\noutput = {4 * CHEAPEST_USD * 3**place}\n'
            for place, full in enumerate(names)
        ]
        Path("prices.toml").write_text("\n".join(prices))
        options = ["--allow-code", "--seed", str(seed), "--max-cost", "1000", "--max-calls", str(max_calls)]
        choice = _chosen(["race.yaml", *_models(names), *options])
    chosen = None if choice["chosen"] is None else names[choice["chosen"]]
    return Raced(
        wrong=chosen is not None and not drawn.usable(chosen),
        named=None if drawn.best is None else chosen == drawn.best,
        calls=choice["calls"],
        exhaustive_calls=choice["exhaustive"]["calls"],
        cost_usd=choice["cost_usd"],
        exhaustive_usd=choice["exhaustive"]["cost_usd"],
    )


def _models(names: Sequence[str] | dict[str, str]) -> list[str]:
    return [word for name in names for word in ("--model", name)]


def _chosen(arguments: Sequence[str]) -> dict[str, Any]:
    """What the command says."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        code = call(["choose", *arguments, "--json"])
    if code not in {0, 1, 3}:
        raise RuntimeError(f"choose ended with {code}: {err.getvalue()}")
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def summary(raced: Sequence[Raced]) -> Iterator[str]:
    """The figures of several races, each beside its goal."""
    known = [each.named for each in raced if each.named is not None]
    none = len(raced) - len(known)
    yield f"{len(raced)} races of 5 or 6 models on 2 or 3 tasks of two conditions:"
    yield f"  chosen although not usable: {_share(sum(each.wrong for each in raced), len(raced))} (goal 2.5 % or less)"
    yield f"  the cheapest usable one named: {_share(sum(known), len(known))} (goal 90 % or more)"
    if none:
        nobody = sum(not each.wrong for each in raced if each.named is None)
        yield f"  where none is usable, nobody chosen: {_share(nobody, none)}"
    calls, everything = sum(each.calls for each in raced), sum(each.exhaustive_calls for each in raced)
    yield f"  calls: {calls / len(raced):,.0f} a race, {100 * calls / everything:.1f} % of asking everybody everything"
    cost, everything_usd = sum(each.cost_usd for each in raced), sum(each.exhaustive_usd for each in raced)
    yield f"  cost: {100 * cost / everything_usd:.1f} % likewise (goal for calls 25 % or less)"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def ladder(tasks: str) -> Iterator[str]:
    """The models in the box, raced over some tasks that they have learnt."""
    names = [f"tiny/{size}" for size in ("5k", "15k", "40k", "120k", "300k", "1m")]
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        started = time.perf_counter()
        choice = _chosen(["ladder", *_models(names), "--tasks", tasks])
        seconds = time.perf_counter() - started
    yield f"The models in the box over {tasks}, in {seconds:.0f} s: chosen {choice['chosen']}"
    for each in choice["candidates"]:
        failed = ", ".join(f"{part['task']} {part['condition']}" for part in each["failed_on"])
        yield f"  {each['model']:<10} {each['status']:<9} {each['calls']:>6,} calls  {failed}"
    share = choice["calls"] / choice["exhaustive"]["calls"]
    yield f"  {choice['calls']:,} calls, {100 * share:.1f} % of asking everybody everything"


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="seed of the first race")
    parser.add_argument("--most", type=float, default=MOST_MARGIN, help="largest margin; the least is 0.03")
    parser.add_argument("--max-calls", type=int, default=MAX_CALLS, help="as of the command")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--tasks", default="reversing,addition", help="of the ladder; empty: leave it out")
    given = parser.parse_args()
    if given.races:
        with ProcessPoolExecutor(given.processes) as pool:
            seeds = range(given.first, given.first + given.races)
            raced = list(pool.map(partial(race, most=given.most, max_calls=given.max_calls), seeds, chunksize=5))
        print("\n".join(summary(raced)))
    if given.tasks:
        print("\n".join(ladder(given.tasks)))


if __name__ == "__main__":
    main()
