from __future__ import annotations

import pytest

from evalkit.score import ConstraintError
from evalkit.score.arguments import build, fields_of
from evalkit.score.documents import JsonSchema
from evalkit.score.limits import Words


def test_fields_have_the_names_that_a_suite_uses() -> None:
    assert (["schema"], ["min", "max"]) == (fields_of(JsonSchema), fields_of(Words))


def test_the_place_of_an_error_goes_on_from_where_the_arguments_stand() -> None:
    with pytest.raises(ConstraintError, match="found true, expected a whole number") as caught:
        build(Words, {"max": True}, ("constraints", 2))
    assert ("constraints", 2, "max") == caught.value.path
