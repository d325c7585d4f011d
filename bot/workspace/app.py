"""The server: Slack's Web API, the response addresses, and the page with what it needs, all on loopback.

The page lives under a path that holds a random key, so that no other page in the browser can drive it; requests for
another host name or from another origin are refused too (DNS rebinding, cross-site forms).
"""

from __future__ import annotations

import asyncio
import hmac
import json
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bot.workspace.act import ACTS, ActRefused
from bot.workspace.api import call, read_body, respond
from bot.workspace.limit import Fault
from bot.workspace.problem import Json, SlackError
from bot.workspace.snapshot import snapshot
from bot.workspace.state import LOOPBACK, Workspace

STATIC = Path(__file__).parent / "static"
HEARTBEAT_SECONDS = 15.0
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}
Page = Callable[[Request, Workspace], Awaitable[Response]]


class LoopbackOnly:
    """Plain ASGI: answers only requests that name this machine, and only from its own origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] in {"http", "websocket"} and not self._ours(dict(scope["headers"])):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            refused = PlainTextResponse("This page answers only its own address on this machine.", 403)
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    @staticmethod
    def _ours(headers: dict[bytes, bytes]) -> bool:
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        try:
            named = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return named in LOOPBACK and (not origin or origin == f"http://{host}")


def _page(handler: Page) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind the page's key: a wrong key finds nothing."""

    async def guarded(request: Request) -> Response:
        space: Workspace = request.app.state.workspace
        if not hmac.compare_digest(str(request.path_params["key"]).encode(), space.page_key.encode()):
            return PlainTextResponse("Not found. Use the address that was printed at the start.", 404)
        answer = await handler(request, space)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return guarded


async def _file(request: Request, _space: Workspace) -> Response:
    name = request.path_params.get("name", "index.html")
    path = STATIC / name
    if not path.is_file() or path.parent != STATIC:
        return PlainTextResponse("Not found.", 404)
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(name)[0] or "text/plain"
    return Response(path.read_bytes(), media_type=f"{kind}; charset=utf-8")


async def _state(request: Request, space: Workspace) -> Response:
    user = request.query_params.get("user") or space.setup.first_person
    if request.query_params.get("since") == str(space.revision):
        return Response(status_code=204)
    if request.query_params.get("fresh"):
        for conversation in space.conversations.values():
            conversation.whispers.pop(user, None)
    try:
        return JSONResponse(snapshot(space, user, request.query_params.get("journal") != "0"))
    except SlackError as error:
        return JSONResponse(error.answer(), 404)


async def _owner(request: Request, space: Workspace) -> Response:
    return JSONResponse({"user": space.views.owner(request.query_params.get("view", ""))})


async def _changes(space: Workspace, user: str) -> AsyncIterator[bytes]:
    queue = space.listen(user)
    try:
        yield b"retry: 1000\n\nevent: ready\ndata: {}\n\n"
        while True:
            try:
                change = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                yield f"data: {json.dumps(change)}\n\n".encode()
            except TimeoutError:
                yield b": still here\n\n"
    finally:
        space.leave(queue)


async def _events(request: Request, space: Workspace) -> Response:
    user = request.query_params.get("user", "")
    return StreamingResponse(_changes(space, user), media_type="text/event-stream")


async def _data(request: Request) -> Json:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ActRefused("Send JSON.")
    try:
        data: Any = json.loads(await read_body(request))
    except (ValueError, RecursionError, SlackError) as error:
        raise ActRefused("The request is not readable JSON, or too large.") from error
    if not isinstance(data, dict):
        raise ActRefused("Send a JSON object.")
    return data


async def _do(request: Request, space: Workspace) -> Response:
    act = ACTS.get(request.path_params["act"])
    if act is None:
        return JSONResponse({"ok": False, "sentence": "There is no such act."}, 404)
    base = f"http://{request.headers['host']}"
    try:
        done = await act(space, base, await _data(request))
    except ActRefused as refused:
        return JSONResponse({"ok": False, "sentence": str(refused), "sent": False, "errors": {}}, 400)
    return JSONResponse(done.shown())


async def _change(request: Request, space: Workspace) -> Response:
    """What an administrator would do to an account, and faults to come: for tests and for trying things out."""
    try:
        data = await _data(request)
        if request.path_params["what"] == "fault":
            space.faults.add(Fault(**data))
        else:
            space.change_member(data.pop("user", ""), **data)
    except (ActRefused, SlackError, TypeError) as error:
        return JSONResponse({"ok": False, "sentence": str(error)}, 400)
    return JSONResponse({"ok": True})


async def _link(socket: WebSocket) -> None:
    space: Workspace = socket.app.state.workspace
    await space.sockets.serve(socket)


def build_workspace(workspace: Workspace) -> ASGIApp:
    """The whole stand-in as one ASGI app, to be served on 127.0.0.1 only. The page: `/p/{workspace.page_key}/`."""
    app = Starlette(
        routes=[
            Route("/api/{method}", call, methods=["POST"]),
            Route("/response/{key}", respond, methods=["POST"]),
            WebSocketRoute("/link/{ticket}", _link),
            Route("/p/{key}/", _page(_file), methods=["GET"]),
            Route("/p/{key}/static/{name}", _page(_file), methods=["GET"]),
            Route("/p/{key}/state", _page(_state), methods=["GET"]),
            Route("/p/{key}/owner", _page(_owner), methods=["GET"]),
            Route("/p/{key}/events", _page(_events), methods=["GET"]),
            Route("/p/{key}/do/{act}", _page(_do), methods=["POST"]),
            Route("/p/{key}/change/{what}", _page(_change), methods=["POST"]),
        ]
    )
    app.state.workspace = workspace
    return LoopbackOnly(app)
