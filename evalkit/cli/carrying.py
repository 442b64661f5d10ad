"""Carry one session out at a terminal: what is ahead, the display, signals, and what is said when it stops."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from evalkit.cli.shared import say
from evalkit.errors import EvalkitError
from evalkit.plain import counted, usd
from evalkit.plan import DEFAULT_MAX_COST_USD

if TYPE_CHECKING:
    from evalkit.engine import Measured, Session


_LIKELY_PASS_RATE = 0.99
"""Of a model that somebody hopes to use."""


def carry_out(session: Session) -> Measured:
    """Carry a session out with its display."""
    from evalkit.cli.progress import Display
    from evalkit.lint import undecidable
    from evalkit.report import changes

    if not session.answered:
        for finding in undecidable(session.plan):
            say(f"warning: {finding.problem}", err=True)
    say(f"{session.folder}: {_ahead(session)}", err=True)
    try:
        with Display(session) as display:
            session.on_trial, session.on_batch = display.on_trial, display.on_batch
            measured = asyncio.run(_with_signals(session, display.go_on))
    except EvalkitError:
        say(f"Go on with: evalkit run --resume {session.folder}", err=True)
        raise
    for change in changes(measured.results):
        say(f"warning: {change}", err=True)
    if measured.interrupted:
        say(f"Stopped. Go on with: evalkit run --resume {measured.folder}", err=True)
    return measured


def _ahead(session: Session) -> str:
    """What is about to be asked, and what it may cost."""
    from evalkit.forecast import bill, expected_calls, forecast

    left, plan = session.left(), session.plan
    if not left:
        return "nothing is left to ask"
    prices = None if session.model.free else session.model.prices
    # Prompts are made and counted only where that is worth something.
    rows = forecast(plan, session.run.options) if prices is not None and prices.quote is not None else []
    likely = ""
    if session.run.scope.fixed is None and not session.answered:
        verdicts, margins = expected_calls(plan, _LIKELY_PASS_RATE)
        cost = _in_brackets(bill(rows, verdicts, prices).cost_usd if rows else None)
        calls = counted(round(sum(verdicts.values())), "call")
        likely = f"at a pass rate of {_LIKELY_PASS_RATE:g} about {calls}{cost} to the verdicts, "
        if session.run.scope.until == "margin":
            cost = _in_brackets(bill(rows, margins, prices).cost_usd if rows else None)
            likely += f"{round(sum(margins.values())):,}{cost} with the margins; "
        if session.run.scope.until == "gate" and session.baseline is not None:
            likely += "more to compare with the baseline; "
    most = bill(rows, {row.terms.key: row.calls * left / session.planned for row in rows}, prices) if rows else None
    price = _price(session, None if most is None else most.cost_usd)
    return f"{likely}at most {counted(left, 'call')} to {session.model.name}, {price}"


def _in_brackets(cost: float | None) -> str:
    return "" if cost is None else f" ({usd(cost)})"


def _price(session: Session, most: float | None) -> str:
    """What the calls that are left cost at most, or why nobody can say."""
    from evalkit.forecast import ASSUMED_ANSWER

    budget = session.run.scope.max_cost
    if session.model.free:
        return "costs nothing"
    if most is None:
        return "price unknown" + ("" if budget == DEFAULT_MAX_COST_USD else ", so --max-cost cannot be kept")
    stops = f"; the run stops at {usd(budget)} (--max-cost)" if most > budget else ""
    return f"{usd(most)} if answers have {ASSUMED_ANSWER} tokens{stops}"


async def _with_signals(session: Session, beside: Callable[[], Coroutine[Any, Any, None]]) -> Measured:
    """The first signal stops a run gently, the second at once.

    Args:
        session: Is carried out.
        beside: Goes on beside it.
    """
    loop = asyncio.get_running_loop()
    other = loop.create_task(beside())

    def stop() -> None:
        if session.engine is None or session.engine.stopping:
            if session.engine is not None:
                session.engine.abandon()
            return
        if session.run.batch:
            session.engine.abandon()
            say("Stopping. What is handed in goes on at the provider, and its answers wait there.", err=True)
            return
        session.engine.stop()
        waiting = counted(session.engine.in_flight, "call")
        say(f"Stopping: up to 10 s for the {waiting} in flight to answer; once more to leave them.", err=True)

    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        return await session.carry_out()
    finally:
        other.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
