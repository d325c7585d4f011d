"""A small control of its own: the plants are watered once a month, Maya is reminded after a day, missed after three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from workflows.kernel.errors import Refused
from workflows.kernel.identity import PersonId, Value
from workflows.kernel.model import (
    Actor,
    Ask,
    Card,
    CaseSummary,
    Command,
    Control,
    Event,
    FactNeeds,
    Facts,
    Outcome,
    Recorded,
)
from workflows.kernel.workflow import Opening, Workflow

MAYA = "00u-maya"
REMIND = timedelta(days=1)
MISS = timedelta(days=3)


class NoSettings(BaseModel):
    """The toy has none."""


class PlanWatering(Command):
    NEED = "system"
    due_at: datetime


class RemindMaya(Command):
    NEED = "system"


class MissWatering(Command):
    NEED = "system"


class Planned(Event):
    NAME = "watering_planned"
    due_at: datetime


class Reminded(Event):
    NAME = "maya_reminded"


class Missed(Event):
    NAME = "watering_missed"


class Watering(Value):
    case: str
    planned_at: datetime
    late_by: timedelta
    reminded: bool = False
    missed: bool = False

    @property
    def wake_at(self) -> datetime | None:
        if self.missed:
            return None
        return self.planned_at + (MISS if self.reminded else REMIND)


def decide(state: Any, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    if isinstance(command, PlanWatering):
        if state is not None:
            raise Refused("planned", "This watering is planned already.", "Nothing was recorded.")
        return Outcome(events=(Planned(due_at=command.due_at),))
    if isinstance(command, RemindMaya):
        return Outcome(events=(Reminded(),))
    if state.missed:
        raise Refused("missed", "This watering was missed already.", "Nothing was recorded.")
    return Outcome(events=(Missed(),))


def evolve(state: Any, recorded: Recorded) -> Any:
    event = recorded.event
    if isinstance(event, Planned):
        return Watering(case=recorded.case, planned_at=recorded.at, late_by=recorded.at - event.due_at)
    return state.model_copy(update={"reminded": True} if isinstance(event, Reminded) else {"missed": True})


def summary(state: Watering) -> CaseSummary:
    return CaseSummary(
        case=state.case,
        workflow="watering",
        control="CTL-W",
        title="Water the plants",
        status="missed" if state.missed else "open",
        open=not state.missed,
        wake_at=state.wake_at,
    )


def cards(state: Watering) -> Sequence[Card]:
    said = "was missed" if state.missed else "is due, and overdue" if state.reminded else "is due"
    return (Card(key="ask", to=MAYA, text=f"Watering {said}", blocks=(), open=not state.missed),)


def openings(control: Control, company: Mapping[str, Any], now: datetime) -> Sequence[Opening]:
    """The first of every month at 09:00 UTC since the control is in force."""
    found = []
    at: datetime = company["effective_from"]
    month = datetime(at.year, at.month, 1, 9, tzinfo=UTC)
    while month <= now:
        if month >= at:
            case = f"watering/{control.id}/{month:%Y-%m}"
            found.append(Opening(case=case, command=PlanWatering(due_at=month), due_at=month))
        month = (month + timedelta(days=32)).replace(day=1)
    return found


def due(state: Watering, now: datetime, facts: Facts) -> Sequence[Command]:
    """Down over both instants, only the later one happens."""
    if state.case.endswith("2026-13"):
        raise ValueError("a month that does not exist")
    if now >= state.planned_at + MISS:
        return (MissWatering(),)
    return (RemindMaya(),) if now >= state.planned_at + REMIND and not state.reminded else ()


def nobody(state: Watering, person: PersonId) -> bool:
    return person == MAYA


WORKFLOW = Workflow(
    name="watering",
    criteria=("CC7.4",),
    settings=NoSettings,
    commands=(PlanWatering, RemindMaya, MissWatering),
    events=(Planned, Reminded, Missed),
    needs=lambda state, command: FactNeeds(),
    decide=decide,
    evolve=evolve,
    summary=summary,
    asks=lambda state: (Ask(key="ask", person=MAYA, title="Water the plants"),),
    cards=cards,
    assigned=nobody,
    forms=lambda interaction, state, facts, at: (_ for _ in ()).throw(Refused("none", "No forms here.", "")),
    openings=openings,
    due=due,
    pulled=lambda state, collection: None,
    examples=lambda: (),
)
