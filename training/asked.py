"""Write the items of `suites/ladder.yaml`: `python -m training.asked`."""

from __future__ import annotations

import json
import random
from pathlib import Path

from training.exercises import EXERCISES, exercise

FOLDER = Path(__file__).parents[1] / "suites" / "ladder"
ITEMS_A_LEVEL = 500


def items(task: str) -> list[dict[str, object]]:
    """What the suite asks for in a task: no two items with the same key, from the side that nobody learns from."""
    rng = random.Random(f"asked/{task}")
    found: dict[str, dict[str, object]] = {}
    for level in EXERCISES[task].asked:
        vain = 0
        wanted = len(found) + ITEMS_A_LEVEL
        while len(found) < wanted and vain < 10_000:
            fields = exercise(task, rng, level, held_out=True)
            key = fields.pop("key")
            if key in found:
                vain += 1
            else:
                found[key] = {"id": f"{task}-{len(found) + 1}", **fields}
    return list(found.values())


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for task in EXERCISES:
        lines = [json.dumps(item) + "\n" for item in items(task)]
        (FOLDER / f"{task}.jsonl").write_text("".join(lines), encoding="utf-8")
        print(f"{task}: {len(lines)} items")


if __name__ == "__main__":
    main()
