"""Acme's approvals in memory, with what tests ask of them: a refusal that changed nothing, a company of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from workflows.approval import WORKFLOW
from workflows.approval.examples.company import COMMIT, CONTROL, DEPLOY, as_person, evidence
from workflows.approval.examples.office import Office
from workflows.approval.model import OpenDeploy, Step
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person, directory_of
from workflows.kernel.model import Actor, CaseId, Command, Control, by_system

DEPLOYED = "approval/deploy/acme/payments/production/9183746/1"


def office(control: Control = CONTROL) -> Office:
    """The company on a Monday morning, its desk open and GitHub pulled."""
    return Office(WORKFLOW, control)


def ruled(**settings: Any) -> Control:
    """The control with other settings."""
    return CONTROL.model_copy(update={"settings": {**CONTROL.settings, **settings}})


def refusal(acme: Office, case: CaseId, command: Command, by: Actor | str) -> Refused:
    """The refusal of a command; a test fails where it is not refused, or where anything changed."""
    before = (dict(acme.story.histories), dict(acme.story.states))
    with pytest.raises(Refused) as caught:
        acme.tell(case, command, by)
    assert (acme.story.histories, acme.story.states) == before
    assert caught.value.why
    assert caught.value.next_step
    return caught.value


def request_refused(acme: Office, entry: str = "payments-admin", **more: Any) -> Refused:
    """The refusal of a request at the desk."""
    before = dict(acme.story.histories)
    with pytest.raises(Refused) as caught:
        acme.ask(entry, **more)
    assert acme.story.histories == before
    return caught.value


def names(acme: Office, case: CaseId) -> list[str]:
    """The names of a case's events."""
    return [r.event.NAME for r in acme.story.histories[case]]


def asked(acme: Office, case: CaseId) -> list[str]:
    """Who is asked now, by first name."""
    return [p.id.removeprefix("P-") for p in acme.state(case).asked]


def buttons(acme: Office, case: CaseId, name: str) -> set[str]:
    """The acts that somebody's cards offer."""
    cards = [c for c in WORKFLOW.cards(acme.story.states[case]) if c.to == f"P-{name}"]
    rows = [e for c in cards for b in c.blocks for e in b.get("elements", ()) if e["type"] == "button"]
    return {str(e["action_id"]).split(":")[1] for e in rows}


def change(acme: Office, name: str, **fields: Any) -> None:
    """Somebody's entry in the directory changes."""
    people = acme.story.facts.directory.people
    changed = people[f"P-{name}"].model_copy(update=fields)
    everybody: Iterable[Person] = {**people, changed.id: changed}.values()
    set_people(acme, everybody)


def set_people(acme: Office, people: Iterable[Person], age: timedelta = timedelta(minutes=5)) -> None:
    """The directory as it is read now."""
    directory = directory_of(people, digest="d" * 64, synced_at=acme.at - age)
    acme.story.facts = acme.story.facts.model_copy(update={"directory": directory})


def waiting_deploy(acme: Office, **more: Any) -> CaseId:
    """A deployment that waits, with its evidence at hand."""
    known: Mapping[str, Any] = {
        "deploy": DEPLOY, "title": "Retry payouts", "requester": "P-lena", "evidence": (evidence("scan.sarif"),)
    }  # fmt: skip
    return acme.tell(DEPLOYED, OpenDeploy(**{**known, **more}), by_system("github"))


def roles(steps: Iterable[Step]) -> list[str]:
    """The steps' names."""
    return [s.role for s in steps]


__all__ = ["COMMIT", "DEPLOY", "as_person", "evidence"]
