"""A call's settings, for dialects whose format has other names or shapes.

Suites and users write settings as OpenAI's chat completions have them. A dialect of another format takes out what it
translates and refuses what its format cannot say; what is left is sent as it is.

Source: https://platform.openai.com/docs/api-reference/chat/create.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from evalkit.errors import AdapterError
from evalkit.trial import Messages


class Sampling:
    """Settings that are taken out one by one.

    Args:
        settings: The suite's and the user's.
        form: The format's name, for messages.
        ours: Names that evalkit sets itself.

    Raises:
        AdapterError: If one of `ours` is set.
    """

    def __init__(self, settings: Mapping[str, Any], *, form: str, ours: Collection[str]) -> None:
        taken = sorted(set(ours) & settings.keys())
        if taken:
            raise AdapterError(f"sampling: {', '.join(taken)}: evalkit sets it itself; leave it out")
        self._form = form
        self.left = dict(settings)
        """What nobody has taken yet."""

    def take(self, *names: str) -> Any:
        """Take settings out that mean the same.

        Returns:
            The value of the first that is set; None when none is.
        """
        values = [self.left.pop(name) for name in names if name in self.left]
        return values[0] if values else None

    def rename(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Take out settings of which this format has another name only.

        Args:
            names: The format's name by ours.
        """
        return {theirs: self.left.pop(ours) for ours, theirs in names.items() if ours in self.left}

    def refuse(self, *names: str) -> None:
        """Refuse settings that this format cannot say: without them something else would be measured.

        Raises:
            AdapterError: If one is set.
        """
        found = [name for name in names if name in self.left]
        if found:
            raise self.lacking(", ".join(found))

    def lacking(self, what: str) -> AdapterError:
        """The error that says that this format has nothing for a setting."""
        return AdapterError(f"sampling: {what}: {self._form} has no such setting; leave it out")

    def wrong(self, name: str, value: Any, expected: str) -> AdapterError:
        """The error that says what else a setting must be for this format."""
        return AdapterError(f"sampling: {name}: found {value!r:.80}, {self._form} takes {expected}")

    def stops(self) -> list[str]:
        """Take out `stop`, a text or a list of texts."""
        stop = self.take("stop")
        return [stop] if isinstance(stop, str) else list(stop or ())

    def answer_format(self) -> Mapping[str, Any] | bool:
        """Take out `response_format`.

        Returns:
            The JSON schema that the answer must follow; True for any JSON, False for any text.

        Raises:
            AdapterError: If it is none that chat completions have.
        """
        wanted = self.take("response_format")
        if wanted is None or wanted == {"type": "text"}:
            return False
        if wanted == {"type": "json_object"}:
            return True
        schema = _path(wanted, "json_schema", "schema")
        if not isinstance(schema, Mapping):
            shape = '{"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}, as chat completions have it'
            raise self.wrong("response_format", wanted, shape)
        return schema

    def functions(self) -> list[Mapping[str, Any]]:
        """Take out `tools`.

        Returns:
            Of each its `function`: name, description, parameters, strict.

        Raises:
            AdapterError: If one is no function.
        """
        tools = self.take("tools") or ()
        functions = [_path(tool, "function") for tool in tools]
        for tool, function in zip(tools, functions, strict=True):
            if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
                shape = '{"type": "function", "function": {"name": …, "parameters": {…}}}, as chat completions have it'
                raise self.wrong("tools", tool, shape)
        return functions

    def choice(self) -> tuple[str, str | None]:
        """Take out `tool_choice`.

        Returns:
            `auto`, `none`, `required` or `function`, and that function's name.

        Raises:
            AdapterError: If it is none that chat completions have.
        """
        choice = self.take("tool_choice")
        if choice is None:
            return "auto", None
        if choice in ("auto", "none", "required"):
            return choice, None
        name = _path(choice, "function", "name")
        if not isinstance(name, str):
            shape = '"auto", "none", "required" or {"type": "function", "function": {"name": …}}'
            raise self.wrong("tool_choice", choice, shape)
        return "function", name


def system_apart(messages: Messages) -> tuple[str, Messages]:
    """Split a prompt for formats that hold system messages apart from the turns.

    Returns:
        The system messages, joined by empty lines ("" when there is none), and the turns.

    Raises:
        AdapterError: If a system message comes after a turn: said at the start, it would be another prompt.
    """
    n_system = sum(message.role == "system" for message in messages)
    system, turns = messages[:n_system], messages[n_system:]
    if any(message.role == "system" for message in turns):
        raise AdapterError("prompt: found a system message after a turn, expected it first: this format has it apart")
    return "\n\n".join(message.content for message in system if message.content), turns


def joined_turns(turns: Messages) -> list[tuple[str, list[str]]]:
    """Put consecutive messages of one role together, for formats whose turns must alternate: role and texts."""
    joined: list[tuple[str, list[str]]] = []
    for turn in turns:
        if joined and joined[-1][0] == turn.role:
            joined[-1][1].append(turn.content)
        else:
            joined.append((turn.role, [turn.content]))
    return joined


def _path(value: Any, *names: str) -> Any:
    """A value inside JSON objects; None when it is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
