"""Have a model propose more wordings of a suite's prompts, and write those that will do into the suite's file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalkit.content import shipped
from evalkit.engine.asked import Asked
from evalkit.engine.proposals import Proposals, check_proposals, read_proposals, request_text
from evalkit.errors import EvalkitError, Problem, SuiteError, did_you_mean
from evalkit.perturb import count_tokens
from evalkit.suite import Suite, find_suite, read_suite
from evalkit.suite.document import read_document, read_text
from evalkit.suite.inserting import insert_variants
from evalkit.trial import Call, Message, Messages

_BOM = "\ufeff"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """A task's prompt with the variants that the suite has."""

    task: str
    prompt: Messages
    variants: tuple[Messages, ...]
    asked_for: bool
    """Whether the task has the perturbation `paraphrase`."""

    @property
    def varied(self) -> int:
        """Which message is reworded: the last one of the user; of a prompt without any, the last."""
        users = [place for place, message in enumerate(self.prompt) if message.role == "user"]
        return users[-1] if users else len(self.prompt) - 1

    @property
    def template(self) -> str:
        """The text that is reworded."""
        return self.prompt[self.varied].content

    @property
    def known(self) -> list[str]:
        """The same message of every variant; its last one where it has other messages."""
        return [variant[min(self.varied, len(variant) - 1)].content for variant in self.variants]

    def variant(self, text: str) -> Messages:
        """The whole prompt with another text in that place."""
        messages = list(self.prompt)
        messages[self.varied] = replace(messages[self.varied], content=text)
        return tuple(messages)


@dataclass(kw_only=True, slots=True)
class Manuscript:
    """A suite's file that variants are written into."""

    path: Path
    text: str
    """As it is in the file, byte order mark and all."""
    allow_code: bool
    wordings: tuple[Wording, ...] = field(default=())
    """Of the tasks that are to be reworded, in the order of the file."""

    def write(self, wording: Wording, variants: Sequence[Messages], *, note: str) -> None:
        """Put variants into the file, all or none.

        Raises:
            SuiteError: If they cannot be put in without changing anything else.
            EvalkitError: If the file has changed since it was read.
            OSError: If the file cannot be written.
        """
        new = _BOM * self.text.startswith(_BOM) + self._with(wording.task, variants, note)
        if _raw_text(self.path) != self.text:
            raise EvalkitError(f"{self.path}: has changed since it was read; nothing is written, do it again")
        _replace(self.path, new.encode())
        self.text = new

    def try_out(self, wording: Wording) -> None:
        """See whether variants could be put into the file at all, before anybody is asked for some.

        Raises:
            SuiteError: If they could not.
        """
        self._inserted(wording.task, [wording.prompt], "tried out")

    def _with(self, task: str, variants: Sequence[Messages], note: str) -> str:
        new = self._inserted(task, variants, note)
        found = _loaded(self.path, new, allow_code=self.allow_code)[task].variants
        if found[-len(variants) :] != tuple(variants):
            message = "the variants would not read back as they are; add them by hand (--dry-run prints them)"
            raise SuiteError([Problem(path=self.path, key=f"tasks.{task}", message=message)])
        return new

    def _inserted(self, task: str, variants: Sequence[Messages], note: str) -> str:
        text = self.text.removeprefix(_BOM)
        return insert_variants(read_document(self.path, text), text, task, variants, note=note)


def open_manuscript(name: str, tasks: Sequence[str], *, allow_code: bool, writing: bool) -> Manuscript:
    """Read a suite whose prompts are to be reworded.

    Args:
        name: A path, or the name of a suite.
        tasks: Which ones; all when empty.
        allow_code: Whether Python that the suite names may run.
        writing: Whether the file is to be written.

    Raises:
        SuiteError: If the suite is wrong.
        EvalkitError: If there is no such task, or the file may not be written.
    """
    path = find_suite(name)
    text = _raw_text(path)
    known = _loaded(path, text.removeprefix(_BOM), allow_code=allow_code)
    unknown = [task for task in tasks if task not in known]
    if unknown:
        raise EvalkitError(f'{path}: no task "{unknown[0]}". {did_you_mean(unknown[0], known)}')
    wordings = tuple(wording for wording in known.values() if not tasks or wording.task in tasks)
    manuscript = Manuscript(path=path, text=text, allow_code=allow_code, wordings=wordings)
    if writing:
        _refuse(path)
        for wording in wordings:
            manuscript.try_out(wording)
    return manuscript


