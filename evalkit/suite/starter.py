"""A first suite from a few answers: text that a person reads, changes and runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.errors import EvalkitError, did_you_mean
from evalkit.plain import one_line
from evalkit.suite.columns import Columns
from evalkit.suite.writing import quoted, scalar

DEFAULT_TASK = "answer"
DEFAULT_THRESHOLD = 0.9
DEFAULT_JUDGE = "mentions"
EXAMPLE_FIELD, EXAMPLE_TARGET = "text", "answer"
"""The fields of the two example items."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLAIN_KEY = re.compile(r"(?!(?:null|true|false)$)[A-Za-z][A-Za-z0-9-]*", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """A way to tell a right answer."""

    about: str
    """What it demands, for people."""
    instruction: str
    """An example of what a model may be asked; `OPTIONS` stands for the options."""
    items: tuple[tuple[str, Any], ...]
    """Two examples: what is asked about, and the right answer."""
    constraint: str
    """As the suite writes it, with `TARGET` for the field and `OPTIONS` for the options."""
    hint: str
    """The comment beside it."""
    needs_target: bool = True


JUDGES: Mapping[str, Judge] = {
    "exact": Judge(
        about="it is the very text of the target",
        instruction="Which product is the message below about? Reply with the product only, in small letters.",
        items=(("The kettle I ordered leaks.", "kettle"), ("Does the desk lamp come with a bulb?", "desk lamp")),
        constraint='exact: "{TARGET}"',
        hint="the answer is this text; {value: …, ignore: [case, punctuation]} is milder",
    ),
    "number": Judge(
        about="it holds the target's number and no other",
        instruction="Work out the answer to the question below. Reply with the number only.",
        items=(
            ("Two lamps cost 12 euros each. How much is that?", 24),
            ("A box holds 6 cups. How many do 7 hold?", 42),
        ),
        constraint='number: "{TARGET}"',
        hint="the answer holds this number; {value: …, tolerance: 0.01} allows for rounding",
    ),
    "choice": Judge(
        about="it is the right one of a few options, the different values of the target",
        instruction="Which of these fits the text below: OPTIONS? Reply with one of them only.",
        items=(("The kettle I ordered leaks.", "complaint"), ("Does the lamp come with a bulb?", "question")),
        constraint='choice: {value: "{TARGET}", options: [OPTIONS]}',
        hint="the answer is this one; name them all in the prompt",
    ),
    "mentions": Judge(
        about="it mentions the word or phrase of the target, or each of a list",
        instruction="Answer the message below in one or two sentences, and name what it is about.",
        items=(("The kettle I ordered leaks. What now?", "kettle"), ("Does the lamp come with a bulb?", "lamp")),
        constraint='mentions: "{TARGET}"',
        hint="the answer has this word or phrase, or every one of a list",
    ),
    "json": Judge(
        about="it is a JSON object and nothing else",
        instruction="Put what the text below says into a JSON object. Reply with the JSON only.",
        items=(("Ada Brown ordered two kettles.", None), ("The lamp for Ben Low is late.", None)),
        constraint="json: object",
        hint="the answer is a JSON object; `json_schema` can say which",
        needs_target=False,
    ),
    "length": Judge(
        about="it is not longer than 40 words",
        instruction="Answer the text below in at most 40 words.",
        items=(("The kettle I ordered leaks. What now?", None), ("Does the lamp come with a bulb?", None)),
        constraint="words: {max: 40}",
        hint="the answer has at most 40 words; change the number here and in the prompt",
        needs_target=False,
    ),
}
"""How an answer may be judged, by the name that people give."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What a first suite is made from."""

    suite: str
    """A name as suites have it."""
    task: str = DEFAULT_TASK
    instruction: str | None = None
    """What the model should do; an example that fits the judge when None."""
    threshold: float = DEFAULT_THRESHOLD
    columns: Columns | None = None
    """The items' file; two examples are written when None."""
    judge: str = DEFAULT_JUDGE
    target: str | None = None
    """The field of the file that holds the right answer; None where the judge needs none, or without a file."""

    @property
    def fields(self) -> list[str]:
        """The fields that the prompt shows.

        Raises:
            EvalkitError: If the file has none to show.
        """
        return [EXAMPLE_FIELD] if self.columns is None else self.columns.shown(self.target)

    @property
    def options(self) -> tuple[str, ...]:
        """What a choice has to choose from."""
        if self.judge != "choice":
            return ()
        if self.columns is None:
            return tuple(str(answer) for _, answer in JUDGES[self.judge].items)
        assert self.target is not None
        return self.columns.options(self.target)


