"""An exception for two duties in one hand: who decides it, what it lets pass and what not, and what comes at its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.approval.world import asked, change, names, office, refusal, request_refused, ruled
from workflows.approval import WORKFLOW
from workflows.approval.examples.company import LINES, line
from workflows.approval.examples.office import Office
from workflows.approval.examples.pair import SIGNS, allowed
from workflows.approval.model import (
    Approve,
    Holder,
    Shorten,
    Supersede,
    Withdraw,
)
from workflows.kernel.blocks import texts
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Line
from workflows.kernel.model import CaseId, by_system

OF_OTHERS = {"one": "web-write", "other": "billing-write"}


def signing(*more: Line, **settings: Any) -> Office:
    """Acme, where Lena signs releases already."""
    acme = office(ruled(**settings))
    acme.pull([*LINES, SIGNS, *more])
    return acme


def pair_refused(acme: Office, **more: Any) -> Refused:
    """The refusal of an exception at the desk."""
    before = dict(acme.story.histories)
    with pytest.raises(Refused) as caught:
        acme.ask_pair(**more)
    assert acme.story.histories == before
    assert caught.value.next_step
    return caught.value


def shown(acme: Office, case: CaseId, name: str) -> str:
    """Everything that somebody's cards of a case say."""
    cards = [c for c in WORKFLOW.cards(acme.story.states[case]) if c.to == f"P-{name}"]
    return "\n".join(text for c in cards for text in texts(list(c.blocks)))


def waiting(acme: Office, **more: Any) -> CaseId:
    """Lena's request for the other side, one yes before the last."""
    case = acme.ask(**{"length": "7d", **more})
    acme.approve(case, "tom")
    return case


def last_yes_refused(acme: Office, case: CaseId) -> Refused:
    state = acme.state(case)
    return refusal(acme, case, Approve(step=1, shown=state.stamp), "maya")


def test_the_control_owner_decides_for_one_pair_and_one_person_with_an_end() -> None:
    acme = signing()

    case = acme.ask_pair()
    only = asked(acme, case)
    acme.approve(case, "dana")

    state = acme.state(case)
    assert only == ["dana"]
    assert (state.status, state.request.pair.held if state.request.pair else None) == ("effective", ("Sign releases",))
    assert names(acme, case) == ["approval_requested", "step_asked", "step_approved", "exception_started"]
    assert state.files[0].sha256 == acme.story.facts.collections["github"].id
    assert names(acme, "approval/holder/P-lena") == ["pair_allowed"]


def test_while_it_is_in_force_the_request_passes_and_its_approvers_see_the_pair_and_the_exception() -> None:
    acme = signing()
    case = allowed(acme)

    access = waiting(acme)
    seen = shown(acme, access, "maya")
    acme.approve(access, "maya")

    assert "*It completes a conflict of duties* with “Sign releases”" in seen
    assert case in seen
    assert acme.state(access).status == "approved"
    holder = acme.story.states["approval/holder/P-lena"]
    assert isinstance(holder, Holder)
    assert [r.under for r in holder.held.values()] == [(case,)]


@pytest.mark.parametrize(
    ("asks", "code"),
    [
        ({"by": "lena"}, None),
        ({"subject": "omar"}, "conflict_of_duties"),
        ({"days": 5}, "end_too_far"),
        ({"days": 0.01}, "conflict_of_duties"),
    ],
    ids=["for oneself", "for another person", "shorter than the access", "over"],
)
def test_it_helps_that_person_alone_as_long_as_it_lasts(asks: dict[str, Any], code: str | None) -> None:
    acme = signing()
    case = acme.ask_pair(**asks)
    acme.approve(case, "dana")

    acme.later(hours=1)

    if code is None:
        assert acme.state(acme.ask(length="7d")).status == "asked"
    else:
        assert request_refused(acme, length="7d").code == code


def test_it_does_not_help_another_pair_nor_standing_access() -> None:
    two = ruled(conflicts=[["payments-admin", "release-sign"], ["web-write", "release-sign"]])
    acme = office(two)
    acme.pull([*LINES, SIGNS])
    acme.approve(acme.ask_pair(one="web-write", other="release-sign"), "dana")

    assert request_refused(acme, length="7d").code == "conflict_of_duties"
    assert request_refused(acme, "web-write", length="").code == "end_too_far"
    assert acme.state(acme.ask("web-write", length="7d")).status == "asked"


def test_every_other_guard_of_the_request_still_holds() -> None:
    acme = signing()
    allowed(acme, days=25)

    assert request_refused(acme, length="").code == "end_missing"
    assert request_refused(acme, reason="no").code == "reason_too_short"
    case = waiting(acme)
    assert refusal(acme, case, Approve(step=1, shown=acme.state(case).stamp), "lena").code == "own_request"
    assert refusal(acme, case, Approve(step=1, shown=acme.state(case).stamp), "tom").code == "decided_earlier"


def test_an_approver_who_shortens_the_exception_shortens_what_it_lets_pass() -> None:
    acme = signing()
    case = acme.ask_pair()
    until = acme.at + timedelta(days=3)
    acme.tell(case, Shorten(step=0, shown=acme.state(case).stamp, until=until, reason="Three days are enough."), "dana")
    acme.approve(case, "dana")

    assert request_refused(acme, length="7d").code == "end_too_far"
    assert acme.state(acme.ask(length="3d")).status == "asked"


