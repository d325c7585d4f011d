"""What Slack and the directory change about a linked account is recorded once, and moves authority to nobody."""

from __future__ import annotations

import json
from typing import Any

from tests.linking.office import MAYAS, Office, proof_of
from workflows.kernel.linking import DESK, case_of
from workflows.kernel.linking_example import ISSUER, TEAM
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.signin import Decision, Ticket

KOFI = "U0KOFI"


def cards(office: Office, to: str) -> str:
    """What somebody's cards of Maya's account say."""
    return json.dumps([card.blocks for card in IDENTITY.cards(office.state(MAYAS)) if card.to == to])


def test_a_changed_login_is_recorded_once_the_owner_is_told_and_power_moves_to_nobody(office: Office) -> None:
    office.enrol()
    office.enrol("dana")
    office.change("maya", login="dana@acme.test")  # acceptance 20: she takes the address of the one who decides
    office.change("dana", login="dana.okafor@acme.test")

    counts = [office.watch.look() for _ in range(3)]

    assert counts == [2, 0, 0]
    assert office.names(MAYAS) == ["slack_linked", "slack_link_stale"]
    person = office.linking.person(TEAM, "U0MAYA")
    assert person is not None
    assert person.id == "P-maya"
    assert (office.linking.standing(TEAM, "U0MAYA"), office.linking.ceiling(TEAM, "U0MAYA")) == ("stale", "slack")
    assert "now calls this person dana@acme.test" in cards(office, "P-dana")
    assert "moves to nobody" in cards(office, "P-dana")
    about_dana = office.state(case_of(TEAM, "U0DANA")).notice
    assert about_dana is not None
    assert about_dana.told == ("P-ravi",)  # nobody is told about their own login


def test_a_login_that_changes_back_stays_stale_until_the_person_enrols_anew(office: Office) -> None:
    office.enrol()
    office.change("maya", login="maya.chen@acme.test")
    office.watch.look()
    office.change("maya", login="maya@acme.test")
    office.watch.look()
    back = office.linking.standing(TEAM, "U0MAYA")

    office.enrol(at="second")

    assert back == "stale"
    assert office.linking.standing(TEAM, "U0MAYA") == "good"
    assert office.names(MAYAS) == ["slack_linked", "slack_link_stale", "slack_link_ended", "slack_linked"]
    assert "They enrolled anew" in cards(office, "P-dana")
    assert office.watch.look() == 0


def test_whoever_leaves_or_is_deactivated_in_slack_is_suspended_once_and_taken_up_again_once(office: Office) -> None:
    office.enrol()
    office.lists("U0MAYA")
    seen: list[Any] = []

    for change in (
        lambda: office.change("maya", employed=False), lambda: office.change("maya", employed=True),
        lambda: office.lists("U0MAYA", deleted=True), lambda: office.people.pop("P-maya"),
    ):  # fmt: skip
        change()
        counts = (office.watch.look(), office.watch.look())
        link = office.links.of_user(TEAM, "U0MAYA")
        seen.append((counts, link and link.suspended, office.linking.standing(TEAM, "U0MAYA")))

    assert seen == [
        ((1, 0), "not_employed", "none"),
        ((1, 0), "", "good"),
        ((1, 0), "slack_deactivated", "none"),
        ((0, 0), "slack_deactivated", "none"),
    ]
    assert office.names(MAYAS)[1:] == ["slack_link_suspended", "slack_link_resumed", "slack_link_suspended"]
    assert office.check() == []


def test_a_directory_that_was_never_pulled_suspends_nobody(small_office: Office) -> None:
    office = small_office
    office.enrol()
    office.people.clear()

    assert office.watch.look() == 0
    assert office.names(MAYAS) == ["slack_linked"]


def ticket(office: Office, purpose: str = "link", user: str = KOFI, case: str = "") -> Ticket:
    """A sign-in that was asked for."""
    decision = Decision(case=case or case_of(TEAM, user), act="x", title="x")
    return Ticket(
        id="a" * 64, purpose=purpose, at=office.clock.now(), expires_at=office.clock.now(), team=TEAM if user else "",
        user=user, sub="P-kofi", salt=b"s" * 16, decisions=(decision,),
    )  # type: ignore[arg-type]  # fmt: skip


def test_a_sign_in_that_is_refused_is_an_event_and_the_same_within_an_hour_only_counts(office: Office) -> None:
    for _ in range(3):
        office.attempts.note(ticket(office), "other_person", "Somebody else is signed in.")
    office.attempts.note(ticket(office, "decide", case="approval/access/1"), "too_weak", "It is too weak.")
    office.attempts.note(ticket(office, "login", user=""), "cancelled", "It was cancelled.")
    office.later(hours=2)
    office.attempts.note(ticket(office), "other_person", "Somebody else is signed in.")

    events = office.storage.record.events(case_of(TEAM, KOFI))
    told = [(e.body["act"], e.body["reason"], e.body["about"], e.body["expected"], e.body["user"]) for e in events]
    assert told == [
        ("link", "other_person", "", "P-kofi", KOFI),
        ("decide", "too_weak", "approval/access/1", "P-kofi", KOFI),
        ("link", "other_person", "", "P-kofi", KOFI),
    ]
    assert {e.name for e in events} == {"attempt_refused"}
    assert office.names(DESK) == ["attempt_refused"]
    assert [row[5] for row in office.storage.refusals.all()] == [3, 1, 1, 1]
    assert office.check() == []


def test_an_account_that_was_refused_first_can_be_linked_afterwards(small_office: Office) -> None:
    office = small_office
    office.attempts.note(ticket(office), "cancelled", "It was cancelled.")

    office.enrol("kofi")

    assert office.names(case_of(TEAM, KOFI)) == ["attempt_refused", "slack_linked"]
    link = office.links.of_user(TEAM, KOFI)
    assert link is not None
    assert (link.proof, link.issuer) == (proof_of("kofi").ref.sha256, ISSUER)
