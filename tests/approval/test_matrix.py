"""Every actor tries every command in every example: what is allowed is exactly what a plain table says.

The table below does not share code with the rules: it names, for each command, whom the case shows as its actor.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.test_every_workflow import STRANGER
from workflows.approval import WORKFLOW
from workflows.approval.examples import histories
from workflows.approval.examples.company import PEOPLE
from workflows.approval.model import (
    Approval,
    Approve,
    ExplainBypass,
    HandOver,
    RateRisk,
    RefuseRequest,
    ReportBlocked,
    ReportDone,
    ReviewEmergency,
    Shorten,
    Withdraw,
)
from workflows.kernel.errors import Refused
from workflows.kernel.identity import directory_of
from workflows.kernel.model import Actor, Command, by_person, by_system, by_time
from workflows.kernel.workflow import Example

EXAMPLES = [e for e in histories(WORKFLOW) if not e.name.startswith(("desk", "holder"))]
WORDS = "A reason of enough words."
FREE = "P-free"
"""A person of the company who may always be handed to: outside every line, with no part in anything."""


def folded(example: Example) -> Approval:
    state = None
    for recorded in example.history:
        state = WORKFLOW.evolve(state, recorded)
    assert isinstance(state, Approval)
    return state


def deciders(state: Approval) -> set[str]:
    """Who is asked, minus whoever has an interest of their own."""
    if state.status != "asked":
        return set()
    deploy = state.request.deploy
    interested = {p.id for p in (state.request.requester, state.request.subject) if p}
    interested |= set(deploy.authors) if deploy else set()
    return {p.id for p in state.asked} - interested - {d.person.id for d in state.decisions}


def shorteners(state: Approval) -> set[str]:
    return deciders(state) if state.request.kind != "deploy" else set()


def requester(state: Approval) -> set[str]:
    before = state.status in ("collecting", "asked", "approved", "effect_failed") and not state.extra
    # What a system grants by itself may be there before anybody hears of it.
    there = state.grant is not None and (state.grant.reported_at is not None or state.grant.by_itself)
    return {state.request.requester.id} if state.request.requester and before and not there else set()


def doers(task: str) -> Callable[[Approval], set[str]]:
    def who(state: Approval) -> set[str]:
        errand = state.grant if task == "grant" else state.removal
        live = {"grant": ("approved", "effect_failed"), "remove": ("ending", "not_ended")}[task]
        if errand is None or state.status not in live:
            return set()
        return {errand.person.id, state.frame.owner.id} - {state.request.subject.id if state.request.subject else ""}

    return who


def reporters(task: str) -> Callable[[Approval], set[str]]:
    def who(state: Approval) -> set[str]:
        errand = state.grant if task == "grant" else state.removal
        return doers(task)(state) if errand is None or errand.reported_at is None else set()

    return who


def rater(state: Approval) -> set[str]:
    waits = state.status == "collecting" and state.request.kind == "exception"
    return {state.request.subject.id} if waits and state.request.subject else set()


def reviewers(state: Approval) -> set[str]:
    return {p.id for p in state.review.people} if state.review and not state.review.by else set()


def explainers(state: Approval) -> set[str]:
    owners = {p.id for p in (state.frame.owner, state.frame.deputy) if p}
    return (
        owners if state.status in ("bypassed", "unguarded", "uncovered", "unproven") and not state.explained else set()
    )


def earlier_end(state: Approval, example: Example) -> Any:
    return min(
        example.at + timedelta(hours=1), (state.request.until or example.at + timedelta(days=9)) - timedelta(1 / 48)
    )


Made = Callable[[Approval, Example], Command]
TABLE: dict[str, tuple[Made, Callable[[Approval], set[str]]]] = {
    "approve": (lambda s, e: Approve(step=s.step, shown=s.stamp), deciders),
    "refuse": (lambda s, e: RefuseRequest(step=s.step, shown=s.stamp, reason=WORDS), deciders),
    "shorten": (
        lambda s, e: Shorten(step=s.step, shown=s.stamp, until=earlier_end(s, e), reason=WORDS),
        shorteners,
    ),
    "hand_over": (
        lambda s, e: HandOver(step=s.step, person=FREE, until=e.at + timedelta(days=1), reason=WORDS),
        deciders,
    ),
    "withdraw": (lambda s, e: Withdraw(), requester),
    "granted": (lambda s, e: ReportDone(task="grant"), reporters("grant")),
    "removed": (lambda s, e: ReportDone(task="remove"), reporters("remove")),
    "cannot_grant": (lambda s, e: ReportBlocked(task="grant", because=WORDS), doers("grant")),
    "cannot_remove": (lambda s, e: ReportBlocked(task="remove", because=WORDS), doers("remove")),
    "rate": (lambda s, e: RateRisk(severity="low"), rater),
    "review": (lambda s, e: ReviewEmergency(justified=True, reason=WORDS), reviewers),
    "explain": (lambda s, e: ExplainBypass(reason=WORDS), explainers),
}


def actors() -> list[Actor]:
    return [by_person(p) for p in (*PEOPLE, STRANGER)]


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_exactly_whom_the_case_names_may_do_this_and_everybody_else_is_refused(example: Example, name: str) -> None:
    state = folded(example)
    make, allowed = TABLE[name]
    free = PEOPLE[0].model_copy(update={"id": FREE, "login": "free@acme.test", "slack_user": "U0FREE", "manager": None})
    facts = example.facts.model_copy(
        update={"directory": directory_of((*PEOPLE, free), digest="d" * 64, synced_at=example.at)}
    )
    did, refusals = set(), []

    for actor in actors():
        try:
            outcome = WORKFLOW.decide(state, make(state, example), actor, example.at, facts)
        except Refused as no:
            refusals.append(no)
            continue
        assert outcome.events
        did.add(actor.id)

    assert did == allowed(state)
    assert all(no.why and no.next_step for no in refusals)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_time_and_systems_never_do_what_a_person_must(example: Example) -> None:
    state = folded(example)

    for make, _ in TABLE.values():
        for actor in (by_time(example.at), by_system("identity pull")):
            with pytest.raises(Refused):
                WORKFLOW.decide(state, make(state, example), actor, example.at, example.facts)


def test_the_table_knows_every_command_that_a_person_can_reach() -> None:
    reachable = {c for c in WORKFLOW.commands if c.NEED == "assigned"}
    tried = {type(make(folded(EXAMPLES[0]), EXAMPLES[0])) for make, _ in TABLE.values()}

    assert tried == reachable
