"""`/access`: the words after it. What may be asked for, and what a request means, the approval workflow says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.slack.ports import Deps
from bot.slack.said import LISTED, Said
from workflows.kernel.blocks import Block, actions, button, header, section
from workflows.kernel.identity import Person
from workflows.kernel.link import Link, case_ref
from workflows.kernel.linking import DESK
from workflows.kernel.linking_view import PROPOSE
from workflows.kernel.model import CaseId, CaseSummary, Control, case_id, case_segments
from workflows.kernel.text import Mrkdwn, fill, joined, mrkdwn, when

WORKFLOW = "approval"
NONE_YET = "Nothing can be asked for here yet."
ADD_ONE = "The control owner can add a control with `workflow: approval` to the program."
NO_LINKS = "Slack accounts are linked here by the directory alone: no sign-in is set up."
NOT_OPEN = "Requests open in a minute. Type the command again then."


def ask_access(deps: Deps, person: Person, now: datetime) -> Said | Link:
    """The form for access, or, where several controls have a catalogue, which of them to use."""
    return _form(deps, person, "access", "catalogue")


def declare_risk(deps: Deps, person: Person, now: datetime) -> Said | Link:
    """The form for accepting a known weakness for a time."""
    return _form(deps, person, "risk", "risks")


def accept_finding(deps: Deps, person: Person, now: datetime) -> Said | Link:
    """The form for accepting, for a time, what a scanner found."""
    return _form(deps, person, "finding", "risks")


def _form(deps: Deps, person: Person, act: str, setting: str) -> Said | Link:
    controls = [c for c in deps.book.program().controls if c.workflow == WORKFLOW and c.settings.get(setting)]
    if not controls:
        return Said(f"{NONE_YET} {ADD_ONE}", (section(Mrkdwn(f"{NONE_YET} {ADD_ONE}")),))
    desks = [(c, desk) for c in controls if deps.cases.summary(desk := _desk(c)) is not None]
    if not desks:
        return Said(NOT_OPEN, (section(Mrkdwn(NOT_OPEN)),))
    # Who asks stands in the form as the one whom it is for; it is a suggestion, and the click says who asks.
    links = [(c, Link(act=act, ref=case_ref(desk), item=case_ref(person.id))) for c, desk in desks]
    return links[0][1] if len(links) == 1 else _which(links)


def _desk(control: Control) -> CaseId:
    return case_id(WORKFLOW, "desk", control.id)


def _which(links: Sequence[tuple[Control, Link]]) -> Said:
    blocks = [section(Mrkdwn("Where?"))]
    blocks += [actions(button(control.title, link)) for control, link in links]
    return Said("Where? Choose one.", tuple(blocks))


def propose_link(deps: Deps, person: Person, now: datetime) -> Said | Link:
    """The form in which somebody who answers for a control proposes whose a Slack account is."""
    if deps.cases.summary(DESK) is None:
        return Said(NO_LINKS, (section(Mrkdwn(NO_LINKS)),))
    return Link(act=PROPOSE, ref=case_ref(DESK))


def my_requests(deps: Deps, person: Person, now: datetime) -> Said:
    """What this person asked for and is not over, soonest first."""
    found = [s for s in deps.cases.summaries(open_only=True) if _mine(s, person)]
    if not found:
        text = "You have no open request and no access with an end."
        return Said(text, (section(Mrkdwn(text)),))
    far = max((s.due_at for s in found if s.due_at), default=now)
    found.sort(key=lambda s: (s.due_at or far, s.case))
    blocks: list[Block] = [header("Yours"), *(_line(s) for s in found[:LISTED])]
    if len(found) > LISTED:
        blocks.append(section(fill("And {} more.", len(found) - LISTED)))
    return Said(f"{len(found)} of yours", tuple(blocks))


def _mine(summary: CaseSummary, person: Person) -> bool:
    return summary.workflow == WORKFLOW and summary.owner == person.id and case_segments(summary.case)[1] != "desk"


def _line(summary: CaseSummary) -> Block:
    word = "answer by" if summary.status in ("collecting", "asked") else "until"
    end = fill(", {} {}", word, when(summary.due_at)) if summary.due_at else Mrkdwn("")
    state = fill("{}{}", mrkdwn(summary.status.replace("_", " "), 64), end)
    return section(joined([fill("*{}*", mrkdwn(summary.title, 200)), state]))
