"""JSON Schemas of what a suite may write, for completion in editors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from evalkit.docstrings import field_docstrings
from evalkit.score.arguments import fields_of
from evalkit.score.constraint import Constraint
from evalkit.score.errors import ConstraintError
from evalkit.score.extract import READERS, TOOL_CALLS, TOOL_CALLS_ABOUT, WITH_SETTINGS
from evalkit.score.kinds import constraint_types
from evalkit.score.spec import read_constraint

_PLACEHOLDER = {"type": "string", "pattern": r"\{[A-Za-z_]", "description": "a field of the item, such as {answer}"}


def constraint_schema() -> dict[str, Any]:
    """Draft 2020-12 schema of one entry of `constraints:`."""
    kinds = constraint_types()
    bare = [{"const": key, "description": kind.about} for key, kind in kinds.items() if _stands_alone(key)]
    entry = {
        "type": "object",
        "properties": {
            **{key: _forms(kind) for key, kind in kinds.items()},
            "name": {"type": "string", "minLength": 1, "description": "Its name in reports."},
            "opposite": {
                "type": "string",
                "minLength": 1,
                "description": 'What somebody who wants the opposite asks for, as it follows "please", for `conflict`.',
            },
            "extract": {**extract_schema(), "description": "What this constraint reads, instead of the task's."},
        },
        "additionalProperties": False,
        "oneOf": [{"required": [key]} for key in kinds],
    }
    return {"anyOf": [*bare, entry]}


def extract_schema() -> dict[str, Any]:
    """Draft 2020-12 schema of an `extract:`."""
    calls = {"const": TOOL_CALLS, "description": TOOL_CALLS_ABOUT}
    named = [{"const": name, "description": reader.about} for name, reader in READERS.items()]
    forms = [calls, *named, *(_long(kind) for kind in WITH_SETTINGS)]
    return {"anyOf": [*forms, {"type": "array", "items": {"anyOf": forms}, "minItems": 1}]}


def _stands_alone(key: str) -> bool:
    try:
        read_constraint(key)
    except ConstraintError:
        return False
    return True


def _forms(kind: type[Constraint]) -> dict[str, Any]:
    """The short form, the long form, and nothing where the constraint needs none."""
    forms: list[dict[str, Any]] = []
    if kind.short is not None:
        forms += _filled(_long(kind)["properties"][kind.short])["anyOf"]
    if not kind.takes_mapping:
        long = _long(kind)
        properties = {name: _filled(schema) for name, schema in long["properties"].items()}
        forms.append({**long, "properties": properties})
    if _stands_alone(kind.key):
        forms.append({"type": "null"})
    return {"description": kind.about, "anyOf": forms}


def _filled(schema: dict[str, Any]) -> dict[str, Any]:
    """A field, or a placeholder for it."""
    own = {key: value for key, value in schema.items() if key != "description"}
    return {"description": schema["description"], "anyOf": [own, _PLACEHOLDER]}


def _long(kind: type[BaseModel]) -> dict[str, Any]:
    """The mapping of a model's fields."""
    schema = kind.model_json_schema()
    notes = {name.rstrip("_"): {"description": text} for name, text in field_docstrings(kind).items()}
    properties = {name: {**_tidy(schema["properties"][name]), **notes.get(name, {})} for name in fields_of(kind)}
    about = (kind.__doc__ or "").partition("\n")[0]
    required = {"required": schema["required"]} if "required" in schema else {}
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        **required,
        "additionalProperties": False,
    }


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the titles that pydantic adds, and without null: a field that is not wanted is left out."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "default")}
    options = [option for option in kept.get("anyOf", ()) if option != {"type": "null"}]
    return (
        {**{key: value for key, value in kept.items() if key != "anyOf"}, **options[0]} if len(options) == 1 else kept
    )
