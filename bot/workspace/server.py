"""Runs the workspace on 127.0.0.1 in a thread of its own, for as long as a block lasts."""

from __future__ import annotations

import importlib.util
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from bot.workspace.app import build_workspace
from bot.workspace.state import Workspace

START_SECONDS = 10.0


class WorkspaceNotStarted(Exception):
    """The local Slack page could not start; the message says why."""


@dataclass(frozen=True)
class Address:
    """Where a running workspace is reached: ``page`` by people (it holds the key), ``api`` by the bot."""

    page: str
    api: str


def bound(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 means any free one. Raises WorkspaceNotStarted where the port is taken."""
    # With the protocol named, asyncio switches Nagle's delay off; without it every small answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise WorkspaceNotStarted(f"Port {port} is taken. Choose another one for the local Slack page.") from error
    return listener


@contextmanager
def running_app(app: ASGIApp, listener: socket.socket) -> Iterator[str]:
    """The app, served on this socket; yields its base address. Open streams are cut off when the block ends."""
    # Only Socket Mode needs websockets; it is a library of the tests, and the page does without it.
    sockets = "websockets-sansio" if importlib.util.find_spec("websockets") else "none"
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, lifespan="off", ws=sockets
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="workspace", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            listener.close()
            raise WorkspaceNotStarted("The local Slack page did not start within 10 seconds.")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def running_workspace(workspace: Workspace, port: int = 0) -> Iterator[Address]:
    """The workspace, served on 127.0.0.1; port 0 means any free one."""
    with running_app(build_workspace(workspace), bound(port)) as base:
        yield Address(f"{base}/p/{workspace.page_key}/", f"{base}/api/")
