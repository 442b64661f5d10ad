"""The capability map as Markdown, to stand before the results of several runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.plain import one_line
from evalkit.report.capability_map import LEGEND, SUITE, MapEntry, MappedSuite, mapped_suites
from evalkit.report.markdown import FIRST_TABLE, code, marker, prose, table_within

_SENTENCE = 1_000
_NOTES = 30


def markdown_map(entries: Sequence[MapEntry]) -> str:
    """A table of tasks and models for each suite that several runs measured, as GitHub-flavoured Markdown.

    Its first line is a comment like that of a run's results, by which it is found again.

    Args:
        entries: Runs in the order of their columns; where the size of every model is known, sizes give the order.

    Returns:
        Text; empty when no suite was measured by more than one run.
    """
    return "\n".join(f"{chr(10).join(_lines(found))}\n" for found in mapped_suites(entries))


def _lines(found: MappedSuite) -> Iterator[str]:
    yield marker(found.suite, "map")
    yield f"### Capability map of {code(found.suite)}: {found.size}"
    yield ""
    names = ["task", *(code(name) for name in found.names)]
    head = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    columns = found.columns()
    rows = [
        f"| {' | '.join([name, *(column[row][0] for column in columns)])} |"
        for row, name in enumerate([*(code(task) for task in found.task_names), SUITE])
    ]
    yield table_within(head, rows, FIRST_TABLE)
    notes = list(found.notes())
    yield from ["", *(f"- {prose(one_line(note, _SENTENCE))}" for note in notes[:_NOTES])] if notes else []
    if len(notes) > _NOTES:
        yield f"- and {len(notes) - _NOTES} more"
    yield ""
    yield f"<sub>{LEGEND}</sub>"
