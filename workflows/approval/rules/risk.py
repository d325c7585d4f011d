"""Weaknesses that are accepted for a time: found by a scanner, or declared; and those put aside around us. CC3.2, CC4.2, CC7.1.

A finding is accepted only as it stands in stored evidence: one finding, one place, one end.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from workflows.approval.model import (
    SEVERITIES,
    Approval,
    ApprovalSuperseded,
    AskFinding,
    DismissalUncovered,
    Finding,
    FindingGone,
    NoteDismissals,
    OpenFinding,
    OpenRisk,
    Request,
    SeeScan,
)
from workflows.approval.rules.approver import fresh
from workflows.approval.rules.asking import opened
from workflows.approval.rules.frame import asker, closed_days, framed, here, settings_of, zone
from workflows.approval.rules.plan import planned
from workflows.approval.rules.refusal import checked_reason, refused
from workflows.kernel.calendar import after
from workflows.kernel.model import Actor, Addressed, CaseId, Event, EvidenceRef, Facts, Outcome, case_id
from workflows.kernel.text import cut
from workflows.kernel.weakness import Weakness, weakness_id

NAME = "approval"
SEVERITY = "how severe it is, which its owner says"
RENEWED_WITHIN = timedelta(days=14)
"""How long before its end an acceptance may be asked for anew."""
PENDING = ("collecting", "asked")


def finding_case(tool: str, repository: str, mark: str) -> CaseId:
    """The case in which a finding is accepted for the first time; later ones have a number behind it."""
    try:
        return case_id(NAME, "exception", tool, *repository.split("/"), mark)
    except ValueError:
        raise refused("finding_unknown") from None


def base_case(case: CaseId) -> CaseId:
    """The case of a finding's first acceptance, from that of any of them."""
    return re.sub(r"(?<=/[0-9a-f]{12})-[0-9]+$", "", case)


def wanted_id(command: AskFinding) -> str:
    """The id of the weakness that is asked about."""
    return weakness_id(command.tool, command.repository, command.mark)


