"""Many at once: nobody waits for another's work, because each request of Slack has a thread of its own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from bot.clock import SystemClock
from bot.web.app import build_web
from bot.web.ports import WebDeps
from bot.web.server import Server, running

WORK = 0.3


def slow(body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
    time.sleep(WORK)
    return 200, {}, ""


@pytest.mark.parametrize(("people", "slowest"), [(16, 2.0), (100, 3.0)])
def test_people_who_press_at_once_are_answered_within_slacks_time(people: int, slowest: float) -> None:
    headers = {
        "content-type": "application/json",
        "x-slack-request-timestamp": str(int(time.time())),
        "x-slack-signature": "v0=" + "0" * 64,
    }
    limits = httpx.Limits(max_connections=people, max_keepalive_connections=people)
    app = build_web(WebDeps(wall=SystemClock(), slack=slow))

    with running(app) as url, httpx.Client(limits=limits, timeout=30) as http, ThreadPoolExecutor(people) as pool:

        def press(_: int) -> float:
            began = time.monotonic()
            assert http.post(f"{url}/slack/events", content=b"{}", headers=headers).status_code == 200
            return time.monotonic() - began

        list(pool.map(press, range(people)))  # connections are made, threads are started
        took = list(pool.map(press, range(people)))

    assert statistics.median(took) >= WORK
    assert max(took) < slowest


def test_what_is_under_way_is_finished_before_the_server_ends() -> None:
    headers = {
        "content-type": "application/json",
        "x-slack-request-timestamp": str(int(time.time())),
        "x-slack-signature": "v0=" + "0" * 64,
    }
    begun = Event()

    def noted(body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
        begun.set()
        return slow(body, headers)

    server = Server(build_web(WebDeps(wall=SystemClock(), slack=noted)), "127.0.0.1", 0)
    server.start()
    url = server.url

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.post, f"{url}/slack/events", content=b"{}", headers=headers, timeout=10)
        assert begun.wait(10)
        server.stop()

    assert answer.result().status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")
