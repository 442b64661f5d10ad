"""The viewer's server: which address gives what, and that nothing else does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

from evalkit.errors import EvalkitError
from evalkit.plain import printable, with_texts
from evalkit.view.answers import Answers
from evalkit.view.guard import HEADERS, TOKEN, Asked, Guard
from evalkit.view.library import Library, UnknownRunError
from evalkit.view.pages import Pages
from evalkit.view.parts import Parts
from evalkit.view.requests import BadRequestError

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(guard: Guard, library: Library, pages: Pages, parts: Parts) -> web.Application:
    """The server's addresses.

    Args:
        guard: Who may read.
        library: Where runs are read; closed with the server.
        pages: What people see.
        parts: Styles and scripts of these.
    """
    app = web.Application(middlewares=[_guarding(guard), _explaining(pages)])
    app.on_response_prepare.append(_add_headers)
    answers = Answers(library)

    async def close(_: web.Application) -> None:
        await asyncio.to_thread(library.close)

    app.on_cleanup.append(close)
    _add_pages(app, pages)
    _add_answers(app, answers)

    async def part(request: web.Request) -> web.StreamResponse:
        return await _part(parts, request)

    async def icon(_: web.Request) -> web.Response:
        return web.Response(status=204)  # browsers ask for one, and complain in the console when there is none

    app.router.add_get("/static/{name:.+}", part)
    app.router.add_get("/favicon.ico", icon)
    return app


def _add_pages(app: web.Application, pages: Pages) -> None:
    def add(path: str, make: Callable[[web.Request], str]) -> None:
        async def handler(request: web.Request) -> web.Response:
            return _html(await asyncio.to_thread(make, request))

        app.router.add_get(path, handler)

    add("/", lambda request: pages.runs(request.query))
    add("/run/{run}", lambda request: pages.run(request.match_info["run"]))
    add("/runs", lambda request: pages.several(request.query.getall("run", [])))
    add("/compare", lambda request: pages.compare(request.query))


def _add_answers(app: web.Application, answers: Answers) -> None:
    def add(path: str, answer: Callable[[web.Request], Any]) -> None:
        async def handler(request: web.Request) -> web.Response:
            return _json(await asyncio.to_thread(answer, request))

        app.router.add_get(path, handler)

    add("/api/runs", lambda request: answers.runs())
    of_run = "/api/run/{run}"
    add(of_run, lambda request: answers.run(request.match_info["run"]))
    add(f"{of_run}/groups", lambda request: answers.groups(request.match_info["run"]))
    add(f"{of_run}/flaky", lambda request: answers.flaky(request.match_info["run"]))
    add(f"{of_run}/trials", lambda request: answers.trials(request.match_info["run"], request.query))
    add(f"{of_run}/trial/{{id:.+}}", lambda request: answers.trial(request.match_info["run"], request.match_info["id"]))


def _guarding(guard: Guard) -> Any:
    """Let nobody in whom the guard does not, and take the token out of the address."""

    @web.middleware
    async def guarding(request: web.Request, handler: _Handler) -> web.StreamResponse:
        token = request.query.get(TOKEN)
        asked = Asked(method=request.method, headers=request.headers, cookies=request.cookies, token=token)
        refusal = guard.refusal(asked)
        if refusal is not None:
            allowed = {"Allow": "GET, HEAD"} if refusal.status == 405 else {}
            return web.Response(text=f"{refusal.why}\n", status=refusal.status, headers=allowed)
        if token is None:
            return await handler(request)
        query = [(name, value) for name, value in request.query.items() if name != TOKEN]
        # Of two slashes at the start a browser would make the name of another server.
        place = str(request.rel_url.with_query(query)).lstrip("/\\")
        reply = web.Response(status=303, headers={"Location": f"/{place}"})
        reply.set_cookie(guard.cookie, guard.token, path="/", httponly=True, samesite="Strict")
        return reply

    return guarding


def _explaining(pages: Pages) -> Any:
    """Say what went wrong, as JSON to scripts and on a page to people."""

    @web.middleware
    async def explaining(request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            status, why = 404, "There is nothing at this address."
        except EvalkitError as error:
            status, why = _status(error), str(error)
        if request.path.startswith("/api/"):
            return _json({"error": why}, status=status)
        if request.path.startswith("/static/"):
            return web.Response(text=f"{why}\n", status=status)
        return _html(await asyncio.to_thread(pages.problem, why), status=status)

    return explaining


def _status(error: EvalkitError) -> int:
    if isinstance(error, UnknownRunError):
        return 404
    return 400 if isinstance(error, BadRequestError) else 422


async def _add_headers(_: web.BaseRequest, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


def _json(value: Any, *, status: int = 200) -> web.Response:
    text = json.dumps(with_texts(value, printable), ensure_ascii=False, allow_nan=False)
    return web.Response(text=text, status=status, content_type="application/json")


def _html(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


async def _part(parts: Parts, request: web.Request) -> web.StreamResponse:
    """A style or script; the browser keeps it, and asks whether it is still the same."""
    found = await asyncio.to_thread(parts.part, request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    headers = {"ETag": f'"{found.digest}"', "Cache-Control": "no-cache"}
    if any(each.value == found.digest for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.content, headers=headers, content_type=found.kind, charset="utf-8")
