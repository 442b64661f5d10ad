"""The suite file as its author writes it: strict pydantic models with their short forms.

Short forms (`noise: [0.02, 0.05]`, `paraphrase: true`, `repeat: 10`) are widened before validation, so that the rest of
evalkit knows one form only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, model_validator

from evalkit.score import (
    ConstraintError,
    ConstraintSpec,
    Extract,
    constraint_schema,
    extract_schema,
    name_constraints,
    read_constraint,
    read_extract,
)
from evalkit.suite.scalars import Confidence, Name, Precision, Rate, Share, Times, Tokens, refuse, show
from evalkit.trial import Claim, Level, Measure, Message, Messages

Place: TypeAlias = Literal["before", "after", "around"]
NoiseOn: TypeAlias = Literal["item", "prompt"]
ConflictLevel: TypeAlias = Literal["soft", "direct", "override"]
CONFLICT_LEVELS: tuple[ConflictLevel, ...] = ("soft", "direct", "override")


def _constraint_error(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let pydantic collect the scorer's complaints with everything else that is wrong in the file."""

    def validate(value: Any) -> Any:
        try:
            return read(value)
        except ConstraintError as error:
            raise refuse(str(error), path=error.path) from None

    return validate


def _read_prompt(value: Any) -> Any:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class _Schema:
    """Gives a type its JSON Schema, made only when a schema is asked for: loading a suite needs none."""

    make: Callable[[], dict[str, Any]]

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return self.make()


class Strict(BaseModel):
    """Unknown keys are refused and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class Turn(Strict):
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


Prompt = Annotated[
    list[Turn],
    BeforeValidator(_read_prompt),
    Field(min_length=1, description="a text, or a list of {role, content}"),
    _Schema(
        lambda: {"anyOf": [{"type": "string"}, {"type": "array", "items": Turn.model_json_schema(), "minItems": 1}]}
    ),
]


def as_messages(turns: list[Turn]) -> Messages:
    """A prompt in the form that the rest of evalkit uses."""
    return tuple(Message(role=turn.role, content=turn.content) for turn in turns)


class Short(Strict):
    """A perturbation that may be written in a short form."""

    short: ClassVar[dict[type, str]] = {}
    """Which key a bare value of a type stands for."""
    bare: ClassVar[bool] = False
    """Whether `true` alone asks for it."""

    @model_validator(mode="before")
    @classmethod
    def _widen(cls, value: Any) -> Any:
        if cls.bare and value is True:
            return {}
        key = cls.short.get(type(value))
        return value if key is None else {key: value}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        """The long form, or the values of the short forms."""
        schema: dict[str, Any] = handler.resolve_ref_schema(handler(core))
        properties = schema["properties"]
        forms = [properties[key] for key in cls.short.values()]
        if cls.bare:
            forms.append({"type": "boolean"})
        return {"anyOf": [*forms, schema]}


class Levelled(Short):
    """What perturbations with levels share."""

    short: ClassVar[dict[type, str]] = {list: "levels"}
    levels: list[Any]
    require: Any = None
    threshold: Rate | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        order = [self._strength(level) for level in self.levels]
        if sorted(set(order)) != order:
            raise refuse(f"found {show(self.levels)}, expected each level once, from weak to strong", path=("levels",))
        if self.require is not None and self.require not in self.levels:
            raise refuse(f"found {show(self.require)}, expected one of the levels {self.levels}", path=("require",))
        return self

    @staticmethod
    def _strength(level: Any) -> float:
        return float(level)


class Paraphrase(Short):
    """The instruction in the author's other words."""

    bare: ClassVar[bool] = True
    threshold: Rate | None = None


class Noise(Levelled):
    """Typing errors; a level is the share of characters touched."""

    levels: Annotated[list[Share], Field(min_length=1)]
    require: float | None = None
    on: NoiseOn = "item"
    """What is touched: the item's words, or the whole prompt."""


class Context(Levelled):
    """Irrelevant but on-topic material around the item; a level is its length in tokens."""

    levels: Annotated[list[Tokens], Field(min_length=1)]
    require: int | None = None
    place: Place = "before"
    material: str = "context/support.jsonl"
    """A file of passages in the suite's folder, or a shipped one."""


class Conflict(Levelled):
    """An instruction in the user's data that contradicts a constraint."""

    levels: Annotated[list[ConflictLevel], Field(min_length=1)]
    require: ConflictLevel | None = None

    @staticmethod
    def _strength(level: Any) -> float:
        return CONFLICT_LEVELS.index(level)


