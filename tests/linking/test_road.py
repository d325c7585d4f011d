"""The whole road: an owner proposes in Slack whose an account is, another confirms by a sign-in, and the account counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.packet.export import export
from bot.packet.verify import verify
from bot.store.replay import deviations, folding
from bot.store.restate import unfaithful
from bot.workspace.driver import Seen
from tests.approval.test_road import KOFI, MAYA, RAVI, SOFIA, press
from tests.stepup.world import ADDRESS, Acme, running_acme
from workflows.kernel.linking import DESK, case_of

DANA, TEAM, COPY = "U0ACMEDANA", "T0ACME", "U0ACMECOPY"
WHY = "She lost the phone of her first account."


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with running_acme(tmp_path_factory.mktemp("linking")) as company:
        yield company


def proposes(acme: Acme, who: str, user: str, login: str, why: str = WHY) -> Seen:
    """Somebody types `/access link` and sends the form."""
    form = acme.stage.driver.command(who, "/access link").view
    assert form is not None
    sent = acme.stage.driver.submit(form["id"], {"user": user, "login": login, "why": why}, who)
    acme.stage.driver.dismiss(who)
    return sent


def events(acme: Acme, user: str) -> list[str]:
    return [e.name for e in acme.stage.product.record.events(case_of(TEAM, user))]


def confirm_address(acme: Acme, who: str) -> str:
    """Press Confirm in the newest card; the address that only this person is shown."""
    press(acme.stage, who, COPY, "agree")

    def shown(state: dict[str, Any]) -> str:
        found = [a for a in ADDRESS.findall(json.dumps(state)) if a not in acme.used]
        return found[-1] if found else ""

    address = str(acme.stage.driver.wait(who, shown, 20))
    acme.used.add(address)
    return address


def test_dana_proposes_and_ravi_confirms_by_a_sign_in_and_the_account_counts_as_maya(acme: Acme) -> None:
    product = acme.stage.product
    assert product.links is not None
    sent = proposes(acme, DANA, COPY, "maya@acme.test")
    by_ravi = confirm_address(acme, RAVI)
    page, before = acme.read(by_ravi), product.links.person(TEAM, COPY)

    said = acme.through(by_ravi, RAVI)

    assert sent.errors == {}
    assert "Maya Chen" in page
    assert WHY in page
    assert before is None
    assert "Recorded, " in said
    assert events(acme, COPY) == ["slack_link_proposed", "slack_link_agreed", "slack_linked"]
    directory = product.facts.directory()
    assert directory.more_slack == {COPY: acme.sub(MAYA)}
    assert directory.people[acme.sub(MAYA)].slack_user == MAYA
    found = product.office.deps.link(TEAM, COPY)
    assert found is not None
    assert (found.link.method, found.standing, product.links.ceiling(TEAM, COPY)) == ("attested", "good", "slack")


@pytest.mark.parametrize(
    ("who", "user", "login", "field"),
    [
        (DANA, "copy", "maya@acme.test", "user"),
        (DANA, COPY, "nobody@acme.test", "login"),
        (DANA, COPY, "maya@acme.test", "why"),
    ],
)
def test_what_the_form_cannot_mean_stands_under_its_field(
    acme: Acme, who: str, user: str, login: str, field: str
) -> None:  # fmt: skip
    sent = proposes(acme, who, user, login, "short" if field == "why" else WHY)

    assert list(sent.errors) == [field]


def test_who_answers_for_no_control_and_who_gains_propose_nothing(acme: Acme) -> None:
    by_sofia = proposes(acme, SOFIA, "U0ACMENEW", "kofi@acme.test")
    by_dana = proposes(acme, DANA, "U0ACMENEW", "dana@acme.test")

    assert "Only somebody who answers for a control" in by_sofia.text
    assert "Nobody proposes a link that they gain from" in by_dana.text
    assert events(acme, "U0ACMENEW") == []


def test_a_guest_proposes_nothing(acme: Acme) -> None:
    acme.stage.driver.change_person(KOFI, restricted=True)
    acme.stage.product.sync_members()

    said = acme.stage.driver.command(KOFI, "/access link")

    acme.stage.driver.change_person(KOFI, restricted=False)
    acme.stage.product.sync_members()
    assert said.view is None
    assert "Guests" in said.text


def test_the_home_tab_says_how_the_account_is_linked_and_what_to_do_where_it_is_stale(acme: Acme) -> None:
    product = acme.stage.product
    good = json.dumps(product.office.events.render(MAYA, product.installed()))
    people = acme.stage.folder / "data/people.csv"
    before = people.read_text(encoding="utf-8")
    people.write_text(before.replace("maya@acme.test", "maya.chen@acme.test"), encoding="utf-8")
    acme.stage.pass_time(timedelta(seconds=1))
    product.puller.pull("people", "test")
    product.link_watch.look()
    acme.stage.settle()

    stale = json.dumps(product.office.events.render(MAYA, product.installed()))
    told = acme.stage.driver.wait_for_message(DANA, "A linked person's login changed")

    assert "linked to maya@acme.test by a sign-in" in good
    assert "good" in good
    assert "Your link is stale" in stale
    assert ADDRESS.search(stale.replace("\\u003c", "<"))
    assert "maya.chen@acme.test" in json.dumps(told)
    assert product.links is not None
    assert product.links.ceiling(TEAM, MAYA) == "slack"
    assert events(acme, MAYA).count("slack_link_stale") == 1
    people.write_text(before, encoding="utf-8")
    acme.stage.pass_time(timedelta(seconds=1))
    product.puller.pull("people", "test")
    acme.link(MAYA)
    assert product.links.ceiling(TEAM, MAYA) == "slack+sso+mfa"


def test_a_second_slack_user_who_signs_in_is_refused_with_the_way_to_two_people_and_that_is_recorded(
    acme: Acme,
) -> None:
    sign_in = acme.stage.product.sign_in
    assert sign_in is not None

    said = acme.through(sign_in.enrol(TEAM, "U0ACMENEWER", "Ravi (new)"), RAVI)

    assert "linked to another Slack account of this workspace already" in said
    assert "/access link" in said
    (attempt,) = acme.stage.product.record.events(case_of(TEAM, "U0ACMENEWER"))
    assert (attempt.name, attempt.body["act"], attempt.body["reason"]) == ("attempt_refused", "link", "person_taken")


def test_a_packet_with_links_verifies_and_the_tables_agree(acme: Acme, tmp_path: Path) -> None:
    product, now = acme.stage.product, acme.stage.clock.now() + timedelta(seconds=1)
    acme.stage.settle()
    packet = tmp_path / "packet.zip"

    export(product.packet_source(), out=packet, start=now - timedelta(days=200), end=now)
    report = verify(packet)

    assert report.findings == []
    assert report.sign_ins >= 4  # three enrolments and a confirmation
    assert list(unfaithful(product.database, product.evidence)) == []
    found = [*deviations(product.database, folding(product.runtime.workflows)), *product.slack_links.deviations()]
    assert found == []
    assert next(e.name for e in product.record.events(DESK)) == "links_opened"
