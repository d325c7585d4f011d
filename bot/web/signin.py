"""The pages of signing in, mounted: a small body in, status, headers and page out. What they say is decided elsewhere."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.web.ports import SignInPages

LARGEST = 16 * 1024
FORM = "application/x-www-form-urlencoded"
PATHS = (
    ("/login", ["GET", "POST"]),
    ("/login/callback", ["GET"]),
    ("/step-up/{token}", ["GET", "POST"]),
)


def add_sign_in(app: FastAPI, pages: SignInPages) -> None:
    """`/login`, `/login/callback` and `/step-up/{token}`."""

    async def handle(request: Request) -> Response:
        body = await _form(request) if request.method == "POST" else b""
        if body is None:
            return PlainTextResponse("", 413, headers={"connection": "close"})
        if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            return PlainTextResponse("", 415)
        status, headers, page = await pages.answer(
            request.method, request.url.path, request.url.query, dict(request.headers), body
        )
        answer = Response(page, status)
        for name, value in headers:
            answer.headers.append(name, value)
        return answer

    for path, methods in PATHS:
        app.router.routes.append(Route(path, endpoint=handle, methods=methods))


async def _form(request: Request) -> bytes | None:
    """The body, counted while it is read; None where it is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return None
    return body
