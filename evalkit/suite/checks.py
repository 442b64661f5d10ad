"""Whether a task's prompts and constraints fit its items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from evalkit.errors import Problem, did_you_mean
from evalkit.score import ConstraintError
from evalkit.suite.definition import Task
from evalkit.suite.document import Document, Where, show_where
from evalkit.suite.items import Row
from evalkit.template import TemplateError, fields_of
from evalkit.trial import Item, Message, Messages, rng_for

SHOWN = 3
"""How many bad items of one kind are named before the rest is counted."""


def sample_items(task: Task) -> list[Item]:
    """The items of a task: all of a list, one of each level of a generator."""
    if isinstance(task.supply, tuple):
        return list(task.supply)
    made = (task.supply.draw(rng_for("check", level), level) for level in task.supply.levels())
    return [Item(id=str(fields["id"]), fields=fields) for fields in made]


def item_problems(task: Task, rows: Sequence[Row], document: Document) -> list[Problem]:
    """What keeps a task's prompts or constraints from being filled with its items.

    Args:
        task: The task, its items read.
        rows: Where each item stands; empty for a generator.
        document: The suite.
    """
    where: Where = ("tasks", task.name)
    items = sample_items(task)
    problems: list[Problem] = []
    for place, messages in _prompts(task):
        for message in messages:
            problems += _placeholder_problems(document, (*where, *place), message.content, items, rows)
    prompt_fields = _fields(task.prompt)
    for index, variant in enumerate(task.paraphrases):
        lost = prompt_fields - _fields(variant)
        if lost:
            lacks = f"lacks {{{min(lost)}}}, which the prompt has; every variant must ask about the item"
            problems.append(document.problem((*where, "paraphrases", index), lacks))
    if task.target is not None:
        problems += _placeholder_problems(document, (*where, "target"), task.target, items, rows)
    problems += _unfit_values(task, items, rows)
    if not problems:
        problems += _constraint_problems(task, document, items, rows)
    return problems


def _prompts(task: Task) -> Iterator[tuple[Where, Messages]]:
    yield ("prompt",), task.prompt
    for index, variant in enumerate(task.paraphrases):
        yield ("paraphrases", index), variant


def _fields(messages: Messages) -> set[str]:
    try:
        return {name for message in messages for name in fields_of(message.content)}
    except TemplateError:
        return set()  # reported where the template itself is checked


def _placeholder_problems(
    document: Document, where: Where, template: str, items: Sequence[Item], rows: Sequence[Row]
) -> list[Problem]:
    try:
        wanted = fields_of(template)
    except TemplateError as error:
        return [document.problem(where, str(error))]
    problems = []
    for name in sorted(wanted):
        lacking = [index for index, item in enumerate(items) if name not in item.fields]
        if len(lacking) == len(items):
            problems.append(document.problem(where, _unknown(name, items[0].fields)))
        else:
            problems += _named(rows, lacking, f"no field {name!r}, which {show_where(where[2:])} uses")
    return problems


def _unfit_values(task: Task, items: Sequence[Item], rows: Sequence[Row]) -> list[Problem]:
    """Where a prompt or the target would show a value that has no text of its own, such as `None` for a null."""
    wrong: dict[str, list[int]] = {}
    shown = {"a prompt": {name for _, messages in _prompts(task) for name in _fields(messages)}}
    if task.target is not None:
        shown["the target"] = _fields((Message(role="assistant", content=task.target),))
    for who, name in [(who, name) for who, names in shown.items() for name in sorted(names)]:
        for index, item in enumerate(items):
            unfit = _unfit(item.fields.get(name, ""))
            if unfit is not None:
                wrong.setdefault(f"{who} shows the field {name!r}: found {unfit}", []).append(index)
    return [problem for message, indices in wrong.items() for problem in _named(rows, indices, message)]


def _unfit(value: Any) -> str | None:
    """Why a value cannot be put into a prompt; None when it can."""
    if isinstance(value, list | tuple):
        return next((unfit for unfit in map(_unfit, value) if unfit is not None), None)
    if value is None:
        return "null, expected text or a number"
    if isinstance(value, bool):
        return f"{str(value).lower()}, expected text; write it in quotes"
    if isinstance(value, Mapping | bytes):
        return f"{'bytes' if isinstance(value, bytes) else 'a mapping'}, expected text or a number"
    if isinstance(value, float) and not isfinite(value):
        return f"{value}, expected a finite number"
    return None


def _unknown(name: str, fields: Mapping[str, Any]) -> str:
    return f"unknown placeholder {{{name}}}. {did_you_mean(name, fields)}"


def _named(rows: Sequence[Row], wrong: Sequence[int], message: str) -> list[Problem]:
    """Name the first items of a kind, count the rest."""
    problems = [rows[index].problem(message) for index in wrong[:SHOWN]]
    if len(wrong) > SHOWN:
        problems.append(rows[wrong[SHOWN]].problem(f"{message}; and {len(wrong) - SHOWN - 1} more items"))
    return problems


def _constraint_problems(task: Task, document: Document, items: Sequence[Item], rows: Sequence[Row]) -> list[Problem]:
    problems: list[Problem] = []
    for index, spec in enumerate(task.constraints):
        where = ("tasks", task.name, "constraints", index)
        unknown = [name for name in sorted(spec.fields()) if all(name not in item.fields for item in items)]
        if unknown:
            problems.append(document.problem(where, _unknown(unknown[0], items[0].fields)))
            continue
        failures: dict[int, ConstraintError | TemplateError] = {}
        for position, item in enumerate(items):
            try:
                spec.bind(item.fields, task.functions)
            except (ConstraintError, TemplateError) as error:
                failures[position] = error
        if failures and (not rows or len(failures) == len(items) > 1):
            first = next(iter(failures))
            message = f"{failures[first]} (item {items[first].id})"
            problems.append(document.problem(where, message))
        else:
            for position in list(failures)[: SHOWN + 1]:
                problems += _named(rows, [position], f"constraint {spec.name}: {failures[position]}")
    return problems
