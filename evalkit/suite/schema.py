"""The JSON Schema of suite files, for editors and other tools."""

from __future__ import annotations

from typing import Any

from evalkit.suite.models import SuiteFile


def suite_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a suite file, generated from the models that read it."""
    schema = SuiteFile.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evalkit suite",
        **{key: value for key, value in schema.items() if key != "title"},
    }
