"""An access from the request to the pull that shows it gone, and every way in which it may go otherwise."""

from __future__ import annotations

from datetime import timedelta

from tests.approval.world import names, office, refusal, request_refused
from workflows.approval.examples.company import LINES, line
from workflows.approval.examples.office import Office
from workflows.approval.model import ReportDone, Shorten, Supersede, Withdraw
from workflows.kernel.model import CaseId, by_system

ADMIN = line("lena", "payments:admin")


def approved(acme: Office, entry: str = "payments-admin", **more: str) -> CaseId:
    """Lena's request, with both yeses."""
    case = acme.ask(entry, **more)
    acme.approve(case, "tom")
    acme.approve(case, "maya")
    return case


def effective(acme: Office, **more: str) -> CaseId:
    """Lena's access, as a later complete pull shows it."""
    case = approved(acme, **more)
    acme.later(minutes=30)
    acme.pull([*LINES, ADMIN])
    return case


def over(acme: Office) -> CaseId:
    """Lena's access at its end."""
    case = effective(acme)
    acme.later(days=14)
    acme.tick()
    return case


def test_an_access_is_in_effect_when_a_complete_pull_shows_it_and_ends_when_one_no_longer_does() -> None:
    acme = office()

    case = over(acme)
    acme.tell(case, ReportDone(task="remove"), "omar")
    acme.later(minutes=20)
    acme.pull(LINES)

    assert acme.state(case).status == "ended"
    assert names(acme, case) == [
        "approval_requested", "step_asked", "step_approved", "step_asked", "step_approved", "grant_requested",
        "grant_verified", "end_announced", "task_reported", "access_ended",
    ]  # fmt: skip
    assert acme.story.states["approval/holder/P-lena"].held == {}


def test_the_granters_word_is_a_claim_that_wants_a_pull_and_proves_nothing() -> None:
    acme = office()
    case = approved(acme)

    acme.tell(case, ReportDone(task="grant"), "omar")

    assert acme.state(case).status == "approved"
    want = acme.story.wants[-1]
    assert (want.source, want.not_before) == ("github", acme.at + timedelta(minutes=10))


def test_a_partial_pull_and_one_from_before_the_yes_prove_nothing() -> None:
    acme = office()
    case = approved(acme)

    acme.pull([*LINES, ADMIN])
    acme.later(hours=1)
    acme.pull([*LINES, ADMIN], verdict="partial")

    assert acme.state(case).status == "approved"


def test_a_grant_that_is_not_there_after_it_was_reported_goes_back_to_the_granter() -> None:
    acme = office()
    case = approved(acme)
    acme.tell(case, ReportDone(task="grant"), "omar")
    acme.later(hours=1)

    acme.pull(LINES)

    state = acme.state(case)
    assert names(acme, case)[-1] == "grant_refuted"
    assert state.grant is not None
    assert (state.grant.reported_at, state.status) == (None, "approved")


def test_a_grant_of_more_than_was_approved_is_a_failure_until_the_rest_is_gone() -> None:
    acme = office()
    case = approved(acme)
    acme.later(hours=1)

    acme.pull([*LINES, ADMIN, line("lena", "org:owner")])
    failed = acme.state(case)
    acme.later(hours=1)
    acme.pull([*LINES, ADMIN])

    assert (failed.status, failed.extra) == ("effect_failed", ("org:owner",))
    assert acme.state(case).status == "effective"


def test_two_accesses_approved_for_one_person_are_not_more_than_was_approved() -> None:
    acme = office()
    first = approved(acme)
    second = approved(acme, "web-write", length="30d")
    acme.later(hours=1)

    acme.pull([*LINES, ADMIN, line("lena", "web:write")])

    assert {acme.state(c).status for c in (first, second)} == {"effective"}


def test_an_access_that_is_still_there_through_a_group_is_not_ended_and_says_through_what() -> None:
    acme = office()
    case = over(acme)
    acme.tell(case, ReportDone(task="remove"), "omar")
    acme.later(hours=1)

    acme.pull([*LINES, line("lena", "payments:admin", ("group:payments",))])

    state = acme.state(case)
    assert state.status == "not_ended"
    assert state.cause == "the group payments gives it now"
    assert state.removal is not None
    assert state.removal.reported_at is None


