"""Time reminds, asks the next ones, lets lapse and ends. It approves nothing, extends nothing, and forgets nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.approval.test_access import approved, effective
from tests.approval.world import asked, names, office, refusal
from workflows.approval import WORKFLOW, schedule
from workflows.approval.examples import histories
from workflows.approval.examples.company import CONTROL, LINES, START
from workflows.approval.examples.office import Office
from workflows.approval.model import Approval, Approve, Climb, Lapse
from workflows.approval.rules.ladder import working_time
from workflows.kernel.model import by_time
from workflows.kernel.workflow import Example


def test_four_working_hours_later_they_are_reminded_and_a_working_day_later_the_next_one_is_asked_too() -> None:
    acme = office()
    case = acme.ask()

    acme.later(hours=3)
    acme.tick()
    quiet = names(acme, case)
    acme.later(hours=1, minutes=1)
    acme.tick()
    acme.later(hours=20)
    acme.tick()
    acme.tick()

    assert "approver_reminded" not in quiet
    assert names(acme, case)[-2:] == ["approver_reminded", "approval_escalated"]
    assert asked(acme, case) == ["tom", "ravi"]


def test_after_an_outage_the_highest_rung_is_climbed_and_the_others_are_named() -> None:
    acme = office()
    case = acme.ask()

    acme.later(hours=30)
    acme.tick()

    last = acme.story.histories[case][-1].event.model_dump()
    assert (last["rung"], last["skipped"]) == ("ask_more", ("remind",))
    assert "approver_reminded" not in names(acme, case)


def test_silence_lets_a_request_lapse_after_three_working_days_and_approves_nothing() -> None:
    acme = office()
    case = acme.ask()
    shown = acme.state(case).stamp

    acme.later(days=3, minutes=1)
    late = refusal(acme, case, Approve(step=0, shown=shown), "tom")
    acme.tick()

    assert late.code == "lapsed"
    assert acme.state(case).status == "lapsed"
    assert acme.state(case).decisions == ()
    assert refusal(acme, case, Approve(step=0, shown=shown), "tom").code == "lapsed"


def test_what_is_not_due_is_refused_and_what_only_time_does_no_person_can() -> None:
    acme = office()
    case = acme.ask()

    early = [
        refusal(acme, case, command, by_time(acme.at)).code
        for command in (Lapse(), Climb(rung="remind", due_at=acme.at), Climb(rung="other", due_at=acme.at))
    ]
    by_hand = {refusal(acme, case, Lapse(), name).code for name in ("tom", "dana", "lena")}

    assert early == ["not_due"] * 3
    assert by_hand == {"not_for_people"}


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), 4, datetime(2026, 11, 23, 13, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 14, 0, tzinfo=UTC), 4, datetime(2026, 11, 24, 10, 0, tzinfo=UTC)),
        (datetime(2026, 11, 27, 15, 0, tzinfo=UTC), 4, datetime(2026, 11, 30, 11, 0, tzinfo=UTC)),
        (datetime(2026, 11, 28, 12, 0, tzinfo=UTC), 4, datetime(2026, 11, 30, 12, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), 16, datetime(2026, 11, 24, 16, 0, tzinfo=UTC)),
    ],
)
def test_working_time_passes_from_nine_to_five_on_working_days(start: datetime, hours: int, end: datetime) -> None:
    assert working_time(start, timedelta(hours=hours), "Europe/Berlin", ()) == end


def test_a_short_access_hears_of_its_end_once_when_a_fifth_is_left() -> None:
    acme = office()
    case = effective(acme, length="1d")
    start, until = acme.state(case).effective_at, acme.state(case).request.until
    assert start is not None
    assert until is not None

    wake = schedule.wake_at(acme.state(case))

    assert wake == until - (until - start) / 5


def test_an_end_while_the_process_was_down_is_caught_up_and_not_forgotten() -> None:
    acme = office()
    case = effective(acme)

    acme.later(days=40)
    acme.tick()
    acme.tick()

    assert names(acme, case)[-2:] == ["end_announced", "access_not_ended"]
    assert acme.state(case).status == "not_ended"


def test_nothing_that_time_does_ever_approves_grants_or_lengthens() -> None:
    acme = office()
    acme.ask()
    approved(acme, "web-write", length="30d")
    before = {c: s.request.until for c, s in acme.story.states.items() if isinstance(s, Approval)}

    for _ in range(60):
        acme.later(hours=17)
        acme.tick()
        acme.tick()

    forbidden = {"step_approved", "grant_verified", "exception_started", "deploy_released"}
    for case, until in before.items():
        state = acme.state(case)
        assert state.request.until == until
        by_clock = {r.event.NAME for r in acme.story.histories[case] if r.by.kind == "time"}
        assert not by_clock & forbidden


@pytest.mark.parametrize("example", histories(WORKFLOW), ids=lambda e: e.name)
def test_what_is_due_is_done_once_and_the_case_never_wakes_in_vain(example: Example) -> None:
    state = None
    for recorded in example.history:
        state = WORKFLOW.evolve(state, recorded)
    if not isinstance(state, Approval):
        assert WORKFLOW.due(state, example.at, example.facts) == ()
        return

    wake = schedule.wake_at(state)
    early = WORKFLOW.due(state, (wake or example.at + timedelta(days=900)) - timedelta(seconds=2), example.facts)

    assert early == () or list(early) == []
    if wake is not None:
        assert WORKFLOW.due(state, wake, example.facts)


def test_the_desk_opens_once_with_its_control_and_not_before() -> None:
    company = {"effective_from": START}

    assert schedule.openings(CONTROL, {}, START) == ()
    assert schedule.openings(CONTROL, company, START - timedelta(seconds=1)) == ()
    found = schedule.openings(CONTROL, company, START + timedelta(days=400))
    assert [o.case for o in found] == ["approval/desk/AP-01"]


def test_only_complete_pulls_of_its_own_source_concern_a_case() -> None:
    acme = Office(WORKFLOW)
    case = effective(acme)
    pull = acme.pull(LINES, verdict="partial")
    state = acme.state(case)

    assert WORKFLOW.pulled(state, pull) is None
    assert WORKFLOW.pulled(state, pull.model_copy(update={"verdict": "complete", "source": "aws"})) is None
    assert WORKFLOW.pulled(state, pull.model_copy(update={"verdict": "complete"})) is not None
