"""`attester run`, `web` and `worker`: the long-running processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Event
from types import FrameType

import click
import structlog

from bot import settings
from bot.cli.common import need_folder
from bot.jobs import Jobs
from bot.main import Product
from bot.slack.socket import Socket
from bot.web.server import Server, configure_logs

LOG = structlog.get_logger("attester")


def _until_told() -> Event:
    """Set by SIGTERM or SIGINT."""
    told = Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    return told


def _start(*, web: bool, worker: bool) -> None:
    configured = settings.load()
    settings.need_slack(configured)
    configure_logs()
    told = _until_told()
    product = Product(configured)
    if worker:
        need_folder(product)
    stops: list[Callable[[], object]] = []
    jobs: Jobs | None = None
    try:
        if worker:
            deliverer = product.deliverer()
            jobs = product.jobs(deliverer)
            product.runtime.after_commit.append(jobs.poke)
            jobs.start()
            stops.append(jobs.stop)
        if web:
            server = Server(product.web(jobs), configured.host, configured.port)
            server.start()
            stops.append(server.stop)
            LOG.info("listening", url=server.url)
        if web and configured.slack_app_token and not configured.slack_signing_secret:
            socket = Socket(product.slack_app, configured.slack_app_token, product.chat)
            socket.start()
            stops.append(socket.stop)
            LOG.info("socket_mode")
        told.wait()
    finally:
        unfinished = [stop() is False for stop in reversed(stops)]
        product.close()
        if any(unfinished):
            # A delivery or pull that does not end would keep the interpreter alive; its lease runs out by itself.
            LOG.warning("stopped_with_work_under_way")
            os._exit(0)


@click.command()
def run() -> None:
    """Web and worker in one process: all that a small company needs."""
    _start(web=True, worker=True)


@click.command()
def web() -> None:
    """Answer Slack and serve pages. Any number of these may run on PostgreSQL."""
    _start(web=True, worker=False)


@click.command()
def worker() -> None:
    """Send, pull, remind and log. Any number of these may run on PostgreSQL."""
    _start(web=False, worker=True)
