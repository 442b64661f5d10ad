"""Make runs of a table of trials that somebody else measured, one for each model.

Theory of operation. Nothing says that the number of trials did not depend on what they brought, but it cannot be
known either; so conditions are judged once, as those of a fixed number of trials: by Clopper–Pearson. Trials of the
same item, or of the same group of items, stand or fall together: the interval counts them as the number of independent
trials that they are worth, at most one an item. Where the items of `clean` (or of a task's only condition) were asked
n ≥ 2 times, the same trials stand in the record once more as the condition `repeat@n`, whose unit is an item; it does
not count for the verdict, and says what pass^k is.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from evalkit.engine.measured import Measured
from evalkit.engine.outcomes import measure
from evalkit.engine.table import Reading, TableTrial, read_table
from evalkit.engine.table_conditions import REPEAT, TableCondition, coverage, table_conditions
from evalkit.errors import EXIT_INFRASTRUCTURE, RecordError, did_you_mean, refuse
from evalkit.plan import Scope
from evalkit.record import RunFile, StoredSuite, StoredTotals, TrialReader, TrialRow, TrialWriter, write_run_file
from evalkit.record.run_file import IMPORTED
from evalkit.trial import CLEAN, Condition
from evalkit.verdict import Terms

DEFAULT_CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportOptions:
    """What a table does not say itself."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """As in Reading."""
    threshold: float | None = None
    """The pass rate needed for use, 0–1, of tasks that `thresholds` does not name."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """By task."""
    confidence: float = DEFAULT_CONFIDENCE
    """Of each verdict, both sides together; above 0.5, below 1."""
    pass_score: float | None = None
    """As in Reading."""
    model: str | None = None
    """As in Reading."""
    suite: str | None = None
    """What the runs' suite is called, and the task if no column says it; the file's name without its ending if None."""
    k: int | None = None
    """Repeats that every task must have, so that pass^k can be told; None: however many there are."""

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing.

        Raises:
            ValueError: If a rate, the confidence or k is out of range.
        """
        for rate in (self.threshold, self.pass_score, *self.thresholds.values()):
            if rate is not None and not 0 <= rate <= 1:
                raise ValueError(f"found the threshold or score {rate}, expected from 0 to 1")
        if not 0.5 < self.confidence < 1:
            raise ValueError(f"found the confidence {self.confidence}, expected above 0.5 and below 1")
        if self.k is not None and self.k < 1:
            raise ValueError(f"found k {self.k}, expected at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """The runs that a table became."""

    runs: tuple[Measured, ...]
    """One for each model, in the table's order."""
    warnings: tuple[str, ...]
    """What comparisons between conditions or models must take into account."""


def import_trials(path: Path, out: Path, options: ImportOptions) -> Imported:
    """Turn a table into runs.

    Args:
        path: CSV with a header, JSONL, or Parquet, by its ending.
        out: The run's folder; of several models, the folder in which each gets one of its own name. Made; must not be
            there yet, or be empty.
        options: What the table does not say.

    Raises:
        EvalkitError: If the table cannot be read, or would be judged wrongly (`table_conditions` says when), an item
            has fewer than k repeats, or a task has no threshold.
        RecordError: If the folder is not empty or cannot be written.
    """
    _refuse_folder(out)
    name = options.suite or path.stem
    reading = Reading(columns=options.columns, pass_score=options.pass_score, task=name, model=options.model)
    conditions = table_conditions(path, read_table(path, reading))
    suite = _stored_suite(name, path)
    by_model: dict[str, list[TableCondition]] = {}
    for condition in conditions:
        by_model.setdefault(condition.model, []).append(condition)
    repeated = {model: [*its, *_repeated(its)] for model, its in by_model.items()}
    thresholds = _thresholds(conditions, options)
    refuse([message for its in repeated.values() for message in _too_few_repeats(its, options.k)])
    folders = _folders(out, list(by_model))
    with _made(folders.values()):
        runs = tuple(
            _write(folders[model], _run_file(model, suite, _terms(its, thresholds, options), options.confidence), its)
            for model, its in repeated.items()
        )
    return Imported(runs=runs, warnings=tuple(coverage(conditions)))


def _refuse_folder(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RecordError(f"{out}: is there already and not an empty folder; name another with -o, or remove it")


def _stored_suite(name: str, path: Path) -> StoredSuite:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return StoredSuite(name=name, path=str(path.resolve()), sha256=digest, text="", files={path.name: digest})


def _thresholds(conditions: Sequence[TableCondition], options: ImportOptions) -> dict[str, float]:
    """The threshold of every task, all models together."""
    tasks = list(dict.fromkeys(condition.task for condition in conditions))
    unknown = [task for task in options.thresholds if task not in tasks]
    refuse([f"--threshold {task}=…: the table has no such task. {did_you_mean(task, tasks)}" for task in unknown])
    given = {task: options.thresholds.get(task, options.threshold) for task in tasks}
    refuse(
        [
            f"no threshold for the task {task}: say --threshold 0.9 for all tasks, or --threshold {task}=0.9"
            for task, threshold in given.items()
            if threshold is None
        ]
    )
    return {task: threshold for task, threshold in given.items() if threshold is not None}


def _repeated(conditions: Sequence[TableCondition]) -> list[TableCondition]:
    """For each task of a model whose items were asked several times, the condition that is about that."""
    tasks: dict[str, list[TableCondition]] = {}
    for each in conditions:
        tasks.setdefault(each.task, []).append(each)
    made = []
    for its in tasks.values():
        plain = next((each for each in its if each.condition.perturbation == CLEAN or len(its) == 1), None)
        if plain is not None and plain.repeats > 1 and not any(each.condition.perturbation == REPEAT for each in its):
            made.append(replace(plain, condition=Condition(perturbation=REPEAT, level=plain.repeats)))
    return made


def _too_few_repeats(conditions: Sequence[TableCondition], k: int | None) -> Iterator[str]:
    """Tasks in which pass^k cannot be told."""
    most: dict[tuple[str, str], int] = {}
    for each in conditions:
        key = (each.model, each.task)
        most[key] = max(most.get(key, 1), each.repeats if each.condition.perturbation == REPEAT else 1)
    for (model, task), repeats in most.items():
        if k is not None and k > repeats:
            yield (
                f"--k {k}: model {model}, task {task} has {repeats} {'repeat' if repeats == 1 else 'repeats'} of each "
                f"item (of its clean or only condition), expected {k} or more; pass^k is not known beyond the number "
                "of repeats"
            )


def _terms(
    conditions: Sequence[TableCondition], thresholds: Mapping[str, float], options: ImportOptions
) -> list[Terms]:
    n_counting = Counter(each.task for each in conditions if each.condition.perturbation != REPEAT)
    terms = []
    for each in conditions:
        of_items = each.condition.perturbation == REPEAT
        terms.append(
            Terms(
                task=each.task,
                condition=each.condition.id,
                perturbation=each.condition.perturbation,
                level=each.condition.level,
                counts=not of_items,
                threshold=thresholds[each.task],
                alpha=(1 - options.confidence) / 2,
                n_counting=n_counting[each.task],
                units=len(each.items) if of_items else len(each.trials),
                exhausted=True,
                repeats=each.repeats if of_items else 1,
                clustered=each.trials[0].group is not None or (each.repeats > 1 and not of_items),
            )
        )
    return terms


def _units(condition: TableCondition) -> list[list[tuple[int, TableTrial]]]:
    """The trials of each unit with their repeat numbers: of a single trial, or an item's for `repeat`."""
    items = [list(enumerate(asked)) for asked in condition.items.values()]
    if condition.condition.perturbation == REPEAT:
        return items
    return [[each] for turn in zip(*items, strict=True) for each in turn]


def _rows(condition: TableCondition) -> Iterator[TrialRow]:
    for position, unit in enumerate(_units(condition)):
        for repeat, trial in unit:
            void = trial.passed is None
            yield TrialRow(
                task=trial.task,
                condition=condition.condition.id,
                position=position,
                repeat=repeat,
                item=trial.item,
                item_group=trial.group,
                level=condition.condition.level,
                variant=None,
                request_hash="",
                response=trial.response,
                constraints=None if void else "{}",
                passed=trial.passed,
                score=trial.score,
                void_reason="not-recorded" if void else None,
                void_message="the table says no outcome" if void else None,
            )


def _run_file(model: str, suite: StoredSuite, terms: list[Terms], confidence: float) -> RunFile:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return RunFile(
        evalkit=version("evalkit"),
        suite=suite,
        model=model,
        address=IMPORTED,
        directory=str(Path.cwd()),
        options={},
        seed=0,
        confidence=confidence,
        scope=Scope(fixed=max(each.units for each in terms)),
        max_void=1.0,
        keep_requests=False,
        token_counter="",
        terms=terms,
        thresholds={each.task: each.threshold for each in terms},
        started=now,
        finished=now,
    )


def _folders(out: Path, models: Sequence[str]) -> dict[str, Path]:
    """Where each model's run goes."""
    if len(models) == 1:
        return {models[0]: out}
    folders: dict[str, Path] = {}
    taken: set[str] = set()
    for model in models:
        name = stem = re.sub(r"[^A-Za-z0-9.-]", "-", model).lstrip(".") or "model"
        count = 1
        while name.casefold() in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name.casefold())
        folders[model] = out / name
    return folders


@contextmanager
def _made(folders: Collection[Path]) -> Iterator[None]:
    """Make folders, and leave none behind when what fills them fails: half a table would look like a whole one."""
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException as error:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            message = f"{error.filename}: cannot be made: {error.strerror}; name another place with -o"
            raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE) from None
        raise


def _write(folder: Path, run: RunFile, conditions: Sequence[TableCondition]) -> Measured:
    writer = TrialWriter(folder)
    try:
        writer.commit((row for each in conditions for row in _rows(each)), ())
    finally:
        writer.close()
    with TrialReader(folder) as reader:
        results = measure(run, reader)
    totals = StoredTotals(**asdict(results.totals))
    run = run.model_copy(update={"totals": totals, "results": results.as_json()})
    write_run_file(folder, run)
    return Measured(folder=folder, run=run, results=results)
