"""The events of links are the record; the table that a click is checked against follows them and says nothing of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.main.linking import end_link
from bot.store.database import Database
from bot.store.link import SlackLinks
from bot.store.rebuild import rebuild
from bot.store.replay import folding
from bot.store.table_signin import SlackLinkRow
from tests.linking.office import COPY, MAYAS, Office
from workflows.kernel.errors import Refused
from workflows.kernel.linking_example import ISSUER, TEAM, signs_in
from workflows.kernel.signin import SlackLink


def unsigned(office: Office, **more: object) -> None:
    """A row that no event made, as one from before links were events, or one that somebody wrote by hand."""
    link = SlackLink(
        team=TEAM, user="U0MAYA", issuer=ISSUER, sub="P-maya", method="step_up", login="maya@acme.test",
        at=office.clock.now() - timedelta(days=30),
    ).model_copy(update=more)  # fmt: skip
    with office.storage.database.write() as session:
        session.add(SlackLinkRow(**link.model_dump()))


def test_a_process_that_dies_between_event_and_index_leaves_no_link_without_its_attestation(office: Office) -> None:
    office.enrol(dies=True)
    before = (office.links.of_user(TEAM, "U0MAYA"), office.linking.ceiling(TEAM, "U0MAYA"))

    counts = [office.watch.settle() for _ in range(2)]

    link = office.links.of_user(TEAM, "U0MAYA")
    assert before == (None, "slack")
    assert counts == [1, 0]
    assert link is not None
    assert link.attestation == office.storage.record.events(MAYAS)[-1].attestation
    assert office.linking.ceiling(TEAM, "U0MAYA") == "slack+sso+mfa"


def test_a_link_that_was_ended_is_ended_by_the_next_look_where_the_process_died(office: Office) -> None:
    office.enrol()
    office.watch.settle()
    office.linking.end(TEAM, "U0MAYA", signs_in("maya"), "lost")
    with office.storage.database.write() as session:
        session.connection().execute(text("UPDATE slack_link SET ended_at = NULL, ended_by = '', ended_why = ''"))
    found = office.check()

    settled = office.watch.settle()

    assert [one.partition(" is ")[0] for one in found] == [f"{MAYAS}: link 1"]
    assert settled == 1
    assert office.links.of_user(TEAM, "U0MAYA") is None
    assert office.check() == []


def test_a_row_that_nothing_signed_is_in_force_for_nobody_and_recover_puts_the_table_right(
    small_office: Office,
) -> None:
    office = small_office
    office.enrol()
    with office.storage.database.write() as session:
        session.connection().execute(text("UPDATE slack_link SET sub = 'P-kofi'"))
    wrong = office.check()

    mended = office.links.settle_all()

    assert len(wrong) == len(mended) == 1
    assert "'P-kofi'" in wrong[0]
    assert office.linking.person(TEAM, "U0MAYA") == office.directory().get("P-maya")
    assert office.check() == []


def test_who_ended_a_link_and_who_linked_anew_is_signed(small_office: Office) -> None:
    office = small_office
    office.enrol()
    office.later(minutes=1)
    office.enrol(at="second")
    link = office.links.of_user(TEAM, "U0MAYA")
    assert link is not None

    end_link(office.storage, office.runtime, link, "wrong person")
    with pytest.raises(Refused) as again:
        end_link(office.storage, office.runtime, link, "wrong person")

    assert office.names(MAYAS) == ["slack_linked", "slack_link_ended", "slack_linked", "slack_link_ended"]
    told = [(x.ended_by, x.ended_why) for x in office.links.links()]
    assert told == [("P-maya", "linked anew"), ("system:attester identity unlink", "wrong person")]
    assert again.value.code == "no_link"
    assert len({x.attestation for x in office.links.links()}) == 2
    assert office.check() == []


def test_a_row_without_an_event_links_nobody_and_is_found(office: Office) -> None:
    unsigned(office)
    before = (office.links.of_user(TEAM, "U0MAYA"), office.linking.accounts(), len(office.check()))

    mended = office.links.settle_all()

    assert before == (None, {}, 1)
    assert len(mended) == 1
    assert office.links.links() == []


def test_a_link_from_before_links_were_events_is_over_and_its_person_links_anew(small_office: Office) -> None:
    office = small_office
    unsigned(
        office, ended_at=office.clock.now(), ended_by="system:upgrade", ended_why="from before links were recorded"
    )
    before = office.check()

    office.enrol()

    assert before == office.check() == []
    assert [bool(x.attestation) for x in office.links.links()] == [False, True]
    assert office.linking.ceiling(TEAM, "U0MAYA") == "slack+sso+mfa"


def test_from_the_ledger_alone_the_same_links_come_back(office: Office, sqlite_template: Path, tmp_path: Path) -> None:
    office.enrol("dana")
    office.enrol()
    office.change("maya", login="maya.chen@acme.test")
    office.watch.look()
    office.propose(signs_in("dana"))
    office.confirm(COPY, "dana", "ravi")
    office.change("maya", employed=False)
    office.watch.look()
    with closing(sqlite3.connect(sqlite_template)) as template, closing(sqlite3.connect(tmp_path / "new.db")) as copy:
        template.backup(copy)

    with closing(Database(f"sqlite:///{tmp_path / 'new.db'}")) as into:
        workflows = office.runtime.workflows
        rebuild(office.storage.database, read(office), into, workflows, folding(workflows))
        anew, found = SlackLinks(into).links(), list(SlackLinks(into).deviations())

    links = office.links.links()
    assert list(anew) == list(links)
    assert found == []
    assert {(x.user, x.method, bool(x.suspended), bool(x.stale)) for x in links} == {
        ("U0DANA", "step_up", False, False),
        ("U0MAYA", "step_up", True, True),
        ("U0COPY", "attested", True, False),
    }


def read(office: Office):  # type: ignore[no-untyped-def] # the store's own protocol
    def found(sha256: str) -> bytes:
        data = office.storage.record.evidence(sha256)
        assert data is not None
        return data

    return found
