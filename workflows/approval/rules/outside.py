"""What other systems say, and what is said afterwards: evidence, deployments, emergencies, bypasses. CC7.1, CC8.1."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import (
    AROUND,
    Approval,
    AttachEvidence,
    BypassExplained,
    DeployOutcomeSeen,
    DeployRejected,
    DeployReleased,
    EmergencyReviewed,
    EvidenceAttached,
    ExplainBypass,
    NoteOutcome,
    NoteRelease,
    RateRisk,
    ReviewEmergency,
    RiskRated,
)
from workflows.approval.rules.approver import fresh, related
from workflows.approval.rules.asking import asked
from workflows.approval.rules.effect_fold import told_anew
from workflows.approval.rules.frame import closed_days, settings_of, zone
from workflows.approval.rules.plan import planned
from workflows.approval.rules.refusal import checked_reason, refused
from workflows.kernel.calendar import after
from workflows.kernel.model import Actor, Facts, Outcome


def attach(state: Approval, command: AttachEvidence, at: datetime, facts: Facts) -> Outcome:
    """Evidence came; where nothing is awaited any more, people are asked."""
    deploy = state.request.deploy
    if state.status != "collecting" or deploy is None:
        raise refused("already_decided", "Nothing is awaited here any more.")
    if command.commit and command.commit != deploy.commit:
        raise refused("other_commit")
    there = {f.name for f in (*state.files, *command.evidence)}
    missing = tuple(m for m in dict.fromkeys([*state.missing, *command.missing]) if m not in there)
    event = EvidenceAttached(files=command.evidence, missing=missing, facts=command.facts)
    if missing:
        return Outcome(events=(event,))
    return Outcome(events=(event, asked(_with_files(state, event), 0, facts.directory, at)))


def _with_files(state: Approval, event: EvidenceAttached) -> Approval:
    more = event.files
    return Approval(
        case=state.case,
        request=told_anew(state.request, event.facts),
        steps=state.steps,
        frame=state.frame,
        requested_at=state.requested_at,
        files=(*state.files, *more),
    )


def rate(state: Approval, command: RateRisk, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The owner of a declared risk says how severe it is: who may accept it, and how long, follows from that."""
    person = by.somebody()
    owner = state.request.subject
    if owner is None or person.id != owner.id:
        raise refused("not_yours")
    if state.status != "collecting" or state.request.severity is not None or state.request.kind != "exception":
        raise refused("already_decided")
    fresh(facts.directory, at)
    settings = settings_of(facts)
    if settings.risks is None:
        raise refused("no_risks")
    limit = after(at, settings.risks.limit(command.severity), zone(facts), closed_days(facts.company))
    until = min(limit, state.request.until or limit)
    request = state.request.model_copy(update={"severity": command.severity, "until": until})
    steps = planned(request, settings, facts)
    event = RiskRated(severity=command.severity, request=request, request_sha256=request.digest(), steps=steps)
    rated = Approval(
        case=state.case,
        request=request,
        steps=steps,
        frame=state.frame,
        requested_at=state.requested_at,
        files=state.files,
    )
    return Outcome(events=(event, asked(rated, 0, facts.directory, at)))


def release(state: Approval, command: NoteRelease) -> Outcome:
    """GitHub was told what was decided, and took it. A second telling changes nothing."""
    if state.request.kind != "deploy" or state.told:
        raise refused("not_due")
    if command.told == "approved":
        if state.approved_at is None or state.status != "approved":
            raise refused("not_due")
        return Outcome(events=(DeployReleased(files=command.evidence),))
    if state.status not in ("refused", "lapsed", "superseded", "withdrawn"):
        raise refused("not_due")
    return Outcome(events=(DeployRejected(files=command.evidence),))


def outcome(state: Approval, command: NoteOutcome) -> Outcome:
    """How the deployment ended."""
    if state.request.kind != "deploy" or state.status != "effective":
        raise refused("not_due")
    return Outcome(events=(DeployOutcomeSeen(outcome=command.outcome, files=command.evidence),))


def review(state: Approval, command: ReviewEmergency, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """Afterwards somebody who neither asked nor decided says whether the emergency was one (CC6.1)."""
    person = by.somebody()
    held = state.review
    if held is None or all(p.id != person.id for p in held.people):
        raise refused("not_yours")
    if held.by:
        raise refused("already_decided")
    fresh(facts.directory, at)
    if (found := related(person.id, state.request, facts.directory)) is not None:
        raise found
    if any(d.person.id == person.id for d in state.decisions):
        raise refused("decided_earlier")
    reason = checked_reason(command.reason, state.frame.reason_min)
    return Outcome(events=(EmergencyReviewed(by=person.id, justified=command.justified, reason=reason),))


def explain(state: Approval, command: ExplainBypass, by: Actor) -> Outcome:
    """The control owner says how a deployment went out without an approval."""
    person = by.somebody()
    owners = [p.id for p in (state.frame.owner, state.frame.deputy) if p]
    if state.status not in AROUND or person.id not in owners:
        raise refused("not_yours")
    if state.explained:
        raise refused("already_decided")
    deploy = state.request.deploy
    if deploy is not None and person.id in deploy.authors:
        raise refused("author")
    return Outcome(events=(BypassExplained(by=person.id, reason=checked_reason(command.reason, 10)),))
