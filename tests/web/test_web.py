"""The web app beside Slack: health, readiness, metrics, and the log's public files by the rules of C2SP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.web.app import build_web
from bot.web.ports import WebDeps
from bot.web.server import Server, running


@dataclass(frozen=True)
class Note:
    note: str


@dataclass
class SmallLog:
    """A log of 300 leaves: one full tile and 44 hashes of the next."""

    size: int = 300
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    def checkpoint(self) -> Note | None:
        return Note(f"attester.acme.test\n{self.size}\nroot\n\n— attester.acme.test sig\n") if self.size else None

    def tile(self, level: int, n: int, width: int) -> bytes | None:
        self.asked.append((level, n, width))
        there = max(0, min(256, (self.size >> (8 * level)) - 256 * n))
        return bytes(32) * width if width <= there else None

    def entry_bundle(self, n: int, width: int) -> bytes | None:
        return b"\x00\x01a" * width if 256 * n + width <= self.size else None


@contextmanager
def served(deps: WebDeps) -> Iterator[httpx.Client]:
    with running(build_web(deps)) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """The web app of a log with 300 leaves."""
    with served(WebDeps(wall=SystemClock(), log=SmallLog())) as web:
        yield web


def test_the_checkpoint_is_text_that_is_cached_for_seconds(client: httpx.Client) -> None:
    answer = client.get("/log/checkpoint")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert answer.text.startswith("attester.acme.test\n300\n")


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("0/000", 8192),
        ("0/001.p/44", 1408),
        ("0/001.p/1", 32),
        ("1/000.p/1", 32),
        ("entries/000", 768),
        ("entries/001.p/44", 132),
    ],
)
def test_a_tile_is_bytes_for_ever(client: httpx.Client, path: str, size: int) -> None:
    answer = client.get(f"/log/tile/{path}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "immutable" in answer.headers["cache-control"]
    assert len(answer.content) == size


@pytest.mark.parametrize(
    "path",
    [
        "0/001",
        "0/001.p/45",
        "0/002",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/044",
        "0/0",
        "0/x000/000",
        "00/000",
        "8/000",
        "-1/000",
        "0/000/",
        "0/000.p/",
        "0/%30%30%30.p/300",
        "entries/001.p/45",
        "entries/x001",
        "",
        "0/１００",
        "%2e%2e/%2e%2e/healthz",
    ],
)
def test_a_path_that_the_log_would_not_write_is_a_404(client: httpx.Client, path: str) -> None:
    assert client.get(f"/log/tile/{path}").status_code == 404


def test_an_empty_log_has_no_checkpoint() -> None:
    with served(WebDeps(wall=SystemClock(), log=SmallLog(0))) as web:
        assert web.get("/log/checkpoint").status_code == 404


def test_health_and_readiness_name_their_reasons() -> None:
    deps = WebDeps(
        wall=SystemClock(), unhealthy=lambda: ["The clock stands still."], unready=lambda: ["Slack said no."]
    )

    with served(deps) as web:
        health, ready = web.get("/healthz"), web.get("/readyz")

    assert (health.status_code, health.json()["reasons"]) == (503, ["The clock stands still."])
    assert (ready.status_code, ready.json()["reasons"]) == (503, ["Slack said no."])


def test_a_well_process_says_so(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"healthy": True, "reasons": []}
    assert client.get("/readyz").json() == {"ready": True, "reasons": []}


def test_metrics_are_prometheus_text(client: httpx.Client) -> None:
    assert "slack_rejected_total" in client.get("/metrics").text


def test_the_first_page_says_what_this_is_and_loads_nothing(client: httpx.Client) -> None:
    answer = client.get("/")

    assert "human half of SOC 2" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_no_page_describes_the_interface_to_strangers(client: httpx.Client) -> None:
    assert {client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}


def test_without_http_mode_there_is_no_endpoint_for_slack(client: httpx.Client) -> None:
    assert client.post("/slack/events").status_code in (404, 405)


def test_an_exception_is_an_empty_500_and_its_message_stays_out_of_the_log() -> None:
    def fails() -> list[str]:
        raise RuntimeError("xoxb-secret")

    app = build_web(WebDeps(wall=SystemClock(), unready=fails))

    with capture_logs() as logs, running(app) as url:
        answer = httpx.get(f"{url}/readyz")

    assert (answer.status_code, answer.text) == (500, "")
    assert [entry["error"] for entry in logs] == ["RuntimeError"]
    assert "xoxb" not in str(logs)


def test_a_port_that_is_taken_is_a_sentence() -> None:
    app = build_web(WebDeps(wall=SystemClock()))

    with running(app) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match=r"could not listen on 127\.0\.0\.1"):
            Server(app, "127.0.0.1", port).start()
