"""Many clicks at once: our way of dispatching (a thread for each request) against Bolt's own asynchronous app.

Each click is signed and verified, and its listener works for 0.3 s. The asynchronous listener sleeps without a thread,
which no listener that writes to a database does: the peer is flattered. The limit is the 3 s that Slack waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.measure import ROOT
from benchmarks.table import Table
from bot.clock import SystemClock
from bot.slack.door import Door
from bot.web.app import build_web
from bot.web.ports import WebDeps
from bot.web.server import Server

SECRET = "0123456789abcdef0123456789abcdef"
WORK = 0.3
WAITS = 3.0
"""Slack's limit: a click that is not answered within 3 s has failed for the person."""
AT_ONCE = (1, 16, 100)
ROUNDS = 3
KNOWN = AuthorizeResult(enterprise_id=None, team_id="T0ACME", bot_token="xoxb-none", bot_id="B1", bot_user_id="U1")
OURS, ASYNC, STOCK = "ours: Bolt in threads", "peer: AsyncApp", "peer: Bolt's stock sync adapter"


def ours() -> Any:
    """The product's guard, door and web app, around one listener."""
    app = App(
        signing_secret=SECRET, authorize=lambda: KNOWN, process_before_response=True, token_verification_enabled=False
    )
    app.action("work")(_work)
    wall = SystemClock()
    return build_web(WebDeps(wall=wall, slack=Door(app, SECRET, wall).receive))


def asynchronous() -> Any:
    """Bolt's asynchronous app behind its own adapter."""

    async def authorize() -> AuthorizeResult:
        return KNOWN

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)

    @app.action("work")
    async def work(ack: Any) -> None:
        await asyncio.sleep(WORK)
        await ack()

    return _served(AsyncSlackRequestHandler(app))


def stock() -> Any:
    """Bolt's synchronous app behind its own adapter, which runs it on the event loop."""
    app = App(
        signing_secret=SECRET, authorize=lambda: KNOWN, process_before_response=True, token_verification_enabled=False
    )
    app.action("work")(_work)
    return _served(SlackRequestHandler(app))


def _work(ack: Callable[[], Any]) -> None:
    time.sleep(WORK)
    ack()


def _served(handler: Any) -> Starlette:
    async def receive(request: Request) -> Response:
        answer: Response = await handler.handle(request)
        return answer

    return Starlette(routes=[Route("/slack/events", endpoint=receive, methods=["POST"])])


APPS: dict[str, Callable[[], Any]] = {OURS: ours, ASYNC: asynchronous, STOCK: stock}


def click(number: int) -> tuple[bytes, dict[str, str]]:
    """A signed press of a button, as Slack sends it."""
    action = {"type": "button", "action_id": "work", "block_id": "b", "value": "v", "action_ts": f"1.{number:06}"}
    payload = {
        "type": "block_actions", "team": {"id": "T0ACME", "domain": "acme"}, "api_app_id": "A0ATT",
        "user": {"id": "U0MAYA", "username": "maya", "team_id": "T0ACME"},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "D1"},
        "channel": {"id": "D1", "name": "directmessage"}, "message": {"ts": "1.1", "text": "?"},
        "trigger_id": f"1.2.{number}", "response_url": "https://hooks.slack.com/actions/none", "actions": [action],
    }  # fmt: skip
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    kind = "application/x-www-form-urlencoded"
    return body, {"content-type": kind, "x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac}"}


@contextmanager
def serving(name: str) -> Iterator[str]:
    """The app of this name in a process of its own, so that who measures does not take its time."""
    command = [sys.executable, "-m", "benchmarks.slack", name]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(20)


async def pressed(url: str, people: int, first: int) -> list[float]:
    """So many people press at once; the seconds until each has an answer."""
    limits = httpx.Limits(max_connections=people, max_keepalive_connections=people)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as http:

        async def press(number: int) -> float:
            body, headers = click(number)
            began = time.perf_counter()
            answer = await http.post(f"{url}/slack/events", content=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return time.perf_counter() - began

        return list(await asyncio.gather(*(press(first + n) for n in range(people))))


def figures(name: str) -> dict[int, tuple[float, float]]:
    """The median and the worst over some rounds, by how many press at once."""
    found = {}
    # The stock adapter answers one after the other: a hundred take it half a minute, so it has one round and no rehearsal.
    rounds = 1 if name == STOCK else ROUNDS
    with serving(name) as url:
        # Before anything counts: connections are accepted, threads are started.
        asyncio.run(pressed(url, 1 if name == STOCK else AT_ONCE[-1], 0))
        for people in AT_ONCE:
            times = [asyncio.run(pressed(url, people, 1000 * people + 200 * at)) for at in range(rounds)]
            took = [t for one in times for t in one]
            found[people] = (statistics.median(took), max(took))
    return found


def tables() -> list[Table]:
    """Ours and both peers, in one run."""
    columns = ("", "one click", *(f"{n} at once: {word}" for n in AT_ONCE[1:] for word in ("median", "worst")))
    table = Table(
        f"Clicks whose listener works {WORK:g} s: seconds until Slack has its answer",
        (*columns, "median of 16 / one"),
        note=f"Limit: Slack waits {WAITS:g} s. Goals: the median of 16 at most 2 × one click; each of 100 under 3 s.",
    )
    for name in APPS:
        found = figures(name)
        one = found[1][0]
        cells = [f"{seconds:.2f}" for people in AT_ONCE[1:] for seconds in found[people]]
        table.add(name, f"{one:.2f}", *cells, f"{found[16][0] / one:.2f}")
    return [table]


def main(name: str) -> None:
    """Serve one app until standard input ends; its address is the first line."""
    server = Server(APPS[name](), "127.0.0.1", 0)
    server.start()
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
