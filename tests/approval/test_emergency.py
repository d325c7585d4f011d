"""An emergency takes fewer steps, never fewer people, a few hours at most, and a look afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.approval.world import asked, change, names, office, refusal, request_refused, ruled
from workflows.approval.examples.office import Office
from workflows.approval.model import Approve, ReviewEmergency, Settings
from workflows.kernel.model import CaseId


def approved(acme: Office) -> CaseId:
    """Lena's emergency, with Maya's yes."""
    case = acme.ask(length="4h", emergency=True)
    acme.approve(case, "maya")
    return case


def test_one_other_person_suffices_for_four_hours_and_a_review_is_asked_for() -> None:
    acme = office()

    case = approved(acme)

    state = acme.state(case)
    assert state.status == "approved"
    assert state.request.until == state.requested_at + timedelta(hours=4)
    assert state.review is not None
    assert [p.id for p in state.review.people] == ["P-dana", "P-ravi"]


def test_nobody_decides_their_own_emergency() -> None:
    acme = office()
    case = acme.ask(length="1h", emergency=True)

    found = refusal(acme, case, Approve(step=0, shown=acme.state(case).stamp), "lena")

    assert found.code == "own_request"
    assert asked(acme, case) == ["tom", "maya"]


def test_an_emergency_lasts_four_hours_at_most_also_by_the_program() -> None:
    acme = office()

    assert request_refused(acme, length="5h", emergency=True).code == "end_too_far"
    assert request_refused(acme, "web-write", length="", emergency=True).code == "end_missing"
    with pytest.raises(ValueError, match="at most 4 hours"):
        Settings.model_validate(ruled(emergency={"approvers": ["tom@acme.test"], "longest": "5h"}).settings)


def test_without_a_policy_there_is_no_emergency() -> None:
    acme = office(ruled(emergency=None))

    assert request_refused(acme, length="4h", emergency=True).code == "no_emergency"


def test_an_emergency_after_which_nobody_could_review_is_refused() -> None:
    acme = office(ruled(emergency={"approvers": ["dana@acme.test"]}))
    change(acme, "ravi", employed=False)
    acme.story.facts = acme.story.facts.model_copy(update={"deputy": None})

    assert request_refused(acme, length="4h", emergency=True).code == "nobody_may"


def test_an_emergency_that_is_not_reviewed_the_next_day_is_overdue_and_stays_open_until_it_is() -> None:
    acme = office()
    case = approved(acme)

    acme.later(days=2)
    acme.tick()
    overdue = acme.state(case).review
    acme.tell(case, ReviewEmergency(justified=False, reason="It could have waited a day."), "dana")

    assert "emergency_unreviewed" in names(acme, case)
    assert overdue is not None
    assert overdue.overdue
    assert acme.state(case).review.justified is False  # type: ignore[union-attr]


@pytest.mark.parametrize("who", ["lena", "maya", "tom", "omar"])
def test_only_whoever_answers_for_the_control_and_had_no_part_in_it_reviews_an_emergency(who: str) -> None:
    acme = office()
    case = approved(acme)

    found = refusal(acme, case, ReviewEmergency(justified=True, reason="It was needed."), who)

    assert found.code == "not_yours"
