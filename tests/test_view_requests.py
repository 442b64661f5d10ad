from __future__ import annotations

import pytest

from evalkit.findings.trials import TrialFilter
from evalkit.view.requests import BadRequestError, check_names, trial_filter, wanted, whole_number


def test_what_is_empty_means_any() -> None:
    query = {"task": "add", "condition": "", "outcome": "fail", "text": "a b", "offset": "3", "limit": ""}
    assert TrialFilter(task="add", outcome="fail", text="a b") == trial_filter(query)


def test_an_unknown_outcome_or_parameter_is_named() -> None:
    with pytest.raises(BadRequestError, match=r"outcome: found 'passed'\. Did you mean \"pass\"\?"):
        trial_filter({"outcome": "passed"})
    with pytest.raises(BadRequestError, match=r"found the parameter 'taks'\. Did you mean \"task\"\?"):
        trial_filter({"taks": "add"})
    with pytest.raises(BadRequestError, match="u202e"):
        check_names({"\u202e": ""}, ("a",))


def test_a_number_is_read_strictly() -> None:
    assert 120 == whole_number({"limit": "120"}, "limit", 50)
    assert 50 == whole_number({}, "limit", 50)
    for text in ("-1", "1.5", "x", "1e3", "٣", "0" * 5000, "1" * 10):
        with pytest.raises(BadRequestError, match=r"limit: found .* expected a whole number"):
            whole_number({"limit": text}, "limit", 50)


def test_what_must_be_there_is_asked_for() -> None:
    assert "x" == wanted({"a": "x"}, "a")
    with pytest.raises(BadRequestError, match="found no a, expected the name of a run"):
        wanted({"a": ""}, "a")
