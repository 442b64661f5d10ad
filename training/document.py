"""Renew tables and outputs in docs/ladder.md: `python -m training.document`, without training anything.

What stands between `<!-- NAME -->` and `<!-- end -->` is written here, from `measured.csv`, from runs of the suite with
all models, and from the benchmark, but for the map, which docs/pictures.py writes; the words around it are written by
people.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from training.exercises import EXERCISES
from training.measured import LOSSES, PUBLISHED_SEED, Measured, checkpoints, mean_loss, read_measured
from training.model import SHAPES
from training.train import STEPS

_ROOT = Path(__file__).parents[1]
PICTURE = _ROOT / "docs" / "ladder.svg"
PAGE = _ROOT / "docs" / "ladder.md"
_BLOCK = re.compile(r"(<!-- (?!map)(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Renew the page."""
    measured = read_measured()
    final = {
        (found[0].model.removeprefix("tiny/"), found[0].seed): found
        for found in checkpoints(measured)
        if found[0].step == STEPS
    }
    with TemporaryDirectory() as folder:
        asked = ["--tasks", "addition,ticket-title", "--conditions", "digits@3,sentences@4", "--fixed", "300"]
        _evalkit("run", "ladder", *asked, *_models(), "--out", f"{folder}/scale")
        scale = ["scale", *sorted(map(str, Path(folder, "scale").iterdir())), "--condition", "digits@3,sentences@4"]
        _evalkit(*scale, "-o", str(PICTURE))
        blocks: Mapping[str, Callable[[], str]] = {
            "family": lambda: _family(final),
            "seeds": lambda: _seeds(final),
            "tokens": lambda: _tokens(measured),
            "abilities": lambda: _abilities(final),
            "scale": lambda: _fenced(_evalkit(*scale)),
            "law": lambda: _fenced(_evalkit("scale", str(LOSSES))),
        }
        text = PAGE.read_text(encoding="utf-8")
        text = _BLOCK.sub(lambda found: f"{found[1]}\n{blocks[found[2]]()}\n\n{found[3]}", text)
        PAGE.write_text(text, encoding="utf-8")


def _models() -> list[str]:
    return [argument for size in SHAPES for argument in ("--model", f"tiny/{size}")]


def _evalkit(*arguments: str) -> str:
    return _output("-m", "evalkit", *arguments)


def _output(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, check=True, cwd=_ROOT)
    return done.stdout


def _fenced(text: str) -> str:
    return f"```text\n{text.strip()}\n```"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _family(final: Mapping[tuple[str, int], Sequence[Measured]]) -> str:
    speeds: dict[str, list[str]] = {}
    for line in _output("benchmarks/tiny_models.py").splitlines()[1:]:
        size, *_, speed, _ = line.split()
        speeds.setdefault(size, []).append(speed)
    rows = []
    for size, shape in SHAPES.items():
        one = final[size, PUBLISHED_SEED][0]
        weights = _ROOT / "adapters" / "tiny" / f"{size}.safetensors"
        rows.append(
            [
                f"`tiny/{size}`",
                f"{one.params:,}",
                f"{shape.width} / {shape.layers} / {shape.heads}",
                f"{one.tokens / 1e6:.1f} million",
                f"{one.flops:.2g}",
                f"{one.seconds / 60:.0f}",
                f"{weights.stat().st_size:,}",
                *speeds[size],
            ]
        )
    head = ["model", "parameters", "width / layers / heads", "characters of training", "FLOP", "minutes of one core"]
    return _table([*head, "bytes", "reads", "writes, alone", "writes, 64 at once"], rows)


def _seeds(final: Mapping[tuple[str, int], Sequence[Measured]]) -> str:
    seeds = sorted({seed for _, seed in final})
    rows = [
        [f"`tiny/{size}`", *(f"{mean_loss(final[size, seed]):.3f}" if (size, seed) in final else "–" for seed in seeds)]
        for size in SHAPES
    ]
    return _table(["model", *(f"seed {seed}" for seed in seeds)], rows)


def _tokens(measured: Sequence[Measured]) -> str:
    points = {
        (found[0].model, found[0].step): found for found in checkpoints(measured) if found[0].seed == PUBLISHED_SEED
    }
    steps = sorted({step for _, step in points})
    tokens = {step: found[0].tokens for (_, step), found in points.items()}
    rows = [
        [f"`tiny/{size}`", *(f"{mean_loss(points[f'tiny/{size}', step]):.3f}" for step in steps)] for size in SHAPES
    ]
    return _table(["model", *(f"{tokens[step] / 1e6:.1f} million" for step in steps)], rows)


def _abilities(final: Mapping[tuple[str, int], Sequence[Measured]]) -> str:
    seeds = sorted({seed for _, seed in final})
    rows = []
    for task, kind in EXERCISES.items():
        for level in kind.asked:
            cells = []
            for size in SHAPES:
                found = [
                    one
                    for seed in seeds
                    for one in final.get((size, seed), ())
                    if (one.task, one.level) == (task, level)
                ]
                cells.append(" · ".join(f"{100 * one.pass_rate:.0f}" for one in found))
            untaught = "" if level in kind.taught else " (never taught)"
            rows.append([task, f"{kind.axis} {level}{untaught}", *cells])
    return _table(["task", "level", *(f"`{size}`" for size in SHAPES)], rows)


if __name__ == "__main__":
    main()
