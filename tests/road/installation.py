"""A whole installation for tests: real `attester` processes, a real database, and the local workspace in Slack's place."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from bot import settings
from bot.demo.people import members, setup
from bot.demo.stage import opening_before
from bot.main import Product
from bot.program.acme import copy_sample
from bot.program.load import load as load_program
from bot.signing import load_log_key, load_signer
from bot.slack.command import COMMANDS
from bot.sources.settings import SETTINGS
from bot.workspace.driver import WorkspaceDriver
from bot.workspace.people import Member, Team
from bot.workspace.server import running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from workflows.registry import WORKFLOWS

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


@dataclass
class Installation:
    """What runs. ``product`` reads the same database from the test's own process."""

    data: Path
    environment: dict[str, str]
    url: str
    driver: WorkspaceDriver
    product: Product
    space: Workspace
    space_api: str = ""
    secret: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def attester(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line to its end."""
        command = [sys.executable, "-m", "bot", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )

    def start(self, role: str) -> subprocess.Popen[bytes]:
        """Start `attester web` or `attester worker`; it is stopped when the installation ends."""
        number = len(self.processes)
        log = (self.data / f"{role}-{number}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", role], cwd=ROOT, env=self.environment, stdout=log, stderr=log
        )
        log.close()
        self.processes.append(process)
        return process

    def wait(self, what: Callable[[], Any], seconds: float = START_SECONDS) -> Any:
        """What the function finds, as soon as it finds something."""
        deadline = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < deadline, f"not within {seconds:g} s; logs:\n{self.logs()}"
            time.sleep(0.1)
        return found

    def ready(self) -> bool:
        """Whether the web process answers and says that it is ready."""
        try:
            with urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(json.load(answer)["ready"])
        except (HTTPError, URLError, ConnectionError, TimeoutError):
            return False

    def logs(self) -> str:
        """The end of every process's log."""
        return "\n".join(f"{p.name}: {p.read_text()[-1500:]}" for p in sorted(self.data.glob("*.log")))

    def stop(self) -> None:
        """End all processes: politely, then not."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def installation(
    data: Path, database_url: str, outsiders: Sequence[Member] = (), more: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """The sample company, applied and with its directory pulled; no process runs yet."""
    with ExitStack() as after:
        folder = program_folder(data)
        for load, name in ((load_signer, "signing.key"), (load_log_key, "log.key")):
            load(f"file:{data / name}", create=True)
        port, secret, token = free_port(), fresh_secret(), fresh_token()
        url = f"http://127.0.0.1:{port}"
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ATTESTER_", "SLACK_", "OKTA_"))},
            "ATTESTER_DATA": str(data), "ATTESTER_PROGRAM": str(folder), "DATABASE_URL": database_url,
            "SLACK_BOT_TOKEN": token, "SLACK_SIGNING_SECRET": secret, "ATTESTER_PUBLIC_URL": url,
            "PORT": str(port), "PYTHONUNBUFFERED": "1", **(more or {}),
        }  # fmt: skip
        first = Installation(data, environment, url, driver=None, product=None, space=None)  # type: ignore[arg-type]
        for command in (
            ("db", "upgrade"),
            ("program", "apply", str(folder)),
            ("identity", "pull", "--source", "people"),
        ):
            done = first.attester(*command)
            assert done.returncode == 0, done.stderr + done.stdout
        reader = Product(settings.load(environment))
        who = members(reader.facts.directory().people.values())
        reader.close()
        space = Workspace(
            [*who, *outsiders],
            Team(),
            secret,
            token,
            f"{url}/slack/events",
            setup(who[0].id, ((c.name, c.description, c.hint) for c in COMMANDS.values())),
        )
        page = after.enter_context(running_workspace(space))
        environment["ATTESTER_SLACK_API_URL"] = page.api
        product = Product(settings.load(environment))
        after.callback(product.close)
        driver = WorkspaceDriver(page.page)
        after.callback(driver.close)
        made = Installation(data, environment, url, driver, product, space, page.api, secret)
        after.callback(made.stop)
        yield made


def program_folder(data: Path) -> Path:
    """The sample program, its control in force since the day of its newest opening, so that just this review is due now."""
    now = datetime.now(UTC)
    folder = data / "program"
    models = {w.name: w.settings for w in WORKFLOWS}
    copy_sample(folder, models, SETTINGS, today=now.date())
    control = folder / "controls/access-review.yaml"
    opened = opening_before(load_program(folder, models, SETTINGS, today=now.date()).program, now).date()
    control.write_text(f"{control.read_text(encoding='utf-8')}\nstarts: {opened}\n", encoding="utf-8")
    return folder


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
