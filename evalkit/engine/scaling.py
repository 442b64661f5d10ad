"""Runs of several models as series along their sizes, for `evalkit scale`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from pathlib import Path
from types import MappingProxyType

from evalkit.engine.outcomes import measure
from evalkit.errors import EvalkitError, did_you_mean
from evalkit.perturb import PERTURBATIONS
from evalkit.record import RunFile, TrialReader, read_run_file
from evalkit.scale.points import Mean, Point, Series, Size
from evalkit.stats import ClusterMoments, effective_trials
from evalkit.verdict import ConditionResult, Key, SuiteResult

_PERTURBATIONS = frozenset({*PERTURBATIONS, "repeat"})
"""Any other condition but `clean` is a value of a task's difficulty axis."""


@dataclass(kw_only=True)
class _Sums:
    """Adds up a mean over trials of which those of one item, or of one group, hang together."""

    clusters: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By cluster: the sum of values, and of weights."""
    trials: int = 0

    def add(self, cluster: str, value: float, weight: float) -> None:
        values, weights = self.clusters.get(cluster, (0.0, 0.0))
        self.clusters[cluster] = values + value, weights + weight
        self.trials += 1

    def mean(self) -> Mean | None:
        """The ratio of the sums; its standard error by the linearised residuals of clusters (Cochran 1977, 6.4)."""
        total = sum(weight for _, weight in self.clusters.values())
        if not total:
            return None
        mean, n = sum(value for value, _ in self.clusters.values()) / total, len(self.clusters)
        if n < 2:
            return Mean(value=mean)
        squares = sum((value - mean * weight) ** 2 for value, weight in self.clusters.values())
        return Mean(value=mean, error=sqrt(squares * n / (n - 1)) / total)


@dataclass(kw_only=True)
class _Means:
    """Of one condition."""

    passed: _Sums = field(default_factory=_Sums)
    score: _Sums = field(default_factory=_Sums)
    loss: _Sums = field(default_factory=_Sums)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rung:
    """One model's run."""

    run: RunFile
    size: Size
    results: SuiteResult
    means: Mapping[Key, _Means]

    def point(self, task: str, condition: ConditionResult) -> Point:
        means = self.means.get((task, condition.condition), _Means())
        by_trials = condition.measure == "pass"
        loss = means.loss
        tokens = sum(weight for _, weight in loss.clusters.values())
        return Point(
            model=self.run.model,
            size=self.size,
            pass_rate=condition.pass_rate,
            trials=_worth(condition, means.passed),
            low=condition.low if by_trials else None,
            high=condition.high if by_trials else None,
            score=means.score.mean(),
            loss=loss.mean(),
            target_tokens=tokens / loss.trials if loss.trials else None,
        )


def _worth(condition: ConditionResult, passed: _Sums) -> float | None:
    """Trials as independent ones: fewer than there are where those of a group stand or fall together."""
    if not passed.trials:
        return condition.trials or None
    moments = ClusterMoments.of((round(passes), round(trials)) for passes, trials in passed.clusters.values())
    return min(float(condition.trials), effective_trials(moments))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ladder:
    """Several models on the same tasks."""

    series: tuple[Series, ...]
    total: tuple[Point, ...]
    """Each model's loss over the tasks that all of them were asked."""
    results: tuple[SuiteResult, ...]
    """From the smallest model to the largest, as far as sizes are known."""
    notes: tuple[str, ...]


def read_ladder(
    folders: Sequence[Path],
    sizes: Mapping[str, Size],
    *,
    tasks: Sequence[str] = (),
    conditions: Sequence[str] = (),
    measured: Mapping[Path, SuiteResult] = MappingProxyType({}),
) -> Ladder:
    """Read runs as a ladder of models.

    Args:
        folders: Of the runs.
        sizes: By model, or by what follows the slash in its name; goes before what a run says.
        tasks: Only these; all when empty.
        conditions: Ids or perturbations; the plain one and the levels of a difficulty axis when empty.
        measured: Results of those folders that were measured already.

    Raises:
        EvalkitError: If a run cannot be read, a name is not known, or runs disagree about a threshold.
    """
    notes: list[str] = []
    rungs = _latest([_rung(folder, sizes, measured.get(folder)) for folder in folders], notes)
    _check_names(rungs, sizes, tasks)
    series = _series(_conditions(rungs, tasks, conditions))
    if not series:
        raise EvalkitError("these runs have no such task or condition; leave --tasks and --condition out to see all")
    return Ladder(
        series=tuple(_told_apart(series)),
        total=tuple(_totals(rungs)),
        results=tuple(rung.results for rung in sorted(rungs, key=_largest_known)),
        notes=tuple(notes),
    )


