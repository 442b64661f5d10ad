from __future__ import annotations

import pytest

from evalkit.perturb.source import Source, filled, scalars
from evalkit.template import TemplateError
from evalkit.trial import Item, Message


def test_filling_keeps_roles_and_order() -> None:
    prompt = (Message(role="system", content="Be {tone}."), Message(role="user", content="{{x}} {q}"))
    expected = (Message(role="system", content="Be kind."), Message(role="user", content="{x} why?"))
    assert expected == filled(prompt, {"tone": "kind", "q": "why?"})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TemplateError, match="no field 'q'"):
        filled((Message(role="user", content="{q}"),), {"other": 1})


def test_scalars_come_out_of_any_depth_in_order() -> None:
    assert ["a", 1, "b", 2.5] == scalars({"x": ["a", {"y": (1, None)}], "z": ["b", 2.5]})


def test_a_source_needs_no_more_than_seed_item_and_prompt() -> None:
    source = Source(seed=0, item=Item(id="i", fields={}), prompt=())
    assert ({}, (), "item", "before", None) == (
        source.opposites,
        source.protect,
        source.noise_on,
        source.place,
        source.material,
    )
