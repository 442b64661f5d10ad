"""The JSON Schema of suite files, for editors and other tools."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from evalkit.docstrings import field_docstrings
from evalkit.suite import models


@lru_cache(maxsize=1)
def suite_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a suite file, generated from the models that read it; not to be changed."""
    schema = models.SuiteFile.model_json_schema()
    kinds = {
        name: found
        for name, found in vars(models).items()
        if inspect.isclass(found) and issubclass(found, models.Strict)
    }
    for part in _parts(schema):
        if part.get("title") in kinds and "properties" in part:
            for name, text in field_docstrings(kinds[part["title"]]).items():
                if name in part["properties"]:
                    part["properties"][name].setdefault("description", text)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evalkit suite",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a schema."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _parts(part)
