from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from evalkit.perturb.conflict import conflict
from evalkit.perturb.source import Source
from evalkit.perturb.voice import VOICES
from evalkit.suite.reformatting import MAX_LINES, reformatting
from evalkit.trial import Item, Message, rng_for

seeds, lines = st.integers(0, 9999), st.integers(1, MAX_LINES)
DAYS = {r"\d{4}-\d\d-\d\d": "%Y-%m-%d", r"[A-Z]\w+ \d+, \d{4}": "%B %d, %Y", r"\d+ [A-Z]\w+ \d{4}": "%d %B %Y"}


def drawn(seed: int, n: int) -> dict[str, Any]:
    return reformatting({"lines": [n]}).draw(rng_for(seed), n)


def day_in(text: str) -> date:
    for pattern, form in DAYS.items():
        for found in re.findall(pattern, text):
            for each in (form, form.replace("%B", "%b")):
                try:
                    return datetime.strptime(found, each).date()  # noqa: DTZ007  # a day has no time zone
                except ValueError:
                    continue
    raise AssertionError(text)


@given(seed=seeds, n=lines)
def test_the_values_are_those_of_the_text(seed: int, n: int) -> None:
    item = drawn(seed, n)
    text = item["record"]
    assert all(str(item[key]) in text for key in ("reference", "customer", "city"))
    assert item["date"] == day_in(text).isoformat()
    calm = re.search(r"not urgent|No hurry|Urgent: no", text)
    assert item["urgent"] == ("false" if calm else "true")


@given(seed=seeds, n=lines)
def test_goods_fit_what_the_text_says_and_nothing_else(seed: int, n: int) -> None:
    item = drawn(seed, n)
    said = re.findall(r"(\d+) (?:x )?([a-z][a-z -]+?)(?: at|,) (\d+\.\d\d)", item["record"])
    assert n == len(said)
    goods = [each["const"] for each in item["goods"]["prefixItems"]]
    for line, (quantity, product, price) in zip(goods, said, strict=True):
        assert (line["quantity"], line["price"]) == (int(quantity), float(price))
        assert product in (line["product"], f"{line['product']}s")
    validator = Draft202012Validator(item["goods"])
    assert validator.is_valid(goods)
    assert not validator.is_valid(goods[1:])
    assert not validator.is_valid([*goods, goods[0]])
    assert not validator.is_valid([{**goods[0], "quantity": goods[0]["quantity"] + 1}, *goods[1:]])


@given(seed=seeds, n=lines)
def test_only_several_pieces_have_a_price_each(seed: int, n: int) -> None:
    record = drawn(seed, n)["record"]
    for quantity, each in re.findall(r"(\d+) (?:x )?[a-z][a-z -]+?(?: at|,) \d+\.\d\d( each)?", record):
        assert bool(each) == (int(quantity) > 1)


@given(seed=seeds, n=lines)
def test_a_wish_among_the_lines_of_a_record_stands_on_a_line_of_its_own(seed: int, n: int) -> None:
    item = drawn(seed, n)
    if "Lines:" in item["record"]:
        source = Source(
            seed=seed,
            item=Item(id=item["id"], fields={"record": item["record"]}),
            prompt=(Message(role="user", content="{record}"),),
            opposites={"date": ("write nothing",)},
        )
        before = item["record"].splitlines()
        after = conflict(source, "direct").messages[0].content.splitlines()
        (wish,) = (line for line in after if line and line not in before)
        assert wish in {voice.format(wish="write nothing") for voice in VOICES["direct"]}
