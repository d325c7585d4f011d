"""What time alone causes: the desk opens with its control; reminders, lapses, ends and overdue reviews within cases.

Everything is derived from the state and the calendar, never remembered: after an outage what was due is recorded once,
with its due time. Of several rungs of a ladder the highest is acted on, and the others are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from workflows.approval.model import (
    AnnounceEnd,
    Approval,
    Climb,
    Desk,
    EndException,
    Lapse,
    OpenDesk,
    RecordNotEnded,
    RecordUnreviewed,
    SeeCollection,
    SeeDeskPull,
)
from workflows.approval.rules import State
from workflows.approval.rules.desk import NAME
from workflows.approval.rules.ladder import asking_rungs, moments
from workflows.kernel.identity import Collection
from workflows.kernel.model import CaseId, Command, Control, Facts, case_id
from workflows.kernel.workflow import Opening


def desk_case(control: str) -> CaseId:
    """The desk of a control: requests come in here and get cases of their own."""
    return case_id(NAME, "desk", control)


def openings(control: Control, company: Mapping[str, Any], now: datetime) -> Sequence[Opening]:
    """The control's desk, once, from the instant it is in force. Approvals themselves open when somebody asks."""
    since = company.get("effective_from")
    if since is None or since > now:
        return ()
    return (Opening(case=desk_case(control.id), command=OpenDesk(), due_at=since),)


def due(state: State, now: datetime, facts: Facts) -> Sequence[Command]:
    """The commands that time alone causes now."""
    if not isinstance(state, Approval):
        return ()
    reached = [r for r in moments(state) if r.at <= now]
    names = {r.name for r in reached}
    if "lapse" in names:
        return (Lapse(),)
    commands: list[Command] = []
    rungs = [r for r in asking_rungs(state) if r.at <= now]
    if rungs:
        *skipped, highest = rungs
        commands.append(Climb(rung=highest.name, due_at=highest.at, skipped=tuple(r.name for r in skipped)))
    ends = [r for r in reached if r.name in ("first", "second", "last", "end")]
    if ends and "exception" not in names:
        commands.append(AnnounceEnd(rung=ends[-1].name, due_at=ends[-1].at))
    if "not_ended" in names:
        commands.append(RecordNotEnded())
    if "exception" in names:
        commands.append(EndException())
    if "review" in names:
        commands.append(RecordUnreviewed())
    return commands


def wake_at(state: Approval) -> datetime | None:
    """The next instant at which time alone causes something; None where only people and systems can."""
    return min((r.at for r in moments(state)), default=None)


def pulled(state: State, collection: Collection) -> Command | None:
    """What a new pull means for a case; None where it concerns nothing here."""
    if collection.verdict != "complete":
        return None
    if isinstance(state, Desk):
        known = state.pulls.get(collection.source)
        newer = known is None or known.number < collection.number
        return SeeDeskPull(collection=collection) if newer and collection.source in state.sources else None
    if isinstance(state, Approval) and state.request.pair is not None:
        concerns = any(side.source == collection.source for side in state.request.pair.sides)
        return SeeCollection(collection=collection) if concerns and state.status == "not_ended" else None
    if not isinstance(state, Approval) or state.request.access is None or state.approved_at is None:
        return None
    waits = state.status in ("approved", "effect_failed", "effective", "ending", "not_ended")
    return SeeCollection(collection=collection) if waits and collection.source == state.request.access.source else None
