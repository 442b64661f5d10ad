"""What is not as it was when the baseline was measured: said, and never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalkit.plain import one_line
from evalkit.record import Baseline, RunFile
from evalkit.suite.digests import changed_keys, suite_digests
from evalkit.verdict import SuiteResult

_NAME = 40


def changes(run: RunFile, results: SuiteResult, baseline: Baseline) -> Iterator[str]:
    """What has changed from a baseline to a run, a sentence each, without its full stop.

    Args:
        run: The later one.
        results: Its results.
        baseline: The earlier one.
    """
    yield from _asked(run, results, baseline)
    yield from _suite(run, baseline)
    yield from _files(run, baseline)
    yield from _measured(run, results, baseline)


def _asked(run: RunFile, results: SuiteResult, baseline: Baseline) -> Iterator[str]:
    if run.model != baseline.model:
        yield f"the model was {_short(baseline.model)}, now {_short(run.model)}"
    served = set(results.served_model), set(baseline.served_model)
    if all(served) and served[0] != served[1]:
        yield f"the provider used {_names(baseline.served_model)}, now {_names(results.served_model)}"
    names = [key for key in {**run.options, **baseline.options} if run.options.get(key) != baseline.options.get(key)]
    if names:
        yield f"the model's settings are others: {_names(names)}"
    if run.reuse:
        yield f"answers may be those of {_names(run.reuse)}, which say nothing of the model as it is now"
    if run.seed != baseline.seed:
        others = "perturbed texts and the order of items are others, so that error rates are not promised"
        yield f"the seed was {baseline.seed}, now {run.seed}: {others}"
    if run.evalkit != baseline.evalkit:
        yield f"evalkit was {_short(baseline.evalkit)}, now {_short(run.evalkit)}"


def _suite(run: RunFile, baseline: Baseline) -> Iterator[str]:
    if run.suite.name != baseline.suite:
        yield f"the suite was called {_short(baseline.suite)}, now {_short(run.suite.name)}"
    if run.suite.sha256 == baseline.sha256:
        return
    if not (run.suite.text and baseline.defined):
        yield "what was asked is not recorded of both, so that changes of it cannot be seen"
        return
    digests = suite_digests(Path(run.suite.path), run.suite.text)
    found = False
    keys = changed_keys(baseline.defined, digests.suite)
    if keys:
        found = True
        yield f"the suite file says something else for {_names(keys)}"
    for task in baseline.tasks:
        keys = changed_keys(task.defined, digests.tasks.get(task.task, task.defined))
        if keys:
            found = True
            yield f"{_short(task.task)} has another {_names(keys)} in the suite file"
    if not found:
        yield "the suite file has changed, but nothing of what it says about these tasks"


def _files(run: RunFile, baseline: Baseline) -> Iterator[str]:
    changed = [name for name, digest in baseline.files.items() if run.suite.files.get(name, digest) != digest]
    if changed:
        yield f"{_names(changed)} changed: an item that kept its id is taken to be the same"


def _measured(run: RunFile, results: SuiteResult, baseline: Baseline) -> Iterator[str]:
    """Tasks and conditions that only one of the two has."""
    before = {task.task for task in baseline.tasks}
    new = [task.task for task in results.tasks if task.task not in before]
    if new:
        yield f"not in the baseline: {_names(new)}"
    gone = [task.task for task in baseline.tasks if task.task not in run.thresholds]
    if gone:
        yield f"in the baseline, but not measured now: {_names(gone)}"
    for task in results.tasks:
        unmatched = [
            each.condition
            for each in task.conditions
            if each.counts
            and each.trials
            and task.task in before
            and not baseline.before(task.task, each.condition, each.measure)
        ]
        if unmatched:
            yield f"not in the baseline of {_short(task.task)}: {_names(unmatched)}"


def _short(text: str) -> str:
    return one_line(text, _NAME)


def _names(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(_short(name) for name in names)
