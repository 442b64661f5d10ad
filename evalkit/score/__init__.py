"""Score responses: constraints that compose, extraction before them, partial credit beside pass and fail."""

from evalkit.score.constraint import Check, Constraint
from evalkit.score.differences import Piece, differences
from evalkit.score.editor import constraint_schema, extract_schema
from evalkit.score.errors import ConstraintError, ScoreError
from evalkit.score.extract import WHOLE, Extract, Nothing, read_extract
from evalkit.score.kinds import constraint_types
from evalkit.score.scored import ANSWERED, BoundConstraint, Scored, judge, score
from evalkit.score.spec import ConstraintSpec, name_constraints, read_constraint

__all__ = [
    "ANSWERED",
    "WHOLE",
    "BoundConstraint",
    "Check",
    "Constraint",
    "ConstraintError",
    "ConstraintSpec",
    "Extract",
    "Nothing",
    "Piece",
    "ScoreError",
    "Scored",
    "constraint_schema",
    "constraint_types",
    "differences",
    "extract_schema",
    "judge",
    "name_constraints",
    "read_constraint",
    "read_extract",
    "score",
]
