from __future__ import annotations

import subprocess
import sys

import pytest

from evalkit.score import BoundConstraint, Check, read_constraint, read_extract, score
from evalkit.score.extract import Extract


def bind(entry: object, extract: Extract | None = None) -> BoundConstraint:
    spec = read_constraint(entry)
    return BoundConstraint(name=spec.name, constraint=spec.bind({}, {}), extract=spec.extract or extract)


def test_a_response_passes_when_every_constraint_holds() -> None:
    scored = score([bind("one_line"), bind({"words": 2})], "two words\n")
    assert (True, 1.0, ["one_line", "words"]) == (scored.passed, scored.score, list(scored.checks))


def test_the_score_is_the_mean_of_the_constraints() -> None:
    scored = score([bind("one_line"), bind({"words": 2})], "now four words here")
    assert (False, 0.75) == (scored.passed, scored.score)
    assert Check(passed=False, score=0.5, found="4 words") == scored.checks["words"]


def test_each_constraint_reads_what_it_is_bound_to() -> None:
    task = read_extract({"after": "answer:"})
    bound = [bind({"number": 4}, task), bind({"words": 5, "extract": "whole"}, task)]
    scored = score(bound, "2 + 2 by hand. answer: 4")
    assert (True, "6 words") == (scored.checks["number"].passed, scored.checks["words"].found)


def test_nothing_to_extract_fails_every_constraint_that_reads_it() -> None:
    task = read_extract("last_number")
    scored = score([bind({"number": 4}, task), bind({"words": 5}, task)], "four")
    nothing = Check(passed=False, score=0.0, found="nothing to extract: no number")
    assert {"number": nothing, "words": nothing} == scored.checks
    assert (False, 0.0) == (scored.passed, scored.score)


def test_a_response_is_not_judged_without_constraints() -> None:
    with pytest.raises(ValueError, match="without constraints"):
        score([], "anything")


def test_importing_the_scorer_loads_nothing_heavy() -> None:
    heavy = "{'scipy', 'numpy', 'pandas', 'jsonschema', 'rapidfuzz', 'regex', 'referencing'}"
    code = f"import sys, evalkit.score; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
