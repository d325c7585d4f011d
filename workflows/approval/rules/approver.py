"""Who may decide: one rule, asked when a request is made, when people are asked, and at every click. CC6.3, CC8.1.

Nobody decides what they asked for, what benefits them, what they wrote, or what they answer for; nobody decides twice;
and where the answer is not known, it is no.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from workflows.approval.model import Approval, Passed, Request, Step
from workflows.approval.rules.refusal import refused
from workflows.kernel.assured import reached
from workflows.kernel.calendar import local_day
from workflows.kernel.errors import Refused, StepUpNeeded
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.independence import Access, absent, objection
from workflows.kernel.model import Actor, Assurance

DIRECTORY_AGE = timedelta(hours=24)
CLOCKS_APART = timedelta(minutes=5)
AT_ONCE = 5
"""So many people are asked at once at most."""
SHORT = {
    "own_request": "asked for it",
    "benefits_you": "benefits from it",
    "own_risk": "owns the risk",
    "author": "wrote part of the change",
    "subordinate": "reports to who asks or benefits",
    "inside_line": "is in the owner's reporting line",
    "not_employed": "is not an active employee",
    "not_linked": "is not linked to Slack",
    "unknown_person": "is not in the directory",
}
"""Why somebody may not decide, as said about them to somebody else."""
_CODES = {"own_access": "benefits_you", "requester": "own_request", "subordinate": "subordinate"}


def fresh(directory: Directory, at: datetime) -> None:
    """Refused where the directory is older than a day, or of unknown age: who has left since would not be noticed."""
    if directory.synced_at is None or not -CLOCKS_APART <= at - directory.synced_at <= DIRECTORY_AGE:
        raise refused("directory_too_old")


def related(person: PersonId, request: Request, directory: Directory) -> Refused | None:
    """Why somebody is not independent of a request, or None. The order is that in which people would ask."""
    requester = request.requester.id if request.requester else None
    subject = request.subject.id if request.subject else None
    deploy = request.deploy
    # CC6.3: whoever asks for something, or gains by it, is never its judge.
    if person == requester:
        return refused("own_request")
    found = objection(person, Access(subject=subject, requester=requester), directory)
    if found is not None:
        own = "own_risk" if request.kind == "exception" and found.code == "own_access" else _CODES.get(found.code)
        own = own or (found.code if found.code in ("not_employed", "not_linked", "unknown_person") else "not_asked")
        return refused(own)
    # Nobody can freely judge what somebody wants on whom they depend.
    if request.kind != "deploy" and requester and directory.reports_to(person, requester):
        return refused("subordinate")
    # CC8.1: whoever wrote a change does not release it.
    if deploy and person in deploy.authors:
        return refused("author")
    if deploy and person in deploy.starters:
        return refused("own_request")
    return None


def outside(person: PersonId, request: Request, directory: Directory) -> bool:
    """Whether somebody stands outside the reporting line of the risk's owner."""
    owner = request.subject.id if request.subject else None
    return owner is None or not (directory.reports_to(owner, person) or directory.reports_to(person, owner))


def fit_for(person: Person | None, step: Step, request: Request, directory: Directory) -> Refused | None:
    """Why somebody may not decide a step of a request, whoever else decided; None where they may."""
    if person is None:
        return refused("unknown_person")
    found = related(person.id, request, directory)
    if found is None and step.outside and not outside(person.id, request, directory):
        return refused("inside_line")
    return found


def may(person: PersonId, state: Approval, directory: Directory, at: datetime) -> Refused | None:
    """Why somebody may not decide the step that is asked now, or None where they may: the one answer for every way in."""
    if (closed := closed_already(state, at)) is not None:
        return closed
    step = state.now
    if step is None:
        return refused("collecting")
    known = directory.get(person)
    if known is None:
        return refused("not_asked")
    if (found := fit_for(known, step, state.request, directory)) is not None:
        return found
    # Four eyes: each step, and each place in a step, is another person.
    if any(d.person.id == person for d in state.decisions):
        here = any(d.person.id == person and d.step == state.step for d in state.decisions)
        return refused("already_decided", "You have said yes to this already.") if here else refused("decided_earlier")
    if all(p.id != person for p in state.asked):
        return refused("not_asked", _whose(state))
    handed = state.handed.get(person)
    if handed is not None and handed.until < at:
        return refused("not_asked", "This was handed over to you until a day that has passed.")
    return None


def _whose(state: Approval) -> str:
    names = " or ".join(p.called() if p.login else p.name for p in state.asked[:2])
    return f"This is for {names} to decide." if names else ""


def closed_already(state: Approval, at: datetime) -> Refused | None:
    """Why nothing is decided here any more, with who ended it and when; None where something is."""
    if state.status in ("withdrawn", "superseded", "lapsed"):
        return refused(state.status)
    if state.status not in ("collecting", "asked"):
        last = state.closed_by or (state.decisions[-1].person if state.decisions else None)
        moment = state.closed_at or state.approved_at
        if last is None or moment is None:
            return refused("already_decided")
        word = "refused" if state.status == "refused" else "approved"
        return refused("already_decided", f"{last.name} {word} this at {moment:%H:%M} UTC on {moment:%-d %b %Y}.")
    if at > state.frame.lapse_at:
        return refused("lapsed")
    return None


def level_reached(wanted: Assurance, by: Actor) -> None:
    """Refused where it is less sure who acts than this decision wants; a level outside the order is none at all."""
    if not reached(wanted, by):
        no = refused("step_up_needed")
        raise StepUpNeeded(wanted, no.why, no.next_step)


def feasible(steps: Sequence[Step], used: Collection[PersonId] = ()) -> bool:
    """Whether every step can be decided, each place by another person than all others."""
    if not steps:
        return True
    first, rest = steps[0], steps[1:]
    free = [p.id for p in first.people if p.id not in used]
    return any(feasible(rest, {*used, *chosen}) for chosen in combinations(free, max(0, first.needed)))


def askable(state: Approval, number: int, directory: Directory, at: datetime) -> list[Person]:
    """Who can be asked a step now, in order: independent today, not a decider yet, and needed by no later step alone.

    Whoever is away comes last: the step does not wait for them while somebody else is there.
    """
    step = state.steps[number]
    used = {d.person.id for d in state.decisions}
    left = step.needed - sum(d.step == number for d in state.decisions)
    found = []
    for person in step.people:
        current = directory.get(person.id)
        if person.id in used or fit_for(current, step, state.request, directory) is not None:
            continue
        here = step.model_copy(update={"needed": max(0, left - 1)})
        if feasible([here, *state.steps[number + 1 :]], {*used, person.id}):
            found.append(current or person)
    today = local_day(at, state.frame.time_zone)
    return sorted(found, key=lambda p: absent(p, today) is not None)


def passed(person: PersonId, found: Refused) -> Passed:
    """Why somebody was passed over, for the record."""
    return Passed(person=person, code=found.code, reason=found.why)
