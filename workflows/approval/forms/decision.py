"""Clicks and forms on an approval's cards: deciding, handing over, taking back, granting, reviewing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from workflows.approval.forms.field import Reader, colleagues, person_field, reason_field, until_field
from workflows.approval.model import (
    SEVERITIES,
    Approval,
    Approve,
    ExplainBypass,
    HandOver,
    RateRisk,
    RefuseRequest,
    ReportBlocked,
    ReportDone,
    ReviewEmergency,
    Severity,
    Shorten,
    Task,
    Withdraw,
)
from workflows.approval.views import words
from workflows.kernel.blocks import Block, field, modal, section, select_input
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.model import Facts
from workflows.kernel.text import Mrkdwn, fill
from workflows.kernel.workflow import Do, Interaction, OpenForm

Answer = Do | OpenForm
Act = Callable[[Interaction, Approval, Facts, datetime], Answer]
SEVERITY = "severity"
HINTS: dict[Severity, str] = {
    "low": "Low: hardly any harm",
    "medium": "Medium: some harm, contained",
    "high": "High: real harm to customers or the company",
    "critical": "Critical: severe harm, likely soon",
}


def answer(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    """What a click or a submitted form on a card of an approval means. Raises FieldErrors or Refused."""
    act = (SUBMITTED if i.kind == "submit" else PRESSED).get(i.link.act)
    if act is None:
        raise Refused("outdated", "This button is from an older version.", "Use the newest message of this request.")
    return act(i, state, facts, at)


def _step(i: Interaction) -> int:
    if not (i.link.item.isascii() and i.link.item.isdigit() and len(i.link.item) < 3):
        raise Refused("outdated", "This button is from an older version.", "Use the newest message of this request.")
    return int(i.link.item)


def _task(i: Interaction) -> Task:
    if i.link.item == "grant":
        return "grant"
    if i.link.item == "remove":
        return "remove"
    raise Refused("outdated", "This button is from an older version.", "Use the newest message of this request.")


def _about(state: Approval) -> Block:
    return section(words.facts(state))


def _approve(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    return Do(command=Approve(step=_step(i), shown=i.link.stamp))


def _refuse(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    _step(i)
    least = state.frame.reason_min
    why = reason_field("Why not?", f"At least {least} characters. Whoever asked reads this; it ends the request.")
    return OpenForm(view=modal("Refuse", i.link, [_about(state), why], submit="Refuse"))


def _refused(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    form = Reader(i.values)
    reason = form.reason(state.frame.reason_min)
    form.done()
    return Do(command=RefuseRequest(step=_step(i), shown=i.link.stamp, reason=reason))


def _shorten(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    _step(i)
    blocks = [
        section(fill("It is asked for {}.", words.until(state.request))),
        until_field("Until when instead?", "An earlier day, or an earlier time: 2026-12-31 14:00."),
        reason_field("Why?", "You are then asked about the shorter request."),
    ]
    return OpenForm(view=modal("Shorten", i.link, blocks, submit="Shorten"))


def _shortened(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    form = Reader(i.values)
    until, reason = form.until(at, state.frame.time_zone), form.reason(state.frame.reason_min)
    form.done()
    return Do(command=Shorten(step=_step(i), shown=i.link.stamp, until=until, reason=reason))


def _hand_over(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    _step(i)
    known = [p for p in (state.request.requester, state.request.subject) if p]
    without = [p.id for p in (*known, *state.asked, *(d.person for d in state.decisions))]
    blocks = [
        person_field(colleagues(facts.directory, without), "Who decides instead?", "They must be independent of it."),
        until_field("Until when?", "At most 30 days ahead."),
        reason_field("Why?", "It is recorded."),
    ]
    return OpenForm(view=modal("Hand over", i.link, blocks, submit="Hand over"))


def _handed_over(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    form = Reader(i.values)
    person, until, reason = form.person(facts.directory), form.until(at, state.frame.time_zone), form.reason()
    form.done()
    chosen = person.id if person else ""
    return Do(command=HandOver(step=_step(i), person=chosen, until=until, reason=reason))


def _withdraw(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    why = reason_field("Why?", "Optional.", optional=True)
    return OpenForm(view=modal("Take back", i.link, [_about(state), why], submit="Take back"))


def _withdrawn(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    form = Reader(i.values)
    reason = form.reason(optional=True)
    form.done()
    return Do(command=Withdraw(reason=reason))


def _done(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    return Do(command=ReportDone(task=_task(i)))


def _cannot(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    _task(i)
    why = reason_field("Why can it not be done?", f"{state.frame.owner.name} reads this and decides what happens.")
    return OpenForm(view=modal("It cannot be done", i.link, [why], submit="Send"))


def _blocked(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    form = Reader(i.values)
    because = form.reason()
    form.done()
    return Do(command=ReportBlocked(task=_task(i), because=because))


def _rate(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    choices = [(HINTS[s], s) for s in SEVERITIES]
    blocks = [_about(state), field(SEVERITY, "How severe is it?", select_input(choices))]
    return OpenForm(view=modal("How severe?", i.link, blocks, submit="Say so"))


def _rated(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    chosen = Reader(i.values).text(SEVERITY)
    severity = next((s for s in SEVERITIES if s == chosen), None)
    if severity is None:
        raise FieldErrors({SEVERITY: "Please choose how severe it is."})
    return Do(command=RateRisk(severity=severity))


def _review(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    least = state.frame.reason_min
    said = Mrkdwn("You say that it *was* justified.")
    if i.link.act == "unjustified":
        said = Mrkdwn("You say that it was *not* justified.")
    why = reason_field("Why?", f"At least {least} characters; an auditor reads this.")
    return OpenForm(view=modal("Review", i.link, [section(said), _about(state), why], submit="Record"))


def _reviewed(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    form = Reader(i.values)
    reason = form.reason(state.frame.reason_min)
    form.done()
    return Do(command=ReviewEmergency(justified=i.link.act == "justified", reason=reason))


def _explain(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    asked = "How did it go out?" if state.status in ("bypassed", "unproven") else "Why can it go out so?"
    why = reason_field(asked, "At least 10 characters; an auditor reads this.")
    return OpenForm(view=modal("Explain", i.link, [_about(state), why], submit="Record"))


def _explained(i: Interaction, state: Approval, facts: Facts, at: datetime) -> Answer:
    form = Reader(i.values)
    reason = form.reason(10)
    form.done()
    return Do(command=ExplainBypass(reason=reason))


PRESSED: dict[str, Act] = {
    "approve": _approve, "refuse": _refuse, "shorten": _shorten, "hand_over": _hand_over, "withdraw": _withdraw,
    "done": _done, "cannot": _cannot, "rate": _rate, "justified": _review, "unjustified": _review, "explain": _explain,
}  # fmt: skip
SUBMITTED: dict[str, Act] = {
    "refuse": _refused, "shorten": _shortened, "hand_over": _handed_over, "withdraw": _withdrawn, "cannot": _blocked,
    "rate": _rated, "justified": _reviewed, "unjustified": _reviewed, "explain": _explained,
}  # fmt: skip