class Repeat(Short):
    """The same request several times."""

    short: ClassVar[dict[type, str]] = {int: "times"}
    times: Times
    threshold: Rate | None = None
    """Share of items that must pass every time; without it, repeats are reported and do not count."""
    curtail: bool = False
    """Stop an item at its first failure: consistency only, no pass^k."""


def _false_is_none(value: Any) -> Any:
    return None if value is False else value


class Perturbations(Strict):
    """The directions in which a margin is measured."""

    paraphrase: Annotated[Paraphrase | None, BeforeValidator(_false_is_none)] = None
    noise: Noise | None = None
    context: Context | None = None
    conflict: Conflict | None = None
    repeat: Repeat | None = None


class Difficulty(Strict):
    """An axis along which items get harder."""

    field: Name
    """A field of the items."""
    require: Level | None = None
    """The hardest value that counts for the verdict; all count without it."""


class Generated(Strict):
    """Items made by a generator, or by a function of the suite's own; further keys are its arguments."""

    model_config = ConfigDict(extra="allow")
    generate: str | None = None
    """The name of a generator that evalkit knows."""
    python: str | None = None
    """`file.py:function` in the suite's folder; runs only with --allow-code."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.generate is None) == (self.python is None):
            raise refuse("expected `generate: NAME` or `python: FILE.py:FUNCTION`, one of them")
        return self

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What the generator is called with."""
        return dict(self.model_extra or {})


def _read_items(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if not value:
            raise refuse("found an empty list, expected items")
        wrong = next((index for index, item in enumerate(value) if not isinstance(item, dict)), None)
        if wrong is not None:
            raise refuse(f"found {show(value[wrong])}, expected a mapping of fields", path=(wrong,))
        return value
    if isinstance(value, dict):
        return Generated.model_validate(value)
    raise refuse(f"found {show(value)}, expected a file name, a list of items, or {{generate: …}}")


Items = Annotated[
    Any,
    BeforeValidator(_read_items),
    _Schema(
        lambda: {
            "description": "A file (JSONL, CSV, Parquet) in the suite's folder, a list of items, or a generator.",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "object"}, "minItems": 1},
                Generated.model_json_schema(),
            ],
        }
    ),
]

Constraint = Annotated[
    InstanceOf[ConstraintSpec],
    BeforeValidator(_constraint_error(read_constraint)),
    _Schema(constraint_schema),
]
Extraction = Annotated[InstanceOf[Extract], BeforeValidator(_constraint_error(read_extract)), _Schema(extract_schema)]


class TaskFile(Strict):
    """One ability, judged by one threshold."""

    about: str = ""
    threshold: Rate | None = None
    measure: Measure = "pass"
    """What the threshold is for: the pass rate, or the mean score."""
    claim: Claim | None = None
    prompt: Prompt
    paraphrases: list[Prompt] = Field(default_factory=list)
    items: Items
    group: Name | None = None
    """Field whose items stand or fall together, such as the story that they tell; intervals respect it."""
    extract: Extraction | None = None
    constraints: Annotated[list[Constraint], Field(min_length=1)]
    target: str | None = None
    """The text of the right answer, such as `"{answer}"`, for models that say how likely they find it."""
    perturbations: Perturbations = Field(default_factory=Perturbations)
    difficulty: Difficulty | None = None
    protect: list[str] = Field(default_factory=list)
    """Fields or words that noise never alters."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        try:
            name_constraints(self.constraints)
        except ConstraintError as error:
            raise refuse(str(error), path=("constraints", *error.path)) from None
        if self.measure == "score" and self.perturbations.repeat and self.perturbations.repeat.curtail:
            message = "an item that ends at its first fail has no mean score; leave it out, or measure passes"
            raise refuse(message, path=("perturbations", "repeat", "curtail"))
        if self.perturbations.paraphrase is not None and not self.paraphrases:
            message = "asked for, but the task has no `paraphrases:`; write some"
            raise refuse(message, path=("perturbations", "paraphrase"))
        return self


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise refuse(f"found {value}, expected a finite number")
    return value


class SuiteFile(Strict):
    """A file of tasks and their thresholds."""

    suite: Name
    about: str = ""
    threshold: Rate | None = None
    """Default for tasks."""
    confidence: Confidence = 0.95
    precision: Precision = 0.05
    """Half-width at which a margin counts as measured."""
    strict: bool = False
    """Whether levels that do not count are tested one by one from easy to hard, until one is not shown usable."""
    claim: Claim = "population"
    """Whether the items stand for something larger, or for themselves."""
    sampling: dict[str, Annotated[Any, BeforeValidator(_finite)]] = Field(default_factory=dict)
    """Sent with every request; what is not named is not sent."""
    tasks: Annotated[dict[Name, TaskFile], Field(min_length=1)]
