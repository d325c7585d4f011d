"""The contract that every workflow folder fulfils."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from workflows.kernel.approved import ApprovedAccess
from workflows.kernel.confirm import Wording
from workflows.kernel.identity import Collection, PersonId, Value
from workflows.kernel.link import Link
from workflows.kernel.model import (
    Actor,
    Ask,
    Card,
    CaseId,
    CaseSummary,
    Command,
    Control,
    Event,
    FactNeeds,
    Facts,
    Need,
    Outcome,
    Recorded,
    Via,
)

State = Any
"""A workflow's own state type, or None where the case does not exist yet."""


class Interaction(Value):
    """A click or a submitted form, read and checked for shape. ``values`` maps block id → what was typed or chosen."""

    kind: Literal["action", "submit"]
    link: Link
    values: dict[str, str | tuple[str, ...]] = {}
    via: Via = Via()


class Do(Value):
    """The interaction means this command to the link's case."""

    command: Command


class OpenForm(Value):
    """The interaction opens a form; nothing is decided. ``view`` is a Slack modal, ``need`` says who may see it."""

    view: dict[str, Any]
    need: Need = "assigned"


class Opening(Value):
    """A case that must exist because of the calendar: ids are names, so opening it twice is impossible."""

    case: CaseId
    command: Command
    due_at: datetime


@dataclass(frozen=True)
class Example:
    """A named history: the same one is preview, documentation and test data."""

    name: str
    case: CaseId
    history: tuple[Recorded, ...]
    facts: Facts
    at: datetime


@dataclass(frozen=True)
class Workflow:
    """What a control of this kind means. Every member is a pure function over values.

    ``decide`` raises Refused; ``forms`` raises FieldErrors or Refused; nothing else escapes.
    """

    name: str
    criteria: tuple[str, ...]
    settings: type[BaseModel]
    commands: tuple[type[Command], ...]
    events: tuple[type[Event], ...]
    needs: Callable[[State, Command], FactNeeds]
    decide: Callable[[State, Command, Actor, datetime, Facts], Outcome]
    evolve: Callable[[State, Recorded], State]
    summary: Callable[[State], CaseSummary]
    asks: Callable[[State], Sequence[Ask]]
    cards: Callable[[State], Sequence[Card]]
    assigned: Callable[[State, PersonId], bool]
    forms: Callable[[Interaction, State, Facts, datetime], Do | OpenForm]
    openings: Callable[[Control, Mapping[str, Any], datetime], Sequence[Opening]]
    due: Callable[[State, datetime, Facts], Sequence[Command]]
    pulled: Callable[[State, Collection], Command | None]
    examples: Callable[[], Sequence[Example]]
    form_needs: Callable[[str], FactNeeds] = lambda _act: FactNeeds()
    """What `forms` must be given beyond the state, by the act of a button's link."""
    confirming: Callable[[State, Command], Wording] | None = None
    """What a command decides, whole, in words: a person reads it before they sign in for it. None where no command of this
    workflow can ask for a sign-in."""
    approves: bool = False
    """Whether its cases can stand behind an access at all."""
    approved: Callable[[State], ApprovedAccess | None] = lambda _state: None
    """The access that a case stands behind, approved and not seen to be gone."""
    offered: Callable[[Control], Sequence[tuple[str, str]]] = lambda _control: ()
    """(source, entitlement) of what can be asked for under a control."""
