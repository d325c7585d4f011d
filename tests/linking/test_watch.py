"""What Slack and the directory change about a linked account is recorded once, and moves authority to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.facts import linked
from tests.linking.office import MAYAS, Office, proof_of
from workflows.kernel.identity import directory_of
from workflows.kernel.linking import DESK, case_of
from workflows.kernel.linking_example import ISSUER, TEAM, signs_in
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


def test_a_login_that_changes_back_stays_stale_until_the_person_enrols_anew(small_office: Office) -> None:
    office = small_office
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
    assert "They linked it anew" in cards(office, "P-dana")
    assert office.watch.look() == 0


def test_whoever_leaves_is_suspended_once_and_gets_nothing_back_by_coming_back(office: Office) -> None:
    office.enrol()
    office.change("maya", employed=False)
    counts = [office.watch.look(), office.watch.look()]
    gone = (office.linking.standing(TEAM, "U0MAYA"), office.linking.accounts())
    office.change("maya", employed=True)
    counts += [office.watch.look()]
    back = (office.linking.standing(TEAM, "U0MAYA"), office.linking.ceiling(TEAM, "U0MAYA"), office.linking.accounts())

    office.enrol(at="second")

    assert counts == [1, 0, 0]
    assert gone == ("none", {"U0MAYA": ("", False)})
    assert back == ("none", "slack", {"U0MAYA": ("", False)})
    assert office.linking.accounts() == {"U0MAYA": ("P-maya", True)}
    assert office.linking.ceiling(TEAM, "U0MAYA") == "slack+sso+mfa"
    assert office.names(MAYAS) == ["slack_linked", "slack_link_suspended", "slack_link_ended", "slack_linked"]
    assert office.check() == []


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda office: office.lists("U0MAYA", deleted=True), "slack_deactivated"),
        (lambda office: office.people.pop("P-maya"), "not_in_directory"),
        (lambda office: office.change("maya", employed=None), "employment_unknown"),
    ],
)
def test_whom_slack_or_the_directory_does_not_vouch_for_is_suspended(
    small_office: Office, change: Callable[[Office], object], cause: str
) -> None:
    small_office.enrol()
    change(small_office)

    small_office.watch.look()

    link = small_office.links.of_user(TEAM, "U0MAYA")
    assert link is not None
    assert link.suspended == cause
    assert small_office.linking.standing(TEAM, "U0MAYA") == "none"


def test_a_suspended_account_is_nobody_even_where_the_directory_names_it(small_office: Office) -> None:
    office = small_office
    office.enrol()
    named = directory_of([p.model_copy(update={"slack_user": f"U0{p.id[2:].upper()}"}) for p in office.people.values()])
    before = linked(named, office.linking.accounts()).people["P-maya"].slack_user
    version = office.linking.version()

    office.lists("U0MAYA", deleted=True)
    office.watch.look()

    after = linked(named, office.linking.accounts())
    assert before == "U0MAYA"
    assert after.people["P-maya"].slack_user is None
    assert after.people["P-kofi"].slack_user == "U0KOFI"
    assert after.more_slack == {"U0MAYA": ""}
    assert office.linking.version() != version


def test_an_account_that_two_people_linked_and_that_was_suspended_can_be_proposed_again(small_office: Office) -> None:
    office = small_office
    office.confirm(office.propose(signs_in("dana")), "dana", "ravi")
    office.lists("U0COPY", deleted=True)
    office.watch.look()
    office.lists("U0COPY")

    case = office.propose(signs_in("dana"))
    card = json.dumps([c.blocks for c in IDENTITY.cards(office.state(case)) if c.to == "P-ravi"])
    office.confirm(case, "dana", "ravi")

    assert "Its link to this person is suspended" in card
    assert office.linking.accounts() == {"U0COPY": ("P-maya", False)}


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
