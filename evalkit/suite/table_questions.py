"""Questions about a small table: one cell, or a number made from some of the rows."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from evalkit.suite.draws import pick, refuse_unknown, whole_numbers
from evalkit.suite.tables import MAX_ROWS, WRITERS, Row, Table, Whole, Words, drawn_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked about a table."""

    text: str
    answer: str | int
    names: list[str]
    """What of the table the question names."""


@dataclass(frozen=True, kw_only=True)
class TableQuestions:
    """Tables of a number of rows, each with a question."""

    rows: tuple[int, ...]
    axis: str = "rows"

    def levels(self) -> list[int]:
        """Numbers of rows, from few to many."""
        return list(self.rows)

    def size(self, level: int) -> None:
        """Unknown: there are far more tables than anybody will ask."""
        return

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """Fields `problem` (table and question), `table`, `names` (in the question), `format`, `rows`, `answer`."""
        table = drawn_table(rng, level)
        question = self.asked(rng, table)
        writer = pick(rng, list(WRITERS))
        written = WRITERS[writer](table.header, table.rows)
        shown = f"{table.kind.title}:\n\n{written}"
        parts = [question.text, shown] if rng.random() < 0.3 else [shown, question.text]
        problem = "\n\n".join(parts)
        return {
            "id": sha256(problem.encode()).hexdigest()[:12],
            "problem": problem,
            "table": written,
            "names": question.names,
            "format": writer,
            self.axis: level,
            "answer": question.answer,
        }

    @abstractmethod
    def asked(self, rng: random.Random, table: Table) -> Question:
        """A question about the table; it may change values to make the answer a whole number."""


class Lookup(TableQuestions):
    """Questions for one cell, named by its row's key, or for the key of the one row that has a value."""

    def asked(self, rng: random.Random, table: Table) -> Question:
        """The answer as it stands in the table."""
        key = table.header[0]
        row = pick(rng, table.rows)
        place = 1 + int(rng.random() * (len(row) - 1))
        name, value = table.header[place], row[place]
        if rng.random() < 0.3 and sum(other[place] == value for other in table.rows) == 1:
            text = pick(rng, _BACKWARD).format(key=key, name=name, value=value)
            return Question(text=text, answer=str(row[0]), names=[key, name, str(value)])
        text = pick(rng, _FORWARD).format(key=key, name=name, value=row[0])
        return Question(text=text, answer=str(value), names=[key, name, str(row[0])])


_FORWARD = (
    'What does the column "{name}" say for "{value}"?',
    'What stands under "{name}" in the row whose "{key}" is "{value}"?',
    'Find "{value}" in the column "{key}". What is the value of "{name}" in that row?',
    'Which value of "{name}" belongs to "{value}"?',
)
_BACKWARD = (
    'In exactly one row, "{name}" is "{value}". What is the value of "{key}" in that row?',
    'Only one row has "{value}" under "{name}". What stands under "{key}" there?',
)


class Aggregation(TableQuestions):
    """Questions for a sum, a count, a greatest or least value, or a mean that is whole, of the rows that fit."""

    def asked(self, rng: random.Random, table: Table) -> Question:
        """The answer is a whole number, and at least two rows fit."""
        words = [column.name for column in table.kind.columns if isinstance(column, Words)]
        wholes = [column for column in table.kind.columns if isinstance(column, Whole)]
        chosen, column = pick(rng, words), pick(rng, wholes)
        place, over = table.column(chosen), table.column(column.name)
        value = pick(rng, table.rows)[place]
        fitting = [row for row in table.rows if row[place] == value]
        if len(fitting) == 1:
            another = pick(rng, [row for row in table.rows if row is not fitting[0]])
            another[place] = value
            fitting.append(another)
        function = pick(rng, ["sum", "mean", "maximum", "minimum", "count", "count above"])
        if function == "mean" and not _made_whole(fitting, over, column):
            function = "sum"
        numbers = [int(row[over]) for row in fitting]
        limit = pick(rng, numbers)
        answer = _FUNCTIONS[function](numbers, limit)
        text = pick(rng, _AGGREGATIONS[function]).format(
            rows=table.kind.row, chosen=chosen, value=value, name=column.name, limit=limit
        )
        return Question(text=text, answer=answer, names=[chosen, str(value), column.name, table.kind.row])


def _made_whole(rows: Sequence[Row], place: int, column: Whole) -> bool:
    """Change one of the numbers, if need be, so that their mean is whole; False when none can be."""
    excess = sum(int(row[place]) for row in rows) % len(rows)
    for row in rows:
        for changed in (int(row[place]) - excess, int(row[place]) + len(rows) - excess):
            if column.low <= changed <= column.high:
                row[place] = changed if excess else row[place]
                return True
    return False


_FUNCTIONS: Mapping[str, Callable[[Sequence[int], int], int]] = {
    "sum": lambda numbers, _: sum(numbers),
    "mean": lambda numbers, _: sum(numbers) // len(numbers),
    "maximum": lambda numbers, _: max(numbers),
    "minimum": lambda numbers, _: min(numbers),
    "count": lambda numbers, _: len(numbers),
    "count above": lambda numbers, limit: sum(number >= limit for number in numbers),
}

_AGGREGATIONS: Mapping[str, Sequence[str]] = {
    "sum": (
        'Add up "{name}" over all {rows} whose "{chosen}" is "{value}". What is the sum?',
        'What is the total of "{name}" for the {rows} with "{value}" under "{chosen}"?',
    ),
    "mean": (
        'What is the mean of "{name}" over all {rows} whose "{chosen}" is "{value}"?',
        'On average, how much is "{name}" for the {rows} with "{value}" under "{chosen}"?',
    ),
    "maximum": (
        'What is the greatest "{name}" among the {rows} whose "{chosen}" is "{value}"?',
        'Of the {rows} with "{value}" under "{chosen}", what is the highest "{name}"?',
    ),
    "minimum": (
        'What is the smallest "{name}" among the {rows} whose "{chosen}" is "{value}"?',
        'Of the {rows} with "{value}" under "{chosen}", what is the lowest "{name}"?',
    ),
    "count": (
        'How many {rows} have "{value}" under "{chosen}"?',
        'Count the {rows} whose "{chosen}" is "{value}". How many are there?',
    ),
    "count above": (
        'How many {rows} have "{value}" under "{chosen}" and {limit} or more under "{name}"?',
        'Count the {rows} whose "{chosen}" is "{value}" and whose "{name}" is at least {limit}. How many are there?',
    ),
}


def table_questions(kind: type[TableQuestions]) -> Callable[[Mapping[str, Any]], TableQuestions]:
    """What makes a generator of a kind of question from a suite's argument `rows`."""

    def make(arguments: Mapping[str, Any]) -> TableQuestions:
        refuse_unknown(arguments, ["rows"])
        return kind(rows=whole_numbers(arguments, "rows", default=[4, 8, 16, 32], within=(2, MAX_ROWS)))

    return make
