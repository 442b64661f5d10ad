"""Loading: what a suite says is what a run will do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.suite import Suite, find_suite, load_suite

HEAD = "suite: t\nthreshold: 0.9\ntasks:\n  a:\n    prompt: '{q}'\n    constraints: [one_line]\n"


def load(folder: Path, rest: str, *, head: str = HEAD, allow_code: bool = False) -> Suite:
    path = folder / "t.yaml"
    path.write_text(head + rest, encoding="utf-8")
    return load_suite(path, allow_code=allow_code)


def ids(suite: Suite) -> list[str]:
    supply = suite.tasks[0].supply
    assert isinstance(supply, tuple)
    return [item.id for item in supply]


INLINE = "    items: [{id: x, q: 'Is it?'}, {id: y, q: 'Was it?'}]\n"


def conditions(suite: Suite) -> dict[str, tuple[bool, float]]:
    return {found.condition.id: (found.counts, found.threshold) for found in suite.tasks[0].conditions}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("noise: [0.02, 0.05]", {"noise@0.02": (True, 0.9), "noise@0.05": (True, 0.9)}),
        ("noise: {levels: [0.02, 0.05], require: 0.02}", {"noise@0.02": (True, 0.9), "noise@0.05": (False, 0.9)}),
        ("noise: {levels: [0.02], threshold: 0.5}", {"noise@0.02": (True, 0.5)}),
        ("conflict: [soft, override]", {"conflict@soft": (True, 0.9), "conflict@override": (True, 0.9)}),
        ("context: [1000]", {"context@1000": (True, 0.9)}),
        ("repeat: 10", {"repeat@10": (False, 0.9)}),
        ("repeat: {times: 3, threshold: 0.8}", {"repeat@3": (True, 0.8)}),
        ("paraphrase: false", {}),
    ],
)
def test_perturbations_become_conditions(written: str, expected: dict[str, tuple[bool, float]], tmp_path: Path) -> None:
    suite = load(tmp_path, f"{INLINE}    perturbations: {{{written}}}\n")
    assert {"clean": (True, 0.9), **expected} == conditions(suite)


def test_a_bare_paraphrase_counts(tmp_path: Path) -> None:
    suite = load(tmp_path, f"{INLINE}    paraphrases: ['Say: {{q}}']\n    perturbations: {{paraphrase: true}}\n")
    assert {"clean": (True, 0.9), "paraphrase": (True, 0.9)} == conditions(suite)


def test_a_difficulty_axis_takes_the_place_of_clean(tmp_path: Path) -> None:
    items = "    items: [{q: a, hard: 2}, {q: b, hard: 1}, {q: c, hard: 3}]\n"
    suite = load(tmp_path, f"{items}    difficulty: {{field: hard, require: 2}}\n")
    assert {"hard@1": (True, 0.9), "hard@2": (True, 0.9), "hard@3": (False, 0.9)} == conditions(suite)


def test_difficulty_in_words_keeps_the_order_of_the_items(tmp_path: Path) -> None:
    items = "    items: [{q: a, hard: low}, {q: b, hard: high}, {q: c, hard: low}]\n"
    suite = load(tmp_path, f"{items}    difficulty: {{field: hard}}\n")
    assert ["hard@low", "hard@high"] == list(conditions(suite))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("items.jsonl", '{"id": "x", "q": "Is it?"}\n\n{"id": 7, "q": "Line\\u2028end"}\n'),
        ("items.csv", 'id,q\nx,Is it?\n7,"Line\nend"\n'),
    ],
)
def test_items_come_from_text_files(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert ["x", "7"] == ids(load(tmp_path, f"    items: {name}\n"))


def test_items_come_from_parquet(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame([{"id": "x", "q": "Is it?", "tags": ["a"]}]).to_parquet(tmp_path / "items.parquet")
    suite = load(tmp_path, "    items: items.parquet\n")
    assert {"id": "x", "q": "Is it?", "tags": ["a"]} == dict(suite.tasks[0].supply[0].fields)  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("items.csv", "id,q\nx\n", "items.csv:2: found 1 cells, expected 2"),
        ("items.csv", "id,id\nx,y\n", "each needs a name of its own"),
        ("items.csv", 'id,q\nx,"open\n', "is not CSV"),
        ("items.parquet", "no parquet", "is not Parquet"),
        ("items.jsonl", '{"q": "same"}\n{"q": "same"}\n', "items.jsonl:2: id: the same item again; first on line 1"),
        ("items.jsonl", '{"id": [1], "q": "x"}\n', "expected a text or a whole number"),
    ],
)
def test_bad_items_are_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(SuiteError, match=message):
        load(tmp_path, f"    items: {name}\n")


def test_an_item_without_an_id_has_one_from_its_content(tmp_path: Path) -> None:
    first, second = (ids(load(tmp_path, f"    items: [{{q: a}}, {{q: {other}}}]\n")) for other in ("b", "c"))
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_many_bad_items_are_counted_not_listed(tmp_path: Path) -> None:
    rows = '{"q": "x", "n": %d}\n'
    (tmp_path / "items.jsonl").write_text(
        "".join(rows % n for n in range(9)) + '{"q": "y", "m": 1}\n' * 1, encoding="utf-8"
    )
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, "    items: items.jsonl\n", head=HEAD.replace("'{q}'", "'{q} {m}'"))
    assert 4 == len(caught.value.problems)
    assert "and 5 more items" in str(caught.value.problems[-1])


PYTHON = """\
def make(n):
    return [{"q": f"item {i}"} for i in range(n)]
