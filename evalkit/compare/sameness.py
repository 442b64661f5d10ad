"""Whether two runs asked the same: only then is a pair a pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.plain import one_line
from evalkit.record import RunFile
from evalkit.suite.digests import SuiteDigests, changed_keys, suite_digests

_ASKED = ("prompt", "paraphrases", "items", "difficulty", "protect")
"""What a task's prompts are made of."""
_PERTURBED = ("perturbations",)
"""What is made of them."""
_SCORED = ("constraints", "extract")
_ELSEWHERE = ("sampling", "claim")
"""Of the whole suite: what is sent beside prompts, and how items are drawn; a task may say the latter for itself."""
_NAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Sameness:
    """What two runs do not have in common."""

    everywhere: tuple[str, ...] = ()
    """What keeps any two items from being a pair, a phrase each."""
    tasks: Mapping[str, tuple[str, ...]]
    """Likewise of one task; tasks that are the same have none."""
    perturbed: Mapping[str, tuple[str, ...]]
    """Of one task: what keeps its perturbed conditions from being paired, and those only."""
    notes: tuple[str, ...] = ()
    """What is taken for granted, or also differs; a sentence each."""
    task_notes: Mapping[str, tuple[str, ...]]


def sameness(a: RunFile, b: RunFile) -> Sameness:
    """What keeps two runs from being compared pair by pair.

    An imported run has neither prompts nor a seed: there the items' names are all that is known.
    """
    if "imported" in (a.origin, b.origin):
        note = "Of an imported run only the items' names are known; that the two were asked the same is up to you."
        return Sameness(tasks={}, perturbed={}, task_notes={}, notes=(note,))
    everywhere = list(_everywhere(a, b))
    if everywhere or (a.suite.sha256, a.suite.files) == (b.suite.sha256, b.suite.files):
        return Sameness(everywhere=tuple(everywhere), tasks={}, perturbed={}, task_notes={})
    try:
        before, after = (suite_digests(Path(run.suite.path), run.suite.text) for run in (a, b))
    except SuiteError:
        return Sameness(everywhere=("a suite's copy that cannot be read",), tasks={}, perturbed={}, task_notes={})
    elsewhere = changed_keys(before.suite, after.suite)
    notes = [f"The suites differ in their {key}." for key in _ELSEWHERE if key in elsewhere]
    notes += [f"The suites differ in the claim of {_short(task)}." for task in _differing(before, after, ("claim",))]
    files = tuple(f"different files of the suite: {_short(name)}" for name in _changed_files(a, b))
    return Sameness(
        everywhere=files,
        tasks=_differing(before, after, _ASKED),
        perturbed=_differing(before, after, _PERTURBED),
        notes=tuple(notes),
        task_notes={
            task: (f"{' and '.join(found).capitalize()}: a trial may pass in one run and fail in the other for that.",)
            for task, found in _differing(before, after, _SCORED).items()
        },
    )


def _everywhere(a: RunFile, b: RunFile) -> Iterator[str]:
    if a.suite.name != b.suite.name:
        yield f"different suites: {_short(a.suite.name)} and {_short(b.suite.name)}"
    if a.seed != b.seed:
        yield f"different seeds: {a.seed} and {b.seed}"


def _changed_files(a: RunFile, b: RunFile) -> list[str]:
    """Files that the suites read, themselves left out."""
    own = {Path(run.suite.path).name for run in (a, b)}
    return [name for name in changed_keys(a.suite.files, b.suite.files) if name not in own]


def _differing(before: SuiteDigests, after: SuiteDigests, keys: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Of each task that both have and that is not the same in these keys: which ones."""
    found = {}
    for task in [name for name in after.tasks if name in before.tasks]:
        changed = changed_keys(before.tasks[task], after.tasks[task])
        differing = tuple(f"different {key}" for key in keys if key in changed)
        if differing:
            found[task] = differing
    return found


def _short(text: str) -> str:
    return one_line(text, _NAME)
