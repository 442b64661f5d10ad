"""Answers with the last user message."""

from __future__ import annotations

from evalkit.trial import Call


def answer(call: Call) -> str:
    """The last user message; nothing when there is none."""
    return next((message.content for message in reversed(call.messages) if message.role == "user"), "")
