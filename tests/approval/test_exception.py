"""A known weakness, accepted by the right people, for one finding and for a time; scans decide how it goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.approval.world import asked, names, office, refusal, roles, ruled
from workflows.approval.examples.company import FINDING, evidence
from workflows.approval.examples.office import Office
from workflows.approval.model import Approve, DeclareRisk, OpenFinding, RateRisk, SeeScan, Severity
from workflows.kernel.model import CaseId, by_system

SCANNER = by_system("scan")
CASE = "approval/exception/semgrep/acme/payments/5f1c09ab3e77"


def wish(acme: Office, *, days: int = 20, **more: Any) -> OpenFinding:
    known: dict[str, Any] = {
        "finding": FINDING, "scan": evidence("scan.sarif"), "severity": "high", "owner": "P-maya", "requester": "P-lena",
        "reason": "The export is replaced next month.", "until": acme.at + timedelta(days=days),
    }  # fmt: skip
    return OpenFinding(**{**known, **more})


def accepted(acme: Office) -> CaseId:
    """The finding, accepted by two people."""
    case = acme.tell(CASE, wish(acme), SCANNER)
    for _ in range(2):
        acme.approve(case, asked(acme, case)[0])
    return case


def test_what_is_severe_takes_two_people_one_of_them_outside_the_owners_line() -> None:
    acme = office()

    case = accepted(acme)

    state = acme.state(case)
    assert roles(state.steps) == ["risk", "second"]
    assert [d.person.id for d in state.decisions] == ["P-ravi", "P-nora"]
    assert state.status == "effective"
    assert names(acme, case)[-1] == "exception_started"


def test_what_is_less_severe_takes_one_and_the_owner_and_their_reports_are_never_asked() -> None:
    acme = office()

    case = acme.tell(CASE, wish(acme, severity="medium", owner="P-tom"), SCANNER)

    assert asked(acme, case) == ["ravi"]
    passed = {p.person: p.code for p in acme.state(case).steps[0].passed}
    assert passed == {"P-tom": "own_risk"}
    assert refusal(acme, case, Approve(step=0, shown=acme.state(case).stamp), "tom").code == "own_risk"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"days": 31}, "end_too_far"),
        ({"days": 0}, "end_passed"),
        ({"days": 8, "severity": "critical"}, "end_too_far"),
        ({"finding": FINDING.model_copy(update={"live_secret": True})}, "rotate_it"),
        ({"finding": FINDING.model_copy(update={"compensating": " "})}, "compensating_missing"),
        ({"finding": FINDING.model_copy(update={"fingerprint": "", "commit": ""})}, "finding_unknown"),
        ({"finding": FINDING.model_copy(update={"rule": ""})}, "finding_unknown"),
        ({"owner": "P-nobody"}, "unknown_person"),
        ({"requester": "P-jun"}, "not_employed"),
        ({"reason": "no"}, "reason_too_short"),
    ],
)
def test_an_exception_that_must_not_be_is_refused_when_it_is_asked(change: dict[str, Any], code: str) -> None:
    acme = office()

    assert refusal(acme, CASE, wish(acme, **change), SCANNER).code == code


def test_without_named_approvers_no_risk_is_accepted() -> None:
    acme = office(ruled(risks=None))

    assert refusal(acme, CASE, wish(acme), SCANNER).code == "no_risks"


def test_a_whole_scan_without_the_finding_ends_it_and_a_broken_one_proves_nothing() -> None:
    acme = office()
    case = accepted(acme)

    broken = refusal(acme, case, SeeScan(scan=evidence("bad.sarif"), complete=False, found=False), SCANNER)
    acme.tell(case, SeeScan(scan=evidence("good.sarif"), complete=True, found=False), SCANNER)

    assert broken.code == "not_due"
    assert acme.state(case).status == "ended"
    assert names(acme, case)[-1] == "finding_gone"


@pytest.mark.parametrize("seen", [{"severity": "critical"}, {"place": "payments/report.py"}])
def test_a_finding_that_got_worse_or_moved_is_asked_anew(seen: dict[str, Any]) -> None:
    acme = office()
    case = accepted(acme)

    acme.tell(case, SeeScan(scan=evidence("later.sarif"), complete=True, found=True, **seen), SCANNER)

    assert acme.state(case).status == "superseded"


def test_the_same_finding_in_the_same_place_changes_nothing() -> None:
    acme = office()
    case = accepted(acme)
    before = names(acme, case)

    same = SeeScan(scan=evidence("later.sarif"), complete=True, found=True, severity="high", place=FINDING.place)
    acme.tell(case, same, SCANNER)

    assert names(acme, case) == before


def test_at_its_end_it_lapses_the_owners_are_told_and_a_later_scan_still_ends_it() -> None:
    acme = office()
    case = accepted(acme)

    acme.later(days=21)
    acme.tick()
    lapsed = acme.state(case)
    acme.tell(case, SeeScan(scan=evidence("later.sarif"), complete=True, found=False), SCANNER)

    assert (lapsed.status, lapsed.over) == ("not_ended", False)
    assert any(c.to == "P-dana" and c.open for c in acme.story.workflow.cards(lapsed))
    assert names(acme, case)[-2:] == ["exception_lapsed", "finding_gone"]


def test_reminders_come_fourteen_seven_and_one_days_before_the_end() -> None:
    acme = office()
    case = accepted(acme)
    told = []

    for _ in range(20):
        acme.later(days=1)
        acme.tick()
        told.append(len(acme.state(case).announced))

    assert [told.index(n) + 1 for n in (1, 2, 3)] == [6, 13, 19]


def test_the_third_time_goes_one_level_up() -> None:
    acme = office()
    finding = FINDING.model_copy(update={"renewals": 2})

    case = acme.tell(CASE, wish(acme, finding=finding, severity="medium"), SCANNER)

    assert asked(acme, case) == ["ravi"]
    assert [p.id for p in acme.state(case).steps[0].people] == ["P-ravi", "P-nora"]


def declared(acme: Office, **more: Any) -> DeclareRisk:
    known: dict[str, Any] = {
        "title": "One person knows billing", "text": "If Omar is away, nobody can run it.", "owner": "P-omar",
        "compensating": "It is written down.", "reason": "The second person starts in March.",
        "until": acme.at + timedelta(days=100),
    }  # fmt: skip
    return DeclareRisk(**{**known, **more})


@pytest.mark.parametrize(("severity", "days"), [("low", 100), ("medium", 90), ("high", 30), ("critical", 7)])
def test_the_owner_of_a_declared_risk_says_how_severe_it_is_and_that_limits_its_time(
    severity: Severity, days: int
) -> None:
    acme = office()
    case = acme.tell(acme.desk, declared(acme), "lena")

    others = {n: refusal(acme, case, RateRisk(severity="low"), n).code for n in ("lena", "dana", "tom")}
    acme.tell(case, RateRisk(severity=severity), "omar")

    state = acme.state(case)
    assert set(others.values()) == {"not_yours"}
    assert state.request.until is not None
    assert round((state.request.until - acme.at) / timedelta(days=1)) == days
    assert state.status == "asked"
    assert "P-omar" not in {p.id for s in state.steps for p in s.people}
    assert refusal(acme, case, RateRisk(severity="low"), "omar").code == "already_decided"


def test_a_declared_risk_ends_at_its_end_because_no_scan_can_show_it_gone() -> None:
    acme = office()
    case = acme.tell(acme.desk, declared(acme), "lena")
    acme.tell(case, RateRisk(severity="medium"), "omar")
    acme.approve(case, "tom")

    acme.later(days=91)
    acme.tick()

    assert acme.state(case).status == "ended"
    assert refusal(acme, acme.desk, declared(acme, until=acme.at), "lena").code == "end_passed"