def test_a_day_after_the_end_without_proof_it_is_not_ended_and_a_later_pull_ends_it_late() -> None:
    acme = office()
    case = over(acme)

    acme.later(hours=25)
    acme.tick()
    late = acme.state(case).status
    acme.pull(LINES)

    assert late == "not_ended"
    assert acme.state(case).status == "ended"
    assert acme.story.histories[case][-1].event.model_dump()["late"] is True


def test_an_access_that_goes_before_its_end_has_ended_early() -> None:
    acme = office()
    case = effective(acme)
    acme.later(days=2)

    acme.pull(LINES)

    assert acme.story.histories[case][-1].event.model_dump()["early"] is True
    assert acme.state(case).over


def test_what_was_never_seen_to_be_granted_is_removed_at_its_end_all_the_same() -> None:
    acme = office()
    case = approved(acme)
    acme.later(days=15)
    acme.tick()
    asked_to_remove = acme.state(case).removal

    acme.pull(LINES)

    assert asked_to_remove is not None
    assert acme.state(case).status == "ended"


def test_an_extension_shows_the_old_access_and_takes_its_place_when_it_is_approved() -> None:
    acme = office()
    case = effective(acme)
    acme.later(days=10)

    longer = acme.ask()
    acme.approve(longer, "tom")
    during = acme.state(case).status
    acme.approve(longer, "maya")

    access = acme.state(longer).request.access
    assert access is not None
    assert access.earlier == case
    assert during == "effective"
    assert acme.state(case).status == "superseded"
    assert list(acme.story.states["approval/holder/P-lena"].held) == [longer]


def test_an_extension_that_was_approved_cannot_be_taken_back_because_the_access_is_there() -> None:
    acme = office()
    effective(acme)
    acme.later(days=10)
    longer = approved(acme)

    found = refusal(acme, longer, Withdraw(), "lena")

    assert found.code == "in_effect"
    acme.later(days=15)
    acme.tick()
    assert acme.state(longer).status == "ending"


def test_approved_access_is_watched_to_its_end_whatever_is_said_to_have_changed() -> None:
    acme = office()
    case = effective(acme)

    found = refusal(acme, case, Supersede(because="The program changed."), by_system("program"))

    assert found.code == "in_effect"


def test_standing_access_is_over_as_a_case_and_counts_as_held_until_a_pull_shows_it_gone() -> None:
    acme = office()
    case = approved(acme, "web-write", length="")
    acme.later(hours=1)
    acme.pull([*LINES, line("lena", "web:write")])
    standing = (acme.state(case).over, list(acme.story.states["approval/holder/P-lena"].held))
    acme.later(days=90)

    acme.pull(LINES)

    assert standing == (True, [case])
    assert acme.state(case).status == "ended"
    assert acme.story.states["approval/holder/P-lena"].held == {}


def test_the_same_is_not_asked_twice_and_the_answer_names_the_first() -> None:
    acme = office()
    first = acme.ask()

    found = request_refused(acme)
    acme.tell(first, Withdraw(), "lena")
    second = acme.ask()

    assert found.code == "already_asked"
    assert first in found.why
    assert second == f"{first}-2"


def test_a_shorter_end_holds_for_the_next_step_and_the_grant_and_a_later_one_is_never_possible() -> None:
    acme = office()
    case = acme.ask(length="30d")
    shown = acme.state(case).stamp
    five, forty = acme.at + timedelta(days=5), acme.at + timedelta(days=40)
    reason = "Five days are enough."

    longer = refusal(acme, case, Shorten(step=0, shown=shown, until=forty, reason=reason), "tom")
    acme.tell(case, Shorten(step=0, shown=shown, until=five, reason=reason), "tom")
    acme.approve(case, "tom")
    acme.approve(case, "maya")

    assert longer.code == "only_shorter"
    yes = [r.event.model_dump() for r in acme.story.histories[case] if r.event.NAME == "step_approved"]
    assert {y["request"]["until"] for y in yes} == {five}
    grant = next(r.event.model_dump() for r in acme.story.histories[case] if r.event.NAME == "grant_requested")
    assert grant["until"] == five


def test_the_holder_hears_of_the_end_three_working_days_and_one_before_and_never_twice() -> None:
    acme = office()
    case = effective(acme)

    acme.later(days=11)
    acme.tick()
    acme.tick()
    acme.later(days=2)
    acme.tick()

    assert names(acme, case).count("end_announced") == 2
