"""The whole road of a decision that wants a sign-in: pressed in Slack, confirmed at Okta, recorded with its proof."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from bot.demo.stage import MODELS
from bot.draft import Draft
from bot.packet.export import export
from bot.packet.verify import verify
from bot.program.check import SIGN_IN
from bot.program.load import check
from bot.sources.settings import SETTINGS
from bot.store.restate import unfaithful
from tests.approval.test_road import CONTROL, KOFI, RAVI, WHY, press, state_of
from tests.packet.damage import Files, changed
from tests.signin.issuer import Ago
from tests.stepup.world import LEVEL, Acme, acme
from workflows.kernel.model import by_system
from workflows.kernel.ports import SigningFailed

__all__ = ["acme"]


def test_a_program_may_want_a_sign_in_only_where_people_can_sign_in(acme: Acme) -> None:
    today = acme.stage.clock.now().date()

    here = check(acme.stage.folder, MODELS, SETTINGS, today=today, levels=SIGN_IN)
    (elsewhere,) = check(acme.stage.folder, MODELS, SETTINGS, today=today)

    assert here == []
    assert "wants a sign-in, and none is set up here. Set OKTA_OIDC_ISSUER" in str(elsewhere)


def test_a_press_decides_nothing_and_the_sign_in_for_it_does_with_its_proof_in_the_ledger(acme: Acme) -> None:
    case = acme.asked()

    address = acme.pressed(RAVI)
    before = state_of(acme.stage, case).decisions
    page = acme.read(address)
    said = acme.through(address, RAVI)
    (decision,) = state_of(acme.stage, case).decisions

    assert before == ()
    assert "Approve, step 1 of" in page
    assert WHY in page
    assert "Recorded, " in said
    assert decision.person.id == acme.sub(RAVI)
    entry = acme.stage.product.log.find(decision.attestation or "")
    assert entry is not None
    assert entry.payload is not None
    statement = json.loads(entry.payload)
    assert statement["predicate"]["by"]["assurance"] == "slack+sso+mfa"
    files = {s["annotations"]["kind"]: s["digest"]["sha256"] for s in statement["subject"]}
    evidence = acme.stage.product.evidence
    decided = json.loads(evidence(files["attester.signin.decision"]))
    assert (decided["case"], decided["act"], decided["person"]) == (case, "approve", acme.sub(RAVI))
    assert decided["shown"] == statement["predicate"]["shown"] == files["attester.ask"]
    assert list(unfaithful(acme.stage.product.database, evidence)) == []
    acme.over(case)


@pytest.mark.parametrize(
    ("who", "says", "kind"),
    [
        (RAVI, {"amr": ["pwd"], "acr": "urn:okta:loa:1fa:any"}, "too_weak"),
        (KOFI, {}, "other_person"),
        (RAVI, {"auth_time": Ago(3600)}, "too_old"),
        (RAVI, {"nonce": "of another decision"}, "token_refused"),
    ],
    ids=["password only", "another person", "an hour old", "another decision"],
)
def test_a_sign_in_that_does_not_prove_this_decision_records_nothing(
    acme: Acme, who: str, says: dict[str, Any], kind: str
) -> None:
    case = acme.asked()

    said = acme.through(acme.pressed(RAVI), who, **says)

    assert "Nothing was recorded" in said
    assert state_of(acme.stage, case).decisions == ()
    assert acme.stage.product.refusals.all()[-1][4] == kind
    acme.over(case)


def test_what_changed_while_somebody_signed_in_is_not_decided_unseen(acme: Acme) -> None:
    case = acme.asked()
    address = acme.pressed(RAVI)
    view = press(acme.stage, RAVI, "Write in acme/platform", "shorten").view
    assert view is not None
    day = (acme.stage.clock.now() + timedelta(days=3)).date().isoformat()
    acme.stage.driver.submit(view["id"], {"until": day, "reason": "Three days are enough."}, RAVI)

    said = acme.through(address, RAVI)

    assert "changed since it was shown to you" in said
    assert "Nothing was recorded" in said
    assert state_of(acme.stage, case).decisions == ()
    acme.over(case)


def test_a_decision_that_another_person_took_meanwhile_is_not_taken_again(acme: Acme) -> None:
    case = acme.asked()
    address = acme.pressed(RAVI)
    acme.over(case)

    said = acme.through(address, RAVI)

    assert "Nothing was recorded" in said
    assert acme.stage.product.refusals.all()[-1][4] == "withdrawn"


def test_another_program_in_force_meanwhile_is_another_decision(acme: Acme) -> None:
    case = acme.asked()
    address = acme.pressed(RAVI)
    acme.rule(CONTROL.replace("title: Approvals", "title: Approvals of access") + LEVEL)

    said = acme.through(address, RAVI)

    assert "changed while you signed in. Nothing was recorded" in said
    assert state_of(acme.stage, case).decisions == ()
    acme.rule(CONTROL + LEVEL)
    acme.over(case)


def test_whoever_only_looks_at_the_page_decides_nothing_and_spoils_nothing(acme: Acme) -> None:
    case = acme.asked()
    address = acme.pressed(RAVI)

    with httpx.Client(trust_env=False) as scanner:
        for _ in range(10):
            assert scanner.get(address).status_code == 200
            assert scanner.head(address).status_code in (200, 405)
    before = state_of(acme.stage, case).decisions
    said = acme.through(address, RAVI)

    assert before == ()
    assert "Recorded" in said
    assert "used already" in acme.read(address)
    acme.over(case)


def test_a_crash_between_the_sign_in_and_the_record_decides_nothing(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = acme.asked()
    address = acme.pressed(RAVI)

    def broken(self: Draft) -> None:
        raise SigningFailed("the key is away")

    with monkeypatch.context() as patch:
        patch.setattr(Draft, "writes", broken)
        said = acme.through(address, RAVI)

    assert "nothing was recorded" in said
    assert state_of(acme.stage, case).decisions == ()
    assert "used already" in acme.read(address)
    acme.over(case)


def test_a_packet_carries_the_sign_ins_and_its_verifier_checks_them(acme: Acme, tmp_path: Path) -> None:
    case = acme.asked()
    acme.through(acme.pressed(RAVI), RAVI)
    acme.stage.settle()
    packet, now = tmp_path / "packet.zip", acme.stage.clock.now() + timedelta(seconds=1)
    export(acme.stage.product.packet_source(), out=packet, start=now - timedelta(days=200), end=now)

    report = verify(packet)
    with ZipFile(packet) as box:
        page = box.read("index.html").decode()
        (name,) = [
            i.filename for i in box.infolist()
            if b'"act":"approve"' in box.read(i) and f'"case":"{case}"'.encode() in box.read(i)
            and i.filename.startswith("evidence/")
        ]  # fmt: skip
    damaged = verify(changed(packet, tmp_path / "damaged.zip", lambda files: _one_character(files, name)))
    travelling = subprocess.run(
        [sys.executable, "-I", "-c", "import sys, zipfile; exec(zipfile.ZipFile(sys.argv[1]).read('verify.py'))", packet],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert report.findings == []
    assert report.sign_ins >= 1
    assert "Slack session, sign-in and second factor" in page
    assert {f.verdict for f in damaged.findings} >= {"evidence altered"}
    assert travelling.returncode == 0
    assert "sign-in" in travelling.stdout
    acme.over(case)


def _one_character(files: Files, name: str) -> None:
    files[name] = files[name].replace(b"Write in acme/platform", b"Write in acme/platforn")


def test_somebody_whose_account_no_sign_in_linked_is_told_to_link_it_first(acme: Acme) -> None:
    case = acme.asked()
    product = acme.stage.product
    assert product.links is not None
    product.links.end("T0ACME", RAVI, by_system("test"), "a test")

    press(acme.stage, RAVI, "Write in acme/platform", "approve")

    text = acme.stage.driver.wait(RAVI, lambda s: "not linked to your Okta account" in json.dumps(s), 20)
    assert text
    assert state_of(acme.stage, case).decisions == ()
    acme.link(RAVI)
    acme.over(case)


def test_where_the_company_says_so_only_a_sign_in_after_the_press_counts(acme: Acme) -> None:
    acme.rule(CONTROL + LEVEL, "sign_in_age: 0\n")
    case = acme.asked()

    before = acme.through(acme.pressed(RAVI), RAVI, auth_time=Ago(20))
    after = acme.through(acme.pressed(RAVI), RAVI)

    assert "Nothing was recorded" in before
    assert acme.stage.product.refusals.all()[-1][4] == "too_old"
    assert "Recorded, " in after
    acme.over(case)
