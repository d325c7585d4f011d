"""Over random organisations and random acts: nobody interested is ever among the deciders, and nobody decides twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.approval.world import DEPLOYED, ruled, set_people
from workflows.approval import WORKFLOW
from workflows.approval.examples.company import DEPLOY, evidence
from workflows.approval.examples.office import Office
from workflows.approval.model import (
    Approval,
    Approve,
    AskAccess,
    AskPair,
    HandOver,
    OpenDeploy,
    OpenFinding,
    RefuseRequest,
    Shorten,
)
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.model import by_person, by_system

NAMES = ("ana", "ben", "cleo", "dora", "emil", "fay", "gus")
FAST = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
someone = st.sampled_from(NAMES)
perhaps = st.one_of(st.none(), someone)


def person(name: str, manager: str | None, *, employed: bool | None, linked: bool) -> Person:
    return Person(
        id=f"P-{name}", issuer="https://idp.acme.test", login=f"{name}@acme.test", name=name.title(), employed=employed,
        manager=f"P-{manager}" if manager else None, slack_user=f"U0{name.upper()}" if linked else None,
    )  # fmt: skip


@st.composite
def companies(draw: st.DrawFn) -> list[Person]:
    """People with managers drawn at random: gaps, loops, leavers and unlinked accounts included."""
    boss = st.sampled_from([None, None, *NAMES])
    mostly = st.sampled_from([True] * 12 + [False, None])
    linked = st.sampled_from([True] * 12 + [False])
    return [person(n, draw(boss), employed=draw(mostly), linked=draw(linked)) for n in NAMES]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["yes", "yes", "yes", "approve", "approve", "refuse", "shorten", "hand", "tick"]),
        someone,
        someone,
    ),
    min_size=4,
    max_size=14,
)


def office(people: list[Person], owner: str, deputy: str, lists: list[str]) -> Office:
    logins = [f"{n}@acme.test" for n in lists]
    entries = [dict(e) | {"owner": f"{lists[0]}@acme.test", "granter": None} for e in ruled().settings["catalogue"]]
    environment = dict(ruled().settings["environments"][0]) | {"approvers": logins, "needed": 1 + len(lists) % 2}
    risks = {"approvers": dict.fromkeys(("low", "medium", "high", "critical"), logins)}
    control = ruled(catalogue=entries, fallback=logins[1:], environments=[environment], risks=risks)
    control = control.model_copy(update={"owner": f"{owner}@acme.test", "deputy": f"{deputy}@acme.test"})
    acme = Office(WORKFLOW, control)
    set_people(acme, people)
    more: dict[str, Any] = {"owner": f"P-{owner}", "deputy": f"P-{deputy}"}
    acme.story.facts = acme.story.facts.model_copy(update=more)
    return acme


def play(acme: Office, case: str, acts: list[tuple[str, str, str]]) -> None:
    """Everybody tries anything; what is refused changes nothing."""
    people = acme.story.facts.directory.people
    refusals = []
    for act, who, other in acts:
        if act == "tick":
            acme.later(hours=7)
            acme.tick()
            continue
        state = acme.state(case)
        here = {"step": state.step, "shown": state.stamp}
        # `yes` is a press of somebody who has the button; all others press whatever they like.
        who = state.asked[-1].id if act == "yes" and state.asked else f"P-{who}"
        soon = acme.at + timedelta(hours=3)
        command = {
            "yes": Approve(**here),
            "approve": Approve(**here),
            "refuse": RefuseRequest(**here, reason="Not this time, sorry."),
            "shorten": Shorten(**here, until=soon, reason="A few hours are enough."),
            "hand": HandOver(step=state.step, person=f"P-{other}", until=soon, reason="I am away."),
        }[act]
        try:
            acme.tell(case, command, by_person(people[who]))
        except Refused as no:
            refusals.append(no)
    assert all(no.why and no.next_step for no in refusals)


def never_interested(acme: Office, state: Approval) -> None:
    """The property itself, written without the rules."""
    request, people = state.request, acme.story.facts.directory.people
    interested = {p.id for p in (request.requester, request.subject) if p}
    interested |= set(request.deploy.authors) if request.deploy else set()
    deciders = [d.person.id for d in state.decisions] + ([state.closed_by.id] if state.status == "refused" else [])  # type: ignore[union-attr]
    assert not set(deciders) & interested
    assert len(set(deciders)) == len(deciders)
    for decider in deciders:
        assert people[decider].employed is True
        above, here = [], people[decider]
        while here.manager and here.manager not in above:
            above.append(here.manager)
            here = people[here.manager]
        if request.kind != "deploy":
            assert not set(above) & interested
    if state.approved_at is not None:
        given = [sum(d.step == n for d in state.decisions) for n in range(len(state.steps))]
        assert given == [s.needed for s in state.steps]
        assert len(deciders) >= 1
    for card in WORKFLOW.cards(state):
        acts = [e["action_id"] for b in card.blocks for e in b.get("elements", ()) if e["type"] == "button"]
        if any(a.startswith("attester:approve") for a in acts):
            assert card.to not in interested


@FAST
@given(companies(), someone, someone, someone, someone, st.lists(someone, min_size=2, max_size=6, unique=True), ACTS)
def test_no_access_is_decided_by_who_asks_gains_or_depends_on_them(
    people: list[Person], owner: str, deputy: str, asker: str, holder: str, lists: list[str], acts: Any
) -> None:
    acme = office(people, owner, deputy, lists)
    command = AskAccess(
        entry="web-write", subject=f"P-{holder}", subject_login=f"{holder}@acme.test", source="github", length="30d",
        reason="It is needed for the work.",
    )  # fmt: skip
    try:
        case = acme.tell(acme.desk, command, by_person(acme.story.facts.directory.people[f"P-{asker}"]))
    except Refused:
        return

    assert acme.state(case).asked
    play(acme, case, acts)

    never_interested(acme, acme.state(case))


@FAST
@given(
    companies(), st.lists(someone, max_size=3), perhaps, st.lists(someone, min_size=1, max_size=5, unique=True), ACTS
)
def test_no_deploy_is_released_by_who_started_or_wrote_it(
    people: list[Person], authors: list[str], starter: str | None, lists: list[str], acts: Any
) -> None:
    acme = office(people, "ana", "ben", lists)
    deploy = DEPLOY.model_copy(update={"authors": tuple(f"P-{a}" for a in authors)})
    opened = OpenDeploy(
        deploy=deploy, title="Retry", requester=f"P-{starter}" if starter else None, evidence=(evidence("scan.sarif"),)
    )
    try:
        case = acme.tell(DEPLOYED, opened, by_system("github"))
    except Refused:
        return

    play(acme, case, acts)

    never_interested(acme, acme.state(case))


@FAST
@given(companies(), someone, someone, st.lists(someone, min_size=3, max_size=6, unique=True), ACTS)
def test_no_risk_is_accepted_by_its_owner_and_a_severe_one_only_with_somebody_outside_the_line(
    people: list[Person], holder: str, asker: str, lists: list[str], acts: Any
) -> None:
    acme = office(people, "ana", "ben", lists)
    finding = OpenFinding.model_validate(
        {
            "finding": {"title": "x", "text": "y", "tool": "t", "rule": "r", "fingerprint": "f", "compensating": "c"},
            "scan": evidence("scan.sarif"), "severity": "high", "owner": f"P-{holder}", "requester": f"P-{asker}",
            "reason": "It is mended next month.", "until": acme.at + timedelta(days=20),
        }
    )  # fmt: skip
    case = "approval/exception/t/acme/x/f"
    try:
        acme.tell(case, finding, by_system("scan"))
    except Refused:
        return

    play(acme, case, acts)

    state = acme.state(case)
    never_interested(acme, state)
    if state.approved_at is not None:
        line = set(acme.story.facts.directory.chain(f"P-{holder}"))
        assert any(d.person.id not in line for d in state.decisions)


@FAST
@given(companies(), someone, someone, someone, someone, ACTS)
def test_no_pair_of_duties_is_allowed_by_who_asks_has_both_or_depends_on_them(
    people: list[Person], owner: str, deputy: str, asker: str, holder: str, acts: Any
) -> None:
    acme = office(people, owner, deputy, ["ana", "ben"])
    command = AskPair(
        one="payments-admin", other="release-sign", subject=f"P-{holder}", subject_login=f"{holder}@acme.test",
        compensating="The log is read.", reason="It is needed for the work.", until=acme.at + timedelta(days=9),
    )  # fmt: skip
    try:
        case = acme.tell(acme.desk, command, by_person(acme.story.facts.directory.people[f"P-{asker}"]))
    except Refused:
        return

    named = {p.id for s in acme.state(case).steps for p in s.people}
    play(acme, case, acts)

    assert named <= {f"P-{owner}", f"P-{deputy}"}
    never_interested(acme, acme.state(case))
