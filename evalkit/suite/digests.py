"""What a suite file says, as digests of its values: enough to tell what has changed since, and nothing of the text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.suite.document import read_document

Digests: TypeAlias = Mapping[str, str]
"""By key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteDigests:
    """Of one suite file."""

    suite: Digests
    """Of what it says beside its tasks."""
    tasks: Mapping[str, Digests]
    """Of each task, by name."""


def suite_digests(path: Path, text: str) -> SuiteDigests:
    """Digest a suite that was loaded before.

    Args:
        path: For messages.
        text: The suite file's; empty where trials came without one.

    Raises:
        SuiteError: If the text is no YAML.
    """
    if not text:
        return SuiteDigests(suite={}, tasks={})
    value = dict(read_document(path, text).value)
    tasks = value.pop("tasks", {})
    return SuiteDigests(suite=_digests(value), tasks={name: _digests(task) for name, task in tasks.items()})


def changed_keys(before: Digests, after: Digests) -> list[str]:
    """Keys whose value is another one, new, or gone; in the order of the later file.

    >>> changed_keys({"prompt": "a1", "items": "b2"}, {"items": "b2", "prompt": "c3", "repeat": "d4"})
    ['prompt', 'repeat']
    """
    return [key for key in {**after, **before} if before.get(key) != after.get(key)]


def _digests(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: hashlib.sha256(_canonical(value)).hexdigest()[:12] for key, value in values.items()}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
