"""Who may act: every row of the table, in its order, and nothing unknown ever passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.who import DIRECTORY_AGE, FLAGS, ActorFacts, may_act
from tests.slack.acme import member, person
from workflows.kernel.identity import Person
from workflows.kernel.model import Need
from workflows.kernel.ports import ChatUser

NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
MAYA = person("Maya Chen", "U0MAYA")


def facts(**changes: Any) -> ActorFacts:
    known: dict[str, Any] = {
        "installed": True,
        "ours": True,
        "listed": member("U0MAYA", "Maya Chen"),
        "synced_at": NOW - timedelta(hours=1),
        "person": MAYA,
        "assigned": True,
        "workspace": "Acme",
        "control_owner": "Dana Okafor (dana@acme.test)",
        "whose": "Ravi Patel (ravi@acme.test)",
    }
    return ActorFacts(**(known | changes))


def flagged(**flags: bool | None) -> ChatUser:
    return member("U0MAYA", "Maya Chen", **flags)


ROWS = [
    (facts(installed=False, ours=False), "wrong_workspace"),
    (facts(ours=False, listed=None), "stranger"),
    (facts(listed=flagged(stranger=True)), "stranger"),
    (facts(ours=None), "unverified"),
    (facts(listed=None), "unverified"),
    (facts(synced_at=None), "unverified"),
    (facts(synced_at=NOW - DIRECTORY_AGE - timedelta(seconds=1)), "unverified"),
    (facts(synced_at=NOW + timedelta(minutes=6)), "unverified"),
    (facts(listed=flagged(deleted=True, restricted=None)), "deactivated"),
    (facts(listed=flagged(bot=True)), "bot"),
    (facts(listed=flagged(restricted=True)), "guest"),
    (facts(listed=flagged(ultra_restricted=True)), "guest"),
    (facts(listed=flagged(invited=True)), "not_joined"),
    *((facts(listed=flagged(**{flag: None})), "unverified") for flag in FLAGS),
    (facts(person=None), "not_linked"),
    (facts(person=MAYA.model_copy(update={"employed": False})), "not_employed"),
    (facts(person=MAYA.model_copy(update={"employed": None})), "not_employed"),
    (facts(assigned=False), "not_yours"),
    (facts(assigned=None), "not_yours"),
]


@pytest.mark.parametrize(("actor", "code"), ROWS)
def test_each_row_refuses_with_its_reason_and_says_that_nothing_was_recorded(actor: ActorFacts, code: str) -> None:
    refusal = may_act(actor, "assigned", NOW)

    assert refusal is not None
    assert refusal.code == code
    assert "Nothing was recorded." in refusal.sentence


@pytest.mark.parametrize("need", ["member", "person", "assigned"])
def test_a_linked_employed_person_who_is_asked_may_act(need: Need) -> None:
    assert may_act(facts(), need, NOW) is None


def test_a_guest_may_do_what_is_open_to_every_member_and_decides_nothing() -> None:
    guest = facts(listed=flagged(restricted=True), person=None)

    assert may_act(guest, "member", NOW) is None
    assert may_act(guest, "person", NOW) is not None


def test_nobody_does_from_slack_what_attester_does_by_itself() -> None:
    refusal = may_act(facts(), "system", NOW)

    assert refusal is not None
    assert refusal.code == "not_for_people"


def test_sentences_name_the_workspace_the_control_owner_and_whose_it_is() -> None:
    stranger = may_act(facts(ours=False), "assigned", NOW)
    guest = may_act(facts(listed=flagged(restricted=True)), "assigned", NOW)
    other = may_act(facts(assigned=False), "assigned", NOW)

    assert stranger is not None
    assert guest is not None
    assert other is not None
    assert stranger.sentence == "Only members of Acme's workspace can answer this. Nothing was recorded."
    assert "Dana Okafor (dana@acme.test)" in guest.sentence
    assert "Ravi Patel (ravi@acme.test)" in other.sentence


maybe = st.sampled_from([True, False, None])
accounts = st.builds(lambda **flags: member("U0MAYA", "Maya Chen", **flags), **dict.fromkeys(FLAGS, maybe))
people = st.builds(lambda employed: MAYA.model_copy(update={"employed": employed}), employed=maybe)
ages = st.timedeltas(timedelta(days=-2), timedelta(days=3))


@given(
    installed=st.booleans(),
    ours=maybe,
    listed=st.none() | accounts,
    age=st.none() | ages,
    who=st.none() | people,
    assigned=maybe,
    need=st.sampled_from(["member", "person", "assigned", "system"]),
)
def test_whoever_passes_is_known_in_every_respect(
    installed: bool,
    ours: bool | None,
    listed: ChatUser | None,
    age: timedelta | None,
    who: Person | None,
    assigned: bool | None,
    need: Need,
) -> None:
    actor = facts(
        installed=installed,
        ours=ours,
        listed=listed,
        synced_at=None if age is None else NOW - age,
        person=who,
        assigned=assigned,
    )

    refusal = may_act(actor, need, NOW)

    if refusal is None:
        assert installed
        assert ours is True
        assert listed is not None
        assert age is not None
        assert age <= DIRECTORY_AGE
        assert not any(
            getattr(listed, f) for f in FLAGS if need != "member" or f not in ("restricted", "ultra_restricted")
        )
        assert all(getattr(listed, f) is not None for f in FLAGS)
        assert need != "system"
        assert need == "member" or (who is not None and who.employed is True)
        assert need != "assigned" or assigned is True
    else:
        assert refusal.why.strip()
        assert refusal.next_step.strip()


@given(need=st.sampled_from(["member", "person", "assigned"]), flag=st.sampled_from(FLAGS))
def test_taking_knowledge_away_never_opens_a_door(need: Need, flag: str) -> None:
    assert may_act(facts(listed=flagged(**{flag: None})), need, NOW) is not None
