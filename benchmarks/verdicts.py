"""How often verdicts are wrong, how many calls they take, and what deciding costs, beside the best that is possible.

    python benchmarks/verdicts.py            # about a quarter of an hour on two cores
    python benchmarks/verdicts.py --quick    # a tenth of the simulations

What can be computed by exact recursion is. The rest runs the decider that runs use, with calls that end in any order.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import ceil, floor, log, sqrt
from pathlib import Path

from evalkit.stats import (
    Bet,
    Boundary,
    alternatives,
    binomial_probabilities,
    clopper_pearson,
    crossing_chance,
    kl,
    prospect,
)
from evalkit.verdict import SequentialDecider

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script finds only its own folder

from benchmarks.simulations import (
    ALPHA,
    BUDGET,
    a_set_of_fifty,
    clustered,
    one_bad_of_ten,
    one_condition,
    outcome,
    sixteen,
    terms,
)

THRESHOLDS = (0.8, 0.9, 0.95, 0.99)


# --- exact


def pair(
    threshold: float, *, alpha: float = ALPHA, n_max: float = BUDGET / 4, least: int = 1
) -> tuple[Boundary, Boundary]:
    """The two directions of a test; `least` as in the published figures, without a least number of trials."""
    up = Boundary(Bet(threshold, alternatives(threshold, alpha, n_max)), 1 / alpha, least_trials=least)
    below = alternatives(1 - threshold, alpha, n_max)
    return up, Boundary(Bet(1 - threshold, below), 1 / alpha, least_trials=least)


def calls_to_bound(up: Boundary, down: Boundary, threshold: float, rates: Sequence[float]) -> float:
    """Mean calls over the lower bound ln(1/alpha)/kl of any test, averaged over true pass rates."""
    bound = [-log(ALPHA) / kl(rate, threshold) for rate in rates]
    calls = [prospect(up, down, rate, BUDGET, futility=False).mean_trials for rate in rates]
    return sum(mean / least for mean, least in zip(calls, bound, strict=True)) / len(rates)


def miscovered(threshold: float, rate: float, *, stop: bool) -> float:
    """Chance that the interval misses the true rate, at the verdict about a threshold or after the whole budget."""
    up, down = pair(threshold, least=10)
    over, under = pair(rate)  # the tests of the true rate itself
    chances, first, missed = [1.0], 0, 0.0
    for n in range(1, BUDGET + 1):
        moved = [0.0, *[chance * rate for chance in chances]]
        for place, chance in enumerate(chances):
            moved[place] += chance * (1 - rate)
        chances = moved
        for place in range(len(chances)):
            passes = first + place
            if chances[place] and (passes >= over.hits(n) or n - passes >= under.hits(n)):
                missed += chances[place]
                chances[place] = 0.0
            elif stop and (up.decided(passes, n) or down.decided(n - passes, n)):
                chances[place] = 0.0
        while chances and chances[0] < 1e-15:
            del chances[0]
            first += 1
        while chances and chances[-1] < 1e-15:
            del chances[-1]
        if not chances:
            break
    return missed


# --- what is printed


def errors() -> Iterator[str]:
    yield "Chance of a wrong verdict, exactly (at most 0.025; at the threshold itself each side errs):"
    for threshold in THRESHOLDS:
        up, down = pair(threshold, least=10)
        cells = [
            f"above at p = τ {crossing_chance(up, threshold, BUDGET):.4f}",
            f"below at p = τ {crossing_chance(down, 1 - threshold, BUDGET):.4f}",
            f"above at τ − .02 {crossing_chance(up, threshold - 0.02, BUDGET):.5f}",
            f"below at τ + .005 {crossing_chance(down, 1 - threshold - 0.005, BUDGET):.5f}",
        ]
        yield f"  τ = {threshold:<5} {', '.join(cells)}"


def lowered(boundary: Boundary) -> Boundary:
    """The test with the least evidence that keeps its error rate within the budget, like `--calibrated` does it."""
    low, high = 1.0 + 1e-9, 1 / ALPHA
    for _ in range(20):
        middle = (low * high) ** 0.5
        chance = crossing_chance(Boundary(boundary.bet, middle, least_trials=1), boundary.bet.threshold, BUDGET)
        low, high = (low, middle) if chance <= ALPHA else (middle, high)
    return Boundary(boundary.bet, high, least_trials=1)


def best_fixed_number(threshold: float, rate: float) -> int:
    """The least number of trials whose Wilson interval excludes the threshold with 95 % power, the true rate known."""
    for n in range(10, 200_000):
        half = 1.959964 * sqrt(threshold * (1 - threshold) / n)  # Wilson excludes τ when |p̂ − τ| > half
        chances = binomial_probabilities(n, rate)
        if sum(chances[floor(n * (threshold + half)) + 1 :]) + sum(chances[: ceil(n * (threshold - half))]) >= 0.95:
            return n
    raise ValueError(f"no number of trials below 200,000 decides between {rate} and {threshold}")


def efficiency() -> Iterator[str]:
    yield "Mean calls over the bound of any test, exactly (16 alternatives, budget 2,000; goal 1.33, above 1.23):"
    for threshold in THRESHOLDS:
        above, below = sixteen(threshold)
        up, down = pair(threshold)
        whole = calls_to_bound(up, down, threshold, [*above, *below])
        upward = calls_to_bound(up, down, threshold, above)
        exact = calls_to_bound(lowered(up), lowered(down), threshold, [*above, *below])
        yield f"  τ = {threshold:<5} {whole:.3f}, above {upward:.3f}, calibrated {exact:.3f} (goal 1.23)"
    yield "Calls at τ = .95, exactly (goals 70, 235, 160, 92; at p = τ with futility 600):"
    up, down = pair(0.95, least=10)
    means = [prospect(up, down, rate, BUDGET).mean_trials for rate in (0.85, 0.9, 0.99, 1.0, 0.95)]
    yield f"  p = .85 {means[0]:.0f}, .90 {means[1]:.0f}, .99 {means[2]:.0f}, 1 {means[3]:.0f}, .95 {means[4]:.0f}"
    yield "Calls saved against the best fixed number, the true rate known (goal 20 %):"
    for threshold, rates in ((0.8, (0.7, 0.9)), (0.9, (0.8, 0.85, 0.95)), (0.95, (0.85, 0.9, 0.99)), (0.99, (0.94,))):
        up, down = pair(threshold, n_max=BUDGET / 4, least=10)
        told = []
        for rate in rates:
            fixed = best_fixed_number(threshold, rate)
            calls = prospect(up, down, rate, BUDGET, futility=False).mean_trials
            told.append(f"p = {rate}: {calls:.0f} for {fixed} ({100 * (1 - calls / fixed):.0f} %)")
        yield f"  τ = {threshold:<5} {', '.join(told)}"


def coverage() -> Iterator[str]:
    yield "Coverage of the interval, exactly (at least .95): at the verdict, after the whole budget:"
    for threshold in THRESHOLDS:
        for rate in (threshold - 0.1, threshold - 0.02, threshold, threshold + (1 - threshold) / 2):
            at_verdict, at_budget = (1 - miscovered(threshold, rate, stop=stop) for stop in (True, False))
            yield f"  τ = {threshold:<5} p = {rate:.3f}: {at_verdict:.4f}, {at_budget:.4f}"


def widths(runs: int) -> Iterator[str]:
    from evalkit.verdict.running import RunningCounts

    yield "Width of the interval after 500 trials over Wilson's (goal 1.6):"
    for rate in (0.8, 0.9, 0.95):
        rng = random.Random(1)
        ratios = []
        for _ in range(runs):
            counts = RunningCounts(alpha_low=ALPHA, alpha_high=ALPHA, n_max=500)
            for _ in range(500):
                counts.add(rng.random() < rate)
            found = counts.interval()
            ratios.append((found.high - found.low) / wilson_width(counts.passes, 500))
        yield f"  p = {rate}: {sum(ratios) / len(ratios):.2f}"


def wilson_width(passes: int, trials: int) -> float:
    """Of the 95 % interval (Wilson 1927)."""
    z, rate = 1.959964, passes / trials
    return 2 * z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)


def at_once(runs: int, pool: ProcessPoolExecutor) -> Iterator[str]:
    """Verdict and interval, and what concurrency costs."""
    yield "32 calls in flight, failed answers slower (goal: no disagreement; at most 10 % more calls on average):"
    agreed = conditions = 0
    over = []
    for threshold in THRESHOLDS:
        above, below = sixteen(threshold)
        for rate in [*above, *below]:
            work = partial(one_condition, rate=rate, threshold=threshold)
            found = list(pool.map(work, range(runs), chunksize=max(runs // 8, 1)))
            agreed += sum(each.consistent for each in found)
            conditions += runs
            done = [each for each in found if each.result.decided_at is not None]
            calls, needed = sum(each.asked for each in done), sum(each.result.decided_at or 0 for each in done)
            over.append(calls / needed - 1 if needed else 0.0)
    yield f"  verdict and interval disagree in {conditions - agreed:,} of {conditions:,} conditions"
    mean, most = 100 * sum(over) / len(over), 100 * max(over)
    yield f"  calls beyond the verdict: {mean:.1f} % (mean of 64 pass rates), at most {most:.1f} %"


def tasks(runs: int, pool: ProcessPoolExecutor) -> Iterator[str]:
    calls = list(pool.map(one_bad_of_ten, range(runs), chunksize=8))
    yield f"One bad condition (.85) of ten is found in {sum(calls) / runs:.0f} calls on average (goal 350)"
    calls = list(pool.map(partial(one_bad_of_ten, in_flight=32), range(runs), chunksize=8))
    yield f"  with 32 in flight: {sum(calls) / runs:.0f}"
    false = sum(pool.map(clustered, range(runs), chunksize=8))
    share = false / runs / 10
    yield f"Ten conditions at τ, sharing items (ρ = .3): a false verdict in {share:.4f} (both sides; at most .05)"
    for steady in (True, False):
        right = paid = 0
        for passes in (40, 43, 44, 46, 47, 50):
            work = partial(a_set_of_fifty, passes=passes, steady=steady)
            for found, calls_paid in pool.map(work, range(runs), chunksize=8):
                right += found.verdict in ("edge", "usable" if passes > 45 else "unusable")
                paid += calls_paid
        name = "answers the same each time" if steady else "answers differ from time to time"
        share = 100 * right / runs / 6
        yield f"A set of 50 items, {name}: right in {share:.2f} % (goal 97.5), {paid / runs / 6:.0f} calls"


def cost(in_flight: int = 32) -> Iterator[str]:
    """Processor time of deciding, beside that of one exact interval per trial."""
    rng = random.Random(0)
    n_trials, spent = 0, 0.0
    for seed in range(60):
        each = terms()
        outcomes = [outcome(position, rng.random() < 0.97) for position in range(BUDGET)]
        begun = time.process_time()
        decider = SequentialDecider([each], until="verdict", precision=0.05, seed=seed)
        started = 0
        for position, brought in enumerate(outcomes):
            while started - position < in_flight and decider.next() is not None:
                started += 1
            if started == position:
                break
            decider.observe(each.key, brought)
            n_trials += 1
        decider.result(each.key)
        spent += time.process_time() - begun
    begun = time.process_time()
    for passes in range(1, 1001):
        clopper_pearson(passes, 1001, alpha_low=ALPHA, alpha_high=ALPHA)
    reference = (time.process_time() - begun) / 1000
    each_trial = spent / n_trials
    yield (
        f"Deciding costs {1e6 * each_trial:.0f} µs a trial with {in_flight} in flight (goal 50), "
        f"{each_trial / reference:.2f} times one Clopper–Pearson interval"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    runs = 160 if parser.parse_args().quick else 1600
    with ProcessPoolExecutor() as pool:
        parts = (
            cost(),
            errors(),
            efficiency(),
            coverage(),
            widths(runs // 8),
            tasks(runs // 2, pool),
            at_once(runs, pool),
        )
        for part in parts:
            for line in part:
                print(line, flush=True)


if __name__ == "__main__":
    main()
