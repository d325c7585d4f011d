"""Acme with a GitHub App and two hooks: the whole product on this machine, its stand-ins for Slack and GitHub beside it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from bot.demo.stage import MODELS, Stage, stage
from bot.hook.signature import signature
from bot.main.program import apply_program
from bot.program.load import load
from bot.sources.settings import SETTINGS
from bot.workspace.driver import Seen
from tests.deploy.github import APP, GitHubTwin, running_github
from workflows.approval.model import Approval
from workflows.kernel.arrival import Arrived, ReceiveEvidence, case_of
from workflows.kernel.model import CaseId, by_system

SOFIA, KOFI, RAVI, MAYA, LENA, DANA = (f"U0ACME{name}" for name in ("SOFIA", "KOFI", "RAVI", "MAYA", "LENA", "DANA"))
WEBHOOK_SECRET = "a secret that GitHub and we share"
HOOK_SECRET = "0123456789abcdef0123456789abcdef"
CONTROL = """\
id: DP-01
title: Production deploys
text: Nobody releases to production alone; whoever wrote or started a change is not the one who lets it go.
workflow: approval
criteria: [CC8.1]
cadence: {every: year}
environments:
  - repository: acme/payments
    environment: production
    approvers: [ravi@acme.test, maya@acme.test, lena@acme.test]
    evidence: [reviews.json, checks.json]
  - repository: acme/billing
    environment: production
    approvers: [ravi@acme.test, maya@acme.test]
    hook: jenkins
aliases:
  lena-novak: lena@acme.test
  mayachen: maya@acme.test
  ravi-p: ravi@acme.test
"""
STAGING = """\
  - repository: acme/payments
    environment: staging
    approvers: [ravi@acme.test, maya@acme.test]
    evidence: [semgrep.sarif]
"""
SCANNED = CONTROL.replace("environments:\n", f"environments:\n{STAGING}")
DELIVERIES = count(1)


@dataclass
class House:
    """Everything that runs."""

    stage: Stage
    github: GitHubTwin

    def deliver(self, payload: Mapping[str, Any], *, delivery: str = "", **headers: str) -> httpx.Response:
        """GitHub sends a webhook."""
        body = json.dumps(payload).encode()
        mac = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        sent = {
            "content-type": "application/json", "x-github-event": "deployment_protection_rule",
            "x-github-delivery": delivery or f"72d3162e-cc78-11e3-81ab-{next(DELIVERIES):012d}",
            "x-hub-signature-256": f"sha256={mac}", **headers,
        }  # fmt: skip
        return httpx.post(f"{self.stage.web}/github/events", content=body, headers=sent, timeout=10)

    def asked(self, number: str, **more: Any) -> CaseId:
        """A deployment waits, and everything that follows at once has happened."""
        if number not in self.github.repository.runs:
            self.github.run(number, **more)
        answer = self.deliver(self.github.payload(number))
        assert answer.status_code == 202, answer.text
        self.settle()
        attempt = self.github.repository.runs[number]["run_attempt"]
        return f"approval/deploy/acme/payments/production/{number}/{attempt}"

    def settle(self) -> None:
        """Wait until what can happen now has happened."""
        for _ in range(3):
            self.stage.settle()
            if not self.stage.product.deploys.look():
                break
        self.stage.settle()

    def bring(self, name: str, data: bytes, commit: str) -> None:
        """Somebody uploads a file for a commit."""
        file = Arrived(
            name=name, sha256=self.stage.product.vault.put(data), size=len(data), media_type="application/json",
            kind="sarif", kind_source="declared", commit=commit,
        )  # fmt: skip
        command = ReceiveEvidence(control="DP-01", how="cli", files=(file,))
        self.stage.product.runtime.act(case_of("DP-01"), command, by_system("cli"), control="DP-01")

    def state(self, case: CaseId) -> Approval:
        """A case as it stands."""
        state = self.stage.product.runtime.state(case)[0]
        assert isinstance(state, Approval), self.outcomes()
        return state

    def names(self, case: CaseId) -> list[str]:
        """The names of a case's events."""
        return [e.name for e in self.stage.product.record.events(case)]

    def outcomes(self) -> list[str]:
        """What became of GitHub's requests."""
        return [outcome for _, outcome in self.stage.product.deploys.outcomes()]

    def card(self, user: str, case: CaseId) -> dict[str, Any]:
        """The newest message about a case that somebody has."""
        state = self.stage.driver.state(user)
        for conversation in state["conversations"]:
            for message in reversed(conversation["messages"]):
                if case in json.dumps(message):
                    return {**message, "channel": conversation["id"]}
        return {}

    def press(self, user: str, case: CaseId, act: str) -> Seen:
        """Press the button for an act on somebody's card."""
        card = self.card(user, case)
        for block in card.get("blocks", ()):
            for element in block.get("elements", ()):
                if str(element.get("action_id", "")).startswith(f"attester:{act}:"):
                    return self.stage.driver.press(
                        user, card["channel"], card["ts"], block["block_id"], element["action_id"]
                    )
        raise AssertionError(f"{user} has no button {act} for {case}: {json.dumps(card)[:500]}")

    def refuse(self, user: str, case: CaseId, reason: str) -> Seen:
        """Press Refuse and send the form."""
        form = self.press(user, case, "refuse")
        assert form.view is not None, form.text
        return self.stage.driver.submit(form.view["id"], {"reason": reason}, user)

    def hook(
        self, body: Mapping[str, Any], name: str = "jenkins", *, ago: int = 0, secret: str = HOOK_SECRET
    ) -> httpx.Response:
        """A pipeline sends a request."""
        raw, stamp = json.dumps(body).encode(), str(int(time.time()) - ago)
        headers = {
            "content-type": "application/json", "x-attester-timestamp": stamp,
            "x-attester-signature": signature(secret, stamp, raw),
        }  # fmt: skip
        return httpx.post(f"{self.stage.web}/hooks/{name}", content=raw, headers=headers, timeout=10)

    def poll(self, number: str, name: str = "jenkins") -> httpx.Response:
        """A pipeline asks how it stands."""
        place, stamp = f"/hooks/{name}/{number}", str(int(time.time()))
        headers = {"x-attester-timestamp": stamp, "x-attester-signature": signature(HOOK_SECRET, stamp, place.encode())}
        return httpx.get(f"{self.stage.web}{place}", headers=headers, timeout=10)


def environment_of(github: GitHubTwin) -> dict[str, str]:
    """The variables that connect GitHub and a hook."""
    return {
        "GITHUB_APP_ID": APP, "GITHUB_APP_PRIVATE_KEY": github.pem, "GITHUB_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "GITHUB_API_URL": github.url, "ATTESTER_HOOK_SECRET_JENKINS": HOOK_SECRET,
    }  # fmt: skip


@contextmanager
def house(data: Path, control: str = CONTROL, more: Mapping[str, str] | None = None) -> Iterator[House]:
    """Set everything up in an empty folder and run it until the block ends."""
    with running_github() as github, stage(data, more={**environment_of(github), **(more or {})}) as made:
        (made.folder / "controls/deploys.yaml").write_text(control, encoding="utf-8")
        now = made.clock.now()
        apply_program(made.product, load(made.folder, MODELS, SETTINGS, today=now.date()), now)
        yield House(made, github)
