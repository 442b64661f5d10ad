"""Models that are loaded into this process, asked for many answers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evalkit.content import shipped
from evalkit.transport import Model, open_model
from evalkit.trial import Call, Response


def opened(name: str, folder: Path, *, timeout_s: float | None = None, **settings: Any) -> Model:
    """A model whose name means something in the folder."""
    return open_model(
        name,
        options=settings,
        folders=[shipped("adapters")],
        allow_code=False,
        timeout_s=timeout_s,
        code_folders=[],
        environment={},
        directory=folder,
    )


def asked(model: Model, calls: Sequence[Call]) -> list[Response]:
    """What it answers when all is asked at once."""

    async def run() -> list[Response]:
        try:
            answers = await asyncio.gather(*(model.ask(model.request(each)) for each in calls))
        finally:
            await model.close()
        return [answer.response for answer in answers]

    return asyncio.run(run())
