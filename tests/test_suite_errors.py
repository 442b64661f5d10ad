"""Every way to break a suite that people find gives one clear message with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.suite import load_suite

GOOD = """\
suite: shop
threshold: 0.9
tasks:
  title:
    prompt: |
      Write a title.

      {complaint}
    items: items.jsonl
    constraints:
      - one_line
      - words: {max: 19}
      - mentions: "{must_mention}"
    perturbations:
      noise: {levels: [0.02, 0.05], require: 0.02}
"""
ITEMS = '{"id": "a", "complaint": "The kettle leaks.", "must_mention": ["kettle"]}\n' * 1 + (
    '{"id": "b", "complaint": "The lamp flickers.", "must_mention": ["lamp"]}\n'
)


def swap(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


BROKEN: dict[str, str | bytes | tuple[str, str]] = {
    "typo in a key of the suite": swap("threshold: 0.9", "treshold: 0.9"),
    "typo in a key of a task": swap("constraints:", "constraint:"),
    "typo in a key of a perturbation": swap("require: 0.02", "requires: 0.02"),
    "wrong type": swap("threshold: 0.9", "threshold: high"),
    "threshold as text": swap("threshold: 0.9", 'threshold: "0.9"'),
    "95 for 0.95": swap("threshold: 0.9", "threshold: 95"),
    "missing prompt": swap("    prompt: |\n      Write a title.\n\n      {complaint}\n", ""),
    "missing threshold": swap("threshold: 0.9\n", ""),
    "missing items file": swap("items.jsonl", "itmes.jsonl"),
    "items of an unknown kind": swap("items.jsonl", "items.txt"),
    "path outside the folder": swap("items.jsonl", "../items.jsonl"),
    "absolute path": swap("items.jsonl", "/etc/passwd"),
    "bad JSONL row": (GOOD, ITEMS + '{"id": "c", "complaint": oops}\n'),
    "JSONL row that is no object": (GOOD, ITEMS + '["c"]\n'),
    "empty items file": (GOOD, "\n"),
    "duplicate id": (GOOD, ITEMS + '{"id": "a", "complaint": "Again.", "must_mention": ["x"]}\n'),
    "item without a field": (GOOD, ITEMS + '{"id": "c", "complaint": "No mention."}\n'),
    "item that does not fit a constraint": (
        GOOD,
        ITEMS + '{"id": "c", "complaint": "X", "must_mention": {"any": 1}}\n',
    ),
    "item with a null that the prompt shows": (GOOD, ITEMS + '{"id": "c", "complaint": null, "must_mention": ["x"]}\n'),
    "item with a mapping that the prompt shows": (
        GOOD,
        ITEMS + '{"id": "c", "complaint": {"text": "X"}, "must_mention": ["x"]}\n',
    ),
    "item with a boolean that the prompt shows": (
        GOOD,
        ITEMS + '{"id": "c", "complaint": ["X", true], "must_mention": ["x"]}\n',
    ),
    "target of an unknown field": GOOD + '    target: "{must}"\n',
    "target with a lone brace": GOOD + '    target: "{complaint"\n',
    "item with a null that the target shows": (
        GOOD + '    target: "{title}"\n',
        ITEMS.replace("}", ', "title": null}', 1).replace('["lamp"]', '["lamp"], "title": "Lamp"'),
    ),
    "item without the target": (
        GOOD + '    target: "{title}"\n',
        ITEMS.replace('["lamp"]', '["lamp"], "title": "Lamp"'),
    ),
    "item with a number that is none": (GOOD, ITEMS + '{"id": "c", "complaint": NaN, "must_mention": ["x"]}\n'),
    "item with half a character": (
        GOOD,
        ITEMS + '{"id": "c", "complaint": "X", "must_mention": ["x"], "more": [{"\\ud800": 1}]}\n',
    ),
    "id with half a character": (GOOD, ITEMS + '{"id": "\\udc00", "complaint": "X", "must_mention": ["x"]}\n'),
    "unknown placeholder": swap("{complaint}", "{complain}"),
    "unknown placeholder in a constraint": swap("{must_mention}", "{must_mentoin}"),
    "lone brace": swap("Write a title.", "Write a {title."),
    "duplicate key": GOOD + "threshold: 0.8\n",
    "invalid YAML": swap("items: items.jsonl", "items: [items.jsonl"),
    "tab": swap("    prompt: |", "\tprompt: |"),
    "wrong encoding": GOOD.replace("title.", "título.").encode("latin-1"),
    "empty file": "",
    "only a comment": "# later\n",
    "a list instead of a suite": "- suite: shop\n",
    "two documents": GOOD + "---\nsuite: other\n",
    "YAML tag": swap("threshold: 0.9", "threshold: !!python/object/apply:os.system [ls]"),
    "aliases without end": "a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*c]\n",
    "constraint that does not exist": swap("one_line", "oneline"),
    "constraint without what it needs": swap("words: {max: 19}", "words: {}"),
    "typo in a constraint": swap("words: {max: 19}", "words: {maks: 19}"),
    "two constraints in one entry": swap("words: {max: 19}", "{words: 19, lines: 3}"),
    "pattern that is none": swap("one_line", 'regex: "(["'),
    "level out of range": swap("[0.02, 0.05]", "[0.02, 5]"),
    "levels out of order": swap("[0.02, 0.05]", "[0.05, 0.02]"),
    "required level that is not there": swap("require: 0.02", "require: 0.03"),
    "perturbation that does not exist": swap("noise:", "nois:"),
    "paraphrase without paraphrases": swap("      noise:", "      paraphrase: true\n      noise:"),
    "repeat once": swap("      noise:", "      repeat: 1\n      noise:"),
    "repeats that end at the first fail of a mean score": swap(
        "    perturbations:", "    measure: score\n    perturbations:\n      repeat: {times: 3, curtail: true}"
    ),
    "claim that does not exist": swap("threshold: 0.9", "threshold: 0.9\nclaim: sample"),
    "generator that does not exist": swap("items: items.jsonl", "items: {generate: additon}"),
    "generator with a wrong argument": swap("items: items.jsonl", "items: {generate: addition, digits: [3, 1]}"),
    "difficulty without its field": swap("    constraints:", "    difficulty: {field: digits}\n    constraints:"),
    "code that is not allowed": swap("one_line", "python: checks.py:short"),
    "group that items lack": swap("    items:", "    group: story\n    items:"),
    "several at once": swap("threshold: 0.9", "threshold: 9\nclaim: x").replace("one_line", "oneline"),
}


def message_of(folder: Path, broken: str | bytes | tuple[str, str]) -> str:
    suite, items = broken if isinstance(broken, tuple) else (broken, ITEMS)
    (folder / "items.jsonl").write_text(items, encoding="utf-8")
    (folder / "items.txt").write_text(items, encoding="utf-8")
    (folder / "checks.py").write_text("def short(text, fields): return True\n", encoding="utf-8")
    path = folder / "shop.yaml"
    path.write_bytes(suite if isinstance(suite, bytes) else suite.encode())
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    return str(caught.value).replace(f"{folder}/", "")


def test_the_suite_that_the_others_break_is_good(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "items.jsonl").write_text(ITEMS, encoding="utf-8")
    assert ["title"] == load_suite(tmp_path / "shop.yaml").task_names


def test_every_broken_suite_gives_its_message(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    parts = []
    for name, broken in BROKEN.items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        parts.append(f"# {name}\n{message_of(folder, broken)}\n")
    golden("broken_suites.txt", "\n".join(parts))


@pytest.mark.parametrize("name", BROKEN)
def test_a_message_names_its_file_and_line(name: str, tmp_path: Path) -> None:
    for line in message_of(tmp_path, BROKEN[name]).splitlines():
        path, _, rest = line.partition(":")
        assert (tmp_path / path).suffix in {".yaml", ".jsonl", ".txt"}
        assert (
            rest.split(":")[0].isdigit()
            or "no such file" in rest
            or "empty" in rest
            or "no items" in rest
            or "expected items" in rest
        )


def test_a_suite_that_is_not_there_gets_the_nearest_name() -> None:
    with pytest.raises(SuiteError, match=r'no file and no suite of that name. Did you mean "arithmetic"'):
        load_suite("arithmatic")
