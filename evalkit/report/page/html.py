"""Put the page together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.plain import counted
from evalkit.report.charts import theme
from evalkit.report.charts.scaling import ScaleFigures, scale_figures
from evalkit.report.figure import Figure
from evalkit.report.names import labels
from evalkit.report.page.cells import shown_table
from evalkit.report.page.embedding import inline, packed, policy
from evalkit.report.page.facts import spent
from evalkit.report.page.figures import suite_figures
from evalkit.report.page.outline import ShownSuite, page_title, shown_suite
from evalkit.report.page.runs import Live, RunReport, latest, told_apart
from evalkit.report.page.templates import SCRIPTS, STYLES, Templates
from evalkit.scale import Scale

_PAGE = "report.html.jinja"
_LABEL = 200
"""Most characters of what a run is called."""


def html_report(runs: Sequence[RunReport], *, scale: Scale | str | None = None, overrides: Path | None = None) -> bytes:
    """One HTML file that needs nothing else: no network, no other file.

    Of several runs of the same model and suite the latest is shown.

    Args:
        runs: At least one.
        scale: What models of several sizes show together, or a sentence on why they do not; None: nothing is said of
            size.
        overrides: A folder of the user's with templates, styles or scripts that win over the shipped ones.

    Raises:
        EvalkitError: If a file of that folder cannot be used.
    """
    templates = Templates(overrides)
    styles = [inline(name, templates.text(name)) for name in STYLES]
    scripts = [inline(name, templates.text(name)) for name in SCRIPTS]
    within = {"policy": policy(styles, scripts), "styles": styles, "scripts": scripts}
    return templates.render(_PAGE, {**_values(runs, scale, None), **within}).encode()


def live_page(
    runs: Sequence[RunReport], *, live: Live, scale: Scale | str | None = None, overrides: Path | None = None
) -> bytes:
    """The same page for a server, whose styles, scripts and trials come from it; its policy is the server's to send.

    Args:
        runs: At least one; as many as `live` has addresses. All are shown in the order given.
        live: Where the page finds the rest.
        scale: As in a file.
        overrides: As in a file.

    Raises:
        EvalkitError: If a file of that folder cannot be used.
    """
    return Templates(overrides).render(_PAGE, _values(runs, scale, live)).encode()


def _values(given: Sequence[RunReport], scale: Scale | str | None, live: Live | None) -> dict[str, Any]:
    """What the template may show."""
    runs = latest(given) if live is None else told_apart(given)
    by_suite: dict[str, list[tuple[int, RunReport]]] = {}
    for number, run in enumerate(runs):
        by_suite.setdefault(run.result.suite, []).append((number, run))
    earlier = Counter[tuple[str, str]]()
    if live is None:
        earlier = Counter(map(_measured, given)) - Counter(map(_measured, runs))
    suites, drawn = [], []
    for place, members in enumerate(by_suite.values()):
        prices = {run.result.model: run.price for _, run in members if run.price is not None}
        figures = suite_figures([run.result for _, run in members], prices, f"figure-{place + 1}")
        left_out = [earlier[_measured(run)] for _, run in members]
        suites.append(shown_suite(place, members, figures, left_out))
        drawn += list(figures)
    sizes = _sizes(scale)
    names = _labels(suites, by_suite)
    counting = "" if live is None or not live.counting else counted(live.counting, "trial")
    return {
        "title": f"Counting {counting}" if counting else page_title(suites),
        "suites": [] if counting else suites,
        "sizes": sizes,
        "spent": shown_table(spent([*zip(names, runs, strict=True)]), identity="spent", caption="What each task took"),
        "packed": packed(
            {
                "themes": {"light": theme.config(dark=False), "dark": theme.config(dark=True)},
                "figures": {figure.id: _figure(figure) for figure in [*drawn, *sizes.telling, *sizes.others]},
                "runs": [_run(names[number], run, number, live) for number, run in enumerate(runs)],
            }
        ),
        "has_trials": live is not None or any(run.trials is not None for run in runs),
        "live": live,
        "counting": counting,
        "style_names": STYLES,
        "script_names": SCRIPTS,
    }


def _measured(run: RunReport) -> tuple[str, str]:
    return run.result.suite, run.result.model


def _sizes(scale: Scale | str | None) -> ScaleFigures:
    if scale is None or isinstance(scale, str):
        return ScaleFigures([], [], [] if scale is None else [scale])
    found = scale_figures(scale)
    telling, others = (
        [replace(each, id=f"figure-{each.id}") for each in part] for part in (found.telling, found.others)
    )
    return found._replace(telling=telling, others=others)


def _figure(figure: Figure) -> dict[str, Any]:
    """What is drawn, and its numbers: the page makes a table of them when it is asked for."""
    table = shown_table(figure.table, identity=figure.id, caption=f"{figure.title}: the numbers")
    return {
        "spec": figure.spec,
        "caption": table.caption,
        "columns": [[column.name, column.kind != "text"] for column in table.columns],
        "rows": [[cell.text if cell.value is None else [cell.text, cell.value] for cell in row] for row in table.rows],
    }


def _labels(suites: Sequence[ShownSuite], by_suite: Mapping[str, Sequence[tuple[int, RunReport]]]) -> list[str]:
    """What the page calls each run, by its number; its script finds a run by that."""
    found: dict[int, str] = {}
    for suite, members in zip(suites, by_suite.values(), strict=True):
        for label, (number, _) in zip(suite.models, members, strict=True):
            found[number] = f"{suite.name}: {label}" if len(suites) > 1 else label
    return labels([found[number] for number in sorted(found)], _LABEL)


def _run(label: str, run: RunReport, number: int, live: Live | None) -> dict[str, Any]:
    """What the drill-down needs of a run."""
    return {
        "label": label,
        "tasks": [
            {"name": task.task, "conditions": [condition.condition for condition in task.conditions]}
            for task in run.result.tasks
        ],
        "api": None if live is None else live.runs[number],
        "trials": None if live is not None or run.trials is None else run.trials.as_json(),
    }
