from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.suite.digests import SuiteDigests, changed_keys, suite_digests
from tests.runs import suite_text


def digests(text: str) -> SuiteDigests:
    return suite_digests(Path("sums.yaml"), text)


def test_a_task_has_a_digest_of_each_of_its_keys_and_the_suite_of_the_rest() -> None:
    found = digests(suite_text())
    assert ["suite", "threshold"] == list(found.suite)
    assert ["prompt", "claim", "items", "constraints", "perturbations"] == list(found.tasks["add"])


def test_nothing_of_the_text_can_be_read_from_a_digest() -> None:
    found = digests(suite_text())
    assert all(12 == len(value) and set(value) <= set("0123456789abcdef") for value in found.tasks["add"].values())


def test_only_what_was_changed_has_another_digest() -> None:
    before, after = digests(suite_text()), digests(suite_text(prompt="Add {a} and {b}.", threshold=0.8))
    assert ["threshold"] == changed_keys(before.suite, after.suite)
    assert ["prompt"] == changed_keys(before.tasks["add"], after.tasks["add"])


def test_comments_spaces_and_the_order_of_keys_change_no_digest() -> None:
    first = "suite: s\ntasks:\n  a:\n    prompt: x\n    threshold: 0.9\n"
    second = "# new\ntasks:\n  a: {threshold: 0.90,   prompt: 'x'}\nsuite: s\n"
    assert digests(first) == digests(second)


def test_the_order_of_a_list_and_the_kind_of_a_value_matter() -> None:
    first, second, third = (digests(f"tasks: {{a: {{items: {items}}}}}") for items in ("[1, 2]", "[2, 1]", '["1", 2]'))
    assert 3 == len({each.tasks["a"]["items"] for each in (first, second, third)})


def test_a_key_that_is_new_or_gone_has_changed() -> None:
    assert ["b", "c"] == changed_keys({"a": "1", "c": "2"}, {"b": "3", "a": "1"})
    assert [] == changed_keys({"a": "1"}, {"a": "1"})


def test_trials_that_came_without_a_suite_have_no_digests() -> None:
    assert SuiteDigests(suite={}, tasks={}) == digests("")


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(SuiteError):
        digests("a: [")
