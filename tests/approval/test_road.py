"""The whole road: `/access` typed, a form sent, two people press, somebody grants, and a pull of the system shows it.

Everything comes in as signed requests to the real web server, and goes out through the outbox to the local workspace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bot.demo.stage import MODELS, Stage, stage
from bot.main.program import apply_program
from bot.packet.export import export
from bot.packet.verify import verify
from bot.program.load import check, load
from bot.sources.settings import SETTINGS
from bot.store.replay import deviations, folding
from bot.store.restate import unfaithful
from bot.workspace.driver import Seen
from workflows.approval.model import Approval
from workflows.kernel.model import CaseId, FactNeeds

SOFIA, KOFI, RAVI, MAYA, LENA = "U0ACMESOFI", "U0ACMEKOFI", "U0ACMERAVI", "U0ACMEMAYA", "U0ACMELENA"
DANA = "U0ACMEDANA"
CONTROL = """\
id: AP-01
title: Approvals
text: Nobody gets access on their own word alone; a later list shows what was given and that it is gone at its end.
workflow: approval
criteria: [CC6.1, CC6.2, CC6.3]
cadence: {every: year}
catalogue:
  - id: platform-write
    source: github
    entitlement: "repo:platform:write"
    title: Write in acme/platform
    plain: Can push to the repository platform
    owner: maya@acme.test
    granter: lena@acme.test
    longest: 30d
  - id: platform-admin
    source: github
    entitlement: "repo:platform:admin"
    title: Admin of acme/platform
    plain: Can change the settings of the repository platform
    owner: maya@acme.test
    granter: lena@acme.test
  - id: web-write
    source: github
    entitlement: "repo:web:write"
    title: Write in acme/web
    plain: Can push to the repository web
    owner: maya@acme.test
conflicts: [[platform-admin, web-write]]
conflict_longest: 20d
fallback: [ravi@acme.test]
risks:
  approvers:
    low: [ravi@acme.test]
    medium: [ravi@acme.test]
    high: [ravi@acme.test, aisha@acme.test]
    critical: [dana@acme.test, aisha@acme.test]
