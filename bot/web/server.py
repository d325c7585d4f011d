"""Running the web app: in the foreground until a signal ends it, or in a thread of a process that does other things too."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import structlog
import uvicorn

GRACE_SECONDS = 10
START_SECONDS = 15.0


class Server:
    """uvicorn with our settings: no access log (it would name tokens in paths), no server header, a graceful end."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        self._host = host
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            log_level="critical",  # its error log prints exceptions with their messages; ours names the type
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="auto",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens; only once it runs."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://{self._host}:{port}"

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then finish what is under way, at most 10 s."""
        self._server.run()

    def start(self) -> None:
        """Serve in a thread; returns when it listens. Raises OSError where the port is taken."""
        self._thread = Thread(target=self._quietly, name="web", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise OSError(f"The web server could not listen on {self._host}:{self._server.config.port}.")
            time.sleep(0.01)

    def stop(self) -> None:
        """Finish what is under way, at most 10 s, and end."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(GRACE_SECONDS + 5)

    def _quietly(self) -> None:
        try:
            self._server.run()
        except SystemExit:  # uvicorn ends the process where the port is taken; a thread only ends itself
            return


def serve(app: Any, host: str, port: int) -> None:
    """Serve in the foreground until a signal."""
    Server(app, host, port).run()


@contextmanager
def running(app: Any, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The app served in a thread; gives its address. Port 0 takes a free one."""
    server = Server(app, host, port)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def configure_logs(*, json: bool = True, level: int = logging.INFO) -> None:
    """One line a log entry, as JSON or for a terminal. No entry holds a body, a header's value or a token."""
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