def read_task_name(given: str) -> str:
    """A name that a task may have.

    Raises:
        EvalkitError: If it is none, with one that would be.
    """
    if _NAME.fullmatch(given):
        return given
    fit = re.sub(r"[^A-Za-z0-9._-]+", "-", given).strip("._-")
    hint = f", such as {fit}" if fit else ""
    raise EvalkitError(f"found {given!r:.60}, expected a name of letters, digits, dots and dashes{hint}")


def read_instruction(given: str, answers: Answers) -> str:
    """What a model should do, without white space at the ends.

    Args:
        given: As a person says it; a field's name in braces is a placeholder.
        answers: The others, which say what a prompt may show.

    Raises:
        EvalkitError: If nothing is said, UTF-8 cannot hold it, or a name in braces is no field that may be shown.
    """
    text = given.strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise EvalkitError("found a character that is not UTF-8; write it anew") from None
    if not text:
        raise EvalkitError("found nothing, expected what the model should do, in a sentence or two")
    fields = answers.fields
    for found in _PLACEHOLDER.finditer(text):
        if found[1] is not None and found[1] not in fields:
            raise EvalkitError(_not_shown(found[1], answers))
    return text


def _not_shown(name: str, answers: Answers) -> str:
    """Why a name in braces can be no placeholder of an instruction."""
    columns = answers.columns
    if columns is None:
        given_away = name == EXAMPLE_TARGET and JUDGES[answers.judge].needs_target
        flaw = None
    else:
        given_away = name == answers.target or name in columns.answers
        flaw = columns.hidden(name) if name in columns.names else None
    known = did_you_mean(name, answers.fields)
    if given_away:
        return f"found {{{name}}}, the field of the right answer: it would give the answer away. {known}"
    if flaw is not None:
        return f"found {{{name}}}, a field that no prompt can show: it {flaw}. {known}"
    return f"found {{{name}}}, expected a field of the items. {known}"


def read_threshold(given: str) -> float:
    """A pass rate.

    Raises:
        EvalkitError: If it is no number from 0 to 1.
    """
    try:
        threshold = float(given)
    except ValueError:
        threshold = float("nan")
    if 0 <= threshold <= 1:
        return threshold
    hint = f". Did you mean {threshold / 100:g}?" if 1 < threshold <= 100 else ""
    raise EvalkitError(f"found {given!r:.40}, expected a pass rate from 0 to 1, such as 0.9{hint}")


def read_judge(given: str) -> str:
    """The name of a judge.

    Raises:
        EvalkitError: If there is none of that name.
    """
    if given in JUDGES:
        return given
    raise EvalkitError(f"found {given!r:.40}, expected a way to judge. {did_you_mean(given, JUDGES)}")


def instruction_of(answers: Answers) -> str:
    """The instruction as a template: a field's name in braces is a placeholder, any other brace is text."""
    if answers.instruction is None:
        return _doubled(_said(answers))
    fields = answers.fields
    return _PLACEHOLDER.sub(
        lambda found: found.group() if found[1] in fields else _doubled(found.group()), answers.instruction
    )


def _said(answers: Answers) -> str:
    """The instruction as a person says it."""
    if answers.instruction is not None:
        return answers.instruction
    return JUDGES[answers.judge].instruction.replace("OPTIONS", ", ".join(answers.options))