@pytest.mark.parametrize("by", ["tom", "dana"], ids=["who asked", "who decided"])
def test_taken_back_before_the_last_yes_it_lets_nothing_pass_any_more(by: str) -> None:
    acme = signing()
    case = allowed(acme)
    access = waiting(acme)

    acme.tell(case, Withdraw(reason="Omar is back."), by)

    assert acme.state(case).closed_by == acme.story.facts.directory.get(f"P-{by}")
    assert last_yes_refused(acme, access).code == "conflict_of_duties"
    assert acme.state(access).status == "asked"
    acme.tell(access, Withdraw(), "lena")
    assert request_refused(acme, length="3d").code == "conflict_of_duties"


def test_no_last_yes_comes_after_its_end_because_the_access_has_to_end_by_then() -> None:
    acme = signing()
    allowed(acme, days=1)
    access = waiting(acme, length="1d")

    acme.later(days=1, minutes=1)

    state = acme.state(access)
    assert refusal(acme, access, Approve(step=1, shown=state.stamp), "maya").code in ("end_passed", "lapsed")
    assert request_refused(acme, subject="lena", by="omar", length="1h").code in ("already_asked", "conflict_of_duties")


def test_once_access_rests_on_it_it_is_not_taken_back() -> None:
    acme = signing()
    case = allowed(acme)
    access = waiting(acme)
    acme.approve(access, "maya")

    found = refusal(acme, case, Withdraw(), "dana")

    assert found.code == "in_effect"
    assert access in found.why
    assert refusal(acme, case, Supersede(because="something"), by_system("program")).code == "in_effect"


def test_of_two_requests_at_once_the_second_fails_even_with_an_exception_that_nobody_was_shown() -> None:
    acme = office()
    first, second = acme.ask(length="3d"), acme.ask("release-sign", length="3d")
    for case in (first, second):
        acme.approve(case, "tom")
    allowed(acme)
    acme.approve(first, "maya")

    found = last_yes_refused(acme, second)
    acme.tell(second, Withdraw(), "lena")
    anew = acme.ask("release-sign", length="3d")
    for name in ("tom", "maya"):
        acme.approve(anew, name)

    assert (found.code, "nobody here was shown" in found.why) == ("conflict_of_duties", True)
    assert acme.state(anew).status == "approved"


def test_what_a_list_shows_at_the_last_yes_counts_although_nobody_approved_it() -> None:
    acme = office()
    access = waiting(acme)
    acme.later(hours=1)
    acme.pull([*LINES, SIGNS])

    assert last_yes_refused(acme, access).code == "conflict_of_duties"


@pytest.mark.parametrize(
    ("change_of", "code"),
    [
        ({"days": 31}, "end_too_far"),
        ({"days": 0}, "end_passed"),
        ({"compensating": " "}, "compensating_missing"),
        ({"compensating": "x" * 1001}, "reason_too_long"),
        ({"reason": "no"}, "reason_too_short"),
        (OF_OTHERS, "no_such_pair"),
        ({"other": "payments-admin"}, "no_such_pair"),
        ({"subject": "jun"}, "unknown_person"),
        ({"subject_login": "omar@acme.test"}, "unknown_person"),
        ({"subject_login": "x" * 300}, "name_too_long"),
    ],
)
def test_an_exception_that_must_not_be_is_refused_when_it_is_asked(change_of: dict[str, Any], code: str) -> None:
    assert pair_refused(office(), **change_of).code == code


def test_the_program_says_how_long_it_lasts_at_most() -> None:
    acme = office(ruled(conflict_longest="3d"))

    assert pair_refused(acme, days=4).code == "end_too_far"
    assert acme.state(acme.ask_pair(days=3)).status == "asked"


def test_where_the_owner_asks_or_benefits_the_deputy_decides_if_they_do_not_depend_on_them() -> None:
    acme = office()
    change(acme, "ravi", manager=None)

    own, others = acme.ask_pair(subject="dana"), acme.ask_pair(by="dana")

    assert asked(acme, own) == asked(acme, others) == ["ravi"]
    passed = {p.person: p.code for p in acme.state(own).steps[0].passed}
    assert passed == {"P-dana": "benefits_you"}
    stamp = acme.state(own).stamp
    assert refusal(acme, own, Approve(step=0, shown=stamp), "dana").code == "benefits_you"
    acme.approve(own, "ravi")
    acme.later(days=11)
    acme.pull([*LINES, line("dana", "release:sign"), line("dana", "payments:admin")])
    acme.tick()
    assert "trouble:not_ended" in {c.key for c in WORKFLOW.cards(acme.state(own)) if c.to == "P-ravi"}


def test_where_the_deputy_reports_to_the_owner_who_benefits_nobody_may_and_it_is_refused_with_the_reasons() -> None:
    found = pair_refused(office(), subject="dana")

    assert found.code == "nobody_may"
    assert "Dana Okafor: benefits from it" in found.why
    assert "Ravi Patel: reports to who asks or benefits" in found.why


def test_the_same_is_asked_for_once_at_a_time_and_counted_when_it_is_asked_anew() -> None:
    acme = office()
    case = acme.ask_pair()

    again = pair_refused(acme)
    acme.approve(case, "dana")
    anew = acme.ask_pair(days=20)

    assert (again.code, case in again.why) == ("already_asked", True)
    pair = acme.state(anew).request.pair
    assert pair is not None
    assert pair.renewals == 1
    assert "It was allowed 1 time before." in shown(acme, anew, "dana")
