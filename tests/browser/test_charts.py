from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.report.charts import alone, config, sheet
from tests.browser.watched import OpenPage
from tests.charted import everything_drawn

VENDOR = Path(__file__).parents[2] / "reports" / "vendor"
DRAW = """
async spec => {
    const said = [];
    const keep = {level: () => keep, error: (...told) => said.push(told.join(" ")), info: () => keep,
                  warn: (...told) => (said.push(told.join(" ")), keep), debug: () => keep};
    const made = vegaLite.compile(spec, {logger: keep}).spec;
    const view = new vega.View(vega.parse(made, null, {ast: true}), {expr: vega.expressionInterpreter});
    view.logger(keep);
    await view.toSVG();
    return said;
}
"""


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_every_figure_is_drawn_without_a_warning(open_page: OpenPage, dark: bool) -> None:
    """Of a field that is missing, or a scale that cannot be, the renderer warns, and draws something else."""
    page = open_page("about:blank").page
    for name in ("vega", "vega-lite", "vega-interpreter"):
        page.add_script_tag(path=VENDOR / f"{name}.min.js")
    figures = everything_drawn()
    specs: list[dict[str, Any]] = [*map(alone, figures), sheet(figures)]
    assert {} == {
        each["title"]["text"] if "title" in each else "sheet": said
        for each in specs
        if (said := page.evaluate(DRAW, {**each, "config": config(dark=dark)}))
    }