def _series(measured: Iterable[tuple[_Rung, str, ConditionResult]]) -> dict[tuple[str, str, str], Series]:
    """What models brought, by suite, task and condition."""
    series: dict[tuple[str, str, str], Series] = {}
    for rung, task, condition in measured:
        key = (rung.run.suite.name, task, condition.condition)
        threshold = condition.threshold if condition.measure == "pass" else None
        before = series.get(key)
        if before is not None and before.threshold != threshold:
            raise EvalkitError(
                f"{task} {condition.condition}: found the thresholds {before.threshold} and {threshold} in runs of "
                f"{key[0]}, expected one; measure the models with the same suite"
            )
        points = () if before is None else before.points
        series[key] = Series(
            task=task,
            condition=condition.condition,
            threshold=threshold,
            points=(*points, rung.point(task, condition)),
        )
    return series


def _rung(folder: Path, sizes: Mapping[str, Size], measured: SuiteResult | None) -> _Rung:
    run = read_run_file(folder)
    means: dict[Key, _Means] = {}
    with TrialReader(folder) as reader:
        results = measure(run, reader) if measured is None else measured
        for row in reader.rows():
            if row.void_reason is not None:
                continue
            of, cluster = means.setdefault((row.task, row.condition), _Means()), row.item_group or row.item
            of.passed.add(cluster, float(row.passed or False), 1.0)
            of.score.add(cluster, row.score or 0.0, 1.0)
            if row.target_logprob is not None and row.target_tokens:
                of.loss.add(cluster, -row.target_logprob, float(row.target_tokens))
    given = sizes.get(run.model, sizes.get(run.model.partition("/")[2]))
    stored = Size() if run.size is None else Size(**run.size.model_dump())
    return _Rung(run=run, size=given or stored, results=results, means=means)


def _latest(rungs: Iterable[_Rung], notes: list[str]) -> list[_Rung]:
    """One run for each model and suite."""
    latest: dict[tuple[str, str], _Rung] = {}
    again: dict[str, dict[str, None]] = {}  # by suite, the models that were run more than once
    for rung in rungs:
        key = (rung.run.suite.name, rung.run.model)
        before = latest.get(key)
        if before is not None:
            again.setdefault(key[0], {})[key[1]] = None
        if before is None or rung.run.started >= before.run.started:
            latest[key] = rung
    for suite, models in again.items():
        notes.append(f"run more than once with {suite}, of which the latest counts: {', '.join(models)}")
    for suite in dict.fromkeys(rung.run.suite.name for rung in latest.values()):
        if len({rung.run.suite.sha256 for rung in latest.values() if rung.run.suite.name == suite}) > 1:
            notes.append(f"the suite {suite} was not the same for all models")
    return list(latest.values())


def _check_names(rungs: Sequence[_Rung], sizes: Mapping[str, Size], tasks: Sequence[str]) -> None:
    models = {name for rung in rungs for name in (rung.run.model, rung.run.model.partition("/")[2])}
    known = {task.task for rung in rungs for task in rung.results.tasks}
    problems = [f"--size {name}: no run of that model. {did_you_mean(name, models)}" for name in sizes.keys() - models]
    problems += [f"--tasks {name}: no such task. {did_you_mean(name, known)}" for name in tasks if name not in known]
    if problems:
        raise EvalkitError("\n".join(sorted(problems)))


def _conditions(
    rungs: Sequence[_Rung], tasks: Sequence[str], conditions: Sequence[str]
) -> Iterator[tuple[_Rung, str, ConditionResult]]:
    """What is looked at, task by task."""
    for rung in rungs:
        for task in rung.results.tasks:
            for condition in task.conditions:
                named = {condition.condition, condition.perturbation}
                wanted = named & set(conditions) if conditions else condition.perturbation not in _PERTURBATIONS
                if wanted and condition.trials and (not tasks or task.task in tasks):
                    yield rung, task.task, condition


def _told_apart(series: Mapping[tuple[str, str, str], Series]) -> Iterator[Series]:
    """Series whose tasks have names of their own, also where two suites have a task of one name."""
    suites: dict[str, set[str]] = {}
    for suite, task, _ in series:
        suites.setdefault(task, set()).add(suite)
    for (suite, task, _), each in series.items():
        name = task if len(suites[task]) == 1 else f"{suite}/{task}"
        yield replace(each, task=name)


def _totals(rungs: Sequence[_Rung]) -> Iterator[Point]:
    """The loss of every model over the plain trials that all models have a loss for."""
    plain = [{key for key, of in rung.means.items() if of.loss.clusters and _is_plain(key[1])} for rung in rungs]
    shared = set.intersection(*plain) if plain else set()
    for rung in rungs:
        sums = _Sums()
        for key in sorted(shared):
            for cluster, (value, weight) in rung.means[key].loss.clusters.items():
                sums.add(f"{key[0]} {cluster}", value, weight)
        if (mean := sums.mean()) is not None:
            yield Point(model=rung.run.model, size=rung.size, loss=mean)


def _is_plain(condition: str) -> bool:
    return condition.partition("@")[0] not in _PERTURBATIONS


def _largest_known(rung: _Rung) -> tuple[float, float, float]:
    size = rung.size
    return size.params or 0.0, size.flops or 0.0, size.tokens or 0.0
