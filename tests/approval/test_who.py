"""Who may decide: nobody their own, nobody twice, nobody who depends on who asks; and what is not known is no."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.approval.world import (
    as_person,
    asked,
    buttons,
    change,
    names,
    office,
    refusal,
    request_refused,
    ruled,
    set_people,
    waiting_deploy,
)
from workflows.approval.examples.company import DEPLOY, PEOPLE
from workflows.approval.model import Approve, HandOver, RefuseRequest
from workflows.kernel.model import by_person


def test_manager_then_owner_of_the_access_are_asked_in_this_order() -> None:
    acme = office()

    case = acme.ask()

    assert asked(acme, case) == ["tom"]
    acme.approve(case, "tom")
    assert asked(acme, case) == ["maya"]
    acme.approve(case, "maya")
    assert acme.state(case).status == "approved"


@pytest.mark.parametrize(
    ("who", "code"),
    [("lena", "own_request"), ("maya", "not_asked"), ("omar", "not_asked"), ("jun", "not_employed")],
)
def test_whoever_is_not_asked_is_refused_by_name_and_sees_no_buttons(who: str, code: str) -> None:
    acme = office()
    case = acme.ask()
    state = acme.state(case)

    found = refusal(acme, case, Approve(step=0, shown=state.stamp), who)

    assert found.code == code
    assert not buttons(acme, case, who) & {"approve", "refuse", "shorten", "hand_over"}


def test_the_one_who_benefits_and_the_one_who_asks_are_both_left_out() -> None:
    acme = office()
    case = acme.ask(by="omar", subject="lena")
    state = acme.state(case)

    codes = {n: refusal(acme, case, Approve(step=0, shown=state.stamp), n).code for n in ("omar", "lena")}

    assert codes == {"omar": "own_request", "lena": "benefits_you"}


def test_a_manager_who_asks_for_their_report_does_not_approve_it() -> None:
    acme = office()

    case = acme.ask(by="tom", subject="lena")

    assert asked(acme, case) == ["ravi"]
    state = acme.state(case)
    assert refusal(acme, case, Approve(step=0, shown=state.stamp), "tom").code == "own_request"


def test_somebody_who_reports_to_whoever_asks_is_never_asked() -> None:
    acme = office()

    case = acme.ask("web-write", by="tom", subject="tom", length="30d")
    acme.approve(case, "ravi")

    owner = acme.state(case).steps[1]
    assert "P-maya" not in {p.id for p in owner.people}
    assert {p.code for p in owner.passed if p.person == "P-maya"} == {"subordinate"}
    assert asked(acme, case) == ["dana"]


def test_a_second_slack_account_of_the_same_person_is_the_same_person() -> None:
    acme = office()
    case = acme.ask()
    acme.approve(case, "tom")
    state = acme.state(case)
    again = by_person(as_person("tom").somebody(), team="T0ACME", user="U0SECOND")

    found = refusal(acme, case, Approve(step=1, shown=state.stamp), again)

    assert found.code == "decided_earlier"


def test_an_author_of_a_commit_does_not_release_it() -> None:
    acme = office()
    deploy = DEPLOY.model_copy(update={"authors": ("P-maya", "P-lena")})

    case = waiting_deploy(acme, deploy=deploy)

    assert asked(acme, case) == ["omar", "ravi"]
    state = acme.state(case)
    assert refusal(acme, case, Approve(step=0, shown=state.stamp), "maya").code == "author"


def test_a_change_with_an_unlinked_author_can_be_refused_and_not_approved() -> None:
    acme = office()
    case = waiting_deploy(acme, deploy=DEPLOY.model_copy(update={"unknown": ("octocat",)}))
    state = acme.state(case)

    found = refusal(acme, case, Approve(step=0, shown=state.stamp), "omar")
    acme.tell(case, RefuseRequest(step=0, shown=state.stamp, reason="We do not know who wrote this."), "omar")

    assert found.code == "unknown_author"
    assert acme.state(case).status == "refused"


def test_a_directory_of_more_than_a_day_ago_decides_nothing() -> None:
    acme = office()
    case = acme.ask()
    state = acme.state(case)
    set_people(acme, PEOPLE, age=timedelta(hours=25))

    codes = {
        refusal(acme, case, Approve(step=0, shown=state.stamp), "tom").code,
        refusal(acme, case, RefuseRequest(step=0, shown=state.stamp, reason="No, thank you."), "tom").code,
        request_refused(acme, "web-write", length="30d").code,
    }

    assert codes == {"directory_too_old"}


def test_a_manager_loop_leads_on_to_the_programs_list_and_never_to_anybody() -> None:
    acme = office()
    change(acme, "tom", manager="P-lena")

    case = acme.ask()

    assert asked(acme, case) == ["ravi"]


def test_where_nobody_is_left_it_is_refused_when_it_is_asked_with_the_reasons() -> None:
    acme = office(ruled(fallback=[]))
    for name in ("ravi", "tom"):
        change(acme, name, employed=False)
    change(acme, "dana", slack_user=None)

    found = request_refused(acme)

    assert found.code == "nobody_may"
    assert "Tom Fischer: is not an active employee" in found.why
    assert "Dana Okafor: is not linked to Slack" in found.why


def test_approvers_whom_nobody_knows_are_nobody() -> None:
    entry = dict(ruled().settings["catalogue"][0]) | {"owner": "gone@acme.test", "granter": "omar@acme.test"}
    acme = office(ruled(catalogue=[entry], conflicts=[], fallback=["nobody@acme.test"]))
    for name in ("ravi", "dana"):
        change(acme, name, slack_user=None)

    found = request_refused(acme)

    assert found.code == "nobody_may"
    assert "is not in the directory" in found.why


def test_two_steps_need_two_people_also_where_one_person_fits_both() -> None:
    acme = office(ruled(fallback=[]))
    entry = dict(ruled().settings["catalogue"][0]) | {"owner": "tom@acme.test"}
    acme = office(ruled(catalogue=[entry], conflicts=[], fallback=[]))

    case = acme.ask()
    acme.approve(case, "tom")

    assert asked(acme, case) == ["dana"]


def test_two_at_the_same_moment_leave_one_outcome_and_the_loser_is_told_who_and_when() -> None:
    acme = office()
    case = waiting_deploy(acme)
    shown = acme.state(case).stamp
    acme.tell(case, RefuseRequest(step=0, shown=shown, reason="The scan is too old."), "maya")

    found = refusal(acme, case, Approve(step=0, shown=shown), "omar")

    assert found.code == "already_decided"
    assert "Maya Chen refused this at 09:00 UTC" in found.why
    assert names(acme, case).count("approval_refused") == 1


def test_a_click_delivered_three_times_counts_once() -> None:
    acme = office()
    case = acme.ask()
    command = Approve(step=0, shown=acme.state(case).stamp)
    acme.tell(case, command, "tom")

    codes = {refusal(acme, case, command, "tom").code for _ in range(2)}

    assert codes == {"decided_earlier"}
    assert names(acme, case).count("step_approved") == 1


def test_what_was_shown_must_be_what_is_decided() -> None:
    acme = office()
    case = acme.ask()

    found = refusal(acme, case, Approve(step=0, shown="00000000"), "tom")

    assert found.code == "changed_since_shown"


def test_a_stronger_sign_in_that_is_wanted_is_never_skipped_and_a_no_never_needs_it() -> None:
    acme = office(ruled(wanted={"privileged": "slack+sso+mfa"}))
    case = acme.ask()
    state = acme.state(case)
    weak = by_person(as_person("tom").somebody(), assurance="slack+sso")
    strong = by_person(as_person("tom").somebody(), assurance="slack+sso+mfa")

    codes = {refusal(acme, case, Approve(step=0, shown=state.stamp), by).code for by in ("tom", weak)}
    acme.tell(case, Approve(step=0, shown=state.stamp), strong)
    state = acme.state(case)
    acme.tell(case, RefuseRequest(step=1, shown=state.stamp, reason="It is not needed."), "maya")

    assert codes == {"step_up_needed"}
    yes = acme.story.histories[case][2].event.model_dump()
    assert (yes["wanted"], yes["reached"]) == ("slack+sso+mfa", "slack+sso+mfa")
    assert acme.state(case).status == "refused"


def test_who_left_since_they_were_asked_decides_nothing() -> None:
    acme = office()
    case = acme.ask()
    change(acme, "tom", employed=False)

    found = refusal(acme, case, Approve(step=0, shown=acme.state(case).stamp), "tom")

    assert found.code == "not_employed"


def test_a_handover_goes_only_to_somebody_who_may_decide_and_keeps_its_chain() -> None:
    acme = office()
    case = acme.ask()
    until = acme.at + timedelta(days=5)
    hand = {"step": 0, "until": until, "reason": "I am away."}

    codes = {
        name: refusal(acme, case, HandOver(person=f"P-{name}", **hand), "tom").code for name in ("lena", "jun", "tom")
    }
    acme.tell(case, HandOver(person="P-omar", **hand), "tom")
    acme.approve(case, "omar")

    assert codes == dict.fromkeys(("lena", "jun", "tom"), "not_independent")
    assert acme.state(case).decisions[0].chain == ("P-tom",)
    assert refusal(acme, case, Approve(step=0, shown=acme.state(case).stamp), "tom").code == "not_asked"


def test_a_handover_ends_on_its_day_and_goes_on_three_times_at_most() -> None:
    acme = office()
    case = acme.ask()
    until = acme.at + timedelta(hours=2)
    chain = ["tom", "omar", "maya", "ravi"]
    for giver, taker in pairwise(chain):
        acme.tell(case, HandOver(step=0, person=f"P-{taker}", until=until, reason="Away."), giver)

    too_long = refusal(acme, case, HandOver(step=0, person="P-dana", until=until, reason="Away."), "ravi")
    acme.later(hours=3)
    ended = refusal(acme, case, Approve(step=0, shown=acme.state(case).stamp), "ravi")

    assert too_long.code == "chain_too_long"
    assert ended.code == "not_asked"


def test_whoever_is_away_is_asked_last_and_still_asked_where_nobody_else_is_there() -> None:
    acme = office()
    change(acme, "tom", absent_until=acme.at.date())
    away = acme.ask()
    for name in ("ravi", "dana"):
        change(acme, name, absent_until=acme.at.date())

    all_away = acme.ask("web-write", length="30d")

    assert asked(acme, away) == ["ravi"]
    assert asked(acme, all_away) == ["tom"]
