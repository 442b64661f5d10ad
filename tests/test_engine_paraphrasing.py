from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.content import shipped
from evalkit.engine.paraphrasing import Manuscript, open_manuscript, propose
from evalkit.engine.proposals import check_proposals
from evalkit.errors import EvalkitError, SuiteError
from evalkit.suite import load_suite
from evalkit.trial import Call, Message
from tests.runs import Scripted, suite_text

OWN = '    paraphrases:  # mine\n      - "Add {a} to {b}."\n'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def manuscript(text: str) -> Manuscript:
    Path("s.yaml").write_bytes(text.encode())
    return open_manuscript("s.yaml", (), allow_code=False, writing=True)


def test_one_call_asks_for_the_wordings_of_a_task() -> None:
    asked: list[Call] = []

    def answer(call: Call) -> str:
        asked.append(call)
        return '["Sum of {a} and {b}, please!", "add {a} to {b}..."]'

    (wording,) = manuscript(suite_text(more=OWN)).wordings
    found = asyncio.run(propose(Scripted(answer), wording, 3))
    assert ("Sum of {a} and {b}, please!",) == found.accepted
    (call,) = asked
    assert ("add", ["user"]) == (call.task, [message.role for message in call.messages])
    assert "write 3 other prompts" in call.messages[0].content
    assert '["Add {a} to {b}."]' in call.messages[0].content


def test_only_the_last_message_of_the_user_is_varied() -> None:
    prompt = "    prompt:\n" + "".join(
        f'      - {{role: {role}, content: "{text}"}}\n'
        for role, text in [("system", "Be brief."), ("user", "Hi"), ("assistant", "Yes?"), ("user", "{a}?"),
                           ("assistant", "So")]
    )  # fmt: skip
    book = manuscript(suite_text().replace('    prompt: "What is {a} + {b}?"\n', prompt))
    (wording,) = book.wordings
    assert "{a}?" == wording.template
    book.write(wording, [wording.variant("What is {a}?")], note="note")
    (found,) = load_suite("s.yaml").tasks
    assert ["Be brief.", "Hi", "Yes?", "What is {a}?", "So"] == [each.content for each in found.paraphrases[0]]
    assert ["What is {a}?"] == open_manuscript("s.yaml", (), allow_code=False, writing=True).wordings[0].known


def test_of_a_prompt_without_a_user_the_last_message_is_varied() -> None:
    text = suite_text().replace('prompt: "What is {a} + {b}?"', 'prompt: [{role: system, content: "{a}"}]')
    (wording,) = manuscript(text).wordings
    assert (Message(role="system", content="X {a}"),) == wording.variant("X {a}")


