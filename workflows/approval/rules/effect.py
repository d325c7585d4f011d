"""After the last yes: granted, seen in a later complete pull, over at its end, and seen to be gone. CC6.1, CC6.2, CC6.3.

A report is a claim. Only a complete pull whose data is later than the claim proves it, and absence from a partial or an
older one proves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows.approval.model import (
    AccessEnded,
    AccessNotEnded,
    Approval,
    BlockThrough,
    Errand,
    GrantRefuted,
    GrantVerified,
    Holder,
    ReportBlocked,
    ReportDone,
    ReportThrough,
    SeeCollection,
    Task,
    TaskBlocked,
    TaskReported,
)
from workflows.approval.rules.deciding import released
from workflows.approval.rules.desk import holder_case
from workflows.approval.rules.refusal import checked_reason, refused
from workflows.kernel.follow_up import proves, still_there
from workflows.kernel.identity import Collection, Line
from workflows.kernel.model import Actor, FactNeeds, Facts, Outcome, Want
from workflows.kernel.text import cut

FIRST_CHECK = timedelta(minutes=10)


def errand_of(state: Approval, task: Task, by: Actor) -> Errand:
    """What somebody was asked to do, if it is theirs and still open; the control owner may answer for them."""
    errand = state.grant if task == "grant" else state.removal
    person = by.somebody()
    if errand is None:
        raise refused("task_over")
    if person.id not in (errand.person.id, state.frame.owner.id):
        raise refused("not_yours", f"{errand.person.name} was asked to do this.")
    waiting = (
        state.status in ("approved", "effect_failed") if task == "grant" else state.status in ("ending", "not_ended")
    )
    if not waiting:
        raise refused("task_over")
    # CC6.3: the holder never says of their own access that it is gone or there.
    if state.request.subject and person.id == state.request.subject.id:
        raise refused("benefits_you")
    return errand


def report(state: Approval, command: ReportDone, by: Actor, at: datetime) -> Outcome:
    """Somebody says it is done; the source is pulled soon to see."""
    errand = errand_of(state, command.task, by)
    if errand.reported_at is not None:
        raise refused("task_over", "This is reported already.", "The next complete list shows whether it is so.")
    access = state.request.access
    reason = f"to see whether a reported {'grant' if command.task == 'grant' else 'removal'} is done"
    wants = (Want(kind="pull", source=access.source, reason=reason, not_before=at + FIRST_CHECK),) if access else ()
    return Outcome(events=(TaskReported(task=command.task, by=by.id),), wants=wants)


def report_through(state: Approval, command: ReportThrough, at: datetime) -> Outcome:
    """The system took it; it is pulled soon to see. A second word about it is refused."""
    errand = _by_itself(state, command.task)
    access = state.request.access
    if errand.reported_at is not None or access is None:
        raise refused("task_over")
    reason = f"to see whether a {'grant' if command.task == 'grant' else 'removal'} through {access.system} is done"
    want = Want(kind="pull", source=access.source, reason=reason, not_before=at + FIRST_CHECK)
    return Outcome(events=(TaskReported(task=command.task, by="", files=(command.answer,)),), wants=(want,))


def block_through(state: Approval, command: BlockThrough) -> Outcome:
    """The system did not take it: whoever grants is asked, with the reason."""
    if _by_itself(state, command.task).reported_at is not None:
        raise refused("task_over")
    because = checked_reason(cut(command.because, 900))
    return Outcome(events=(TaskBlocked(task=command.task, by="", because=because),))


def _by_itself(state: Approval, task: Task) -> Errand:
    errand = state.grant if task == "grant" else state.removal
    statuses = ("approved", "effect_failed") if task == "grant" else ("ending", "not_ended")
    if errand is None or not errand.by_itself or state.status not in statuses:
        raise refused("task_over")
    return errand


def blocked(state: Approval, command: ReportBlocked, by: Actor) -> Outcome:
    """Somebody says why it cannot be done; the control owner sees it."""
    errand_of(state, command.task, by)
    because = checked_reason(command.because)
    return Outcome(events=(TaskBlocked(task=command.task, by=by.id, because=because),))


def needs_of(state: Approval, collection: Collection) -> FactNeeds:
    """What a pull must be looked through for: a grant anywhere in it, a known line by its key."""
    if state.line is not None:
        return FactNeeds(collection=collection.id, lines=(state.line,))
    subject = state.request.subject
    folded = (holder_case(subject.id),) if subject else ()
    return FactNeeds(collection=collection.id, population=True, folded=folded)


def see_collection(state: Approval, command: SeeCollection, at: datetime, facts: Facts) -> Outcome:
    """What a pull shows about this access."""
    pull = command.collection
    if state.request.access is None or state.approved_at is None or pull.verdict != "complete":
        raise refused("not_due")
    if state.seen is not None and pull.number <= state.seen.number:
        raise refused("not_due")
    if state.status in ("approved", "effect_failed"):
        return _granted(state, pull, facts)
    line = _seen(state, facts)
    if state.status == "effective":
        return _during(state, pull, line)
    if state.status in ("ending", "not_ended"):
        return _ending(state, pull, line)
    raise refused("not_due")


def _seen(state: Approval, facts: Facts) -> Line | None:
    """The access in this pull: by its key, or, where it was never seen before, any account of the person that has it."""
    access, subject = state.request.access, state.request.subject
    if state.line is not None:
        return facts.lines.get(state.line)
    if access is None or subject is None:
        return None
    theirs = (x for x in facts.population if x.account.person == subject.id)
    return next((x for x in theirs if x.entitlement.native_id == access.entitlement), None)


def _granted(state: Approval, pull: Collection, facts: Facts) -> Outcome:
    access, subject = state.request.access, state.request.subject
    if access is None or subject is None or state.approved_at is None or not proves(pull, state.approved_at):
        return Outcome()
    theirs = [x for x in facts.population if x.account.person == subject.id]
    line = _seen(state, facts)
    extra = _extra(state, theirs, facts)
    if extra:
        if extra == state.extra:
            return Outcome()
        return Outcome(events=(GrantRefuted(what="extra", collection=pull, extra=extra),))
    if line is not None:
        return Outcome(events=(GrantVerified(collection=pull, key=line.key, via=line.via),))
    reported = state.grant.reported_at if state.grant else None
    if reported is not None and proves(pull, reported):
        return Outcome(events=(GrantRefuted(what="absent", collection=pull),))
    return Outcome()


def _extra(state: Approval, theirs: list[Line], facts: Facts) -> tuple[str, ...]:
    """What the person has now, had not when it was asked, and nobody approved."""
    access, subject = state.request.access, state.request.subject
    if access is None or subject is None or access.before is None:
        return ()
    held = facts.folded.get(holder_case(subject.id))
    approved = (
        {r.entitlement for r in held.held.values() if r.source == access.source} if isinstance(held, Holder) else set()
    )
    now = {x.entitlement.native_id for x in theirs}
    return tuple(sorted(now - set(access.before) - approved - {access.entitlement}))


def _during(state: Approval, pull: Collection, line: Line | None) -> Outcome:
    if line is not None or state.effective_at is None or not proves(pull, state.effective_at):
        return Outcome()
    return Outcome(events=(AccessEnded(collection=pull, early=True),), commands=released(state))


def _ending(state: Approval, pull: Collection, line: Line | None) -> Outcome:
    until = state.request.until
    if until is None or not proves(pull, until):
        return Outcome()
    if line is None:
        late = state.not_ended_at is not None
        return Outcome(events=(AccessEnded(collection=pull, late=late),), commands=released(state))
    reported = state.removal.reported_at if state.removal else None
    # Before anybody says that it is gone, its presence is no news.
    if reported is None or not proves(pull, reported):
        return Outcome()
    cause = still_there(state.via, line.via)
    return Outcome(events=(AccessNotEnded(until=until, cause=cause, via=line.via, collection=pull),))
