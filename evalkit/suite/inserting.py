"""Put variants of a prompt into a suite's text, and leave everything else in it as it is, byte for byte."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence

from evalkit.errors import SuiteError
from evalkit.suite.document import Document, Where, read_document
from evalkit.suite.writing import scalar
from evalkit.trial import Messages

# What ends a line for the reader of YAML, so that its line numbers are those of the rows.
_ROW = re.compile(r"[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029]|\Z)")
_DASH = re.compile(r"( *)-(?:\s|\Z)")


def insert_variants(document: Document, text: str, task: str, variants: Sequence[Messages], *, note: str) -> str:
    """A suite's text with more paraphrases of a task: at the end of its list, or as a new key after its prompt.

    Args:
        document: What `text` was read as.
        text: The suite file as it is, without a byte order mark.
        task: One that the suite has.
        variants: Whole prompts, as templates.
        note: The comment above each.

    Raises:
        SuiteError: If the list is not written as a block, or the variants cannot be put there without changing
            something else; nothing is half done.
    """
    rows = [row for row in _ROW.findall(text) if row]
    where: Where = ("tasks", task)
    given, added = document.value["tasks"][task], []
    if "paraphrases" not in given:
        place, indent = _key(document, rows, (*where, "prompt"), "the task and its prompt")
        at = _end(rows, place, indent, given["prompt"])
        added.append(" " * indent + "paraphrases:")
        dash_indent = indent + 2
    else:
        place, _ = _key(document, rows, (*where, "paraphrases"), "the paraphrases", alone=True)
        dash_indent = _dash(document, rows, place, (*where, "paraphrases"))
        at = _end(rows, place, dash_indent, given["paraphrases"][-1])
    for variant in variants:
        added += variant_lines(variant, dash_indent, note=note)
    line_break = "\r\n" if rows[0].endswith("\r\n") else "\n"
    if at == len(rows) and not rows[-1].endswith("\n"):
        raise SuiteError([document.problem((), "the file does not end with a line break; add one")])
    new = "".join([*rows[:at], *(line + line_break for line in added), *rows[at:]])
    if not _only_added(document, new, task, variants):
        message = (
            "more variants cannot be put in without changing what is there; add them by hand (--dry-run prints them), "
            "or write the task without aliases and anchors"
        )
        raise SuiteError([document.problem(where, message)])
    return new


def variant_lines(variant: Messages, indent: int, *, note: str) -> list[str]:
    """A variant as an entry of a block list, below a comment.

    Args:
        variant: One user message is written as a text, anything else as messages.
        indent: Spaces before the dash.
        note: The comment, one line.
    """
    pad = " " * indent
    lines = [f"{pad}# {note}"]
    if is_text(variant):
        return [*lines, *f"{pad}- {scalar(variant[0].content, indent + 2)}".split("\n")]
    for number, message in enumerate(variant):
        lines.append(f"{pad}{'  ' if number else '- '}- role: {message.role}")
        lines += f"{pad}    content: {scalar(message.content, indent + 6)}".split("\n")
    return lines


def is_text(prompt: Messages) -> bool:
    """Whether a prompt may be written as a text alone."""
    return len(prompt) == 1 and prompt[0].role == "user"


def _key(document: Document, rows: Sequence[str], where: Where, what: str, *, alone: bool = False) -> tuple[int, int]:
    """The row of a key (0-based), and its indentation.

    Raises:
        SuiteError: If it does not start its row, or is not alone there where it should be.
    """
    row = document.line(where) - 1
    name = re.escape(str(where[-1]))
    found = re.match(rf"( *)(['\"]?){name}\2\s*:(.*)", rows[row].rstrip("\r\n"), re.DOTALL)
    rest = found[3].strip() if found is not None else ""
    if found is None or (alone and rest and not rest.startswith("#")):
        message = (
            f"found {what} in brackets or with more on the line, expected a block: one entry a line, each after a dash "
            "(paraphrases:, then - |); write it as a block list first"
        )
        raise SuiteError([document.problem(where, message)])
    return row, len(found[1])


def _dash(document: Document, rows: Sequence[str], key: int, where: Where) -> int:
    """The indentation of a block list, from its first entry."""
    for row in rows[key + 1 :]:
        if row.strip() and not row.lstrip().startswith("#"):
            found = _DASH.match(row)
            if found is not None:
                return len(found[1])
            break
    message = "found no dash below it, expected a block list: one entry a line, each after a dash; write it as one"
    raise SuiteError([document.problem(where, message)])


def _end(rows: Sequence[str], start: int, indent: int, last: object) -> int:
    """The row after the value of a key or the last entry of a list.

    Args:
        rows: Of the file.
        start: The key's row.
        indent: Of the key, or of the list's dashes.
        last: The value, or the last entry; one that ends with several line breaks owns the blank rows below.
    """
    end = start
    for number, row in enumerate(rows[start + 1 :], start=start + 1):
        bare = row.strip()
        if not bare:
            continue
        spaces = len(row) - len(row.lstrip(" "))
        if spaces > indent or (spaces == indent and _DASH.match(row)):
            end = number
        elif not bare.startswith("#"):
            break
    end += 1
    while last is not None and _text_of(last).endswith("\n\n") and end < len(rows) and not rows[end].strip():
        end += 1
    return end


def _text_of(prompt: object) -> str:
    if isinstance(prompt, list) and prompt and isinstance(prompt[-1], dict):
        prompt = prompt[-1].get("content")
    return prompt if isinstance(prompt, str) else ""


def _only_added(document: Document, new: str, task: str, variants: Sequence[Messages]) -> bool:
    """Whether the new text says what the old one said, and the variants besides."""
    try:
        found = read_document(document.path, new).value
    except SuiteError:
        return False
    wanted = copy.deepcopy(document.value)
    listed = wanted["tasks"][task].setdefault("paraphrases", [])
    for variant in variants:
        listed.append(variant[0].content if is_text(variant) else [message.as_json() for message in variant])
    return _canonical(found) == _canonical(wanted)


def _canonical(value: object) -> str:
    """For comparing values of which `.nan` may be one, and 1 is not 1.0."""
    return json.dumps(value, sort_keys=True)