def test_the_file_keeps_its_permissions_its_link_and_its_mark(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "s.yaml"
    before = "\ufeff" + suite_text(more=OWN).replace("\n", "\r\n")
    real.write_bytes(before.encode())
    real.chmod(0o640)
    Path("s.yaml").symlink_to(real)
    book = open_manuscript("s.yaml", (), allow_code=False, writing=True)
    for text in ("Sum {a} and {b}", "And {a} plus {b}"):
        book.write(book.wordings[0], [book.wordings[0].variant(text)], note="note")
    added = ["      # note", "      - |-", "        Sum {a} and {b}", "      # note", "      - |-",
             "        And {a} plus {b}", ""]  # fmt: skip
    after = before.replace('to {b}."\r\n', 'to {b}."\r\n' + "\r\n".join(added))
    assert after == real.read_bytes().decode()
    assert (0o640, True) == (stat.S_IMODE(real.stat().st_mode), Path("s.yaml").is_symlink())
    assert [real] == list(real.parent.iterdir())


def test_a_file_that_somebody_changed_meanwhile_is_left_alone() -> None:
    book = manuscript(suite_text())
    changed = suite_text(n_items=3)
    Path("s.yaml").write_text(changed)
    with pytest.raises(EvalkitError, match=r"s.yaml: has changed since it was read; nothing is written, do it again"):
        book.write(book.wordings[0], [book.wordings[0].variant("Sum {a}, {b}")], note="note")
    assert changed == Path("s.yaml").read_text()


def test_what_the_disk_refuses_names_the_file_and_leaves_no_other(tmp_path: Path) -> None:
    book = manuscript(suite_text())
    before = Path("s.yaml").read_bytes()
    Path("s.yaml").write_bytes(before + b"# " + b"x" * 4000 + b"\n")
    # -B: bytecode that does not fit either would be cut off, and read by the next process.
    command = ["bash", "-c", 'ulimit -f 1; exec "$0" -B -c "$1"', sys.executable, REFUSED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "s.yaml: File too large\n" == done.stdout
    assert ["s.yaml"] == [path.name for path in tmp_path.iterdir()]
    assert book.text.encode() == before


REFUSED = """
import signal
from evalkit.engine.paraphrasing import open_manuscript
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
book = open_manuscript("s.yaml", (), allow_code=False, writing=True)
try:
    book.write(book.wordings[0], [book.wordings[0].variant("Sum {a}, {b}")], note="note")
except OSError as error:
    print(f"{error.filename}: {error.strerror}")
"""


def test_a_task_that_asks_for_paraphrases_and_has_none_gets_its_first() -> None:
    book = manuscript(suite_text(perturbations="{paraphrase: true}"))
    (wording,) = book.wordings
    assert ((), True) == (wording.variants, wording.asked_for)
    book.write(wording, [wording.variant("Sum {a} and {b}")], note="note")
    assert (wording.variant("Sum {a} and {b}"),) == load_suite("s.yaml").tasks[0].paraphrases


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("noise[0]: found 2, expected a share", suite_text(perturbations="{paraphrase: true, noise: [2]}")),
        ("expected a pass rate", suite_text(threshold=95)),
        ("unknown placeholder {c}", suite_text(perturbations="{paraphrase: true}", prompt="{c}")),
        ("found the paraphrases in brackets", suite_text(more='    paraphrases: ["Add {a}, {b}"]')),
        ("is not valid YAML", "a: ["),
        ("expected a mapping", "tasks: []"),
    ],
)
def test_a_suite_that_is_wrong_otherwise_is_refused(message: str, text: str) -> None:
    with pytest.raises(SuiteError) as caught:
        manuscript(text)
    assert message in str(caught.value)


def test_shipped_suites_are_refused_but_may_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EvalkitError, match="ships with evalkit and is not changed; copy it into a folder of yours"):
        open_manuscript("arithmetic", (), allow_code=False, writing=True)
    assert open_manuscript("arithmetic", (), allow_code=False, writing=False).wordings
    if shipped("suites").parent.name != "_content":  # a checkout: there they are one's own
        monkeypatch.chdir(shipped("suites").parent)
        assert open_manuscript("arithmetic", (), allow_code=False, writing=True).wordings


def test_tasks_are_chosen_by_name() -> None:
    Path("s.yaml").write_text(suite_text())
    assert ["add"] == [
        each.task for each in open_manuscript("s.yaml", ["add"], allow_code=False, writing=True).wordings
    ]
    with pytest.raises(EvalkitError, match=r's.yaml: no task "sub". Known: add'):
        open_manuscript("s.yaml", ["sub"], allow_code=False, writing=True)


TEXTS = st.lists(
    st.lists(st.sampled_from(["{a}", "{b}", "{{", "}}", "{", " ", "x", "Sum", "#", "- ", ":", "\n", "\n\n", "\t", "|",
                              "'", '"', "\\n", "é", "20", "twenty"]), max_size=14).map(lambda part: "".join(part)),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["", OWN]), st.booleans())
def test_whatever_is_accepted_round_trips_through_the_file(texts: list[str], own: str, asked: bool) -> None:
    proposed = [*texts, *(f"{text} {{a}} {text} {{b}} 20 {text}" for text in texts)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.yaml"
        perturbations = "{paraphrase: true}" if asked else "{}"
        path.write_text(suite_text(prompt="Add {a} to {b}: 20", more=own, perturbations=perturbations, n_items=2))
        book = open_manuscript(str(path), (), allow_code=False, writing=True)
        (wording,) = book.wordings
        accepted = check_proposals(proposed, wording.template, wording.known, 9).accepted
        if accepted:
            book.write(wording, [wording.variant(text) for text in accepted], note="note")
            found = load_suite(path).tasks[0].paraphrases
            assert list(accepted) == [variant[0].content for variant in found][len(wording.variants) :]
