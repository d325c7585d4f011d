"""Acme with an Okta and a GitHub that grant by themselves: the whole product, its stand-ins beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.demo.stage import MODELS, Stage, stage
from bot.main.program import apply_program
from bot.program.load import load
from bot.sources.settings import SETTINGS
from bot.workspace.driver import Seen
from tests.deploy.github import APP, GitHubTwin, running_github
from tests.sources.okta import GROUPS_TOKEN, Okta, organisation, user
from tests.sources.world import TOKEN
from workflows.approval.model import Approval
from workflows.kernel.identity import Person
from workflows.kernel.model import CaseId

SOFIA, RAVI, MAYA, LENA, DANA = "U0ACMESOFI", "U0ACMERAVI", "U0ACMEMAYA", "U0ACMELENA", "U0ACMEDANA"
WHY = "The release pipeline is mine while Tom is away."
GROUPS = 10
"""Groups that can be asked for, one for each test: nobody asks for the same access twice."""
HEAD = """\
id: AP-01
title: Approvals
text: Nobody gets access on their own word alone; a later list shows what was given and that it is gone at its end.
workflow: approval
criteria: [CC6.1, CC6.2, CC6.3]
cadence: {every: year}
fallback: [ravi@acme.test]
aliases:
  sofia-r: sofia@acme.test
catalogue:
  - id: platform-write
    source: github
    entitlement: "repo:platform:write"
    title: Write in acme/platform
    plain: Can push to the repository platform
    owner: maya@acme.test
    granter: lena@acme.test
    through: github
    team: acme/writers
    longest: 30d
"""
ENTRY = """\
  - id: {group}
    source: okta
    entitlement: 00g{group}
    title: On call ({group})
    plain: Can page people and restart the payment jobs
    owner: maya@acme.test
    granter: lena@acme.test
    through: okta
    longest: 30d
"""
CONTROL = HEAD + "".join(ENTRY.format(group=f"oncall{n}") for n in range(GROUPS))
SOURCE = """\

  - id: okta
    kind: okta
    system: Okta
    owner: maya@acme.test
    settings: {reviews: [groups]}

out_of_scope:
  - id: okta
    reason: Its groups are reviewed where they give access.
    accepted_by: dana@acme.test
    until: 2027-03-31
"""


@dataclass
class House:
    """Everything that runs."""

    stage: Stage
    okta: Okta
    github: GitHubTwin
    used: int = 0

    def next_group(self) -> str:
        """An entry of the catalogue that nobody asked for yet, and that is an Okta group `00g…`."""
        self.used += 1
        return f"oncall{self.used - 1}"

    def members(self, group: str) -> list[str]:
        """Who is in an Okta group."""
        return self.okta.members[f"00g{group}"]

    def changes(self) -> list[str]:
        """Every request to Okta that would change something."""
        return [f"{r.method} {r.path}" for r in self.okta.asked if r.method != "GET"]

    def person(self, login: str) -> Person:
        """Somebody of the directory."""
        found = self.stage.product.facts.directory().by_login(f"{login}@acme.test")
        assert found is not None
        return found

    def approved(self, what: str, *, by: str = SOFIA, length: str = "14d") -> CaseId:
        """Somebody asks for an access, and both who decide say yes; gives the case, before anything follows."""
        opened = self.stage.driver.command(by, "/access")
        assert opened.view is not None, opened.text
        sent = self.stage.driver.submit(opened.view["id"], {"what": what, "length": length, "reason": WHY}, by)
        assert "Recorded" in sent.text, sent.text
        case = max(
            (s for s in self.stage.product.record.summaries() if s.case.startswith("approval/access/")),
            key=lambda s: (s.opened_at is not None, s.opened_at),
        ).case
        for who in (RAVI, MAYA):
            self.stage.settle()
            assert self.press(who, case, "approve").ok
        return case

    def press(self, user: str, case: CaseId, act: str) -> Seen:
        """Press the button for an act on somebody's newest card of a case."""
        card = self.card(user, case, act)
        for block in card.get("blocks", ()):
            for element in block.get("elements", ()):
                if str(element.get("action_id", "")).startswith(f"attester:{act}:"):
                    return self.stage.driver.press(
                        user, card["channel"], card["ts"], block["block_id"], element["action_id"]
                    )
        raise AssertionError(f"{user} has no button {act} for {case}: {json.dumps(card)[:500]}")

    def card(self, user: str, case: CaseId, holding: str = "") -> dict[str, Any]:
        """The newest message about a case that somebody has, and that holds a text; empty where there is none."""
        for conversation in self.stage.driver.state(user)["conversations"]:
            for message in reversed(conversation["messages"]):
                text = json.dumps(message, ensure_ascii=False)
                if case in text and holding in text:
                    return {**message, "channel": conversation["id"]}
        return {}

    def state(self, case: CaseId) -> Approval:
        """A case as it stands, when all that can happen now has happened."""
        self.stage.settle()
        state = self.stage.product.runtime.state(case)[0]
        assert isinstance(state, Approval)
        return state

    def names(self, case: CaseId) -> list[str]:
        """The names of a case's events."""
        return [e.name for e in self.stage.product.record.events(case)]

    def pull(self, source: str) -> None:
        """Time passes, and a source is pulled."""
        self.stage.pass_time(timedelta(minutes=20))
        self.stage.product.puller.pull(source, "test")


@contextmanager
def house(data: Path, *, token: str = GROUPS_TOKEN) -> Iterator[House]:
    """Set everything up in an empty folder and run it until the block ends."""
    okta = Okta()
    okta.limits = [("X-Rate-Limit-Limit", "100000"), ("X-Rate-Limit-Remaining", "99999")]
    with organisation(okta) as base, running_github() as github:
        more = {
            "OKTA_CLIENT_ORGURL": base, "OKTA_CLIENT_TOKEN": TOKEN, "OKTA_GROUPS_TOKEN": token, "GITHUB_APP_ID": APP,
            "GITHUB_APP_PRIVATE_KEY": github.pem, "GITHUB_WEBHOOK_SECRET": "a secret that GitHub and we share",
            "GITHUB_API_URL": github.url,
        }  # fmt: skip
        with stage(data, more=more) as made:
            acme = House(made, okta, github)
            people = [acme.person(name) for name in ("sofia", "maya", "lena")]
            others = [user(f"00uother{n}", f"other{n}@elsewhere.test") for n in range(20)]
            okta.users = [*(user(p.id, p.login) for p in people), *others]
            okta.groups = {f"00goncall{n}": f"oncall {n}" for n in range(GROUPS)} | {"00gall": "all"}
            okta.members = {group: [] for group in okta.groups} | {"00gall": [u["id"] for u in others]}
            github.repository.teams["writers"] = set()
            github.repository.organisation = {"sofia-r", "maya-c"}
            (made.folder / "controls/approval.yaml").write_text(CONTROL, encoding="utf-8")
            sources = made.folder / "sources.yaml"
            before = sources.read_text(encoding="utf-8")
            first, _, rest = before.partition("\nout_of_scope:\n")
            sources.write_text(f"{first}{SOURCE}{rest}", encoding="utf-8")
            now = made.clock.now()
            apply_program(made.product, load(made.folder, MODELS, SETTINGS, today=now.date()), now)
            made.pass_time(timedelta(seconds=1))  # the desk opens
            for source in ("okta", "github"):
                made.product.puller.pull(source, "test")
            yield acme