def ask_finding(command: AskFinding, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A finding gets its case, unless the same is asked for already, or is accepted for longer."""
    by.somebody()
    known = next((w for w in facts.weaknesses if w.id == wanted_id(command)), None)
    if known is None:
        raise refused("finding_unknown")
    if known.gone:
        raise refused("finding_unknown", "The newest whole scan does not show this finding any more.")
    first = finding_case(known.tool, known.repository, known.mark)
    earlier = {c: s for c, s in facts.folded.items() if base_case(c) == first and isinstance(s, Approval)}
    if waiting := next((c for c, s in sorted(earlier.items()) if s.status in PENDING), None):
        raise refused("already_asked", f"This is asked for already: case {waiting}.")
    standing = next((c for c, s in sorted(earlier.items()) if s.status == "effective"), "")
    until = earlier[standing].request.until if standing else None
    if until is not None and until - at > RENEWED_WITHIN:
        raise refused("already_accepted")
    finding = Finding(
        title=known.title, text=known.text, tool=known.tool, rule=known.rule, place=known.place,
        fingerprint=known.fingerprint, commit=known.commit, live_secret=known.live_secret,
        compensating=command.compensating, repository=known.repository, earlier=standing, known_since=known.first_seen,
        renewals=sum(s.approved_at is not None for s in earlier.values()),
    )  # fmt: skip
    opens = OpenFinding(
        finding=finding, scan=scan_of(known), severity=known.severity, owner=command.owner, requester=by.id,
        reason=command.reason, until=command.until,
    )  # fmt: skip
    number = 1 + len(earlier)
    return Outcome(commands=(Addressed(case=first if number == 1 else f"{first}-{number}", command=opens),))


def scan_of(known: Weakness) -> EvidenceRef:
    """The newest report that shows a weakness, as evidence."""
    return EvidenceRef(
        name=known.scan_name, sha256=known.scan_sha256, media_type=known.scan_media_type, kind=known.scan_kind,
        source=known.tool, collected_at=known.scan_at,
    )  # fmt: skip


def open_finding(command: OpenFinding, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """Acceptance of a finding that stands in stored scanner evidence: one finding, one place, one end."""
    settings, finding, directory = settings_of(facts), command.finding, facts.directory
    fresh(directory, at)
    if settings.risks is None:
        raise refused("no_risks")
    if finding.live_secret:
        raise refused("rotate_it")
    if not finding.tool or not finding.rule or not (finding.fingerprint or finding.commit):
        raise refused("finding_unknown")
    _compensated(finding)
    asks = by.id if by.kind == "person" else command.requester
    requester, owner = asker(asks, directory), here(command.owner, directory)
    reason = checked_reason(command.reason, settings.reason_min)
    longest = settings.risks.limit(command.severity)
    _within(command.until, longest, at, facts)
    request = Request(
        kind="exception",
        title=finding.title,
        plain=finding.text,
        requester=requester,
        subject=owner,
        reason=reason,
        until=command.until,
        severity=command.severity,
        finding=finding,
    )
    steps, frame = planned(request, settings, facts), framed(request, settings, at, facts)
    return Outcome(events=opened(request, steps, frame, at, directory, files=(command.scan,)))


def open_risk(command: OpenRisk, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A declared risk. Its owner says how severe it is; only then is anybody asked to accept it."""
    settings, asked, directory = settings_of(facts), command.asked, facts.directory
    fresh(directory, at)
    if settings.risks is None:
        raise refused("no_risks")
    requester, owner = asker(by.somebody().id, directory), here(asked.owner, directory)
    finding = Finding(title=asked.title, text=asked.text, compensating=asked.compensating)
    _compensated(finding)
    reason = checked_reason(asked.reason, settings.reason_min)
    _within(asked.until, settings.risks.limit("low"), at, facts)
    request = Request(
        kind="exception",
        title=checked_reason(asked.title),
        plain=checked_reason(asked.text, settings.reason_min),
        requester=requester,
        subject=owner,
        reason=reason,
        until=asked.until,
        finding=finding,
    )
    # At the least severity somebody must be there to decide it; the owner learns more when they say how severe it is.
    planned(request.model_copy(update={"severity": "low"}), settings, facts)
    events = opened(request, (), framed(request, settings, at, facts), at, directory, missing=(SEVERITY,))
    return Outcome(events=events)


def _compensated(finding: Finding) -> None:
    if not finding.compensating.strip():
        raise refused("compensating_missing")
    checked_reason(finding.compensating)


def _within(until: datetime, longest: str, at: datetime, facts: Facts) -> None:
    if until <= at:
        raise refused("end_passed", "The end lies in the past.", "Choose a day after today, then send it again.")
    if until > after(at, longest, zone(facts), closed_days(facts.company)):
        raise refused("end_too_far", f"That is longer than {longest}, the longest time for this severity.")


def see_scan(state: Approval, command: SeeScan) -> Outcome:
    """A later scan decides: gone, somewhere else, worse, or still there. One that is not whole proves nothing."""
    finding = state.request.finding
    if finding is None or not finding.fingerprint or not command.complete:
        raise refused("not_due")
    if state.status not in ("asked", "effective", "not_ended"):
        raise refused("not_due")
    # An older scan that comes late says nothing about now.
    if any(f.kind == command.scan.kind and _older(command.scan, f) for f in state.files):
        raise refused("not_due")
    if not command.found:
        return Outcome(events=(FindingGone(scan=command.scan),))
    worse = command.severity and state.request.severity
    if worse and SEVERITIES.index(command.severity or "low") > SEVERITIES.index(state.request.severity or "low"):
        because = f"The severity is now {command.severity}."
        return Outcome(events=(ApprovalSuperseded(because=because, files=(command.scan,)),))
    if command.place and command.place != finding.place:
        because = "The finding is now in another place."
        return Outcome(events=(ApprovalSuperseded(because=because, files=(command.scan,)),))
    return Outcome()


def _older(scan: EvidenceRef, known: EvidenceRef) -> bool:
    if scan.collected_at is None or known.collected_at is None:
        return False
    return scan.collected_at < known.collected_at


def dismissal_case(tool: str, repository: str, digest: str) -> CaseId:
    """The case in which the control owner is asked about findings that were put aside around us."""
    return case_id(NAME, "dismissal", tool, *repository.split("/"), digest)


def note_dismissals(command: NoteDismissals, at: datetime, facts: Facts) -> Outcome:
    """Findings were put aside in a scanner, and nobody accepted them: the control owner is asked why."""
    settings = settings_of(facts)
    if settings.risks is None:
        raise refused("no_risks")
    if not command.findings:
        raise refused("not_due")
    number = len(command.findings) + command.more
    title = cut(f"{number} finding{'s' if number > 1 else ''} put aside in {command.tool}", 100)
    request = Request(
        kind="exception",
        title=title,
        plain=f"In {command.repository}, {command.tool} was told to pass over what nobody accepted here. Have it accepted "
        "with /access finding, or have it shown again; or say why neither is needed.",
        finding=Finding(
            title=title,
            text="\n".join([*command.findings, *([f"and {command.more} more"] if command.more else [])]),
            tool=command.tool,
            compensating="",
            repository=command.repository,
        ),
    )
    event: Event = DismissalUncovered(
        tool=command.tool,
        repository=command.repository,
        findings=command.findings,
        more=command.more,
        request=request,
        frame=framed(request, settings, at, facts),
        scan=command.scan,
    )
    return Outcome(events=(event,))
