"""The web app: Slack's endpoint behind its guard, the log's public files, health, readiness and metrics."""

from __future__ import annotations

import time
from html import escape
from traceback import extract_tb

import anyio
import structlog
from anyio.to_thread import run_sync
from fastapi import FastAPI as FastAPI
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.routing import Route

from bot.web.evidence import add_evidence
from bot.web.guard import Guard
from bot.web.log import add_log, add_proof
from bot.web.pipeline import add_pipelines
from bot.web.ports import Said, WebDeps
from bot.web.signin import add_sign_in

WebApp = FastAPI
"""The app as others name its type: the library stays in this folder."""

THREADS = 128
"""Requests of Slack that may be at work at once; anyio's own limit of 40 would be shared with every other route."""
SKEW = 60.0

ACK = Histogram(
    "attester_ack_seconds",
    "Time until Slack has its answer; it waits 3 s",
    ["status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
)
FAILED = Counter("attester_web_failed_total", "Requests that ended in an exception, by its type", ["error"])
LOG = structlog.get_logger("attester.web")

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}

INDEX = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}}
@media (prefers-color-scheme:dark){{body{{background:#16181d;color:#e6e6e6}}a{{color:#8ab4f8}}}}</style>
<h1>{name}</h1><p>This server runs the human half of SOC 2 in Slack. People work with it there: open its Home tab.</p>
<ul><li><a href="/log/checkpoint">The log's newest signed checkpoint</a></li>
<li><a href="/healthz">Health</a></li><li><a href="/readyz">Readiness</a></li></ul></html>"""


def build_web(deps: WebDeps) -> FastAPI:
    """The app. Other pages are added to it by whoever wires it."""
    app = FastAPI(
        title=deps.name, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, exception_handlers={
            Exception: _failed
        },
    )  # fmt: skip
    guard = add_slack(app, deps)
    _add_health(app, deps, guard)
    if deps.log is not None:
        add_log(app, deps.log)
    if deps.proof is not None:
        add_proof(app, deps.proof)
    if deps.sign_in is not None:
        add_sign_in(app, deps.sign_in)
    add_pipelines(app, deps)
    add_evidence(app, deps)

    @app.get("/", response_class=HTMLResponse)
    def index() -> HTMLResponse:
        return HTMLResponse(INDEX.format(name=escape(deps.name)), headers=HEADERS)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def add_slack(app: FastAPI, deps: WebDeps) -> Guard | None:
    """`POST /slack/events`: everything that Slack sends. Each request runs in a thread; the loop never waits for one."""
    answer = deps.slack
    if answer is None:
        return None
    limiter = anyio.CapacityLimiter(THREADS)

    async def handle(body: bytes, headers: dict[str, str]) -> Said:
        began = time.monotonic()
        said = await run_sync(answer, body, headers, limiter=limiter)
        ACK.labels(str(said[0])).observe(time.monotonic() - began)
        if "x-slack-retry-num" in headers:
            LOG.info("slack_retry", number=headers["x-slack-retry-num"][:4], status=said[0])
        return said

    guard = Guard(handle, deps.wall)
    app.router.routes.append(Route("/slack/events", endpoint=guard))
    return guard


def _add_health(app: FastAPI, deps: WebDeps, guard: Guard | None) -> None:
    @app.get("/healthz")
    def healthz() -> JSONResponse:
        reasons = list(deps.unhealthy())
        return JSONResponse({"healthy": not reasons, "reasons": reasons}, 503 if reasons else 200)

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        reasons = list(deps.unready())
        if guard is not None and guard.skew is not None and abs(guard.skew) > SKEW:
            reasons.append(f"This machine's clock is {abs(guard.skew):.0f} s off Slack's. Let it follow a time server.")
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


async def _failed(request: Request, error: Exception) -> Response:
    """An empty 500; the log gets the error's type and places, never its message: that may quote the request."""
    FAILED.labels(type(error).__name__).inc()
    places = [f"{f.filename.rpartition('/')[2]}:{f.lineno} {f.name}" for f in extract_tb(error.__traceback__)]
    path = request.url.path
    shown = "/step-up/…" if path.startswith("/step-up/") else path  # its address is a secret
    LOG.error("request_failed", path=shown, error=type(error).__name__, at=places[-8:])
    return PlainTextResponse("", 500)
