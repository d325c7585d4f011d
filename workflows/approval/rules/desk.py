"""The desk: where requests come in and get a case.

A desk records nothing of a request: it names the case, so that requests never wait for each other.
"""

from __future__ import annotations

import re
from datetime import datetime

from workflows.approval.model import (
    Approval,
    AskAccess,
    DeclareRisk,
    Desk,
    DeskOpened,
    DeskPulled,
    OpenAccess,
    OpenRisk,
    SeeDeskPull,
)
from workflows.approval.rules.frame import settings_of, zone
from workflows.approval.rules.refusal import refused
from workflows.kernel.calendar import local_day
from workflows.kernel.identity import Collection, PersonId
from workflows.kernel.model import Actor, Addressed, CaseId, Facts, Outcome, case_id

NAME = "approval"
PENDING = ("collecting", "asked", "approved", "effect_failed")
MOST_LINES = 20_000
"""A larger list is only looked through where a conflict of duties could hide in it: Slack waits 3 s."""


def open_desk(facts: Facts) -> Outcome:
    """The desk of a control opens with the control."""
    sources = tuple(sorted({e.source for e in settings_of(facts).catalogue}))
    return Outcome(events=(DeskOpened(control=facts.control.id, title=facts.control.title, sources=sources),))


def see_pull(state: Desk, command: SeeDeskPull, facts: Facts) -> Outcome:
    """Remember the newest complete list of a system."""
    known = state.pulls.get(command.collection.source)
    if command.collection.verdict != "complete" or (known and known.number >= command.collection.number):
        raise refused("not_due")
    sources = tuple(sorted({e.source for e in settings_of(facts).catalogue}))
    return Outcome(events=(DeskPulled(collection=command.collection, sources=sources),))


def holder_case(person: PersonId) -> CaseId:
    """The record of what was approved for a person."""
    return case_id(NAME, "holder", person)


def access_prefix(command: AskAccess) -> CaseId:
    """The beginning of the ids of all cases for this access and this person."""
    try:
        return case_id(NAME, "access", command.source, command.entry, command.subject_login)
    except ValueError:
        raise refused("name_too_long") from None


def risk_prefix(command: DeclareRisk) -> CaseId:
    """The beginning of the ids of all cases for a declared risk of this title."""
    slug = re.sub("[^a-z0-9]+", "-", command.title.lower()).strip("-")[:60].strip("-")
    return case_id(NAME, "exception", "declared", slug or "risk")


def ask_access(state: Desk, command: AskAccess, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A request gets its case, unless the same is asked for already."""
    by.somebody()
    subject = facts.directory.get(command.subject)
    if subject is None or subject.login.lower() != command.subject_login.lower():
        raise refused("unknown_person")
    entry = settings_of(facts).entry(command.entry)
    if entry is None or entry.source != command.source:
        raise refused("not_in_catalogue")
    prefix = access_prefix(command)
    earlier = earlier_of(facts, prefix)
    opened = OpenAccess(
        asked=command,
        holder=holder_case(command.subject),
        collection=_list_to_read(state, entry.source, must=bool(settings_of(facts).opposed(entry.id))),
        earlier=earlier,
    )
    return Outcome(commands=(Addressed(case=free(prefix, at, facts), command=opened),))


def _list_to_read(state: Desk, source: str, *, must: bool) -> Collection | None:
    pull = state.pulls.get(source)
    return pull if pull is not None and (must or pull.lines <= MOST_LINES) else None


def declare_risk(command: DeclareRisk, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A declared risk gets its case, unless the same is declared already."""
    by.somebody()
    prefix = risk_prefix(command)
    earlier_of(facts, prefix)
    return Outcome(commands=(Addressed(case=free(prefix, at, facts), command=OpenRisk(asked=command)),))


def earlier_of(facts: Facts, prefix: CaseId) -> CaseId:
    """The access or exception that is in effect and would be extended; refused while the same is asked for."""
    effective = ""
    for case, state in sorted(facts.folded.items()):
        if not case.startswith(f"{prefix}/") or not isinstance(state, Approval):
            continue
        if state.status in PENDING:
            raise refused("already_asked", f"This is asked for already: case {case}.")
        if state.status == "effective":
            effective = case
    return effective


def free(prefix: CaseId, at: datetime, facts: Facts) -> CaseId:
    """The first id of the day that no case has."""
    day, number = local_day(at, zone(facts)).isoformat(), 1
    while True:
        case = f"{prefix}/{day}" if number == 1 else f"{prefix}/{day}-{number}"
        if case not in facts.folded:
            if len(case) > 255:
                raise refused("name_too_long")
            return case
        number += 1
