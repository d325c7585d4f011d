"""Where runs of a pipeline knock: `POST /api/evidence` and `GET /api/exceptions`.

Whose token is not believed ends before a byte of the body is read; of the others only a few at a time hold one in memory.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
from anyio.to_thread import run_sync
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.web.guard import Rejected, whole_body
from bot.web.pipeline import TURNED_AWAY, headers_of
from bot.web.ports import Said, WebDeps

LARGEST = 128 * 1024 * 1024
"""Bytes of a whole request: a file of 64 MiB, the most that is taken, beside smaller ones."""
BODY_SECONDS = 120.0
HELD = 256 * 1024 * 1024
"""Bytes of bodies that are held at once; one of unknown length counts as the largest."""
AT_ONCE = 16
THREADS = 8
BUSY = ("busy", "Other runs are sending now.", "Nothing was stored. Send it again with a new token.")
TOLD = {
    413: ("too_large", "The request is over 128 MiB.", "Nothing was stored. Send fewer files at a time."),
    408: (
        "slow",
        "The request did not come within two minutes.",
        "Nothing was stored. Send it again with a new token.",
    ),
    400: ("cut_off", "The request ended before its end.", "Nothing was stored. Send it again with a new token."),
}


def add_evidence(app: FastAPI, deps: WebDeps) -> None:
    """The routes, where runs may push."""
    limiter = anyio.CapacityLimiter(THREADS)
    under_way: list[int] = []

    async def answered(work: Callable[[], Said]) -> Response:
        return _response(await run_sync(work, limiter=limiter))

    async def push(request: Request) -> Response:
        door, headers = deps.evidence, headers_of(request)
        if door is None:
            return Response(status_code=404)
        turned_away = await run_sync(lambda: door.stranger(headers), limiter=limiter)
        if turned_away is not None:
            return _response(turned_away)
        size = _announced(request)
        if len(under_way) >= AT_ONCE or sum(under_way) + size > HELD:
            return _turned_away(429, BUSY)
        under_way.append(size)
        try:
            body = await _body(request)
            return body if isinstance(body, Response) else await answered(lambda: door.receive(body, headers))
        finally:
            under_way.remove(size)

    async def exceptions(request: Request) -> Response:
        door, headers = deps.exceptions, headers_of(request)
        repository = request.query_params.get("repository", "")
        return Response(status_code=404) if door is None else await answered(lambda: door.tell(repository, headers))

    if deps.evidence is not None:
        app.add_route("/api/evidence", push, methods=["POST"])
    if deps.exceptions is not None:
        app.add_route("/api/exceptions", exceptions, methods=["GET"])


async def _body(request: Request) -> bytes | Response:
    try:
        if _length(request) > LARGEST:
            raise Rejected(413, "size")
        return await whole_body(request.receive, LARGEST, BODY_SECONDS)
    except Rejected as no:
        TURNED_AWAY.labels(no.reason).inc()
        return _turned_away(no.status, TOLD[no.status])


def _length(request: Request) -> int:
    """The length that the headers say; 0 where they say none."""
    length = request.headers.get("content-length", "")
    return int(length[:12]) if length.isdigit() else 0


def _announced(request: Request) -> int:
    """How much of a body may have to be held."""
    return min(_length(request) or LARGEST, LARGEST)


def _response(told: Said) -> Response:
    status, headers, text = told
    return Response(text, status, {**headers, "cache-control": "no-store"})


def _turned_away(status: int, problem: tuple[str, str, str]) -> Response:
    said = {"stored": False, "problems": [dict(zip(("code", "why", "next"), problem, strict=True))]}
    more = {"retry-after": "5"} if status == 429 else {}
    return JSONResponse(said, status, {"connection": "close", "cache-control": "no-store", **more})
