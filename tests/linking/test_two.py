"""A Slack account that no sign-in can link takes two people, and neither of them gains from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.linking.office import CLI, COPY, MAYAS, Office
from workflows.kernel.errors import Refused, StepUpNeeded
from workflows.kernel.linking import DESK, case_of
from workflows.kernel.linking_event import AskLink, ConfirmLink, DeclineLink, LapseLink, LinkAccount, OpenLinks
from workflows.kernel.linking_example import ISSUER, TEAM, WHY, signs_in
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.model import by_system, by_time

NO = DeclineLink(reason="She found her phone again.")


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    assert refused.value.why
    assert refused.value.next_step
    return refused.value.code


def test_a_second_account_counts_as_its_person_at_level_slack_once_two_agreed(office: Office) -> None:
    office.enrol()
    case = office.propose(signs_in("dana"))
    before = office.linking.person(TEAM, "U0COPY")

    office.confirm(case, "dana", "ravi")

    person = office.linking.person(TEAM, "U0COPY")
    assert before is None
    assert person is not None
    assert person.id == "P-maya"
    assert (office.linking.standing(TEAM, "U0COPY"), office.linking.ceiling(TEAM, "U0COPY")) == ("good", "slack")
    assert office.linking.ceiling(TEAM, "U0MAYA") == "slack+sso+mfa"
    linked = office.storage.record.events(case)[-1]
    assert (linked.body["method"], linked.body["decided_by"]) == ("attested", ["P-dana", "P-ravi"])
    assert office.names(case) == ["slack_link_proposed", "slack_link_agreed", "slack_link_agreed", "slack_linked"]
    assert office.linking.accounts() == {"U0MAYA": ("P-maya", True), "U0COPY": ("P-maya", False)}
    assert office.check() == []


def test_what_the_command_line_proposes_takes_two_others(small_office: Office) -> None:
    office = small_office
    case = office.propose(CLI)
    office.confirm(case, "dana")
    one = office.linking.person(TEAM, "U0COPY")

    office.confirm(case, "kofi")

    assert one is None
    assert office.linking.person(TEAM, "U0COPY") == office.directory().get("P-maya")
    assert office.storage.record.events(case)[-1].body["decided_by"] == ["P-dana", "P-kofi"]


def test_an_account_that_counts_as_somebody_else_is_given_on_by_two_and_both_facts_are_signed(
    small_office: Office,
) -> None:
    office = small_office
    office.enrol("kofi", "U0COPY")
    case = office.propose(signs_in("dana"))
    card = json.dumps([c.blocks for c in IDENTITY.cards(office.state(case)) if c.to == "P-ravi"])

    office.confirm(case, "dana", "ravi")

    assert "Maya (new phone), maya@acme.test" in card
    assert "It counts as *kofi@acme.test* now; that would end." in card
    assert office.names(case)[-3:] == ["slack_link_agreed", "slack_link_ended", "slack_linked"]
    assert [(x.sub, x.ended_at is None) for x in office.links.links()] == [("P-kofi", False), ("P-maya", True)]


@pytest.mark.parametrize(
    ("by", "told", "refusal"),
    [
        (signs_in("maya"), {}, "not_owner"),
        (signs_in("dana"), {"sub": "P-dana"}, "gains"),
        (signs_in("dana"), {"sub": "P-nobody"}, "not_employed"),
        (signs_in("dana"), {"why": "short"}, "reason_too_short"),
        (signs_in("dana"), {"user": "U0MAYA"}, "already_linked"),
        (by_time(IDENTITY.examples()[0].at), {}, "not_owner"),
    ],
)
def test_who_may_not_propose_is_refused(small_office: Office, by: Any, told: dict[str, str], refusal: str) -> None:
    small_office.enrol()

    with pytest.raises(Refused) as refused:
        small_office.propose(by, **told)

    assert code(refused) == refusal
    assert small_office.names(COPY) == []


@pytest.mark.parametrize(
    ("by", "command", "refusal"),
    [
        (signs_in("maya"), ConfirmLink(), "gains"),
        (signs_in("maya", "U0OTHER"), ConfirmLink(), "gains"),
        (signs_in("maya"), NO, "gains"),
        (signs_in("dana"), ConfirmLink(), "already_said"),
        (signs_in("dana", "U0SECOND"), ConfirmLink(), "already_said"),
        (signs_in("ravi"), ConfirmLink(round=2), "outdated"),
        (signs_in("ravi"), DeclineLink(reason="no"), "reason_too_short"),
        (CLI, ConfirmLink(), "no_person"),
        (by_time(IDENTITY.examples()[0].at), LapseLink(), "not_due"),
    ],
)
def test_whoever_gains_and_the_same_person_twice_and_no_person_are_refused(
    small_office: Office, by: Any, command: Any, refusal: str
) -> None:
    office = small_office
    case = office.propose(signs_in("dana"))
    office.confirm(case, "dana")

    with pytest.raises(Refused) as refused:
        office.act(case, command, by)

    assert code(refused) == refusal
    assert office.names(case) == ["slack_link_proposed", "slack_link_agreed"]


HOSTILE = {
    "another company's": {"stranger": True}, "a guest's": {"restricted": True},
    "a one-channel guest's": {"ultra_restricted": True}, "a bot's": {"bot": True},
    "deactivated": {"deleted": True}, "not joined": {"invited": True}, "unclear": {"bot": None},
}  # fmt: skip


@pytest.mark.parametrize("flags", HOSTILE.values(), ids=HOSTILE)
def test_only_an_account_of_a_full_member_is_linked_by_two(small_office: Office, flags: dict[str, bool | None]) -> None:
    office = small_office
    case, member = office.propose(signs_in("dana")), office.listed
    assert member is not None
    office.listed = member.model_copy(update=flags)

    with pytest.raises(Refused) as confirmed:
        office.confirm(case, "dana", "ravi")
    with pytest.raises(Refused) as proposed:
        office.propose(signs_in("dana"), "U0OTHER")

    assert [code(r) for r in (confirmed, proposed)] == ["not_a_member", "not_a_member"]
    assert office.names(case) == ["slack_link_proposed"]


def test_an_account_that_slack_does_not_list_is_not_linked_by_two(small_office: Office) -> None:
    small_office.listed = None

    with pytest.raises(Refused) as refused:
        small_office.propose(CLI)

    assert code(refused) == "not_a_member"
    assert small_office.names(COPY) == []


def test_who_answers_for_no_control_is_not_asked_and_who_no_longer_does_cannot_confirm(small_office: Office) -> None:
    office = small_office
    office.people["P-tom"] = office.people["P-kofi"].model_copy(update={"id": "P-tom", "login": "tom@acme.test"})
    tom = signs_in("kofi").model_copy(update={"person": office.people["P-tom"]})
    case = office.propose(signs_in("dana"))
    office.change("kofi", employed=False)

    codes = []
    for by in (tom, signs_in("kofi")):
        with pytest.raises(Refused) as refused:
            office.act(case, ConfirmLink(), by)
        codes.append(code(refused))

    assert codes == ["not_asked", "not_owner"]


def test_a_confirmation_wants_a_second_factor(small_office: Office) -> None:
    case = small_office.propose(signs_in("dana"))

    for level in ("slack", "slack+sso"):
        with pytest.raises(StepUpNeeded) as needed:
            small_office.act(case, ConfirmLink(), signs_in("ravi", level=level))
        assert needed.value.level == "slack+sso+mfa"

    said = IDENTITY.confirming(small_office.state(case), ConfirmLink())  # type: ignore[misc]
    assert ("Counts from then on as", "Maya Chen (maya@acme.test)") in said.facts


def test_where_there_are_not_two_others_nothing_is_proposed(small_office: Office) -> None:
    office = small_office
    office.change("ravi", employed=False)
    office.change("kofi", employed=None)

    with pytest.raises(Refused) as by_owner:
        office.propose(signs_in("dana"))
    with pytest.raises(Refused) as by_operator:
        office.propose(CLI)

    assert [code(r) for r in (by_owner, by_operator)] == ["one_person", "one_person"]


def test_what_changed_since_it_was_proposed_is_not_confirmed(small_office: Office) -> None:
    office = small_office
    enrolled, taken = office.propose(signs_in("dana"), "U0MAYA"), office.propose(signs_in("dana"))
    office.enrol()
    office.enrol("kofi", "U0COPY")

    codes = []
    for case in (enrolled, taken):
        with pytest.raises(Refused) as refused:
            office.act(case, ConfirmLink(), signs_in("ravi"))
        codes.append(code(refused))

    assert codes == ["already_linked", "changed_meanwhile"]


def test_a_no_ends_it_and_it_can_be_proposed_again(small_office: Office) -> None:
    office = small_office
    case = office.propose(signs_in("dana"))
    with pytest.raises(Refused) as twice:
        office.propose(signs_in("kofi"))
    office.act(case, NO, signs_in("ravi"))

    office.propose(signs_in("kofi"))
    office.confirm(case, "dana", "ravi")

    assert code(twice) == "already_asked"
    assert office.state(case).link is not None
    assert office.storage.record.events(case)[-1].body["decided_by"] == ["P-dana", "P-ravi"]


def test_what_nobody_answers_lapses(small_office: Office) -> None:
    office = small_office
    case = office.propose(signs_in("dana"))
    end = office.state(case).proposal.lapse_at  # type: ignore[union-attr]
    office.later(days=9)

    (command,) = IDENTITY.due(office.state(case), end, office.facts("", case, None))  # type: ignore[arg-type]
    office.act(case, command, by_time(end))

    assert office.names(case)[-1] == "slack_link_lapsed"
    with pytest.raises(Refused) as late:
        office.act(case, ConfirmLink(), signs_in("ravi"))
    assert code(late) == "already_decided"


def test_at_the_desk_a_proposal_is_passed_on_to_the_account_of_the_proposers_workspace(small_office: Office) -> None:
    office = small_office
    office.act(DESK, OpenLinks(issuer=ISSUER), by_system("attester"))

    office.act(DESK, AskLink(user="U0COPY", login="maya@acme.test", why=WHY), signs_in("dana"))

    with pytest.raises(Refused) as nobody:
        office.act(DESK, AskLink(user="U0COPY", login="nobody@acme.test", why=WHY), signs_in("dana"))
    assert code(nobody) == "unknown_person"
    assert office.names(COPY) == ["slack_link_proposed"]
    assert office.names(DESK) == ["links_opened"]
    proposed = office.storage.record.events(COPY)[0].body
    assert (proposed["team"], proposed["issuer"], proposed["sub"]) == (TEAM, ISSUER, "P-maya")


def test_an_account_is_enrolled_only_by_a_sign_in_for_it(small_office: Office) -> None:
    office = small_office
    command = LinkAccount(team=TEAM, user="U0MAYA", issuer=ISSUER, login="maya@acme.test", proof="a" * 64)

    codes = []
    for by in (signs_in("maya", level="slack"), signs_in("maya", "U0OTHER"), CLI):
        with pytest.raises(Refused) as refused:
            office.act(MAYAS, command, by)
        codes.append(code(refused))

    assert codes == ["no_sign_in", "no_sign_in", "no_person"]


def test_a_second_account_that_two_people_linked_cannot_be_enrolled_beside_the_first(small_office: Office) -> None:
    office = small_office
    office.enrol()
    office.confirm(office.propose(signs_in("dana")), "dana", "ravi")

    with pytest.raises(Refused) as second:
        office.enrol("maya", "U0COPY")
    with pytest.raises(Refused) as third:
        office.enrol("maya", "U0THIRD")
    office.enrol(at="second")  # the first account goes on being hers to enrol anew
    office.confirm(office.propose(signs_in("dana"), "U0KOFI", "P-kofi"), "dana", "ravi")
    office.enrol("kofi")

    assert [code(r) for r in (second, third)] == ["second_account", "person_taken"]
    assert "/access link" in third.value.next_step
    kofis = office.links.of_user(TEAM, "U0KOFI")
    assert kofis is not None
    assert kofis.method == "step_up"  # an account that two people linked becomes one that signs in
    assert office.names(case_of(TEAM, "U0KOFI"))[-2:] == ["slack_link_ended", "slack_linked"]
