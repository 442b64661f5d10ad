from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.browse.known_suite import KnownSuite
from evalkit.browse.requests import _paired, request_shown
from evalkit.engine import Measured
from evalkit.findings.trials import RequestShown
from evalkit.record import TrialRow
from evalkit.trial import Message
from tests.browsed import SUITE, desk_run
from tests.runs import rows_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return desk_run(tmp_path_factory.mktemp("desk"), keep_requests=True)


def _row(run: Measured, condition: str, item: str) -> TrialRow:
    return next(row for row in rows_of(run.folder) if (row.condition, row.item) == (condition, item))


def _shown(run: Measured, condition: str, item: str = "c3") -> RequestShown:
    return request_shown(_row(run, condition, item), KnownSuite(run.run), run.run.options)


def _sent(shown: RequestShown) -> list[str]:
    return ["".join(part.text for part in each.parts if part.kind != "removed") for each in shown.messages]


def _clean(shown: RequestShown) -> list[str]:
    texts = {"same": "text", "removed": "text", "changed": "was"}
    return [
        "".join(getattr(part, texts[part.kind]) for part in each.parts if part.kind in texts) for each in shown.messages
    ]


@pytest.mark.parametrize(
    "condition", ["clean", "paraphrase", "noise@0.2", "context@200", "conflict@direct", "repeat@3"]
)
@pytest.mark.parametrize("item", ["c3", "c4"])
def test_what_is_shown_is_what_was_sent_and_beside_it_the_clean_request(
    run: Measured, condition: str, item: str
) -> None:
    shown = _shown(run, condition, item)
    recorded = json.loads(_row(run, condition, item).request or "")["body"]["messages"]
    assert [message["content"] for message in recorded] == _sent(shown)
    clean = json.loads(_row(run, "clean", item).request or "")["body"]["messages"]
    assert [message["content"] for message in clean] == _clean(shown)
    assert ["user"] == [message.role for message in shown.messages]
    assert shown.note is None


@pytest.mark.parametrize(
    ("condition", "kinds"),
    [
        ("clean", {"same"}),
        ("repeat@3", {"same"}),
        ("noise@0.2", {"same", "changed"}),
        ("context@200", {"same", "added"}),
        ("conflict@direct", {"same", "added"}),
    ],
)
def test_marks_are_of_the_kind_of_the_perturbation(run: Measured, condition: str, kinds: set[str]) -> None:
    parts = _shown(run, condition).messages[0].parts
    assert kinds == {part.kind for part in parts}
    assert all((part.was is not None) == (part.kind == "changed") for part in parts)


def test_a_paraphrase_is_marked_where_the_instruction_differs_and_not_in_the_item(run: Measured) -> None:
    *instruction, item = _shown(run, "paraphrase").messages[0].parts
    assert ("same", True) == (item.kind, "The café that came on Monday" in item.text)
    assert {"same"} < {part.kind for part in instruction} | {"same"}


def test_the_recorded_request_is_shown_as_it_was_sent(run: Measured) -> None:
    shown = _shown(run, "clean")
    assert shown.exact is not None
    assert json.loads(_row(run, "clean", "c3").request or "") == json.loads(shown.exact)
    assert request_shown(replace(_row(run, "clean", "c3"), request=None), KnownSuite(run.run), {}).exact is None


def test_options_are_the_suites_and_what_was_given_beside_it_but_no_address(run: Measured) -> None:
    options = {"base_url": "http://127.0.0.1", "temperature": 0}
    shown = request_shown(_row(run, "clean", "c3"), KnownSuite(run.run), options)
    assert {"max_tokens": 64, "temperature": 0} == shown.options


def test_another_variant_than_was_drawn_is_not_passed_off_as_the_request(run: Measured) -> None:
    drawn = replace(_row(run, "paraphrase", "c3"), variant="paraphrase \u202e9")
    shown = request_shown(drawn, KnownSuite(run.run), {})
    assert () == shown.messages
    assert shown.note is not None
    assert shown.note.endswith("the run drew another variant, paraphrase \\u202e9.")


def test_an_item_that_the_suite_does_not_have_is_told(run: Measured) -> None:
    shown = request_shown(replace(_row(run, "clean", "c3"), item="gone"), KnownSuite(run.run), {})
    assert ((), "What was asked cannot be shown: the suite no longer has this item.") == (shown.messages, shown.note)


def test_messages_are_laid_beside_those_of_the_same_role(tmp_path: Path) -> None:
    roles = '[{role: system, content: "Be short."}, {role: user, content: "{complaint}"}]'
    suite = SUITE.replace(
        '["Here is a complaint. Sum it up in a title of six words or fewer.\\n\\n{complaint}"]', f"[{roles}]"
    )
    assert roles in suite
    run = desk_run(tmp_path, suite)
    shown = _shown(run, "paraphrase")
    assert ["system", "user"] == [message.role for message in shown.messages]
    assert [{"added"}, {"removed", "same"}] == [{part.kind for part in each.parts} for each in shown.messages]
    back = _paired(*(tuple(Message(role=role, content="x") for role in roles) for roles in (("user",), ("assistant",))))
    assert [(True, False), (False, True)] == [(old is not None, new is not None) for old, new in back]


def test_texts_are_printable(tmp_path: Path) -> None:
    run = desk_run(tmp_path, SUITE.replace("Write a title of at", "Write\\u202e a\\e[31m title of at"))
    assert "Write\\u202e a\\x1b[31m title" in _sent(_shown(run, "clean"))[0]
