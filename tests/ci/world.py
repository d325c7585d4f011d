"""A small installation with its web server, and an issuer beside it: runs push to it over real HTTP."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from bot import settings
from bot.main import Product
from bot.main.program import apply_program
from bot.program.load import load
from bot.program.starter import init
from bot.sources.settings import SETTINGS
from bot.web.server import Server
from tests.ci.issuer import REQUEST_TOKEN, Issuer, running_issuer
from workflows.kernel.arrival import case_of
from workflows.registry import WORKFLOWS

MODELS = {w.name: w.settings for w in WORKFLOWS}
TODAY = date(2026, 10, 7)
CONTROL = "AC-01"
PUBLISHERS = """\
publishers:
  - {repository: acme/payments, owner_id: 4104, workflow: scan.yml}
"""
OTHER = """\
id: DP-02
title: Deploys
text: Nobody releases alone.
workflow: approval
criteria: [CC8.1]
cadence: {every: year}
publishers:
  - {repository: acme/billing, owner_id: 4104, workflow: scan.yml}
"""
CLEAN = b'{"results": [], "errors": [], "paths": {"scanned": ["a.py"]}, "version": "1.69.0"}'
FOUND = json.dumps({
    "version": "1.69.0", "errors": [], "paths": {"scanned": ["export.py"]},
    "results": [{
        "check_id": "python.sql-injection", "path": "export.py", "start": {"line": 12}, "end": {"line": 12},
        "extra": {"message": "SQL built from text.", "severity": "ERROR", "metadata": {}, "lines": "query(name)"},
    }],
}).encode()  # fmt: skip
SECRET = json.dumps(
    [{"RuleID": "aws", "Secret": "wJalrSecretInTheClear", "Match": "k = wJalrSecretInTheClear"}]
).encode()


@dataclass
class Office:
    """Everything that runs."""

    product: Product
    issuer: Issuer
    url: str
    data: Path

    def token(self, **changed: Any) -> str:
        """A token of a run, for this installation."""
        return self.issuer.token(self.url, **changed)

    def push(
        self, *files: tuple[str, bytes], token: str = "", about: Mapping[str, Any] | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """A run pushes files; ``about`` takes the place of the control, ``told`` is said of each file."""
        named = [{"name": n, "sha256": sha(d), **(told or {})} for n, d in files]
        meta = {**(about or {"control": CONTROL}), "files": named}
        return self.send([("meta", json.dumps(meta).encode()), *(("file", data) for _, data in files)], token)

    def send(self, form: Sequence[tuple[str, bytes]], token: str = "") -> httpx.Response:
        """Send a form as it is written."""
        files = [(name, (name, data, "application/octet-stream")) for name, data in form]
        headers = {"authorization": f"Bearer {token or self.token()}"}
        return httpx.post(f"{self.url}/api/evidence", files=files, headers=headers, timeout=20)

    def events(self, control: str = CONTROL) -> list[Any]:
        """What the record has about a control's evidence."""
        return list(self.product.record.events(case_of(control)))

    def names(self) -> list[str]:
        """The events' names."""
        return [event.name for event in self.events()]

    def holds(self, text: bytes) -> list[str]:
        """The files of the installation that have these bytes in them."""
        return [str(p) for p in self.data.rglob("*") if p.is_file() and text in p.read_bytes()]

    def job(self) -> dict[str, str]:
        """What the environment of a job has."""
        return {
            "ATTESTER_PUBLIC_URL": self.url, "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.issuer.url}/request?api=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }  # fmt: skip


def codes(answer: httpx.Response) -> list[str]:
    """The codes of what is wrong; whoever is refused is always told that nothing was stored."""
    said = answer.json()
    assert said["stored"] is False
    return [problem["code"] for problem in said["problems"]]


def sha(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_force(product: Product, folder: Path) -> None:
    """Put the folder's program in force."""
    apply_program(product, load(folder, MODELS, SETTINGS, today=TODAY), product.clock.now())


@contextmanager
def office(data: Path, publishers: str = PUBLISHERS) -> Iterator[Office]:
    """Set everything up in an empty folder and run it until the block ends."""
    folder, port = data / "program", free_port()
    url = f"http://127.0.0.1:{port}"
    init(folder, MODELS, SETTINGS)
    (control,) = (p for p in (folder / "controls").glob("*.yaml") if f"id: {CONTROL}" in p.read_text())
    control.write_text(control.read_text() + publishers)
    (folder / "controls/deploys.yaml").write_text(OTHER)
    with running_issuer() as issuer:
        environment = {
            "ATTESTER_DATA": str(data / "var"), "ATTESTER_PROGRAM": str(folder), "ATTESTER_PUBLIC_URL": url,
            "ATTESTER_CI_ISSUER": issuer.url, "SLACK_SIGNING_SECRET": "5" * 32, "PORT": str(port),
        }  # fmt: skip
        product = Product(settings.load(environment))
        in_force(product, folder)
        server = Server(product.web(), "127.0.0.1", port)
        server.start()
        try:
            yield Office(product, issuer, url, data)
        finally:
            server.stop()
            product.close()
