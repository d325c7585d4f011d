"""The Web API over HTTP: Slack's token check, limits, scopes, error shapes; and the response addresses."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from bot.workspace.limit import Fault
from bot.workspace.method import CONNECT, METHODS
from bot.workspace.problem import Json, SlackError
from bot.workspace.respond import answer_at
from bot.workspace.state import Workspace

BODY_LIMIT = 1024 * 1024
AS_JSON = {"blocks", "view", "metadata", "attachments"}
"""Arguments that a form carries as JSON text."""


async def read_body(request: Request) -> bytes:
    """The body. Raises SlackError over 1 MiB."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > BODY_LIMIT:
            raise SlackError("request_too_large")
    return bytes(data)


def read_arguments(data: bytes, content_type: str) -> Json:
    """The arguments of a call, from a form or from JSON. Raises SlackError with Slack's names for broken input."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SlackError("invalid_charset") from error
    if content_type.startswith("application/json"):
        try:
            loaded = json.loads(text or "{}")
        except (json.JSONDecodeError, RecursionError) as error:
            raise SlackError("invalid_json") from error
        if not isinstance(loaded, dict):
            raise SlackError("json_not_object")
        arguments: Json = loaded
    elif not data or content_type.startswith("application/x-www-form-urlencoded"):
        arguments = dict(parse_qsl(text, keep_blank_values=True))
    else:
        raise SlackError("invalid_post_type")
    for name in AS_JSON & arguments.keys():
        if isinstance(arguments[name], str):
            try:
                arguments[name] = json.loads(arguments[name] or "null")
            except (json.JSONDecodeError, RecursionError) as error:
                code = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
                raise SlackError(code) from error
    return arguments


def _token(request: Request, arguments: Json) -> str:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" and given else str(arguments.get("token") or "")


def _allowed(space: Workspace, method: str, token: str) -> None:
    if not token:
        raise SlackError("not_authed")
    wanted_token = space.app_token if method == CONNECT else space.token
    if not hmac.compare_digest(token.encode(), wanted_token.encode()):
        raise SlackError("not_allowed_token_type" if token in (space.token, space.app_token) else "invalid_auth")
    wanted = METHODS[method].scopes
    if wanted and not set(wanted) & set(space.team.scopes):
        provided = ",".join(space.team.scopes)
        raise SlackError("missing_scope", {"needed": wanted[0], "provided": provided})


def run(space: Workspace, method: str, token: str, arguments: Json) -> Json:
    """One call's answer; every refusal is an answer too."""
    trigger = arguments.get("trigger_id")
    try:
        if method not in METHODS:
            raise SlackError("unknown_method", {"req_method": method})
        _allowed(space, method, token)
        answer = {"ok": True, **METHODS[method].run(space, arguments)}
    except SlackError as error:
        answer = error.answer()
    space.journal.call(method, arguments, answer, space.tickets.entry_of(trigger))
    return answer


async def _cut() -> AsyncIterator[bytes]:
    yield b'{"ok": tr'


async def _faulty(space: Workspace, fault: Fault, method: str, token: str, arguments: Json) -> Response:
    """The answer to a call that goes wrong on purpose."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return JSONResponse(run(space, method, token, arguments))
    if fault.after:
        run(space, method, token, arguments)
    if fault.kind == "ratelimited":
        return limited(int(fault.seconds))
    if fault.kind == "refused":
        return JSONResponse({"ok": False, "error": fault.code})
    if fault.kind == "cut":
        return StreamingResponse(_cut(), media_type="application/json", headers={"content-length": "4096"})
    return PlainTextResponse("upstream error", status_code=500)


def limited(seconds: int) -> Response:
    """Slack's 429."""
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers={"retry-after": str(seconds)})


async def call(request: Request) -> Response:
    """`POST /api/{method}`."""
    space: Workspace = request.app.state.workspace
    method = request.path_params["method"]
    try:
        data = await read_body(request)
        arguments = read_arguments(data, request.headers.get("content-type", ""))
    except SlackError as error:
        return JSONResponse(error.answer())
    token = _token(request, arguments)
    arguments.pop("token", None)
    if method == CONNECT:
        arguments["host"] = request.headers["host"]
    if fault := space.faults.next(method):
        return await _faulty(space, fault, method, token, arguments)
    known = METHODS.get(method) if token in (space.token, space.app_token) else None
    if known and (wait := space.limits.wait(method, known.tier, str(arguments.get("channel", "")))):
        space.journal.call(method, arguments, {"ok": False, "error": "ratelimited"})
        return limited(wait)
    return JSONResponse(run(space, method, token, arguments))


async def respond(request: Request) -> Response:
    """`POST /response/{key}`: five uses in thirty minutes."""
    space: Workspace = request.app.state.workspace
    body: Any = {}
    number: int | None = None
    try:
        body = read_arguments(await read_body(request), request.headers.get("content-type", ""))
        hook = space.tickets.use(request.path_params["key"])
        number = hook.entry
        answer_at(space, hook, body)
    except SlackError as error:
        space.journal.call("response_url", body, error.answer(), number)
        return JSONResponse(error.answer(), 404 if error.code.endswith("_url") else 400)
    space.journal.call("response_url", body, {"ok": True}, number)
    return PlainTextResponse("ok")
