"""What people see: the list of runs, the report of one or several, two beside each other. Everything blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from evalkit.plain import counted, printable, usd
from evalkit.report.layout import SIGNS
from evalkit.report.page import STYLES, Live, Templates, live_page, run_report
from evalkit.report.page.sentences import WORDS
from evalkit.view.compared import moment, shown_comparison
from evalkit.view.library import Library
from evalkit.view.parts import VIEW_SCRIPTS, VIEW_STYLES
from evalkit.view.requests import BadRequestError, check_names, wanted, whole_number
from evalkit.view.states import BrokenRun, RunLine

_STATIC = "/static/"
_MOST_TOGETHER = 24
"""Runs on one page."""
_FLIPS = 50
"""Items of a task that flipped, each way, when nothing is said."""
_ENDED = {"cost": "ended: the money was spent", "gate": "ended: the gate was decided"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRun:
    """A run as the list shows it."""

    line: RunLine
    when: str
    sign: str
    verdict: str
    state: str
    cost: str

    @property
    def address(self) -> str:
        """Of its report."""
        return address_of(self.line.name)


def address_of(name: str) -> str:
    """Where a run's report is shown.

    >>> address_of("20261122T031500Z-support-a b")
    '/run/20261122T031500Z-support-a%20b'
    """
    return f"/run/{quote(name, safe='')}"


class Pages:
    """Makes them.

    Args:
        library: Where runs are read.
        templates: What they are made of.
        overrides: The folder of the user's whose templates win; None: there is none.
    """

    def __init__(self, library: Library, templates: Templates, overrides: Path | None) -> None:
        self._library = library
        self._templates = templates
        self._overrides = overrides

    def runs(self, query: Mapping[str, str]) -> str:
        """All runs; which of them are shown is the page's own business, and stands in its address.

        Raises:
            BadRequestError: If the address asks for anything else.
        """
        check_names(query, ("q", "verdict", "state", "sort"))
        lines = self._library.lines()
        runs = [_shown(line) for line in lines if isinstance(line, RunLine)]
        places = [printable(str(place.resolve())) for place in self._library.places.named]
        return self._page(
            "runs.html.jinja",
            title=f"{counted(len(runs), 'run')} of evalkit",
            runs=runs,
            broken=[line for line in lines if isinstance(line, BrokenRun)],
            places=places,
        )

    def run(self, name: str) -> str:
        """The report of one run.

        Raises:
            EvalkitError: If there is none of that name, or it cannot be read.
        """
        return self._report([name])

    def several(self, names: Sequence[str]) -> str:
        """One report of several runs.

        Raises:
            EvalkitError: As `run`, or if these are none or too many.
        """
        chosen = list(dict.fromkeys(names))
        if not 0 < len(chosen) <= _MOST_TOGETHER:
            found = counted(len(chosen), "run")
            raise BadRequestError(f"found {found}, expected 1 to {_MOST_TOGETHER}, such as run=NAME&run=NAME")
        return self._report(chosen)

    def _report(self, names: Sequence[str]) -> str:
        library = self._library
        folders = [library.folder(name) for name in names]
        several = len(folders) > 1
        results = library.results_soon(folders)
        known = several and results is not None  # else not read here: all trials would have to be
        reports = [
            run_report(folder, library.run(folder), result, price=library.price(folder) if known else None)
            for folder, result in zip(folders, results or map(library.nothing_yet, folders), strict=True)
        ]
        live = Live(
            assets=_STATIC,
            runs=[f"/api{address_of(name)}" for name in names],
            scripts=VIEW_SCRIPTS,
            styles=VIEW_STYLES,
            counting=sum(map(library.answered, folders)) if results is None else 0,
        )
        scale = library.scale(folders) if known else None
        return live_page(reports, live=live, scale=scale, overrides=self._overrides).decode()

    def compare(self, query: Mapping[str, str]) -> str:
        """Two runs beside each other.

        Raises:
            EvalkitError: If one is not there, or they cannot be compared.
        """
        check_names(query, ("a", "b", "flips"))
        a, b = wanted(query, "a"), wanted(query, "b")
        if a == b:
            raise BadRequestError("found the same run twice, expected two")
        shown = shown_comparison(self._library.comparison(a, b), (a, b), whole_number(query, "flips", _FLIPS))
        title = f"{shown.sides[1].model} against {shown.sides[0].model}"
        return self._page("compare.html.jinja", title=title, both=shown, addresses=(address_of(a), address_of(b)))

    def problem(self, why: str) -> str:
        """Why there is nothing to see."""
        return self._page("problem.html.jinja", title="Nothing to show", why=printable(why).splitlines())

    def _page(self, template: str, **values: object) -> str:
        shared = {"assets": _STATIC, "styles": (*STYLES, *VIEW_STYLES), "scripts": VIEW_SCRIPTS}
        return self._templates.render(template, {**shared, **values})


def overrides_in(folder: Path) -> Path | None:
    """The folder of a project whose templates win; None when it has none."""
    own = folder / "reports"
    return own if own.is_dir() else None


def _shown(line: RunLine) -> ShownRun:
    return ShownRun(
        line=line,
        when=moment(line.started),
        sign="–" if line.verdict is None else SIGNS[line.verdict],
        verdict=_verdict(line),
        state=_state(line),
        cost=_cost(line),
    )


def _verdict(line: RunLine) -> str:
    if line.verdict is None:
        return "not known yet"
    return WORDS[line.verdict]


def _state(line: RunLine) -> str:
    if line.state == "running":
        return "running"
    if line.state == "stopped":
        return "stopped, can be resumed"
    return _ENDED.get(line.ended_early or "", "finished")


def _cost(line: RunLine) -> str:
    if line.calls is None:
        return "–"
    if line.cost_usd is None:
        return "unknown" if line.calls else "nothing spent"
    return usd(line.cost_usd)
