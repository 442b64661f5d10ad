"""A small run with every perturbation, for whoever tests what is shown of its trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evalkit.engine import Measured
from evalkit.errors import TransportError
from evalkit.plan import Scope
from evalkit.record import TrialRow, TrialWriter
from evalkit.suite import load_suite
from evalkit.trial import Call
from tests.runs import Scripted, carry_out

SUITE = """
suite: desk
threshold: 0.9
sampling: {max_tokens: 64}
tasks:
  title:
    prompt: "Write a title of at most six words for this complaint.\\n\\n{complaint}"
    paraphrases: ["Here is a complaint. Sum it up in a title of six words or fewer.\\n\\n{complaint}"]
    items: items.jsonl
    constraints: [one_line, words: {max: 6}, mentions: "{thing}", avoids: [terrible, "very bad"]]
    perturbations:
      paraphrase: true
      noise: {levels: [0.2]}
      context: {levels: [200], material: filler.jsonl}
      conflict: {levels: [direct]}
      repeat: 3
"""
HOSTILE = "lamp <script>alert(1)</script> \u202e\x1b[31m terrible"
N_ITEMS = 6


def write_desk(folder: Path, suite: str = SUITE) -> Path:
    things = ["lamp", "chair", "table", "café", "电灯", "sofa"]
    items = [
        {"id": f"c{n}", "thing": thing, "complaint": f"The {thing} that came on Monday is broken in two. Send another."}
        for n, thing in enumerate(things)
    ]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    passage = "The meeting about parking moved to another room, and everybody found it after a while."
    lines = [{"kind": "note", "text": f"{passage} Note {'abcdefghij'[n]}."} for n in range(10)]
    (folder / "filler.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    path = folder / "desk.yaml"
    path.write_text(suite, encoding="utf-8")
    return path


def desk_answer(call: Call) -> str | BaseException:
    """Passes under `clean` but for a hostile answer; void for one item under noise, too long under conflict."""
    thing = call.messages[-1].content.split("The ")[-1].split(" ")[0]
    if call.condition == "noise@0.2" and call.item == "c1":
        return TransportError("timeout", "no reply in 10 s", attempts=3)
    if call.condition == "conflict@direct":
        return f"{thing} broken in two, very bad, please send another one soon"
    if call.item == "c0":
        return HOSTILE
    if call.condition == "repeat@3" and call.item == "c2" and call.repeat == 1:
        return "nothing of it"
    return f"Broken {thing}"


def desk_run(folder: Path, suite: str = SUITE, **given: Any) -> Measured:
    """All items once under each condition, three times under `repeat`."""
    loaded = load_suite(write_desk(folder, suite))
    given = {"scope": Scope(fixed=N_ITEMS), "max_void": 1.0, **given}
    return carry_out(loaded, Scripted(desk_answer), folder / "runs", **given)


def row(**given: Any) -> TrialRow:
    """A trial that passed, but for what is given."""
    whole: dict[str, Any] = {
        "task": "t",
        "condition": "clean",
        "position": 0,
        "repeat": 0,
        "item": "i0",
        "item_group": None,
        "level": None,
        "variant": None,
        "request_hash": "",
        "response": "yes",
        "finish_reason": "stop",
        "constraints": checks(),
        "passed": True,
        "score": 1.0,
    }
    return TrialRow(**{**whole, **given})


def checks(*broken: str, whole: bool = True, others: tuple[str, ...] = ("words",)) -> str:
    """What is recorded of constraints, of which some do not hold."""
    held = {"answered": whole} | dict.fromkeys(others, True) | dict.fromkeys(broken, False)
    return json.dumps({name: {"passed": holds, "score": float(holds)} for name, holds in held.items()})


def record(folder: Path, *rows: TrialRow) -> Path:
    writer = TrialWriter(folder)
    writer.commit(rows, [])
    writer.close()
    return folder
