"""The sample company, whose approvals of access want a second factor, with an issuer of our own behind TLS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.demo.stage import MODELS, Stage, stage
from bot.main.program import apply_program
from bot.program.check import SIGN_IN
from bot.program.load import load
from bot.sources.settings import SETTINGS
from tests.approval.test_road import CONTROL, KOFI, MAYA, RAVI, SOFIA, WHY, asked_for, newest, press, state_of
from tests.signin.front import running_front
from tests.signin.issuer import CLIENT, Issuer, running_issuer
from tests.signin.world import Browser
from workflows.kernel.model import CaseId

LEVEL = "wanted: {access: slack+sso+mfa}\n"
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+/step-up/[A-Za-z0-9_-]{43})")
DANA = "U0ACMEDANA"
LINKED = {DANA: "dana@acme.test", RAVI: "ravi@acme.test", MAYA: "maya@acme.test", KOFI: "kofi@acme.test"}
LOGINS = {**LINKED, SOFIA: "sofia@acme.test"}
"""Whom only the directory links is among these, and not among the linked."""


@dataclass
class Acme:
    """The sample company, whose approvals of access want a second factor."""

    stage: Stage
    issuer: Issuer
    used: set[str] = field(default_factory=set)

    def sub(self, user: str) -> str:
        person = self.stage.product.facts.directory().by_login(LOGINS[user])
        assert person is not None
        return person.id

    def through(self, address: str, user: str, **says: Any) -> str:
        """Somebody opens an address of ours, confirms and signs in; what the page then says."""
        self.issuer.signs_in, self.issuer.says = self.sub(user), says
        browser = Browser(self.stage.web, self.issuer)
        said = browser.through(address).text
        browser.client.close()
        self.issuer.says = {}
        return said

    def rule(self, control: str, company: str = "") -> None:
        """Put the program in force with this control, and with more in the company's file."""
        (self.stage.folder / "controls/approval.yaml").write_text(control, encoding="utf-8")
        if company:
            file = self.stage.folder / "company.yaml"
            file.write_text(file.read_text(encoding="utf-8") + company, encoding="utf-8")
        now = self.stage.clock.now()
        loaded = load(self.stage.folder, MODELS, SETTINGS, today=now.date(), levels=SIGN_IN)
        apply_program(self.stage.product, loaded, now)

    def read(self, address: str) -> str:
        """What the page says to whoever only looks at it."""
        with httpx.Client(trust_env=False) as client:
            return client.get(address).text

    def link(self, user: str) -> None:
        sign_in = self.stage.product.sign_in
        assert sign_in is not None
        assert "Linked" in self.through(sign_in.enrol("T0ACME", user, user), user)

    def pressed(self, user: str, text: str = "Write in acme/platform", act: str = "approve") -> str:
        """Press Approve in the newest request; the address that only this person is shown."""
        press(self.stage, user, text, act)

        def shown(state: dict[str, Any]) -> str:
            found = [a for a in ADDRESS.findall(json.dumps(state)) if a not in self.used]
            return found[-1] if found else ""

        address = str(self.stage.driver.wait(user, shown, 20))
        self.used.add(address)
        return address

    def asked(self, why: str = WHY) -> CaseId:
        assert "Recorded" in asked_for(self.stage, SOFIA, reason=why).text
        return newest(self.stage)

    def over(self, case: CaseId) -> None:
        """Take a request out of the way, so that the next test may ask for the same."""
        form = press(self.stage, SOFIA, "Write in acme/platform", "withdraw").view
        assert form is not None
        self.stage.driver.submit(form["id"], {"reason": "Asked by mistake, sorry."}, SOFIA)
        assert state_of(self.stage, case).over


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with running_acme(tmp_path_factory.mktemp("stepup")) as company:
        yield company


@contextmanager
def running_acme(folder: Path, **more: str) -> Iterator[Acme]:
    """The company, its people linked, its program in force; ``more`` are variables of the environment."""
    with running_issuer() as issuer, running_front(folder) as front, pytest.MonkeyPatch.context() as patch:
        front.target = int(issuer.base.rpartition(":")[2])
        issuer.url = f"https://localhost:{front.port}"
        patch.setenv("SSL_CERT_FILE", str(front.certificate))
        oidc = {
            "OKTA_OIDC_ISSUER": issuer.url, "OKTA_OIDC_CLIENT_ID": CLIENT, "ATTESTER_PUBLIC_URL": "http://127.0.0.1:3000",
            **more,
        }  # fmt: skip
        with stage(folder / "data", more=oidc) as made:
            company = Acme(made, issuer)
            company.rule(CONTROL + LEVEL)
            made.product.puller.pull("github", "test")
            made.pass_time(timedelta(seconds=1))
            made.product.puller.pull("github", "test")
            for user in LINKED:
                company.link(user)
            yield company
