"""Draw the pictures of README and of these pages, and write the map in words, from runs of the models in the box.

    python docs/pictures.py        # some minutes; needs the extra `charts` and Chromium

Each call waits for the one before, so that every run ends after the same trials: charts and words come out the same to
the byte each time. Screenshots show the day and how long an answer took, and depend on the browser and on the fonts of
the machine.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from playwright.sync_api import Browser, sync_playwright

from evalkit.cli import call

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
PAGES = (ROOT / "README.md", ROOT / "docs" / "ladder.md")
"""With the map in words between `<!-- map -->` and `<!-- end -->`."""
CHROMIUM = os.environ.get("EVALKIT_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
MODELS = ("5k", "15k", "40k", "120k", "300k", "1m")
ONE_TASKS = "routing,ticket-title,addition"
CHARTS = {"margins": "routing-margins", "levels": "addition-digits", "constraints": "ticket-title-constraints"}
"""Of the run of one model."""


def main() -> None:
    """Everything."""
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        ladder = measured(folder / "ladder", MODELS, "--until", "verdict")
        one = measured(folder / "one", ("300k",), "--tasks", ONE_TASKS, "--explore")
        drawn(ladder, "map")
        written(ladder)
        for picture, figure in CHARTS.items():
            drawn(one, picture, figure)
        quiet("report", *ladder, "-o", str(folder / "ladder.html"))
        quiet("report", *one, "-o", str(folder / "one.html"))
        with browser() as chromium:
            shot(chromium, f"{(folder / 'ladder.html').as_uri()}#theme=light", "report", height=900)
            trial(
                chromium,
                f"{(folder / 'one.html').as_uri()}#task=ticket-title&condition=noise@0.1&outcome=fail&theme=light",
            )


def measured(out: Path, models: Sequence[str], *options: str) -> list[str]:
    """Folders of runs of the ladder, one for each model."""
    named = [word for model in models for word in ("--model", f"tiny/{model}")]
    quiet("run", "ladder", *named, *options, "--concurrency", "1", "--out", str(out))
    return [str(folder) for folder in sorted(out.iterdir())]


def drawn(runs: Sequence[str], picture: str, figure: str | None = None) -> None:
    """A chart as a file of its own."""
    named = ["--figure", figure or picture]
    quiet("report", *runs, *named, "-o", str(PICTURES / f"{picture}.svg"))


class Terminal(io.StringIO):
    """A stream for which the map has its signs."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def written(runs: Sequence[str]) -> None:
    """The map as a terminal shows it, into the pages that have it."""
    said = quiet("report", *runs, to=Terminal())
    shown = said[said.rindex("Capability map of ladder") :].strip()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        block = re.compile(r"(?<=<!-- map -->\n).*?(?=<!-- end -->)", re.DOTALL)
        page.write_text(block.sub(lambda _: f"\n```text\n{shown}\n```\n\n", text, count=1), encoding="utf-8")


def quiet(*arguments: str, to: io.StringIO | None = None) -> str:
    """What a command says, without colour, and not on the screen unless it fails."""
    with contextlib.redirect_stdout(to or io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = call(list(arguments))
    if code:
        raise SystemExit(f"evalkit {' '.join(arguments)}: exit code {code}\n{err.getvalue()}")
    return click.unstyle(out.getvalue())


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def shot(chromium: Browser, address: str, picture: str, *, height: int) -> None:
    """The top of a page."""
    page = chromium.new_page(viewport={"width": 1280, "height": height})
    page.goto(address)
    page.wait_for_timeout(1000)
    page.screenshot(path=PICTURES / f"{picture}.png")
    page.close()


def trial(chromium: Browser, address: str) -> None:
    """One trial in full."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.locator("#trials").scroll_into_view_if_needed()
    page.locator("#list a").first.click()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "trial.png")
    page.close()


if __name__ == "__main__":
    main()
