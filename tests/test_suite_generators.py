from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.generators import GENERATORS, GeneratorError, generator
from evalkit.trial import rng_for

every_generator = pytest.mark.parametrize("name", GENERATORS)
names = st.sampled_from(sorted(GENERATORS))


@given(name=names, seed=st.integers(0, 999), data=st.data())
def test_an_item_follows_from_the_random_source_and_is_json(name: str, seed: int, data: st.DataObject) -> None:
    made = generator(name, {})
    level = data.draw(st.sampled_from(made.levels()))
    item = made.draw(rng_for(seed), level)
    assert item == made.draw(rng_for(seed), level)
    assert item == json.loads(json.dumps(item))
    assert level == item[made.axis]
    assert isinstance(item["id"], str)


@every_generator
def test_items_of_one_id_are_the_same(name: str) -> None:
    made = generator(name, {})
    by_id: dict[str, dict[str, Any]] = {}
    for seed in range(300):
        item = made.draw(rng_for(seed), made.levels()[0])
        assert item == by_id.setdefault(item["id"], item)


@every_generator
def test_an_unknown_argument_gets_the_nearest_name(name: str) -> None:
    axis = generator(name, {}).axis
    with pytest.raises(GeneratorError, match=f'Did you mean "{axis}"'):
        generator(name, {f"{axis[:-1]}": [1]})


@every_generator
@pytest.mark.parametrize("wrong", [[], [0], [True], "3", [3, 3], [1000], None])
def test_a_wrong_axis_is_explained(name: str, wrong: Any) -> None:
    axis = generator(name, {}).axis
    with pytest.raises(GeneratorError, match=f"^{axis}: found .*, expected numbers from .* each once, .*scending"):
        generator(name, {axis: wrong})


def test_an_unknown_generator_gets_the_nearest_name() -> None:
    with pytest.raises(GeneratorError, match='Did you mean "multiplication"'):
        generator("multiplikation", {})