def bad():
    return [1]
def fail():
    1 / 0
"""


def test_items_come_from_a_function_when_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "items.py").write_text(PYTHON, encoding="utf-8")
    suite = load(tmp_path, "    items: {python: 'items.py:make', n: 3}\n", allow_code=True)
    assert 3 == len(ids(suite))
    assert {"t.yaml", "items.py"} == set(suite.files)


@pytest.mark.parametrize(
    ("function", "allowed", "message"),
    [
        ("items.py:make", False, "would run Python"),
        ("items.py:none", True, "has no function 'none'"),
        ("items.py:bad", True, "gave 1 as item 1, expected a mapping"),
        ("items.py:fail", True, "items.py:fail failed: ZeroDivisionError"),
        ("other.py:make", True, "no such file"),
        ("broken.py:make", True, "failed while loading: NameError"),
        ("quits.py:make", True, "failed while loading: SystemExit"),
        (f"{'i' * 300}.py:make", True, "i.py cannot be read: File name too long"),
        ("../items.py:make", True, "outside the suite's folder"),
        ("items.py", True, "expected file.py:function"),
    ],
)
def test_functions_that_cannot_be_used_are_explained(
    function: str, allowed: bool, message: str, tmp_path: Path
) -> None:
    (tmp_path / "items.py").write_text(PYTHON, encoding="utf-8")
    (tmp_path / "broken.py").write_text("oops\n", encoding="utf-8")
    (tmp_path / "quits.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=message):
        load(tmp_path, f"    items: {{python: '{function}'}}\n", allow_code=allowed)


def test_a_function_that_was_edited_is_loaded_anew_in_the_same_process(tmp_path: Path) -> None:
    """The run records what the file holds now; of equal length, and at once, so that no clock could tell."""
    found = []
    for word in ("old", "new", "old"):
        (tmp_path / "items.py").write_text(f"def make():\n    return [{{'q': '{word}'}}]\n", encoding="utf-8")
        (item,) = load(tmp_path, "    items: {python: 'items.py:make'}\n", allow_code=True).tasks[0].supply  # type: ignore[misc]
        found.append(item.fields["q"])
    assert ["old", "new", "old"] == found


def test_nothing_of_a_suite_runs_unless_allowed(tmp_path: Path) -> None:
    (tmp_path / "items.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n", encoding="utf-8"
    )
    with pytest.raises(SuiteError):
        load(tmp_path, "    items: {python: 'items.py:make'}\n")
    assert not (tmp_path / "ran").exists()


def test_a_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"q": "x"}\n', encoding="utf-8")
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "items.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(SuiteError, match="outside the suite's folder"):
        load(tmp_path / "suite", "    items: items.jsonl\n")


@pytest.mark.parametrize(
    ("name", "message"), [("none.jsonl", "'none.jsonl': no such file"), ("m" * 300, "m cannot be read: File name too")]
)
def test_missing_material_is_named_with_the_line(tmp_path: Path, name: str, message: str) -> None:
    rest = f"{INLINE}    perturbations:\n      context: {{levels: [1000], material: {name}}}\n"
    with pytest.raises(SuiteError, match=f"t.yaml:9: .*{message}"):
        load(tmp_path, rest)


def test_a_group_is_read_from_the_items(tmp_path: Path) -> None:
    suite = load(tmp_path, "    items: [{q: a, story: s1}, {q: b, story: s1}]\n    group: story\n")
    assert ["s1", "s1"] == [item.group for item in suite.tasks[0].supply]  # type: ignore[union-attr]
    assert suite.tasks[0].grouped


def test_the_digest_of_every_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text('{"q": "x"}\n', encoding="utf-8")
    before = load(tmp_path, "    items: items.jsonl\n").files
    (tmp_path / "items.jsonl").write_text('{"q": "y"}\n', encoding="utf-8")
    after = load(tmp_path, "    items: items.jsonl\n").files
    assert before["t.yaml"] == after["t.yaml"]
    assert before["items.jsonl"] != after["items.jsonl"]


def test_a_shipped_suite_is_found_by_its_name() -> None:
    assert "support.yaml" == find_suite("support").name


def test_a_path_that_exists_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "support").write_text("suite: mine\n", encoding="utf-8")
    assert Path("support") == find_suite("support")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "'': found no name, expected a path or the name of a suite"),
        (".", ".: is a folder; expected a suite"),
        ("s" * 300, "s: cannot be read: File name too long"),
        (f"{'s' * 300}.yaml", "s.yaml: cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_a_suite_is_said_to_be_none(name: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        find_suite(name)


def test_an_items_file_whose_name_is_too_long_is_named_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"t.yaml:7: tasks.a.items: .*i.jsonl cannot be read: File name too long"):
        load(tmp_path, f"    items: {'i' * 300}.jsonl\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_items_that_may_not_be_read_are_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").touch(mode=0)
    with pytest.raises(SuiteError, match=r"t.yaml:7: tasks.a.items: .*items.jsonl cannot be read: Permission denied"):
        load(tmp_path, "    items: items.jsonl\n")


def test_a_path_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(SuiteError, match="no such file; expected a suite"):
        find_suite("suites/none.yaml")


def test_targets_are_the_fields_that_constraints_read(tmp_path: Path) -> None:
    head = HEAD.replace("[one_line]", "[one_line, {mentions: '{must}'}]")
    suite = load(tmp_path, "    items: [{q: a, must: [b], register: calm}]\n", head=head)
    assert frozenset({"must"}) == suite.tasks[0].targets


def test_what_the_right_answer_is_made_of_is_a_target_too(tmp_path: Path) -> None:
    head = HEAD + "    target: 'Yes: {reason}'\n"
    suite = load(tmp_path, "    items: [{q: a, reason: rain, register: calm}]\n", head=head)
    (task,) = suite.tasks
    assert isinstance(task.supply, tuple)
    assert frozenset({"reason"}) == task.targets
    assert "Yes: rain" == task.target_of(task.supply[0])


def test_a_task_need_not_name_the_right_answer(tmp_path: Path) -> None:
    (task,) = load(tmp_path, INLINE).tasks
    assert isinstance(task.supply, tuple)
    assert task.target_of(task.supply[0]) is None


def test_a_function_may_read_any_field(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def ok(text, fields):\n    return True\n", encoding="utf-8")
    head = HEAD.replace("[one_line]", "[{python: f.py:ok}]")
    assert load(tmp_path, INLINE, head=head, allow_code=True).tasks[0].targets is None


def test_a_shipped_suite_asked_for_by_a_path_is_named() -> None:
    with pytest.raises(SuiteError, match=r'no such file.*; the shipped suite is named "support"'):
        find_suite("elsewhere/support.yaml")