def prompts_of(answers: Answers) -> list[str]:
    """The prompt and two other wordings of it, as templates.

    The others differ by their frame only: what they say is for a person to reword.
    """
    instruction = instruction_of(answers)
    left = [name for name in answers.fields if f"{{{name}}}" not in instruction]
    shown = "\n".join(f"{{{name}}}" if len(left) == 1 else f"{name}: {{{name}}}" for name in left)
    if not left:
        prompts = [instruction, f"Your task is this:\n\n{instruction}", f"Please do the following.\n{instruction}"]
    else:
        prompts = [
            f"{instruction}\n\n{shown}",
            f"{shown}\n\n{instruction}",
            f"Please do the following with what is given below.\n{instruction}\n\n{shown}",
        ]
    return [f"{prompt}\n" for prompt in prompts]


def starter_text(answers: Answers) -> str:
    """The whole suite, with a comment beside everything that a person will want to change."""
    prompt, *variants = prompts_of(answers)
    task = answers.task if _PLAIN_KEY.fullmatch(answers.task) else quoted(answers.task)
    about = one_line(_said(answers), 100)
    lines = [
        "# yaml-language-server: $schema=suite.schema.json",
        f"suite: {quoted(answers.suite)}  # the name that reports show",
        'about: "What this suite is for, in one line."  # for people',
        f"threshold: {answers.threshold!r}  # the pass rate that makes a task usable: "
        f"{100 * answers.threshold:g} of 100 answers must be right",
        "",
        "tasks:",
        f"  {task}:  # one ability with a verdict of its own; more tasks may stand beside it",
        f"    about: {quoted(about)}  # what it tests, in one line",
        *_unsaid(answers),
        "    # What the model is asked. A field of the item takes the place of its name in braces; literal braces are",
        "    # doubled.",
        f"    prompt: {scalar(prompt, 6)}",
        "    # The whole prompt in other words, drawn for `paraphrase` below. REWRITE THESE TWO: they only move parts.",
        "    # State every demand, and keep the placeholders. `evalkit paraphrase` proposes more.",
        "    paraphrases:",
        *(f"      - {scalar(variant, 8)}" for variant in variants),
        *_items(answers),
        "    # What a right answer must satisfy; a trial passes when all of them hold. There are many more kinds.",
        "    constraints:",
        *_constraint(answers),
        "    # What users will bring about. The task is usable when it is so under each of them that counts.",
        "    perturbations:",
        "      paraphrase: true  # one of the paraphrases in place of the prompt",
        "      noise: {levels: [0.02, 0.05, 0.1], require: 0.05}  # typing errors; those up to `require` count",
        "      repeat: 5  # every item so many times, to see whether answers stay the same",
    ]
    return "\n".join(lines) + "\n"


def _unsaid(answers: Answers) -> list[str]:
    if answers.instruction is not None:
        return []
    return ["    # THE INSTRUCTION IS AN EXAMPLE: replace it by yours, in the prompt, its other wordings, and `about`."]


def _items(answers: Answers) -> list[str]:
    if answers.columns is not None:
        left = [name for name in answers.columns.names if answers.columns.flaw(name) is not None]
        note = f"; not usable as placeholders: {one_line(', '.join(left), 80)}" if left else ""
        return [
            f"    items: {quoted(answers.columns.name)}  # one item a line or row{note}",
            "    # claim: set  # these very items; without it they stand for all that are like them",
        ]
    written = []
    for number, (text, answer) in enumerate(JUDGES[answers.judge].items, start=1):
        target = (
            "" if answer is None else f", {EXAMPLE_TARGET}: {quoted(answer) if isinstance(answer, str) else answer}"
        )
        written.append(f"      - {{id: example-{number}, {EXAMPLE_FIELD}: {quoted(text)}{target}}}")
    return [
        "    # What is asked about, with the right answers. REPLACE THESE TWO by your own, here or in a file beside",
        "    # this one (`items: cases.jsonl`, .csv or .parquet).",
        "    items:",
        *written,
        "    claim: set  # these very items; leave it out when they stand for many more",
    ]


def _constraint(answers: Answers) -> list[str]:
    judge = JUDGES[answers.judge]
    words = {
        "TARGET": EXAMPLE_TARGET if answers.target is None else answers.target,
        "OPTIONS": ", ".join(quoted(_doubled(option)) for option in answers.options),
    }
    text = re.sub("TARGET|OPTIONS", lambda found: words[found.group()], judge.constraint)
    return [f"      - {text}  # {judge.hint}"]


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
