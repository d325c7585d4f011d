"""What is granted through the source: nobody is asked while it goes by itself, and a person where it does not."""

from __future__ import annotations

import pytest

from tests.approval.world import buttons, names, office, refusal
from workflows.approval import WORKFLOW
from workflows.approval.examples.company import LINES, evidence, line
from workflows.approval.examples.office import Office
from workflows.approval.model import BlockThrough, ReportDone, ReportThrough, Withdraw
from workflows.kernel.model import CaseId, by_system

GRANTER = by_system("grant")
WANT = ("grant", "github", "github:acme/billing-writers")


def approved(acme: Office) -> CaseId:
    case = acme.ask("billing-write")
    for name in ("tom", "maya"):
        acme.approve(case, name)
    return case


def wanted(acme: Office) -> list[tuple[str, str, str]]:
    """What was wanted of the system up to now."""
    return [(w.kind, w.source, w.reason) for w in acme.story.wants if w.kind == "grant"]


def test_the_last_yes_wants_it_of_the_system_once_and_asks_nobody() -> None:
    acme = office()
    case = acme.ask("billing-write")
    acme.approve(case, "tom")
    before = wanted(acme)
    acme.approve(case, "maya")

    assert (before, wanted(acme)) == ([], [WANT])
    assert buttons(acme, case, "omar") == set()
    assert [a for a in WORKFLOW.asks(acme.state(case)) if a.person == "P-omar"] == []


def test_what_has_no_way_wants_nothing_of_a_system() -> None:
    acme = office()
    case = acme.ask("web-write", length="30d")
    for name in ("tom", "maya"):
        acme.approve(case, name)

    assert wanted(acme) == []


def test_the_systems_word_is_a_claim_and_a_list_decides() -> None:
    acme = office()
    case = approved(acme)

    acme.tell(case, ReportThrough(task="grant", answer=evidence("grant.json")), GRANTER)
    claimed = acme.state(case).status
    acme.later(hours=1)
    acme.pull([*LINES, line("lena", "billing:write")])

    assert (claimed, acme.state(case).status) == ("approved", "effective")


def test_a_claim_that_no_list_bears_out_is_asked_of_the_granter() -> None:
    acme = office()
    case = approved(acme)
    acme.tell(case, ReportThrough(task="grant", answer=evidence("grant.json")), GRANTER)
    acme.later(hours=1)
    acme.pull(LINES)

    assert buttons(acme, case, "omar") == {"done", "cannot"}
    assert wanted(acme) == [WANT]


@pytest.mark.parametrize(
    "again", [ReportThrough(task="grant", answer=evidence("x.json")), BlockThrough(task="grant", because="Late.")]
)
def test_a_second_word_about_it_is_refused(again: ReportThrough | BlockThrough) -> None:
    acme = office()
    reported, blocked = approved(acme), acme.ask("billing-write", by="omar", subject="omar")
    acme.tell(reported, ReportThrough(task="grant", answer=evidence("grant.json")), GRANTER)
    for name in ("tom", "maya"):
        acme.approve(blocked, name)
    acme.tell(blocked, BlockThrough(task="grant", because="The team is ruled elsewhere."), GRANTER)

    assert {refusal(acme, case, again, GRANTER).code for case in (reported, blocked)} == {"task_over"}


@pytest.mark.parametrize("name", ["tom", "maya", "lena", "omar", "dana"])
def test_no_person_can_say_what_only_the_system_can(name: str) -> None:
    acme = office()
    case = approved(acme)
    commands = (
        ReportThrough(task="grant", answer=evidence("x.json")),
        BlockThrough(task="grant", because="It did not go."),
    )

    assert {refusal(acme, case, command, name).code for command in commands} == {"not_for_people"}


def test_what_the_system_does_not_take_the_granter_is_asked_with_the_reason_and_nobody_else() -> None:
    acme = office()
    case = approved(acme)

    acme.tell(case, BlockThrough(task="grant", because="The team is ruled elsewhere."), GRANTER)
    card = next(c for c in WORKFLOW.cards(acme.state(case)) if c.to == "P-omar")
    owner = [c for c in WORKFLOW.cards(acme.state(case)) if c.to == "P-dana"]
    acme.tell(case, ReportDone(task="grant"), "omar")

    assert "The team is ruled elsewhere." in str(card.blocks)
    assert owner == []
    assert names(acme, case)[-2:] == ["task_blocked", "task_reported"]


def test_its_end_wants_it_of_the_system_and_a_list_shows_it_gone() -> None:
    acme = office()
    case = approved(acme)
    acme.tell(case, ReportThrough(task="grant", answer=evidence("grant.json")), GRANTER)
    acme.later(hours=1)
    acme.pull([*LINES, line("lena", "billing:write")])
    acme.later(days=14)
    acme.tick()
    ending = (wanted(acme), buttons(acme, case, "omar"))
    acme.tell(case, ReportThrough(task="remove", answer=evidence("removal.json")), GRANTER)
    acme.later(hours=1)
    acme.pull(LINES)

    assert ending == ([WANT, WANT], set())
    assert acme.state(case).status == "ended"


def test_one_whose_removal_no_list_bears_out_is_asked_of_the_granter() -> None:
    acme = office()
    case = approved(acme)
    acme.tell(case, ReportThrough(task="grant", answer=evidence("grant.json")), GRANTER)
    acme.later(hours=1)
    acme.pull([*LINES, line("lena", "billing:write")])
    acme.later(days=14)
    acme.tick()
    acme.tell(case, ReportThrough(task="remove", answer=evidence("removal.json")), GRANTER)
    acme.later(hours=1)
    acme.pull([*LINES, line("lena", "billing:write", ("direct",))])

    assert acme.state(case).status == "not_ended"
    assert buttons(acme, case, "omar") == {"done", "cannot"}


def test_an_approved_one_is_not_taken_back_unless_the_system_did_not_take_it() -> None:
    acme = office()
    case = approved(acme)
    early = refusal(acme, case, Withdraw(), "lena")

    acme.tell(case, BlockThrough(task="grant", because="The team is ruled elsewhere."), GRANTER)
    acme.tell(case, Withdraw(), "lena")

    assert early.code == "in_effect"
    assert acme.state(case).status == "withdrawn"


def test_a_request_keeps_the_way_that_the_catalogue_had_when_it_was_asked() -> None:
    acme = office()
    case = acme.ask("billing-write")
    settings = acme.story.facts.control.settings
    moved = [{**e, "team": "acme/everybody"} if e["id"] == "billing-write" else e for e in settings["catalogue"]]
    control = acme.story.facts.control.model_copy(update={"settings": {**settings, "catalogue": moved}})
    acme.story.facts = acme.story.facts.model_copy(update={"control": control})
    for name in ("tom", "maya"):
        acme.approve(case, name)

    assert wanted(acme) == [WANT]
