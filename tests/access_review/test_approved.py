"""What stands behind an access: the approval that granted it, or nothing. CC6.2, CC6.3."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.access_review.people import line
from tests.access_review.test_delta import NEXT, lines_of, reviewed
from workflows.access_review.model import AssignedLine, MarkLine, Review, SignMarks, VerdictsSigned
from workflows.access_review.views.words import facts, standing_out
from workflows.kernel.approved import Approvals, ApprovedAccess

ADMIN = line("omar", "deploy")
OFFERED = frozenset({("github", ADMIN.entitlement.native_id)})
YES = ApprovedAccess(
    case="approval/access/github/deploy/omar@acme.test/2026-12-01", attestation="7f3a" + "0" * 58 + "c1",
    person="omar", source="github", entitlement=ADMIN.entitlement.native_id, by=("maya", "tom"), by_names=("Maya", "Tom"),
    at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC), until=datetime(2027, 2, 1, 9, 0, tzinfo=UTC),
)  # fmt: skip


def asked(approvals: Approvals, ref: str = ADMIN.ref) -> AssignedLine:
    """Omar's new access as the next review asks about it."""
    world = reviewed(line("nina"))
    world.lines["github"].append(ADMIN)
    world.approvals = approvals
    world.open()
    found = lines_of(world, NEXT)[ref]
    assert isinstance(found, AssignedLine)
    return found


def test_a_line_shows_who_approved_the_access_until_when() -> None:
    found = asked(Approvals(approved=(YES,), offered=OFFERED))

    assert found.approved == YES
    assert "unexplained" not in found.flags
    assert "approved by Maya and Tom on 1 Dec 2026 until 1 Feb 2027 (7f3a…c1)" in facts(found)


def test_an_approval_whose_end_has_passed_is_said_to_be_over() -> None:
    over = YES.model_copy(update={"until": datetime(2026, 12, 20, 9, 0, tzinfo=UTC)})

    assert "until 20 Dec 2026, *which is over*" in facts(asked(Approvals(approved=(over,), offered=OFFERED)))


def test_new_access_that_could_have_been_asked_for_and_was_not_is_unexplained() -> None:
    found = asked(Approvals(offered=OFFERED))

    assert "unexplained" in found.flags
    assert found.tier == "flagged"
    assert "*nobody approved this access*" in standing_out(found)


def test_an_approval_for_somebody_else_explains_nothing() -> None:
    other = YES.model_copy(update={"person": "nina"})

    assert "unexplained" in asked(Approvals(approved=(other,), offered=OFFERED)).flags


def test_access_that_nobody_can_ask_for_is_not_called_unexplained() -> None:
    assert "unexplained" not in asked(Approvals()).flags


def test_access_that_a_signed_review_kept_needs_no_approval() -> None:
    kept = line("nina")

    found = asked(Approvals(offered=frozenset({("github", kept.entitlement.native_id)})), kept.ref)

    assert "unexplained" not in found.flags


def test_the_signed_verdict_names_the_approval_by_its_attestation() -> None:
    world = reviewed(line("nina"))
    world.lines["github"].append(ADMIN)
    world.approvals = Approvals(approved=(YES,), offered=OFFERED)
    world.open()
    review = next(
        s for s in world.states.values() if isinstance(s, Review) and s.head.campaign == NEXT and ADMIN.ref in s.lines
    )

    for ref, held in review.lines.items():
        mark = MarkLine(ref=ref, verdict="keep", shown=held.assigned.shown(), reason="Needed for the work.")
        world.act(review.case, mark, review.reviewer.id)
    world.act(review.case, SignMarks(), review.reviewer.id)

    signed = [r.event for r in world.record if isinstance(r.event, VerdictsSigned) and r.case == review.case]
    (verdict,) = [v for event in signed for v in event.verdicts if v.ref == ADMIN.ref]
    assert verdict.approval == YES.attestation


def test_what_is_shown_of_a_line_changes_with_the_approval_behind_it() -> None:
    assert asked(Approvals(approved=(YES,), offered=OFFERED)).shown() != asked(Approvals()).shown()
