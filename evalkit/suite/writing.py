"""Write texts into YAML so that they read back as they were."""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.plain import printable
from evalkit.suite.document import read_document

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def quoted(text: str) -> str:
    r"""A text as a YAML value on one line; what eyes cannot tell apart is escaped.

    >>> print(quoted('say "no": {x}\n'))
    "say \"no\": {x}\n"
    """
    return f'"{"".join(map(_escaped, text))}"'


def scalar(text: str, indent: int) -> str:
    r"""A text as what follows `key: ` or `- `: as a literal block where that keeps it, else in quotes.

    Args:
        text: Without lone surrogates.
        indent: Spaces before each line of the block, more than before the key or the dash.

    >>> print("prompt: " + scalar("Add.\n\n{a}\n", 2))
    prompt: |
      Add.
    <BLANKLINE>
      {a}
    """
    header = "|" if text.endswith("\n") else "|-"
    pad = " " * indent
    block = "\n".join([header, *(line and pad + line for line in text.removesuffix("\n").split("\n"))])
    return block if text and printable(text) == text and _reads_as(block, text) else quoted(text)


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _reads_as(block: str, text: str) -> bool:
    """Ask the reader itself: leading spaces, tabs and several line breaks at the end have rules of their own."""
    try:
        found = read_document(Path("-"), f"- {block}\n- end\n").value
    except SuiteError:
        return False
    return bool(found == [text, "end"])
