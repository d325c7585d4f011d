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
from bot.signing import load_log_key, load_signer
from bot.store.replay import deviations, folding
from bot.store.restate import unfaithful
from bot.workspace.driver import Seen
from tests.approval.test_road import KOFI, MAYA, RAVI, SOFIA, press
from tests.stepup.world import ADDRESS, Acme, running_acme
from workflows.kernel.linking import DESK, case_of
from workflows.kernel.ports import ChatUser

DANA, TEAM, COPY, OTHER = "U0ACMEDANA", "T0ACME", "U0ACMECOPY", "U0ACMEOTHER"
WHY = "She lost the phone of her first account."


def lists(acme: Acme, user: str, **flags: bool) -> None:
    """Slack tells of an account that no person of the directory has."""
    told = dict.fromkeys(("deleted", "bot", "restricted", "ultra_restricted", "stranger", "invited"), False) | flags
    member = ChatUser(team=TEAM, user=user, name="Maya (new phone)", email="maya@acme.test", **told)
    acme.stage.product.members.update(member, acme.stage.clock.now())


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with running_acme(tmp_path_factory.mktemp("linking")) as company:
        company.stage.product.link_watch.look()
        yield company


@pytest.fixture
def anywhere(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Acme]:
    """The company on each database."""
    if database_url.startswith("sqlite"):
        yield request.getfixturevalue("acme")
        return
    (tmp_path / "data").mkdir()
    for make, name in ((load_signer, "signing.key"), (load_log_key, "log.key")):
        make(f"file:{tmp_path / 'data' / name}", create=True)  # on PostgreSQL no start makes keys by itself
    with running_acme(tmp_path, DATABASE_URL=database_url) as company:
        company.stage.product.link_watch.look()
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
    """Press Confirm in the newest message; the address that only this person is shown."""
    press(acme.stage, who, COPY, "agree")

    def shown(state: dict[str, Any]) -> str:
        found = [a for a in ADDRESS.findall(json.dumps(state)) if a not in acme.used]
        return found[-1] if found else ""

    found = str(acme.stage.driver.wait(who, shown, 20))
    acme.used.add(found)
    return found


def test_dana_proposes_and_she_and_ravi_confirm_by_sign_ins_and_the_account_counts_as_maya(anywhere: Acme) -> None:
    acme = anywhere
    product = acme.stage.product
    assert product.links is not None
    lists(acme, COPY)
    sent = proposes(acme, DANA, COPY, "maya@acme.test")
    acme.through(confirm_address(acme, DANA), DANA)
    by_ravi = confirm_address(acme, RAVI)
    page, before = acme.read(by_ravi), product.links.person(TEAM, COPY)
    by_maya = acme.through(by_ravi, MAYA)
    by_ravi = confirm_address(acme, RAVI)

    said = acme.through(by_ravi, RAVI)
    again = acme.through(by_ravi, RAVI)

    assert (sent.errors, before) == ({}, None)
    assert "Nothing was recorded" in by_maya
    for text in ("Maya Chen", "Maya (new phone)", WHY):
        assert text in page
    assert "Recorded, " in said
    assert "Recorded, " not in again
    assert events(acme, COPY) == ["slack_link_proposed", "slack_link_agreed", "slack_link_agreed", "slack_linked"]
    directory = product.facts.directory()
    assert directory.more_slack == {COPY: acme.sub(MAYA)}
    assert directory.people[acme.sub(MAYA)].slack_user == MAYA
    found = product.office.deps.link(TEAM, COPY)
    assert found is not None
    assert (found.link.method, found.standing, product.links.ceiling(TEAM, COPY)) == ("attested", "good", "slack")
    assert "by two people, for what needs no sign-in" in json.dumps(
        product.office.events.render(COPY, product.installed())
    )
    assert list(product.slack_links.deviations()) == []


def test_an_account_that_counts_as_the_person_already_is_not_proposed_again(acme: Acme) -> None:
    said = proposes(acme, DANA, MAYA, "maya@acme.test")

    assert "counts as this person already" in said.text


@pytest.mark.parametrize("flag", ["deleted", "bot", "restricted", "stranger", "invited"])
def test_an_account_that_is_no_full_members_is_not_proposed_though_slack_offers_it(acme: Acme, flag: str) -> None:
    lists(acme, OTHER, **{flag: True})

    said = proposes(acme, DANA, OTHER, "maya@acme.test")

    assert "Choose a member of this workspace" in said.text
    assert events(acme, OTHER) == []
    assert "attempt_refused" in [e.name for e in acme.stage.product.record.events(DESK)]


@pytest.mark.parametrize(
    ("who", "user", "login", "field"),
    [
        (DANA, "", "maya@acme.test", "user"),
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
    assert "Please link your account anew" in stale
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


def test_whom_only_the_directory_links_signs_in_once_from_the_home_tab(acme: Acme) -> None:
    product = acme.stage.product
    assert product.links is not None
    before = json.dumps(product.office.events.render(SOFIA, product.installed()))
    (address,) = ADDRESS.findall(before)

    acme.through(address, SOFIA)

    assert "The company's directory links your Slack account to you" in before
    assert "by a sign-in" in json.dumps(product.office.events.render(SOFIA, product.installed()))
    assert product.links.ceiling(TEAM, SOFIA) == "slack+sso+mfa"


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
    assert report.sign_ins >= 7  # five enrolments, and two who confirmed
    assert list(unfaithful(product.database, product.evidence)) == []
    found = [*deviations(product.database, folding(product.runtime.workflows)), *product.slack_links.deviations()]
    assert found == []
    assert next(e.name for e in product.record.events(DESK)) == "links_opened"
