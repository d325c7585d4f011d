"""Where a case stands, for lists: its summary, what is asked of whom, and who may act in it at all."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.access_review.model import Campaign, FollowUp, Review
from workflows.access_review.rules.sealing import counts_of
from workflows.access_review.schedule import wake_at
from workflows.kernel.calendar import period_words
from workflows.kernel.identity import PersonId
from workflows.kernel.model import Ask, CaseSummary
from workflows.kernel.text import count

NAME = "access_review"
WANTED = {
    "planned": "The lists are being fetched; nothing is wanted of you yet",
    "collecting": "The lists are being fetched; nothing is wanted of you yet",
    "open": "Reviewers are deciding; close it when all is decided and removed",
    "removing": "All is decided; close it when every removal is verified",
    "closed": "",
    "closed_with_exceptions": "",
    "cancelled": "",
}
"""What the control owner has to do in each state of a campaign."""


def summary(state: Campaign | Review) -> CaseSummary:
    """The row by which a case is found without folding it."""
    return _campaign_summary(state) if isinstance(state, Campaign) else _review_summary(state)


def _campaign_summary(state: Campaign) -> CaseSummary:
    sources = tuple(dict.fromkeys([state.directory_source, *state.sources]))
    counts = {
        "lines": len(state.homes),
        "unassigned": len(state.unassigned),
        "signed": sum(c.get("signed", 0) for c in state.progress.values()),
        "settled": sum(c.get("settled", 0) for c in state.progress.values()),
        "removals_open": sum(c.get("removals_open", 0) for c in state.progress.values()),
        "removals_late": sum(c.get("removals_late", 0) for c in state.progress.values()),
        "sources": len(state.sources),
        "sources_opened": sum(s.status == "opened" for s in state.sources.values()),
        "exceptions": len(state.standing()),
    }
    flags = {"late": state.late, "missed": state.missed_at, "overdue": state.overdue_at}
    return CaseSummary(
        case=state.case,
        workflow=NAME,
        control=state.control,
        title=f"{state.title}, {period_words(state.period)}",
        status=state.status,
        # An exception outlives the campaign: its end is still to be recorded.
        open=state.open or bool(state.standing()),
        owner=state.owner.id if state.owner else None,
        opened_at=state.opened_at or state.planned_at,
        due_at=state.due_at,
        wake_at=wake_at(state),
        watches=tuple(s for s in sources if s) if state.open else (),
        counts=counts,
        notes=(*(name for name, here in flags.items() if here), *_refused(state)),
    )


def _refused(state: Campaign) -> list[str]:
    return [f"{s.source}: {'; '.join(s.reasons)}" for s in state.sources.values() if s.status == "refused"]


def _review_summary(state: Review) -> CaseSummary:
    head = state.head
    live = not state.cancelled and (bool(state.unsettled()) or any(f.open for f in state.follow_ups.values()))
    watched = dict.fromkeys([head.source, head.directory_source])
    watches = tuple(s for s in watched if s)
    if state.cancelled or (state.sealed and not (state.watched and state.follow_ups)):
        watches = ()
    return CaseSummary(
        case=state.case,
        workflow=NAME,
        control=head.control,
        parent=head.campaign,
        title=f"{head.title}: {state.reviewer.name}",
        status=state.status,
        open=live,
        owner=state.reviewer.id,
        opened_at=state.opened_at,
        due_at=head.due_at,
        wake_at=wake_at(state),
        watches=watches,
        counts=counts_of(state),
        notes=tuple(state.climbed),
    )


def asks(state: Campaign | Review) -> Sequence[Ask]:
    """What is wanted of whom. One that is done stays listed as not open, so that it can be closed where it is shown."""
    return _campaign_asks(state) if isinstance(state, Campaign) else _review_asks(state)


def _campaign_asks(state: Campaign) -> list[Ask]:
    title = f"{state.title}, {period_words(state.period)}"
    found = []
    if state.owner is not None:
        nobody = count(len(state.unassigned), "line has", "lines have")
        detail = f"{nobody} no independent reviewer: please name somebody" if state.unassigned else ""
        detail = detail or WANTED[state.status]
        found.append(
            Ask(key="campaign", person=state.owner.id, title=title, detail=detail, due_at=state.due_at, open=state.open)
        )
    for p in state.proposals.values():
        asked = f"{p.by.name} asks for your second signature: {title}"
        found.append(
            Ask(key=f"second:{p.number}", person=p.second.id, title=asked, detail=p.reason, open=p.outcome == "open")
        )
    return found


def _review_asks(state: Review) -> list[Ask]:
    head = state.head
    todo = [] if state.cancelled else state.unsettled()
    detail = f"{len(todo)} of {count(len(state.lines), 'line')} to decide" if todo else ""
    wanted = bool(todo)
    found = [
        Ask(key="queue", person=state.reviewer.id, title=head.title, detail=detail, due_at=head.due_at, open=wanted)
    ]
    silent = f"{state.reviewer.name} has not answered: {head.title}"
    if state.manager_asked and state.manager_asked != state.reviewer.id:
        found.append(Ask(key="silent:manager", person=state.manager_asked, title=silent, detail=detail, open=wanted))
    if state.owner_asked and head.owner.id != state.reviewer.id:
        found.append(Ask(key="silent:owner", person=head.owner.id, title=silent, detail=detail, open=wanted))
    waiting: dict[PersonId, int] = {}
    for x in state.lines.values():
        if x.assigned.cosigner is not None:
            waiting.setdefault(x.assigned.cosigner.id, 0)
            waiting[x.assigned.cosigner.id] += x.cosign == "wanted"
    for person, number in waiting.items():
        detail = f"{count(number, 'verdict')} of {state.reviewer.name}"
        title = f"Your second signature: {head.title}"
        found.append(Ask(key=f"cosign:{person}", person=person, title=title, detail=detail, open=number > 0))
    found.extend(_removal_ask(state, f) for f in state.follow_ups.values())
    return found


def _removal_ask(state: Review, follow_up: FollowUp) -> Ask:
    line = follow_up.line.line
    verb = "Change" if follow_up.verdict == "change" else "Remove"
    person = follow_up.line.person
    whose = person.name if person else line.account.name or line.account.login or line.account.native_id
    title = f"{verb} {line.entitlement.name} of {whose} in {state.head.system}"
    wanted = follow_up.open and follow_up.status != "reported_done"
    return Ask(
        key=f"removal:{follow_up.ref}",
        person=follow_up.remover.id,
        title=title,
        detail=follow_up.cause,
        due_at=follow_up.due_at,
        open=wanted,
    )


def assigned(state: Campaign | Review | None, person: PersonId) -> bool:
    """Whether this person has anything to do in this case."""
    if isinstance(state, Campaign):
        people = {p.second.id for p in state.proposals.values()}
        people |= {p.id for p in (state.owner, state.deputy) if p}
        return person in people
    if isinstance(state, Review):
        return person in _people(state)
    return False


def _people(state: Review) -> set[PersonId]:
    head = state.head
    people = {head.reviewer.id, head.owner.id} | {f.remover.id for f in state.follow_ups.values()}
    people |= {x.assigned.cosigner.id for x in state.lines.values() if x.assigned.cosigner}
    return people | ({state.manager_asked} if state.manager_asked else set())
