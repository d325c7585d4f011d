"""`/access`: the form of the one desk there is, a choice where there are several, a sentence where there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from bot.slack.access import allow_conflict, ask_access, declare_risk, my_requests
from bot.slack.said import Said
from tests.approval.test_access import effective
from tests.approval.world import office, ruled
from workflows.approval import WORKFLOW
from workflows.approval.examples.company import CONTROL, START, somebody
from workflows.approval.examples.office import Office
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import CaseId, CaseSummary, Control
from workflows.kernel.program import Company, Program, SourceConfig

LENA = somebody("lena")


@dataclass
class Cases:
    """The record's rows, as lists read them."""

    rows: dict[CaseId, CaseSummary] = field(default_factory=dict)

    def summary(self, case: CaseId) -> CaseSummary | None:
        return self.rows.get(case)

    def summaries(self, *, open_only: bool = False) -> list[CaseSummary]:
        return [row for row in self.rows.values() if row.open or not open_only]


def deps(*controls: Control, told: Office | None = None, closed: bool = False) -> Any:
    """What the command reads: the program in force and the rows of the cases in memory."""
    company = Company(name="Acme", control_owner="dana@acme.test")
    source = SourceConfig(id="github", kind="csv", system="GitHub")
    program = Program(digest="0" * 64, company=company, controls=controls, sources=(source,))
    offices = [told] if told else [Office(WORKFLOW, c) for c in controls if c.workflow == "approval"]
    rows = {c: WORKFLOW.summary(s) for o in offices for c, s in o.story.states.items()}
    return SimpleNamespace(book=SimpleNamespace(program=lambda: program), cases=Cases({} if closed else rows))


def text(said: Said | Link) -> str:
    assert isinstance(said, Said)
    return f"{said.text} {said.blocks}"


def test_with_one_desk_its_form_is_opened_for_whoever_types() -> None:
    for say, act in ((ask_access, "access"), (declare_risk, "risk"), (allow_conflict, "conflict")):
        link = say(deps(CONTROL), LENA, START)

        assert link == Link(act=act, ref=case_ref("approval/desk/AP-01"), item=case_ref("P-lena"))


def test_with_several_desks_they_are_offered_by_their_controls_titles() -> None:
    other = CONTROL.model_copy(update={"id": "AP-02", "title": "Finance approvals"})

    said = text(ask_access(deps(CONTROL, other), LENA, START))

    assert "Finance approvals" in said
    assert case_ref("approval/desk/AP-02") in said


def test_where_nothing_can_be_asked_for_it_says_so_and_what_to_do() -> None:
    empty = ruled(catalogue=[], conflicts=[], risks=None)

    assert "workflow: approval" in text(ask_access(deps(), LENA, START))
    assert "workflow: approval" in text(declare_risk(deps(empty), LENA, START))
    assert "in a minute" in text(ask_access(deps(CONTROL, closed=True), LENA, START))


def test_mine_lists_what_is_open_and_what_ends_and_nobody_elses() -> None:
    acme = office()
    effective(acme)
    acme.ask("web-write", length="30d")
    rows = deps(CONTROL, told=acme)

    mine = text(my_requests(rows, LENA, START + timedelta(hours=1)))

    assert "Admin of acme/payments for Lena Novak" in mine
    assert "Write in acme/web for Lena Novak" in mine
    assert "answer by" in mine
    assert "no open request" in text(my_requests(rows, somebody("omar"), START))