def expected_tokens(wording: Wording, n: int) -> tuple[int, int]:
    """Estimated tokens of a request for more wordings, and of an answer that holds as many as are wanted."""
    asked = request_text(wording.template, wording.known, n)
    return count_tokens(asked), n * count_tokens(wording.template)


async def propose(model: Asked, wording: Wording, n: int) -> Proposals:
    """Ask a model once for more wordings of a prompt, and check what it says.

    Raises:
        TransportError: If it gives no answer.
    """
    content = request_text(wording.template, wording.known, n)
    call = Call(
        task=wording.task,
        item="paraphrase",
        condition="paraphrase",
        repeat=0,
        messages=(Message(role="user", content=content),),
    )
    answer = await model.ask(model.request(call))
    return check_proposals(read_proposals(answer.response.text), wording.template, wording.known, n)


def _raw_text(path: Path) -> str:
    """The text of a suite with its byte order mark, if it has one."""
    text = read_text(path, what="a suite (YAML)")
    return (_BOM if path.read_bytes().startswith(_BOM.encode()) else "") + text


def _refuse(path: Path) -> None:
    """See that a suite is one's own, and can be written.

    The suites beside the package in a checkout are one's own for whoever works there.
    """
    folder = shipped("suites")
    own = Path.cwd() / "suites"
    if path.resolve().is_relative_to(folder.resolve()) and not (own.is_dir() and own.samefile(folder)):
        raise EvalkitError(f"{path}: ships with evalkit and is not changed; copy it into a folder of yours first")
    if not os.access(path, os.W_OK) or not os.access(path.resolve().parent, os.W_OK):
        raise EvalkitError(f"{path}: may not be written; copy it, or change its permissions")


def _loaded(path: Path, text: str, *, allow_code: bool) -> dict[str, Wording]:
    """The wordings of every task of a suite.

    A task that asks for `paraphrase: true` and has no variant yet is no mistake here: this is where it gets some.

    Raises:
        SuiteError: If anything else is wrong with the suite.
    """
    lacking: list[str] = []
    try:
        suite = read_suite(path, text, allow_code=allow_code)
    except SuiteError as error:
        document = read_document(path, text)
        lacking = [task for task in _tasks(document.value) if _lacks_variants(document.value["tasks"][task])]
        excused = {f"tasks.{task}.perturbations.paraphrase" for task in lacking}
        if not lacking or any(problem.key not in excused for problem in error.problems):
            raise
        for task in lacking:
            document = read_document(path, text)
            prompt = document.value["tasks"][task]["prompt"]
            text = insert_variants(document, text, task, [_messages(prompt)], note="stands in")
        suite = read_suite(path, text, allow_code=allow_code)
    return _wordings(suite, lacking)


def _tasks(value: object) -> list[str]:
    tasks = value.get("tasks") if isinstance(value, dict) else None
    return [name for name, task in tasks.items() if isinstance(task, dict)] if isinstance(tasks, dict) else []


def _lacks_variants(task: dict[str, object]) -> bool:
    perturbations = task.get("perturbations")
    asked = isinstance(perturbations, dict) and perturbations.get("paraphrase") not in (None, False)
    return asked and "paraphrases" not in task and bool(_messages(task.get("prompt")))


def _messages(prompt: object) -> Messages:
    """A prompt as a file has it; nothing for what is none."""
    if isinstance(prompt, str):
        return (Message(role="user", content=prompt),)
    try:
        return tuple(Message(**turn) for turn in prompt) if isinstance(prompt, list) else ()
    except TypeError:
        return ()


def _wordings(suite: Suite, lacking: Sequence[str]) -> dict[str, Wording]:
    return {
        task.name: Wording(
            task=task.name,
            prompt=task.prompt,
            variants=() if task.name in lacking else task.paraphrases,
            asked_for=any(each.condition.perturbation == "paraphrase" for each in task.conditions),
        )
        for task in suite.tasks
    }


def _replace(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all; its permissions stay, and so does a link that leads to it."""
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            shutil.copymode(target, name)
            os.replace(name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
