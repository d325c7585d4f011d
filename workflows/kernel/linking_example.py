"""Named histories of Slack accounts: previews, documentation and tests use the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from workflows.kernel.attestation import heard, spoken
from workflows.kernel.identity import Directory, Person
from workflows.kernel.linking import CONTROL, DESK, Account, case_of, evolve
from workflows.kernel.linking_event import (
    ConfirmLink,
    DeclineLink,
    EndLink,
    LapseLink,
    LinkAccount,
    NoteAttempt,
    OpenLinks,
    ProposeLink,
    SeeAccount,
)
from workflows.kernel.linking_rule import decide
from workflows.kernel.model import Actor, CaseId, Command, Facts, Recorded, by_person, by_system, by_time
from workflows.kernel.ports import ChatUser
from workflows.kernel.workflow import Example

ISSUER = "https://acme.okta.test"
TEAM = "T0ACME"
AT = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
WHY = "She lost the phone of her first account."
MEMBER = dict.fromkeys(("deleted", "bot", "restricted", "ultra_restricted", "stranger", "invited"), False)
Step = tuple[Command, Actor, Facts]


def people() -> dict[str, Person]:
    """Maya, who has the accounts, and three who answer for controls."""
    names = {"maya": "Maya Chen", "dana": "Dana Okafor", "ravi": "Ravi Patel", "kofi": "Kofi Mensah"}
    made = [
        Person(id=f"P-{name}", issuer=ISSUER, login=f"{name}@acme.test", name=full, employed=True)
        for name, full in names.items()
    ]
    return {p.id: p for p in made}


def facts_of(**maya: object) -> Facts:
    """What is known where Maya is so."""
    found = people()
    found["P-maya"] = found["P-maya"].model_copy(update=maya)
    return Facts(
        directory=Directory(people=found), program="", control=CONTROL, owner="P-dana", deputy="P-ravi",
        company={"time_zone": "Europe/Berlin", "owners": ("P-dana", "P-ravi", "P-kofi")},
        account=ChatUser(user="U0COPY", team=TEAM, name="Maya (new phone)", email="maya@acme.test", **MEMBER),
    )  # fmt: skip


FACTS = facts_of()


def signs_in(name: str, user: str = "", level: str = "slack+sso+mfa") -> Actor:
    """Somebody who signed in."""
    return by_person(people()[f"P-{name}"], level, TEAM, user or f"U0{name.upper()}")  # type: ignore[arg-type]


def examples() -> Sequence[Example]:
    """An account from enrolment to its end, one that two people decide on, and what is refused."""
    enrol = LinkAccount(team=TEAM, user="U0MAYA", issuer=ISSUER, login="maya@acme.test", proof="3b" * 32)
    anew = enrol.model_copy(update={"login": "maya.chen@acme.test", "proof": "4c" * 32})
    end = EndLink(why="She has another account.")
    again = anew.model_copy(update={"proof": "5d" * 32})
    system, look = by_system("attester"), SeeAccount(deactivated=False)
    renamed, left = facts_of(login="maya.chen@acme.test"), facts_of(login="maya.chen@acme.test", employed=False)
    propose = ProposeLink(team=TEAM, user="U0COPY", issuer=ISSUER, sub="P-maya", why=WHY)
    yes, no = ConfirmLink(), DeclineLink(reason="She found her phone again.")
    dana, ravi, cli = signs_in("dana"), signs_in("ravi"), by_system("attester identity propose-link")
    refused = NoteAttempt(
        team=TEAM, user="U0COPY", act="link", reason="person_taken", sentence="You are linked to another account already.",
    )  # fmt: skip
    web = refused.model_copy(update={"team": "", "user": "", "act": "login", "reason": "cancelled"})
    maya, copy = case_of(TEAM, "U0MAYA"), case_of(TEAM, "U0COPY")
    life = [
        (enrol, signs_in("maya"), FACTS), (look, system, renamed), (anew, signs_in("maya"), renamed), (look, system, left),
        (again, signs_in("maya"), renamed), (end, by_system("attester identity unlink"), renamed),
    ]  # fmt: skip
    return (
        _told("life_of_a_link", maya, life),
        _told("stale", maya, life[:2]),
        _told("suspended", maya, life[:4]),
        _told("second_account", copy, [(refused, system, FACTS), (propose, dana, FACTS), (yes, dana, FACTS), (yes, ravi, FACTS)]),
        _told("asked_on_the_command_line", copy, [(propose, cli, FACTS), (yes, dana, FACTS)]),
        _told("refused", copy, [(propose, dana, FACTS), (no, ravi, FACTS)]),
        _told("lapsed", copy, [(propose, dana, FACTS), (LapseLink(), by_time(AT + timedelta(days=8)), FACTS)], 9),
        _told("desk", DESK, [(OpenLinks(issuer=ISSUER), system, FACTS), (web, system, FACTS)]),
    )  # fmt: skip


def _told(name: str, case: CaseId, steps: Sequence[Step], days: int = 1) -> Example:
    state: Account | None = None
    history: list[Recorded] = []
    at = AT
    for command, by, facts in steps:
        for event in decide(state, command, by, at, facts).events:
            n = len(history) + 1
            history.append(
                Recorded(case=case, n=n, seq=n, event=event, at=at, by=heard(spoken(by)), attestation=f"{n:064x}")
            )
            state = evolve(state, history[-1])
        at += timedelta(days=days)
    return Example(name=name, case=case, history=tuple(history), facts=steps[-1][2], at=at)
