"""What a run brought, for programs and notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.record import RunFile, TrialReader
from evalkit.verdict import SuiteResult

if TYPE_CHECKING:
    import pandas

_SHARES = ("pass_rate", "low", "high", "margin", "margin_low", "margin_high", "mean_score")
_OF_A_CONDITION = (
    *("condition", "perturbation", "level", "counts", "threshold", "trials", "passes", "void"),
    *("pass_rate", "low", "high", "margin", "margin_low", "margin_high", "verdict", "reason", "measure", "mean_score"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A run that has come to its end, or to a stop."""

    folder: Path
    run: RunFile
    results: SuiteResult

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped and can be resumed."""
        return self.run.stopped == "interrupted"

    def frame(self) -> pandas.DataFrame:
        """Its trials as a table, one row each, read from its folder; as `evalkit.read_trials`.

        Raises:
            RecordError: If its folder is gone or damaged.
        """
        return trials_frame(self.folder)

    def margins(self) -> pandas.DataFrame:
        """Its results as a table: a row for each task and condition.

        Columns, after `task`, are those of a condition in JSON. Rates, margins and thresholds are from 0 to 1, margins
        from -1 to 1; what was not measured is missing (NaN), never 0. `low`, `high` and the margins are of the pass
        rate, or of `mean_score` where `measure` is `score`.
        """
        import pandas

        rows = [
            [task.task, *(getattr(condition, name) for name in _OF_A_CONDITION)]
            for task in self.results.tasks
            for condition in task.conditions
        ]
        table = pandas.DataFrame(rows, columns=["task", *_OF_A_CONDITION])
        # Numbers and words are mixed in it; else whole ones beside missing ones would become floats.
        table["level"] = pandas.Series([row[3] for row in rows], dtype=object)
        return table.astype(dict.fromkeys(_SHARES, "float64"))

    def __repr__(self) -> str:
        """In a line; all of it would be many pages in a shell."""
        suite, model, folder = self.results.suite, self.results.model, str(self.folder)
        return f"<{type(self).__name__} {suite!r} with {model!r}: {self.results.verdict}, in {folder!r}>"

    def _repr_html_(self) -> str:
        """Its results as notebooks show them."""
        from evalkit.report.notebook import notebook

        return notebook(self.results, folder=str(self.folder), ended=self.run.finished is not None)


def trials_frame(folder: Path) -> pandas.DataFrame:
    """A run's trials as a table, one row each.

    Raises:
        RecordError: If there is no run.
    """
    with TrialReader(folder) as reader:
        return reader.frame()
