"""Named histories of a small company's approvals, told by the rules themselves: previews, documentation and tests use these.

Dana answers for the control, Ravi is her deputy. Tom manages Maya, Lena and Omar; Maya owns the payments repository, and
Omar grants. Lena asks for things.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from workflows.approval.examples.company import COMMIT, DEPLOY, FINDING, LINES, START, evidence, line
from workflows.approval.examples.office import Office
from workflows.approval.model import (
    AnnounceEnd,
    AttachEvidence,
    BlockThrough,
    DeclareRisk,
    ExplainBypass,
    HandOver,
    NoteBypass,
    NoteDismissals,
    NoteOutcome,
    NoteRelease,
    NoteReview,
    NoteUnguarded,
    OpenDeploy,
    OpenFinding,
    RateRisk,
    RefuseRequest,
    ReportBlocked,
    ReportDone,
    ReportThrough,
    ReviewEmergency,
    SeeScan,
    Shorten,
    Supersede,
    Withdraw,
)
from workflows.kernel.model import by_system, by_time
from workflows.kernel.workflow import Example

if TYPE_CHECKING:
    from workflows.kernel.workflow import Workflow


def histories(workflow: Workflow) -> tuple[Example, ...]:
    """Every example, made anew."""
    told = (_access, _no, _grants, _through, _emergency, _deploys, _at_github, _accepted, _put_aside, _declared)
    return tuple(example for tell in told for example in tell(Office(workflow)))


def _access(office: Office) -> list[Example]:
    case = office.ask()
    found = [office.example("desk", office.desk), office.example("asked", case)]
    office.later(hours=5)
    office.tick()
    found.append(office.example("reminded", case))
    state = office.state(case)
    until = START + timedelta(days=5)
    office.tell(case, Shorten(step=0, shown=state.stamp, until=until, reason="Five days are enough for this."), "tom")
    found.append(office.example("shortened", case))
    office.approve(case, "tom", "Lena is on call this fortnight.")
    found.append(office.example("first_yes", case))
    office.approve(case, "maya")
    found += [office.example("approved", case), office.example("holder", "approval/holder/P-lena")]
    office.later(hours=1)
    office.tell(case, ReportDone(task="grant"), "omar")
    found.append(office.example("granted", case))
    office.later(minutes=15)
    office.pull([*LINES, line("lena", "payments:admin")])
    found.append(office.example("effective", case))
    office.later(days=4)
    office.tick()
    found.append(office.example("ends_soon", case))
    office.later(days=1)
    office.tick()
    found.append(office.example("over", case))
    office.tell(case, ReportDone(task="remove"), "omar")
    office.later(minutes=15)
    office.pull([*LINES, line("lena", "payments:admin", ("group:payments",))])
    found.append(office.example("still_there", case))
    office.later(days=1)
    office.pull(LINES)
    return [*found, office.example("ended", case), office.example("holder_of_nothing", "approval/holder/P-lena")]


def _no(office: Office) -> list[Example]:
    case = office.ask()
    shown = office.state(case).stamp
    office.tell(case, RefuseRequest(step=0, shown=shown, reason="The job can be restarted without it."), "tom")
    found = [office.example("refused", case)]
    case = office.ask("web-write", length="")
    handed = HandOver(step=0, person="P-ravi", until=office.at + timedelta(days=7), reason="I am away this week.")
    office.tell(case, handed, "tom")
    found.append(office.example("handed_over", case))
    office.tell(case, Withdraw(reason="I found another way."), "lena")
    found.append(office.example("withdrawn", case))
    case = office.ask("web-write", length="30d")
    office.later(days=2)
    office.tick()
    found.append(office.example("escalated", case))
    office.later(days=2)
    office.tick()
    found.append(office.example("lapsed", case))
    case = office.ask("web-write", length="30d")
    office.tell(case, Supersede(because="The catalogue describes this access otherwise now."), by_system("program"))
    return [*found, office.example("superseded", case)]


def _grants(office: Office) -> list[Example]:
    case = office.ask("web-write", length="")
    for name in ("tom", "maya"):
        office.approve(case, name)
    office.tell(case, ReportBlocked(task="grant", because="The organisation has no seats left."), "omar")
    found = [office.example("stuck", case)]
    office.later(hours=1)
    office.pull([*LINES, line("lena", "web:write"), line("lena", "web:admin")])
    found.append(office.example("granted_more", case))
    office.tell(case, ReportDone(task="grant"), "omar")
    office.later(hours=1)
    office.pull([*LINES, line("lena", "web:write")])
    return [*found, office.example("standing", case)]


def _through(office: Office) -> list[Example]:
    case = office.ask("billing-write")
    for name in ("tom", "maya"):
        office.approve(case, name)
    found = [office.example("added_by_itself", case)]
    office.tell(case, ReportThrough(task="grant", answer=evidence("grant.json")), by_system("grant"))
    found.append(office.example("added", case))
    office.later(hours=1)
    office.pull([*LINES, line("lena", "billing:write", ("team:billing-writers",))])
    office.later(days=14)
    office.tick()
    found.append(office.example("taken_out_by_itself", case))
    because = "GitHub does not let the App change the team acme/billing-writers."
    office.tell(case, BlockThrough(task="remove", because=because), by_system("grant"))
    found.append(office.example("not_taken_out", case))
    office.tell(case, ReportDone(task="remove"), "omar")
    office.later(hours=1)
    office.pull(LINES)
    return [*found, office.example("taken_out", case)]


def _emergency(office: Office) -> list[Example]:
    case = office.ask(length="4h", emergency=True)
    found = [office.example("emergency", case)]
    office.approve(case, "maya")
    found.append(office.example("emergency_approved", case))
    office.later(days=2)
    office.tick()
    found.append(office.example("emergency_unreviewed", case))
    office.tell(case, ReviewEmergency(justified=True, reason="Payouts were down and Lena mended them."), "dana")
    return [*found, office.example("emergency_reviewed", case)]


def _deploys(office: Office) -> list[Example]:
    case = "approval/deploy/acme/payments/production/9183746/1"
    opened = OpenDeploy(deploy=DEPLOY, title="Retry payouts", requester="P-lena", missing=("scan.sarif",))
    office.tell(case, opened, by_system("github"))
    found = [office.example("deploy_collecting", case)]
    office.tell(case, AttachEvidence(evidence=(evidence("scan.sarif"),), commit=COMMIT), by_system("github"))
    found.append(office.example("deploy_asked", case))
    office.approve(case, "omar")
    found.append(office.example("deploy_approved", case))
    office.tell(case, NoteRelease(told="approved", evidence=(evidence("approvals.json"),)), by_system("github"))
    found.append(office.example("deploy_released", case))
    office.tell(case, NoteOutcome(outcome="success"), by_system("github"))
    found.append(office.example("deploy_ended", case))
    other = "approval/deploy/acme/payments/production/9183750/1"
    bypass = NoteBypass(deploy=DEPLOY.model_copy(update={"run": "9183750"}), title="Hotfix")
    office.tell(other, bypass, by_system("github"))
    found.append(office.example("deploy_bypassed", other))
    office.tell(other, ExplainBypass(reason="Approvals were down; the incident of that night has it."), "dana")
    found.append(office.example("deploy_explained", other))
    open_door = "approval/deploy/acme/payments/production/guard/2026-11-23"
    doors = ("Administrators may bypass the rules of this environment.",)
    unguarded = NoteUnguarded(repository="acme/payments", environment="production", doors=doors)
    office.tell(open_door, unguarded, by_system("github"))
    found.append(office.example("deploy_unguarded", open_door))
    third = "approval/deploy/acme/payments/production/9183760/1"
    scan = (evidence("scan.sarif"),)
    office.tell(third, OpenDeploy(deploy=DEPLOY, title="Try again", evidence=scan), by_system("github"))
    shown = office.state(third).stamp
    office.tell(third, RefuseRequest(step=0, shown=shown, reason="The scan found something new."), "maya")
    office.tell(third, NoteRelease(told="rejected"), by_system("github"))
    return [*found, office.example("deploy_rejected", third)]


def _at_github(office: Office) -> list[Example]:
    found, deploy = [], DEPLOY.model_copy(update={"environment": "staging", "starters": ("P-lena",)})
    told = (
        ("deploy_reviewed", "9183770", "approved", "mayachen", "P-maya"),
        ("deploy_rejected_at_github", "9183771", "rejected", "mayachen", "P-maya"),
        ("deploy_unproven", "9183772", "approved", "lena-novak", "P-lena"),
        ("deploy_by_a_stranger", "9183773", "approved", "octocat", None),
    )
    for name, run, verdict, login, reviewer in told:
        case = f"approval/deploy/acme/payments/staging/{run}/1"
        noted = NoteReview(
            deploy=deploy.model_copy(update={"run": run}), title="Retry payouts", requester="P-lena", verdict=verdict,
            login=login, reviewer=reviewer, evidence=(evidence("deployment_review.json"),),
        )  # fmt: skip
        office.tell(case, noted, by_system("github"))
        found.append(office.example(name, case))
    explained = ExplainBypass(reason="It was a change of the text on the login page alone.")
    office.tell("approval/deploy/acme/payments/staging/9183772/1", explained, "dana")
    return [*found, office.example("deploy_unproven_explained", "approval/deploy/acme/payments/staging/9183772/1")]


def _accepted(office: Office) -> list[Example]:
    case = "approval/exception/semgrep/acme/payments/5f1c09ab3e77"
    opened = OpenFinding(
        finding=FINDING, scan=evidence("scan.sarif"), severity="high", owner="P-maya", requester="P-lena",
        reason="The export is replaced next month.", until=office.at + timedelta(days=20),
    )  # fmt: skip
    office.tell(case, opened, by_system("scan"))
    found = [office.example("finding_asked", case)]
    office.approve(case, "tom" if "P-tom" in {p.id for p in office.state(case).asked} else "ravi")
    found.append(office.example("finding_first_yes", case))
    office.approve(case, office.state(case).asked[0].id.removeprefix("P-"))
    found.append(office.example("finding_accepted", case))
    office.later(days=14)
    office.tell(case, AnnounceEnd(rung="second", due_at=office.at), by_time(office.at))
    found.append(office.example("finding_ends_soon", case))
    office.later(days=7)
    office.tick()
    found.append(office.example("finding_lapsed", case))
    office.tell(case, SeeScan(scan=evidence("later.sarif"), complete=True, found=False), by_system("scan"))
    return [*found, office.example("finding_gone", case)]


def _put_aside(office: Office) -> list[Example]:
    case = "approval/dismissal/semgrep/acme/payments/0a1b2c3d4e5f"
    lines = ("high: SQL built from text in the export (payments/export.py) — nosemgrep",)
    note = NoteDismissals(
        tool="semgrep", repository="acme/payments", findings=lines, more=2, scan=evidence("scan.sarif")
    )
    office.tell(case, note, by_system("scan"))
    found = [office.example("finding_put_aside", case)]
    office.tell(case, ExplainBypass(reason="They are in generated code that is not shipped."), "dana")
    return [*found, office.example("finding_put_aside_explained", case)]


def _declared(office: Office) -> list[Example]:
    asked = DeclareRisk(
        title="One person knows the billing job", text="If Omar is away, nobody can run billing by hand.", owner="P-omar",
        compensating="The steps are written down and Maya has read them.", reason="The second person starts in March.",
        until=office.at + timedelta(days=60),
    )  # fmt: skip
    case = office.tell(office.desk, asked, "lena")
    found = [office.example("risk_declared", case)]
    office.tell(case, RateRisk(severity="medium"), "omar")
    found.append(office.example("risk_asked", case))
    office.approve(case, "tom")
    return [*found, office.example("risk_accepted", case)]
