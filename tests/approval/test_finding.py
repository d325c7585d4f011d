"""A finding of a scanner is asked about as the newest stored scan shows it, once at a time, and counted when it is renewed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.workspace.checks import check_view
from tests.approval.test_form import HOSTILE, desk, errors
from tests.approval.world import asked, evidence, names, office, refusal, ruled
from workflows.approval.examples.company import FINDING, START
from workflows.approval.examples.office import Office
from workflows.approval.forms.field import token
from workflows.approval.model import AskFinding, ExplainBypass, NoteDismissals, SeeScan
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, by_system
from workflows.kernel.weakness import Severity, Weakness, weakness_id
from workflows.kernel.workflow import Do, OpenForm

SCANNER = by_system("scan")
FIRST = "approval/exception/semgrep/acme/payments/5f1c09ab3e77"


def known(mark: str = "5f1c09ab3e77", severity: Severity = "medium", **more: Any) -> Weakness:
    told: dict[str, Any] = {
        "tool": "semgrep", "repository": "acme/payments", "mark": mark, "rule": FINDING.rule, "title": FINDING.title,
        "text": FINDING.text, "place": FINDING.place, "severity": severity, "fingerprint": f"{mark}{'0' * 52}",
        "commit": FINDING.commit, "scan_name": "semgrep.sarif", "scan_sha256": "9c1f" * 16, "scan_kind": "sarif",
        "scan_media_type": "application/sarif+json", "scan_at": START, "first_seen": START - timedelta(days=40),
    }  # fmt: skip
    return Weakness(**{**told, **more})


def scanned(*weaknesses: Weakness) -> Office:
    """The company with what the newest scans show."""
    acme = office()
    acme.story.facts = acme.story.facts.model_copy(update={"weaknesses": weaknesses})
    return acme


def wish(acme: Office, *, days: int = 20, **more: Any) -> AskFinding:
    told: dict[str, Any] = {
        "tool": "semgrep", "repository": "acme/payments", "mark": "5f1c09ab3e77", "owner": "P-maya",
        "compensating": FINDING.compensating, "reason": "The export is replaced next month.",
        "until": acme.at + timedelta(days=days),
    }  # fmt: skip
    return AskFinding(**{**told, **more})


def accepted(acme: Office, **more: Any) -> CaseId:
    case = acme.tell(acme.desk, wish(acme, **more), "lena")
    acme.approve(case, asked(acme, case)[0])
    return case


def test_a_request_takes_everything_from_the_stored_scan_and_names_its_bytes() -> None:
    acme = scanned(known())

    case = acme.tell(acme.desk, wish(acme), "lena")

    state = acme.state(case)
    assert case == FIRST
    assert (state.request.severity, state.request.requester and state.request.requester.id) == ("medium", "P-lena")
    assert state.request.finding is not None
    assert (state.request.finding.rule, state.request.finding.place) == (FINDING.rule, FINDING.place)
    assert [f.sha256 for f in state.files] == ["9c1f" * 16]
    assert state.status == "asked"


@pytest.mark.parametrize(
    ("weakness", "code"),
    [
        (known("0" * 12), "finding_unknown"),
        (known(gone=True), "finding_unknown"),
        (known(live_secret=True), "rotate_it"),
        (known(fingerprint="", commit=""), "finding_unknown"),
        (known(severity="critical"), "end_too_far"),
    ],
)
def test_what_no_newest_scan_shows_or_must_be_mended_is_refused(weakness: Weakness, code: str) -> None:
    acme = scanned(weakness)

    assert refusal(acme, acme.desk, wish(acme), "lena").code == code


def test_one_finding_is_asked_about_once_and_not_again_while_it_is_accepted_for_long() -> None:
    acme = scanned(known())
    case = acme.tell(acme.desk, wish(acme, days=60), "lena")

    twice = refusal(acme, acme.desk, wish(acme), "omar")
    acme.approve(case, asked(acme, case)[0])
    soon = refusal(acme, acme.desk, wish(acme), "omar")

    assert (twice.code, soon.code) == ("already_asked", "already_accepted")
    assert FIRST in twice.why


def test_a_renewal_is_a_case_of_its_own_that_counts_and_takes_the_place_of_the_one_before() -> None:
    acme = scanned(known())
    first = accepted(acme)

    acme.later(days=10)
    second = acme.tell(acme.desk, wish(acme), "lena")
    waiting = acme.state(first).status
    acme.approve(second, asked(acme, second)[0])
    acme.later(days=10)
    third = acme.tell(acme.desk, wish(acme), "lena")

    assert (second, third) == (f"{FIRST}-2", f"{FIRST}-3")
    assert waiting == "effective"
    assert acme.state(first).status == "superseded"
    assert acme.state(second).status == "effective"
    finding = acme.state(third).request.finding
    assert finding is not None
    assert finding.renewals == 2
    assert [p.id for p in acme.state(third).steps[0].people] == ["P-ravi", "P-nora"]  # one level up


def test_the_form_lists_what_can_be_accepted_worst_first_and_a_secret_never() -> None:
    acme = scanned(known(severity="high"), known("a" * 12, title="Weak hash"), known("b" * 12, live_secret=True))

    form = desk(acme, "finding", kind="action")

    assert isinstance(form, OpenForm)
    assert check_view(form.view) == []
    fields = {b["block_id"]: b["element"] for b in form.view["blocks"] if b["type"] == "input"}
    options = fields["what"]["options"]
    assert [o["value"] for o in options] == [known().id, known("a" * 12).id]
    assert options[0]["text"]["text"].startswith("high: SQL built from text in the export · acme/payments")
    assert all(len(o["text"]["text"]) <= 75 for o in options)


def test_a_hostile_or_huge_list_still_makes_a_form_that_slack_takes() -> None:
    many = (known(f"{n:012x}", title=HOSTILE[:150], place="x" * 300) for n in range(130))
    acme = scanned(*many)

    form = desk(acme, "finding", kind="action")

    assert isinstance(form, OpenForm)
    assert check_view(form.view) == []
    fields = {b["block_id"]: b["element"] for b in form.view["blocks"] if b["type"] == "input"}
    assert len(fields["what"]["options"]) == 100


def test_a_filled_form_is_a_request_and_a_wrong_one_says_what_is_wrong_under_its_field() -> None:
    acme = scanned(known(severity="high"))
    day = (acme.at + timedelta(days=20)).date().isoformat()
    filled = {
        "what": known().id, "person": token("P-maya"), "instead": "It runs read-only.", "until": day,
        "reason": "The export is replaced next month.",
    }  # fmt: skip

    good = desk(acme, "finding", **filled)

    assert isinstance(good, Do)
    assert isinstance(good.command, AskFinding)
    assert (good.command.mark, good.command.owner) == ("5f1c09ab3e77", "P-maya")
    assert errors(acme, "finding") == {"what", "person", "instead", "until", "reason"}
    assert errors(acme, "finding", **{**filled, "what": weakness_id("semgrep", "acme/web", "0")}) == {"what"}
    far = (acme.at + timedelta(days=31)).date().isoformat()
    assert errors(acme, "finding", **{**filled, "until": far}) == {"until"}


def test_only_the_form_for_findings_is_given_the_list_of_them() -> None:
    from_acts = {act: office().story.workflow.form_needs(act).weaknesses for act in ("finding", "access", "risk", "")}

    assert from_acts == {"finding": True, "access": False, "risk": False, "": False}


def test_without_findings_or_approvers_the_form_says_so_at_once() -> None:
    nothing, nobody = office(), office(ruled(risks=None))

    seen = [_refused(acme) for acme in (nothing, nobody)]

    assert seen == ["finding_unknown", "no_risks"]


def _refused(acme: Office) -> str:

    with pytest.raises(Refused) as caught:
        desk(acme, "finding", kind="action")
    return caught.value.code


def test_an_older_scan_that_comes_late_says_nothing() -> None:
    acme = scanned(known())
    case = accepted(acme)
    late = evidence("old.sarif").model_copy(update={"kind": "sarif", "collected_at": START - timedelta(days=1)})

    assert refusal(acme, case, SeeScan(scan=late, complete=True, found=False), SCANNER).code == "not_due"


def test_what_was_put_aside_around_us_is_put_to_the_control_owner_who_says_why() -> None:
    acme = office()
    case = "approval/dismissal/semgrep/acme/payments/0a1b2c3d4e5f"
    note = NoteDismissals(
        tool="semgrep", repository="acme/payments", findings=("high: SQL (a.py) — nosemgrep",), scan=evidence("s.sarif")
    )

    acme.tell(case, note, SCANNER)
    others = {n: refusal(acme, case, ExplainBypass(reason="It is a test file."), n).code for n in ("lena", "tom")}
    acme.tell(case, ExplainBypass(reason="It is generated code that is not shipped."), "dana")

    assert set(others.values()) == {"not_yours"}
    assert names(acme, case) == ["dismissal_uncovered", "bypass_explained"]
    assert acme.state(case).over
    assert refusal(acme, case, note, SCANNER).code == "already_exists"


def test_a_person_cannot_note_what_was_put_aside_nor_open_a_case_without_the_desk() -> None:
    acme = office()
    note = NoteDismissals(tool="semgrep", repository="a/b", findings=("x",), scan=evidence("s.sarif"))

    assert refusal(acme, "approval/dismissal/semgrep/a/b/0", note, "dana").code == "not_for_people"
