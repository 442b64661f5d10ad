from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import EvalkitError
from evalkit.scale import Size, read_size, shown_size, sizes_given
from tests.ladder_points import points


@pytest.mark.parametrize(
    ("expected", "text"),
    [(7e7, "70m"), (1.4e9, "1.4b"), (1.4e9, "1.4B"), (1e22, "1e22"), (3e5, "300k"), (2e12, "2t"), (12.0, "12")],
)
def test_a_size_is_read_as_people_write_it(expected: float, text: str) -> None:
    assert expected == read_size(text)


@pytest.mark.parametrize("text", ["", "0", "-7m", "7q", "m", "1e999", "7 m", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(EvalkitError, match=r"expected a number above 0 such as 70m"):
        read_size(text)


@given(st.floats(1e-6, 1e30))
def test_what_is_shown_is_read_again_as_nearly_the_same(number: float) -> None:
    assert pytest.approx(number, rel=0.006) == read_size(shown_size(number))


def test_sizes_are_given_by_model() -> None:
    sizes = sizes_given(("tiny/80k=80k", "big=7b,tokens=2t,flops=8.4e22", "t=tokens=5m"))
    assert {
        "tiny/80k": Size(params=8e4),
        "big": Size(params=7e9, tokens=2e12, flops=8.4e22),
        "t": Size(tokens=5e6),
    } == sizes


@pytest.mark.parametrize("given", [("80k",), ("=80k",), ("a=80k,80k",), ("a=80k,depth=3",), ("a=1k", "a=2k"), ("a=",)])
def test_a_size_that_says_nothing_or_twice_is_refused(given: tuple[str, ...]) -> None:
    with pytest.raises(EvalkitError):
        sizes_given(given)


def test_points_stand_from_small_to_large_and_those_without_the_size_are_left_out() -> None:
    from evalkit.scale import Series

    small, large = points([0.1, 0.9])
    nameless = Series(task="t", condition="clean", threshold=None, points=(large, small))
    assert ["m0", "m1"] == [point.model for point in nameless.sized("params")]
    assert () == nameless.sized("flops")
