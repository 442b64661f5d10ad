from __future__ import annotations

import io
import re
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.table_questions import Aggregation, Lookup, TableQuestions, table_questions
from evalkit.trial import rng_for

seeds, rows = st.integers(0, 9999), st.integers(2, 64)
FUNCTIONS = {"mean": "mean", "average": "mean", "greatest": "max", "highest": "max", "smallest": "min", "lowest": "min",
             "How many ": "count", "Count ": "count", "total": "sum", "sum": "sum"}  # fmt: skip


def drawn(kind: type[TableQuestions], seed: int, n: int) -> dict[str, Any]:
    return table_questions(kind)({"rows": [n]}).draw(rng_for(seed), n)


def frame(item: dict[str, Any]) -> pd.DataFrame:
    text = item["table"]
    if item["format"] == "CSV":
        return pd.read_csv(io.StringIO(text), dtype=str)
    if item["format"] == "Markdown":
        lines = [line.strip("| ").replace(" | ", "|") for line in text.splitlines()]
        return pd.read_csv(io.StringIO("\n".join([lines[0], *lines[2:]])), sep="|", dtype=str)
    return pd.read_csv(io.StringIO(text), sep=r"\s{2,}", engine="python", dtype=str)


def question(item: dict[str, Any]) -> str:
    return str(item["problem"].replace(item["table"], ""))


@given(seed=seeds, n=rows)
def test_a_looked_up_cell_is_the_only_one_that_fits(seed: int, n: int) -> None:
    item = drawn(Lookup, seed, n)
    table = frame(item)
    quoted = re.findall(r'"([^"]+)"', question(item))
    key, name, value = item["names"]
    assert value in quoted
    assert name in quoted
    if value in set(table[key]) and f'"{value}"' in question(item) and item["answer"] not in set(table[key]):
        assert [item["answer"]] == list(table.loc[table[key] == value, name])
    else:
        assert [item["answer"]] == list(table.loc[table[name] == value, key])


@given(seed=seeds, n=rows)
def test_an_aggregation_is_what_pandas_makes_of_the_rows(seed: int, n: int) -> None:
    item = drawn(Aggregation, seed, n)
    asked = question(item)
    chosen, value, name, _ = item["names"]
    numbers = frame(item).loc[lambda table: table[chosen] == value, name].astype(int)
    assert len(numbers) >= 2
    least = re.search(r"(\d+) or more|at least (\d+)", asked)
    if least:
        numbers = numbers[numbers >= int(least[1] or least[2])]
    function = next(function for word, function in FUNCTIONS.items() if word in asked)
    assert item["answer"] == getattr(numbers, function)()
    assert type(item["answer"]) is int


@given(seed=seeds, n=rows)
def test_a_problem_is_table_and_question(seed: int, n: int) -> None:
    for kind in (Lookup, Aggregation):
        item = drawn(kind, seed, n)
        assert item["table"] in item["problem"]
        assert all(name in item["problem"] for name in item["names"])
        assert n == len(frame(item))


@given(seed=seeds, n=rows)
def test_a_questions_words_suit_every_columns_name(seed: int, n: int) -> None:
    """Names such as "Articles" and "Amount" bear no article."""
    assert not re.search(r'\ban? "', question(drawn(Aggregation, seed, n)))