"""
BEFORE: list[str] = []
"""What `/access` said while the program had no approvals."""
WHY = "The release pipeline is mine while Tom is away."
GRANTED = "10099,sofia-r,Sofia Rossi,sofia@acme.test,member,yes,yes,2026-01-10,Write,repo:platform:write,acme/platform,"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("acme")) as made:
        BEFORE.append(made.driver.command(SOFIA, "/access").text)
        (made.folder / "controls/approval.yaml").write_text(CONTROL, encoding="utf-8")
        now = made.clock.now()
        apply_program(made.product, load(made.folder, MODELS, SETTINGS, today=now.date()), now)
        made.product.puller.pull("github", "test")
        made.pass_time(timedelta(seconds=1))
        made.product.puller.pull("github", "test")
        yield made


def asked_for(acme: Stage, user: str, **values: str) -> Seen:
    """Somebody types `/access` and sends the form."""
    opened = acme.driver.command(user, "/access")
    assert opened.view is not None, opened.text
    return acme.driver.submit(opened.view["id"], {"what": "platform-write", "length": "14d", **values}, user)


def press(acme: Stage, user: str, text: str, act: str) -> Seen:
    """Press the button for an act in the newest message that says this."""
    acme.settle()

    def found(state: dict[str, Any]) -> tuple[str, str, str, str] | None:
        for conversation in state["conversations"]:
            for message in reversed(conversation["messages"]):
                for block in message.get("blocks") or []:
                    for element in block.get("elements", ()):
                        if str(element.get("action_id", "")).startswith(f"attester:{act}:") and text in json.dumps(
                            message
                        ):
                            return conversation["id"], message["ts"], block["block_id"], element["action_id"]
        return None

    channel, ts, block, action = acme.driver.wait(user, found, 20)
    return acme.driver.press(user, channel, ts, block, action)


def newest(acme: Stage, start: str = "approval/access/") -> CaseId:
    found = [s for s in acme.product.record.summaries() if s.case.startswith(start)]
    return max(found, key=lambda s: (s.opened_at is not None, s.opened_at)).case


def state_of(acme: Stage, case: CaseId) -> Approval:
    state = acme.product.runtime.state(case)[0]
    assert isinstance(state, Approval)
    return state


def names(acme: Stage, case: CaseId) -> list[str]:
    return [e.name for e in acme.product.record.events(case)]


def test_the_program_with_an_approval_control_is_sound(acme: Stage) -> None:
    assert check(acme.folder, MODELS, SETTINGS, today=acme.clock.now().date()) == []


def test_an_access_goes_from_the_command_to_the_pull_that_shows_it_and_to_the_one_that_shows_it_gone(
    acme: Stage,
) -> None:
    file = acme.folder / "data/github.csv"
    before = file.read_text(encoding="utf-8")

    sent = asked_for(acme, SOFIA, reason=WHY)
    case = newest(acme)
    first = press(acme, RAVI, "Write in acme/platform", "approve")
    second = press(acme, MAYA, "Write in acme/platform", "approve")
    done = press(acme, LENA, "Write in acme/platform", "done")

    assert "Recorded" in sent.text
    assert [s.ok for s in (first, second, done)] == [True] * 3
    assert state_of(acme, case).status == "approved"

    acme.pass_time(timedelta(minutes=20))
    file.write_text(f"{before.rstrip()}\n{GRANTED}2026-10-07,2026-10-07,direct\n", encoding="utf-8")
    acme.product.puller.pull("github", "test")
    assert state_of(acme, case).status == "effective"

    acme.pass_time(timedelta(days=14))
    assert state_of(acme, case).status == "ending"
    file.write_text(before, encoding="utf-8")
    press(acme, LENA, "Write in acme/platform", "done")
    acme.pass_time(timedelta(minutes=20))
    acme.product.puller.pull("github", "test")
    assert names(acme, case)[-1] == "access_ended"
    acme.settle()
    assert acme.product.log.check() == []


def test_wrong_fields_say_so_beneath_them_and_nothing_is_recorded(acme: Stage) -> None:
    before = len(acme.product.record.summaries())

    sent = asked_for(acme, SOFIA, reason="short")

    assert sent.errors == {"reason": "Please write at least 10 characters; others decide on it."}
    assert len(acme.product.record.summaries()) == before


def test_a_second_request_is_refused_with_the_first_and_the_requester_finds_theirs(acme: Stage) -> None:
    asked_for(acme, MAYA, reason="The platform is my team's own repository.")
    case = newest(acme)

    again = asked_for(acme, MAYA, reason="The platform is my team's own repository.")
    mine = acme.driver.command(MAYA, "/access mine")
    foreign = acme.driver.command(KOFI, "/access mine")

    assert "This is asked for already" in again.text
    assert case in again.text
    assert "Write in acme/platform for Maya Chen" in mine.text
    assert "no open request" in foreign.text


def test_a_risk_is_declared_rated_by_its_owner_and_accepted(acme: Stage) -> None:
    opened = acme.driver.command(SOFIA, "/access risk")
    assert opened.view is not None, opened.text
    fields = {b["block_id"]: b for b in opened.view["blocks"] if b["type"] == "input"}
    lena = next(o["value"] for o in fields["person"]["element"]["options"] if "lena@acme.test" in o["text"]["text"])
    until = (acme.clock.now() + timedelta(days=30)).date().isoformat()
    values = {
        "title": "One person runs backups", "text": "If Lena is away, no backup is restored.", "person": lena,
        "instead": "The steps are written down.", "until": until, "reason": "A second person starts in a month.",
    }  # fmt: skip

    sent = acme.driver.submit(opened.view["id"], values, SOFIA)
    form = press(acme, LENA, "One person runs backups", "rate")
    assert form.view is not None, form.text
    acme.driver.submit(form.view["id"], {"severity": "medium"}, LENA)
    press(acme, RAVI, "One person runs backups", "approve")

    assert "Recorded" in sent.text
    assert state_of(acme, newest(acme, "approval/exception/declared/")).status == "effective"


def test_an_exception_for_a_pair_lets_one_request_pass_and_without_it_the_request_is_refused(acme: Stage) -> None:
    """Sofia may push to web by GitHub's own list; she is to be an administrator of the platform for a week."""
    wanted = {"what": "platform-admin", "length": "7d", "reason": WHY}
    before = asked_for(acme, SOFIA, **wanted)

    opened = acme.driver.command(SOFIA, "/access conflict")
    assert opened.view is not None, opened.text
    fields = {b["block_id"]: b["element"] for b in opened.view["blocks"] if b["type"] == "input"}
    values = {
        "pair": fields["pair"]["options"][0]["value"], "instead": "Maya reads the audit log every day.",
        "until": (acme.clock.now() + timedelta(days=10)).date().isoformat(), "reason": "Tom is away until the release.",
    }  # fmt: skip
    sent = acme.driver.submit(opened.view["id"], values, SOFIA)
    case = newest(acme, "approval/pair/")
    said_yes = press(acme, DANA, "Write in acme/web", "approve")
    asked = asked_for(acme, SOFIA, **wanted)
    access = newest(acme)
    for user in (RAVI, MAYA):
        assert press(acme, user, "It completes a conflict of duties", "approve").ok

    assert "Sofia Rossi has “Write in acme/web”, and one person may not hold both." in before.text
    assert "/access conflict" in before.text
    assert [("Recorded" in s.text) for s in (sent, asked)] == [True, True]
    assert said_yes.ok
    assert state_of(acme, case).status == "effective"
    (under,) = state_of(acme, access).request.access.completes  # type: ignore[union-attr]
    assert (state_of(acme, access).status, under.exception) == ("approved", case)
    assert "An access rests on this exception" in taken_back(acme, case).text
    told = acme.product.runtime.facts(case, FactNeeds(approvals=True, duties=True))
    sofia = state_of(acme, access).request.subject
    assert sofia is not None
    assert [told.duties.holds(sofia.id, side) for side in told.duties.pairs[0].sides] == [False, True]
    assert [(a.case, a.person, a.attestation is not None) for a in told.approvals.allowed] == [(case, sofia.id, True)]


def taken_back(acme: Stage, case: CaseId) -> Seen:
    """Sofia takes an exception back."""
    form = press(acme, SOFIA, case, "withdraw")
    assert form.view is not None, form.text
    return acme.driver.submit(form.view["id"], {"reason": "It is not needed."}, SOFIA)


def test_the_ledger_agrees_with_itself_and_the_packet_with_all_approvals_verifies(acme: Stage, tmp_path: Path) -> None:
    product, out = acme.product, tmp_path / "packet.zip"
    acme.settle()
    now = acme.clock.now()

    export(product.packet_source(), out=out, start=now - timedelta(days=200), end=now)

    assert list(deviations(product.database, folding(product.runtime.workflows))) == []
    assert list(unfaithful(product.database, product.evidence)) == []
    report = verify(out)
    assert report.fine, report.sentence
    with ZipFile(out) as packet:
        page = "".join(packet.read(n).decode() for n in packet.namelist() if n.endswith((".csv", "index.html")))
    assert "approval/access/github/platform-write/sofia@acme.test" in page


def test_where_the_program_has_no_approvals_the_command_says_what_to_do(acme: Stage) -> None:
    assert "workflow: approval" in BEFORE[0]
    assert "/access risk" in acme.driver.command(SOFIA, "/access help").text
