"""What may be asked for, by whom, how it is taken back, and what stands before those who decide."""

from __future__ import annotations

from tests.approval.test_access import approved
from tests.approval.world import office, refusal, request_refused
from workflows.approval.model import AskAccess, ReportBlocked, ReportDone, Withdraw


def test_an_end_is_needed_within_the_catalogue_and_standing_access_only_where_it_is_allowed() -> None:
    acme = office()

    codes = {length or "none": request_refused(acme, length=length).code for length in ("", "31d", "99999mo", "0d")}
    standing = acme.ask("web-write", length="")

    assert codes == {"none": "end_missing", "31d": "end_too_far", "99999mo": "end_too_far", "0d": "end_missing"}
    assert acme.state(standing).request.until is None


def test_only_what_is_in_the_catalogue_can_be_asked_for_by_whom_the_directory_knows_and_with_a_reason() -> None:
    acme = office()

    codes = [
        request_refused(acme, "root").code,
        request_refused(acme, source="aws").code,
        request_refused(acme, subject="nobody").code,
        request_refused(acme, subject="jun").code,
        request_refused(acme, subject_login="maya@acme.test").code,
        request_refused(acme, by="jun").code,
        request_refused(acme, reason="   ").code,
        request_refused(acme, reason="short").code,
        request_refused(acme, reason="x" * 1001).code,
        request_refused(acme, reason="half a sign: \ud800").code,
        request_refused(acme, reason="nothing at all: \x00").code,
    ]

    assert codes == [
        "not_in_catalogue", "not_in_catalogue", "unknown_person", "unknown_person", "unknown_person", "not_employed",
        "reason_missing", "reason_too_short", "reason_too_long", "reason_unreadable", "reason_unreadable",
    ]  # fmt: skip


def test_what_the_person_holds_comes_from_the_pull_and_stands_before_the_approver() -> None:
    acme = office()

    case = acme.ask()

    access = acme.state(case).request.access
    assert access is not None
    assert access.held == ("web:read",)
    assert [f.kind for f in acme.state(case).files] == ["population"]


def test_whoever_asked_takes_it_back_before_it_has_an_effect_and_nobody_else() -> None:
    acme = office()
    case = approved(acme)

    codes = {name: refusal(acme, case, Withdraw(), name).code for name in ("tom", "maya", "omar", "dana")}
    acme.tell(case, Withdraw(reason="I found another way."), "lena")

    assert set(codes.values()) == {"not_yours"}
    assert acme.state(case).status == "withdrawn"
    assert acme.story.states["approval/holder/P-lena"].held == {}


def test_what_may_be_there_already_cannot_be_taken_back() -> None:
    acme = office()
    case = approved(acme)
    acme.tell(case, ReportDone(task="grant"), "omar")

    assert refusal(acme, case, Withdraw(), "lena").code == "in_effect"


def test_only_whoever_was_asked_reports_a_grant_and_never_its_holder() -> None:
    acme = office()
    case = approved(acme)

    codes = {name: refusal(acme, case, ReportDone(task="grant"), name).code for name in ("lena", "tom", "maya")}
    acme.tell(case, ReportBlocked(task="grant", because="There is no seat left."), "omar")

    assert set(codes.values()) == {"not_yours"}
    assert any("no seat left" in str(c.blocks) for c in acme.story.workflow.cards(acme.state(case)) if c.to == "P-dana")


def test_a_catalogue_that_describes_the_access_otherwise_makes_the_request_void() -> None:
    acme = office()
    case = acme.ask()
    entries = [dict(e) for e in acme.story.facts.control.settings["catalogue"]]
    entries[0]["plain"] = "Can do everything in every repository"
    control = acme.story.facts.control
    changed = control.model_copy(update={"settings": {**control.settings, "catalogue": entries}})
    acme.story.facts = acme.story.facts.model_copy(update={"control": changed})

    acme.approve(case, "tom")

    assert acme.state(case).status == "superseded"
    assert acme.state(case).decisions == ()


def test_a_request_whose_command_names_another_case_than_its_subject_is_refused() -> None:
    acme = office()
    command = AskAccess(
        entry="web-write",
        subject="P-lena",
        subject_login="../lena",
        source="github",
        length="1d",
        reason="For a day only.",
    )

    assert refusal(acme, acme.desk, command, "lena").code == "unknown_person"
