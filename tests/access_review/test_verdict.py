"""Marks and signatures. Acceptance 1, 7, 12, 13, 14, 19."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.access_review.people import CAMPAIGN, line, person
from tests.access_review.world import World
from workflows.access_review.model import (
    CorrectVerdict,
    CoSign,
    ExceptionGranted,
    ExceptionLapsed,
    LineMarked,
    LineVoided,
    MarkLine,
    Propose,
    RemovalRequested,
    SignMarks,
    TurnPage,
    VerdictsSigned,
    WithdrawMark,
)
from workflows.kernel.identity import LastUse, Line

REVIEW = f"{CAMPAIGN}/github/maya@acme.test"
WRITE = line("nina")
ADMIN = line("omar", "admin", entitlement={"privileged": True})


def opened(*lines: Line, **more: Any) -> World:
    world = World(lines={"github": list(lines or (WRITE, ADMIN))}, **more)
    world.open()
    return world


def mark(world: World, line_: Line, verdict: str = "keep", reason: str = "", **more: Any) -> MarkLine:
    shown = world.held(line_.ref)[1].assigned.shown()[:8]
    return MarkLine(ref=line_.ref, verdict=verdict, shown=shown, reason=reason, **more)  # type: ignore[arg-type]


def test_a_plain_line_is_kept_without_a_reason_and_counts_only_once_it_is_signed() -> None:
    world = opened()

    world.act(REVIEW, mark(world, WRITE), "maya")
    marked = world.held(WRITE.ref)[1].status
    world.act(REVIEW, SignMarks(), "maya")

    held = world.held(WRITE.ref)[1]
    assert (marked, held.status) == ("marked", "signed")
    assert held.verdict is not None
    assert held.verdict.shown == held.assigned.shown()
    assert held.verdict.rule == "manager"
    assert world.campaign().progress[REVIEW]["settled"] == 1


def test_every_line_of_a_page_is_recorded_as_shown_with_the_digest_of_what_was_seen() -> None:
    world = opened()

    world.act(REVIEW, TurnPage(page=7), "maya")

    held = world.held(WRITE.ref)[1]
    assert world.review("maya").page == 0
    assert held.shown == held.assigned.shown()
    assert held.shown_at == world.now


@pytest.mark.parametrize(
    ("target", "verdict", "reason", "code"),
    [
        (ADMIN, "keep", "", "reason_missing"),
        (ADMIN, "keep", "   \n", "reason_missing"),
        (ADMIN, "keep", "fine", "reason_too_short"),
        (WRITE, "revoke", "", "reason_missing"),
        (WRITE, "revoke", "x" * 1001, "reason_too_long"),
        (WRITE, "change", "Reads only.", "target_missing"),
    ],
)
def test_a_verdict_without_what_it_needs_is_refused_and_other_marks_stay(
    target: Line, verdict: str, reason: str, code: str
) -> None:
    world = opened(WRITE, ADMIN, line("nina", "read"))
    world.act(REVIEW, mark(world, line("nina", "read")), "maya")

    refused = world.refusal(REVIEW, mark(world, target, verdict, reason), "maya")

    assert refused.code == code
    assert len(world.review("maya").marked()) == 1


def test_a_change_goes_to_another_access_of_the_same_resource() -> None:
    elsewhere = line("omar", "read", resource="acme/ops")
    world = opened(WRITE, line("omar", "read"), elsewhere)

    refused = world.refusal(REVIEW, mark(world, WRITE, "change", "Reads only.", target="acme/ops:read"), "maya")
    world.act(REVIEW, mark(world, WRITE, "change", "Reads only.", target="acme/web:read"), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    assert refused.code == "target_missing"
    assert world.events(RemovalRequested)[0].target == "acme/web:read"


def test_only_the_reviewer_decides_and_only_what_is_theirs() -> None:
    world = opened(WRITE, line("maya"))
    command = mark(world, WRITE)

    codes = {name: world.refusal(REVIEW, command, name).code for name in ("tom", "nina", "dana")}
    moved = world.refusal(REVIEW, command.model_copy(update={"ref": "0" * 16}), "maya")

    assert codes == {"tom": "not_yours", "nina": "not_yours", "dana": "not_yours"}
    assert moved.code == "moved_away"


def test_a_forged_or_missing_stamp_is_refused() -> None:
    world = opened()

    for shown in ("", "0", "00000000", "f" * 64):
        forged = MarkLine(ref=WRITE.ref, verdict="keep", shown=shown)
        assert world.refusal(REVIEW, forged, "maya").code == "changed_since_shown"


def test_a_reviewer_who_is_deactivated_cannot_decide_with_an_old_button() -> None:
    world = opened()
    command = mark(world, WRITE)
    maya = world.directory.people["maya"].model_copy(update={"employed": False})
    world.directory = world.directory.model_copy(update={"people": {**world.directory.people, "maya": maya}})

    refused = world.refusal(REVIEW, command, "maya")

    assert refused.code == "not_employed"


def test_the_same_signature_three_times_has_one_effect() -> None:
    world = opened()
    world.act(REVIEW, mark(world, WRITE), "maya")

    world.act(REVIEW, SignMarks(), "maya")
    again = [world.refusal(REVIEW, SignMarks(refs=(WRITE.ref,)), "maya").code for _ in range(2)]

    assert again == ["already_decided", "already_decided"]
    assert len(world.events(VerdictsSigned)) == 1


def test_a_signed_line_tells_who_decided_what_and_when() -> None:
    world = opened()
    command = mark(world, WRITE)
    world.act(REVIEW, command, "maya")
    world.act(REVIEW, SignMarks(), "maya")

    refused = world.refusal(REVIEW, command, "maya")

    assert refused.code == "already_decided"
    assert "Maya signed “keep”" in refused.why


def test_a_mark_can_be_changed_and_withdrawn_until_it_is_signed_and_every_change_is_kept() -> None:
    world = opened()

    world.act(REVIEW, mark(world, WRITE), "maya")
    world.act(REVIEW, mark(world, WRITE, "revoke", "Left the team."), "maya")
    world.act(REVIEW, WithdrawMark(ref=WRITE.ref), "maya")

    assert [e.mark.verdict for e in world.events(LineMarked)] == ["keep", "revoke"]
    assert world.held(WRITE.ref)[1].status == "undecided"
    assert world.refusal(REVIEW, SignMarks(), "maya").code == "nothing_marked"


def test_one_signature_covers_at_most_200_lines() -> None:
    many = [line("nina", f"role-{n:03}") for n in range(201)]
    world = opened(*many)
    for each in many:
        world.act(REVIEW, mark(world, each), "maya")

    refused = world.refusal(REVIEW, SignMarks(refs=tuple(x.ref for x in many)), "maya")
    world.act(REVIEW, SignMarks(), "maya")
    first = len(world.review("maya").marked())
    world.act(REVIEW, SignMarks(), "maya")

    assert refused.code == "too_many"
    assert first == 1
    assert [len(e.verdicts) for e in world.events(VerdictsSigned)] == [200, 1]


def test_a_verdict_can_be_corrected_until_a_removal_is_asked() -> None:
    world = opened()
    world.act(REVIEW, mark(world, WRITE), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    world.act(REVIEW, CorrectVerdict(ref=WRITE.ref, verdict="revoke", reason="I mixed up two people."), "maya")
    back = CorrectVerdict(ref=WRITE.ref, verdict="keep", reason="Back again.")

    assert len(world.events(RemovalRequested)) == 1
    assert world.refusal(REVIEW, back, "maya").code == "removal_asked"


def with_leaver() -> World:
    world = World(lines={"github": [line("gus"), WRITE]})
    world.people.append(person("gus", manager="maya", employed=False, ended_on=date(2026, 10, 1)))
    world.open()
    return world


def test_keeping_the_access_of_somebody_who_left_is_never_a_verdict() -> None:
    world = with_leaver()

    refused = world.refusal(REVIEW, mark(world, line("gus"), "keep", "Still needed for the handover."), "maya")

    assert refused.code == "leaver"
    assert "at most 30 days" in refused.next_step
    assert world.review("maya").queue()[0].assigned.line.account.login == "gus"


def leaver_until(until: date) -> Propose:
    return Propose(
        kind="leaver", second="ravi", reason="Handover of the release keys.", item=line("gus").ref, review=REVIEW,
        until=until,
    )  # fmt: skip


def test_an_exception_for_a_leaver_lasts_at_most_30_days_and_lapses_as_an_event() -> None:
    world = with_leaver()
    today = world.now.date()

    refused = world.refusal(CAMPAIGN, leaver_until(today + timedelta(days=31)), "dana")
    world.act(CAMPAIGN, leaver_until(today + timedelta(days=30)), "dana")
    world.act(CAMPAIGN, CoSign(number=1), "ravi")
    covered = world.held(line("gus").ref)[1].settled
    world.now = datetime(2026, 11, 6, 12, 0, tzinfo=UTC)
    on_day_30 = [e for e in world.tick() if isinstance(e, ExceptionLapsed)]
    world.now = datetime(2026, 11, 7, 12, 0, tzinfo=UTC)
    world.tick()

    assert refused.code == "too_long_an_exception"
    assert covered
    assert on_day_30 == []
    assert len(world.events(ExceptionGranted)) == 2
    assert len(world.events(ExceptionLapsed)) == 2
    assert not world.held(line("gus").ref)[1].settled


def test_a_mark_is_void_when_the_role_changed_and_is_asked_again_with_before_and_after() -> None:
    world = opened()
    world.act(REVIEW, mark(world, WRITE), "maya")
    stale = mark(world, WRITE)
    world.lines["github"][0] = line("nina", entitlement={"plain": "May deploy to production", "privileged": True})
    world.now += timedelta(hours=1)

    world.pull("github")

    held = world.held(WRITE.ref)[1]
    assert (held.status, held.void, held.assigned.tier) == ("undecided", True, "privileged")
    changes = {c.field: (c.before, c.after) for c in world.events(LineVoided)[0].changes}
    assert changes["privileged"] == ("no", "yes")
    assert world.refusal(REVIEW, stale, "maya").code == "changed_since_shown"


def test_a_mark_stands_when_only_the_last_use_changed() -> None:
    world = opened()
    world.act(REVIEW, mark(world, WRITE), "maya")
    world.now += timedelta(hours=1)
    world.lines["github"][0] = line("nina", last_used=LastUse(at=world.now))

    world.pull("github")

    assert world.held(WRITE.ref)[1].status == "marked"
    assert world.events(LineVoided) == []


def test_unknown_stays_unknown_and_raises_the_tier() -> None:
    vague = line("nina", account={"mfa": None, "active": None}, granted_at=None, last_used=LastUse())
    world = opened(vague)

    held = world.held(vague.ref)[1].assigned

    assert held.tier == "flagged"
    assert {"mfa_unknown", "active_unknown", "use_unknown", "grant_date_unknown"} <= set(held.flags)
    assert held.line.account.mfa is None
    assert '"mfa":null' in held.model_dump_json()
