"""The engine's side of the model seam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from evalkit.adapter import ModelSize, Prices, Request
from evalkit.trial import Answer, Call


class Asked(Protocol):
    """Who is asked: a model, or what stands in for one."""

    @property
    def name(self) -> str:
        """`PROVIDER/NAME`."""

    @property
    def address(self) -> str:
        """Where it is asked; for a program, its full name."""

    @property
    def size(self) -> ModelSize | None:
        """How large it is; None when nobody says."""

    @property
    def free(self) -> bool:
        """Whether calls cost nothing."""

    @property
    def steady(self) -> bool:
        """Whether it is known to answer the same request the same way."""

    @property
    def capacity(self) -> int | None:
        """How many calls it takes at a time by now; None when as many as one likes."""

    @property
    def usual_concurrency(self) -> int | None:
        """How many calls at a time it is made for; None when its card does not say."""

    @property
    def prices(self) -> Prices:
        """What its calls cost, unless it is free."""

    def expected_usd(self, request: Request) -> float | None:
        """What a call may cost at most, as far as that can be known before it is made; None when unknown."""

    def cost_usd(self, answer: Answer) -> float | None:
        """What an answer cost; None when unknown."""

    def check(self, tasks: Sequence[str]) -> None:
        """See whether it can do these tasks at all.

        Raises:
            AdapterError: If it cannot.
        """

    def request(self, call: Call) -> Request:
        """The request for a call; pure."""

    async def ask(self, request: Request) -> Answer:
        """The answer.

        Raises:
            TransportError: If there is none; the trial is void.
            FatalTransportError: If no call of this run can succeed.
        """

    async def close(self) -> None:
        """Let go of connections."""
