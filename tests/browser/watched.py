"""A page in a browser that is watched for what should not happen."""

from __future__ import annotations

from typing import Protocol

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Dialog, Page


class Watched:
    """Notes errors, everything that is told to the console, dialogs, and what is asked for.

    Args:
        page: Before anything is loaded.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda told: self.wrong.append(f"console: {told.type}: {told.text}"))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self.requests.append(request.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return found

    def barriers(self) -> list[str]:
        """What axe finds that keeps people out: serious and critical findings, with the elements."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]


class OpenPage(Protocol):
    """Opens an address in a window of its own."""

    def __call__(self, address: str, *, width: int = 1280, dark: bool = False) -> Watched:
        """Wait until it is loaded."""
