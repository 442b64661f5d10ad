"""A model of your own: any function that takes messages and gives a text. This one finds the total by plain code."""

from __future__ import annotations

import re


def answer(messages: list[dict[str, str]], options: dict[str, object]) -> str:
    """Give the last amount after the word "total"."""
    found = re.findall(r"total\D{0,20}?(\d[\d.,]*\d)", messages[-1]["content"], re.IGNORECASE)
    return found[-1] if found else "unknown"
