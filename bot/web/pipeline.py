"""Where pipelines knock: `POST /github/events`, `POST /hooks/{name}`, `GET /hooks/{name}/{id}`.

What cannot be theirs ends here: another type, more than 1 MiB, a body that does not come. Whether a request is believed
is said by whoever knows the secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import anyio
from anyio.to_thread import run_sync
from fastapi import FastAPI
from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response

from bot.web.guard import LARGEST, Rejected, whole_body
from bot.web.ports import Said, WebDeps

THREADS = 16
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TURNED_AWAY = Counter(
    "attester_pipeline_rejected_total", "Requests of pipelines that were turned away unread", ["reason"]
)


def add_pipelines(app: FastAPI, deps: WebDeps) -> None:
    """The routes of those pipelines that are set up. The loop never waits for a database."""
    limiter = anyio.CapacityLimiter(THREADS)

    async def answered(work: Callable[[], Said]) -> Response:
        status, headers, text = await run_sync(work, limiter=limiter)
        return Response(text, status, {**headers, "cache-control": "no-store"})

    async def github(request: Request) -> Response:
        door = deps.github
        body = await _json(request)
        if isinstance(body, Response) or door is None:
            return body if isinstance(body, Response) else Response(status_code=404)
        return await answered(lambda: door.receive(body, headers_of(request)))

    async def hook(request: Request) -> Response:
        door, name = deps.hooks, str(request.path_params["name"])
        body = await _json(request)
        if isinstance(body, Response):
            return body
        if door is None or not NAME.fullmatch(name):
            return Response(status_code=401)
        return await answered(lambda: door.receive(name, body, headers_of(request)))

    async def question(request: Request) -> Response:
        door, name, number = deps.hooks, str(request.path_params["name"]), str(request.path_params["number"])
        if door is None or not NAME.fullmatch(name) or not NUMBER.fullmatch(number):
            return Response(status_code=401)
        return await answered(lambda: door.ask(name, number, headers_of(request)))

    if deps.github is not None:
        app.add_route("/github/events", github, methods=["POST"])
    if deps.hooks is not None:
        app.add_route("/hooks/{name}", hook, methods=["POST"])
        app.add_route("/hooks/{name}/{number}", question, methods=["GET"])


async def _json(request: Request) -> bytes | Response:
    """The body, or the answer to what cannot be a request of a pipeline."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    try:
        if kind != "application/json":
            raise Rejected(415, "content_type")
        if length.isdigit() and int(length[:12]) > LARGEST:
            raise Rejected(413, "size")
        return await whole_body(request.receive)
    except Rejected as no:
        TURNED_AWAY.labels(no.reason).inc()
        more = {"connection": "close"} if no.status in (408, 413) else {}
        return Response(status_code=no.status, headers=more)


def headers_of(request: Request) -> dict[str, str]:
    """The headers by lower-case name; one that comes twice is left out, because nobody could say which one is meant."""
    found: dict[str, str] = {}
    twice = set()
    for name, value in request.headers.items():
        if name in found:
            twice.add(name)
        found[name] = value
    return {name: value for name, value in found.items() if name not in twice}
