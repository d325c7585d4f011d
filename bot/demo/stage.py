"""The whole product in one process on this machine, with the local Slack page beside it: what `attester demo` runs."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot import settings
from bot.clock import ShiftedClock, SystemClock
from bot.demo.people import TRIES, members, setup
from bot.main import Product, outside
from bot.main.program import apply_program
from bot.outbox import Deliverer
from bot.program.acme import BASE, SAMPLE, copy_sample
from bot.program.closed import closed_days
from bot.program.load import load
from bot.slack.command import COMMANDS
from bot.sources.settings import SETTINGS
from bot.web.server import Server
from bot.workspace.driver import WorkspaceDriver
from bot.workspace.people import Team
from bot.workspace.server import Address, running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from workflows.kernel.calendar import Cadence, occurrences
from workflows.kernel.identity import Directory
from workflows.kernel.program import Program
from workflows.registry import WORKFLOWS

MODELS = {w.name: w.settings for w in WORKFLOWS}
BEFORE = timedelta(minutes=10)
LOOK_BACK = timedelta(days=120)


@dataclass
class Stage:
    """Everything that runs."""

    product: Product
    driver: WorkspaceDriver
    clock: ShiftedClock
    page: Address
    web: str
    program: Program
    folder: Path
    opened_on: datetime
    deliverer: Deliverer
    tries: tuple[str, ...] = TRIES

    def settle(self, timeout: float = 30.0) -> None:
        """Wait until everything that follows from what was done has happened: messages sent, log written."""
        self.deliverer.drain(timeout)
        while self.product.integrate():
            pass

    def pass_time(self, by: timedelta) -> None:
        """Let time pass, and let happen what is due by then."""
        self.clock.advance(by)
        self.product.sync_members()
        self.product.due.open()
        self.product.due.wake()
        self.settle()
        outside.anchorer(self.product, self.product.queue).run()

    def slack_id(self, login: str) -> str:
        """The Slack account of somebody. Raises KeyError where the directory has nobody of this login."""
        person = self.product.facts.directory().by_login(login)
        if person is None or not person.slack_user:
            raise KeyError(login)
        return person.slack_user


def opening_before(program: Program, now: datetime) -> datetime:
    """When the newest review that should have opened by now opened."""
    ruled = program.controls[0]
    cadence = Cadence.of(ruled.cadence, program.company.fiscal_year_starts)
    zone = program.company.time_zone
    closed = frozenset(closed_days(program.company, now.year - 1, now.year + 1))
    due = [o.opens_at for o in occurrences(cadence, now - LOOK_BACK, now, zone, closed)]
    return due[-1]


@contextmanager
def stage(data: Path, *, port: int = 0, page_port: int = 0, more: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """Set everything up in an empty folder and run it until the block ends; ``more`` are further variables of the environment."""
    wall = SystemClock()
    folder = data / "program"
    opens_at = opening_before(load(SAMPLE, MODELS, SETTINGS, today=BASE).program, wall.now())
    copy_sample(folder, MODELS, SETTINGS, today=opens_at.date())
    loaded = load(folder, MODELS, SETTINGS, today=opens_at.date())
    clock = ShiftedClock(opens_at - BEFORE - wall.now())
    secret, token = fresh_secret(), fresh_token()
    with ExitStack() as after:
        listening = _free_port(port)
        configured = replace(
            settings.load(
                {"ATTESTER_DATA": str(data), "ATTESTER_PROGRAM": str(folder), "PORT": str(listening), **(more or {})}
            ),
            slack_signing_secret=secret,
            slack_bot_token=token,
            public_url=f"http://127.0.0.1:{listening}",
        )
        # The stand-in sets no limits; in production Slack's own hold.
        first = Product(configured, clock, limits={})
        after.callback(first.close)  # the page goes on asking it how long the log is
        apply_program(first, loaded, clock.now())
        directory = _directory(first)
        who = members(directory.people.values())
        owner = directory.by_login(loaded.program.company.control_owner)
        commands = [(c.name, c.description, c.hint) for c in COMMANDS.values()]
        space = Workspace(
            who, Team(), secret, token, f"{configured.public_url}/slack/events",
            setup(owner.slack_user or "" if owner else "", commands), clock=clock, entries=first.log.size,
        )  # fmt: skip
        page = after.enter_context(running_workspace(space, page_port))
        product = Product(replace(configured, slack_api_url=page.api), clock, limits={})
        after.callback(product.close)
        deliverer = product.deliverer()
        jobs = product.jobs(deliverer, without=frozenset({"pull"}))  # the story pulls when it says so
        server = Server(product.web(jobs), "127.0.0.1", listening)
        server.start()
        after.callback(server.stop)
        product.sync_members()
        jobs.start()
        after.callback(jobs.stop)
        product.runtime.after_commit.append(jobs.poke)
        driver = WorkspaceDriver(page.page)
        after.callback(driver.close)
        yield Stage(product, driver, clock, page, server.url, loaded.program, folder, opens_at, deliverer)


def _directory(product: Product) -> Directory:
    source = next(s.id for s in product.facts.program().sources if s.directory)
    product.puller.pull(source, "demo")
    return product.facts.directory()


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return int(probe.getsockname()[1])
