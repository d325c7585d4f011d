"""A small workflow of its own: Maya is asked whether an errand may go, and anybody may volunteer for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from workflows.kernel.blocks import Block, actions, button, field, menu, modal, section, text_input
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.identity import PersonId, Value
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import (
    Actor,
    Ask,
    Card,
    CaseSummary,
    Command,
    Event,
    FactNeeds,
    Facts,
    Outcome,
    Recorded,
)
from workflows.kernel.text import fill
from workflows.kernel.workflow import Do, Interaction, OpenForm, Workflow


class NoSettings(BaseModel):
    """The toy has none."""


class OpenErrand(Command):
    NEED = "system"
    person: PersonId
    title: str
    due_at: datetime


class Approve(Command):
    pass


class Decline(Command):
    reason: str


class Volunteer(Command):
    NEED = "member"
    SUBJECT_EXCLUDED = False


class Opened(Event):
    NAME = "errand_opened"
    person: PersonId
    title: str
    due_at: datetime


class Approved(Event):
    NAME = "errand_approved"


class Declined(Event):
    NAME = "errand_declined"
    reason: str


class Volunteered(Event):
    NAME = "volunteered"
    ATTESTED = False
    who: str


class Errand(Value):
    case: str
    person: PersonId
    title: str
    due_at: datetime
    verdict: str = ""
    by: str = ""
    volunteers: tuple[str, ...] = ()


def link(case: str, act: str, item: str = "") -> Link:
    return Link(act=act, ref=case_ref(case), item=item)


def decide(state: Errand | None, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    if isinstance(command, OpenErrand):
        return Outcome(events=(Opened(person=command.person, title=command.title, due_at=command.due_at),))
    assert state is not None
    if isinstance(command, Volunteer):
        return Outcome(events=(Volunteered(who=by.somebody().name),))
    if state.verdict:
        raise Refused("decided", f"{state.by} has {state.verdict} this already.", "Look at the card.")
    if isinstance(command, Decline):
        return Outcome(events=(Declined(reason=command.reason),))
    return Outcome(events=(Approved(),))


def evolve(state: Errand | None, recorded: Recorded) -> Errand:
    event = recorded.event
    if isinstance(event, Opened):
        return Errand(case=recorded.case, person=event.person, title=event.title, due_at=event.due_at)
    assert state is not None
    if isinstance(event, Volunteered):
        return state.model_copy(update={"volunteers": (*state.volunteers, event.who)})
    verdict = "approved" if isinstance(event, Approved) else "declined"
    who = recorded.by.person.name if recorded.by.person else ""
    return state.model_copy(update={"verdict": verdict, "by": who})


def forms(seen: Interaction, state: Errand, facts: Facts, now: datetime) -> Do | OpenForm:
    act = seen.link.act
    if act == "approve":
        return Do(command=Approve())
    if act == "volunteer":
        return Do(command=Volunteer())
    if act == "decline" and seen.kind == "action":
        return OpenForm(view=decline_form(state))
    if act == "decline":
        return _decline(seen)
    if act == "story":
        return OpenForm(view=story(state, seen.link.item or "1"), need="person")
    if act == "broken":
        raise RuntimeError("xoxb-secret in a message")
    raise Refused("outdated", "This button is outdated.", "Look at the card.")


def _decline(seen: Interaction) -> Do:
    reason, other = str(seen.values.get("reason", "")).strip(), str(seen.values.get("instead", "")).strip()
    errors = {}
    if len(reason) < 10:
        errors["reason"] = "Say in at least 10 characters why not."
    if other == "nobody":
        errors["instead"] = "Name somebody."
    if errors:
        raise FieldErrors(errors)
    return Do(command=Decline(reason=reason))


def decline_form(state: Errand) -> Block:
    return modal(
        "Decline",
        link(state.case, "decline"),
        [
            section(fill("Why should *{}* not go?", state.title)),
            field("reason", "Reason", text_input(long=True)),
            field("instead", "Who instead?", text_input(), optional=True),
            actions(button("Story", link(state.case, "story"))),
        ],
        submit="Decline",
    )


def story(state: Errand, page: str) -> Block:
    more = button("More", link(state.case, "story", "2"))
    return modal("Story", link(state.case, "story", page), [section(fill("Page {}", page)), actions(more)])


def cards(state: Errand) -> Sequence[Card]:
    text = f"May the errand go: {state.title}"
    blocks: list[Block] = [section(fill("*{}*", state.title))]
    if state.verdict:
        blocks.append(section(fill("{} {}.", state.by, state.verdict)))
    else:
        row = [
            button("Approve", link(state.case, "approve"), style="primary"),
            button("Decline", link(state.case, "decline")),
        ]
        choice = menu(
            "Other …", "more", [("Volunteer", link(state.case, "volunteer")), ("Story", link(state.case, "story"))]
        )
        blocks.append(actions(*row, choice))
    return (Card(key="errand", to=state.person, text=text, blocks=tuple(blocks), open=not state.verdict),)


def asks(state: Errand) -> Sequence[Ask]:
    return (Ask(key="errand", person=state.person, title=state.title, due_at=state.due_at, open=not state.verdict),)


def summary(state: Errand) -> CaseSummary:
    return CaseSummary(
        case=state.case,
        workflow="errand",
        control="CTL-1",
        title=state.title,
        status=state.verdict or "asked",
        open=not state.verdict,
        owner="00u-dana",
        due_at=state.due_at,
    )


WORKFLOW = Workflow(
    name="errand",
    criteria=("CC6.2",),
    settings=NoSettings,
    commands=(OpenErrand, Approve, Decline, Volunteer),
    events=(Opened, Approved, Declined, Volunteered),
    needs=lambda state, command: FactNeeds(),
    decide=decide,
    evolve=evolve,
    summary=summary,
    asks=asks,
    cards=cards,
    assigned=lambda state, person: state.person == person,
    forms=forms,
    openings=lambda control, company, now: (),
    due=lambda state, now, facts: (),
    pulled=lambda state, collection: None,
    examples=lambda: (),
)
