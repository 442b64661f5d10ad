"""What a scaling law with its intervals takes: 1,000 fits of resampled tables.

    python benchmarks/scaling_law.py

The reference fits some of the same tables one after the other with scipy, from the best law and with its gradient, in
the same process. The machine decides the seconds, not the ratio.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script finds only its own folder

from evalkit.scale.law import find_law
from evalkit.stats.loss_law import HUBER, LossLaw, LossTable, fit_loss_law, resampled_laws
from tests.scaling import points_of, scattered, table_of

N_FITS = 1000
N_REFERENCE = 100
POINTS = (60, 245)
"""Of a table that a laboratory has, and of that of Hoffmann et al. 2022."""


def reference(table: LossTable, law: LossLaw, weights: Any) -> None:
    """One fit by scipy: the same objective, coordinates that it can be fitted in, one start."""

    def objective(point: Any) -> tuple[float, Any]:
        size, alpha, tokens, beta, floor = point
        terms = np.exp(np.stack([size - alpha * table.x, tokens - beta * table.y, np.full_like(table.x, floor)]))
        total = terms.sum(axis=0)
        off = np.log(total) - table.log_losses
        capped = np.clip(off, -HUBER, HUBER)
        shares = weights * capped * terms / total
        sizes, lengths, floors = shares
        gradient = [sizes.sum(), -(table.x * sizes).sum(), lengths.sum(), -(table.y * lengths).sum(), floors.sum()]
        # The scale of the objective is δ: without the division, scipy would take any start for the bottom.
        return float((weights * np.abs(capped) * (np.abs(off) - np.abs(capped) / 2)).sum() / HUBER), np.array(
            gradient
        ) / HUBER

    middle_size, middle_tokens = table.middle
    start = [
        np.log(law.a) - law.alpha * middle_size,
        law.alpha,
        np.log(law.b) - law.beta * middle_tokens,
        law.beta,
        np.log(law.floor),
    ]
    minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-12})


def main() -> None:
    for n_points in POINTS:
        columns = scattered(n_points, noise=0.01)
        table = table_of(columns)
        begun = time.process_time()
        law = fit_loss_law(table)
        best_s = time.process_time() - begun
        begun = time.process_time()
        resampled_laws(table, law, blocks=range(n_points), n_laws=N_FITS, rng=np.random.default_rng(0))
        resampled_s = time.process_time() - begun
        drawn = np.random.default_rng(0).multinomial(n_points, np.full(n_points, 1 / n_points), size=N_REFERENCE)
        begun = time.process_time()
        for weights in drawn:
            reference(table, law, weights)
        reference_s = (time.process_time() - begun) * N_FITS / N_REFERENCE
        begun = time.process_time()
        find_law(points_of(columns), budget_flops=1e22).as_json()
        whole_s = time.process_time() - begun
        print(
            f"{n_points} points: the law of 36 starts {best_s:.2f} s; {N_FITS:,} resampled ones of 3 starts "
            f"{resampled_s:.2f} s (goal 5), {resampled_s / reference_s:.2f} times scipy one by one from 1 start "
            f"({reference_s:.1f} s); with all that is reported {whole_s:.2f} s"
        )


if __name__ == "__main__":
    main()
