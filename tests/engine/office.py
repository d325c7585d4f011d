"""An Attester without Slack and web: real runtime, real key, real database, the watering control, Maya."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.draft import Mill
from bot.due import Due
from bot.facts import NoProgram
from bot.runtime import Runtime, fresh_nonce
from bot.signing import load_signer
from bot.store.database import Database
from bot.store.record import Record
from tests.engine.toy import MAYA, WORKFLOW
from workflows.kernel.identity import Directory, Person
from workflows.kernel.model import CaseId, Control, FactNeeds, Facts
from workflows.kernel.ports import Clock
from workflows.kernel.program import Company, Program, SourceConfig

IN_FORCE = datetime(2026, 6, 15, tzinfo=UTC)


def control(name: str = "CTL-W", workflow: str = "watering") -> Control:
    text, owner = "Plants live.", "dana@acme.test"
    return Control(id=name, title="Plants", text=text, workflow=workflow, criteria=("CC7.4",), owner=owner)


def maya(slack_user: str | None = "UMAYA") -> Person:
    return Person(id=MAYA, issuer="okta", login="maya@acme.test", name="Maya Chen", slack_user=slack_user)


class Book:
    """The program in force, and what rules may know."""

    def __init__(self, *controls: Control) -> None:
        self.controls = controls or (control(),)
        self.slack_user: str | None = "UMAYA"
        self.applied = True

    def program(self) -> Program:
        if not self.applied:
            raise NoProgram("No program is in force.")
        company = Company(name="Acme", control_owner="dana@acme.test")
        sources = (SourceConfig(id="okta", kind="okta", system="okta"),)
        return Program(digest="0" * 64, company=company, controls=self.controls, sources=sources)

    def company(self, control: str) -> Mapping[str, Any]:
        if control == "CTL-BROKEN":
            raise KeyError(control)
        return {"name": "Acme", "effective_from": IN_FORCE}

    def directory(self) -> Directory:
        return Directory(people={MAYA: maya(self.slack_user)})

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        ruled = next((c for c in self.controls if c.id == control), self.controls[0])
        return Facts(directory=self.directory(), program="0" * 64, control=ruled)


class Office:
    """Everything that time needs, on one database."""

    def __init__(self, database: Database, folder: Path, clock: Clock, book: Book | None = None) -> None:
        self.book = book or Book()
        self.record = Record(database)
        signer = load_signer(f"file:{folder / 'signing.key'}", create=True)
        mill = Mill(signer, "attester.test", "0.1.0", fresh_nonce)
        self.runtime = Runtime(self.record, [WORKFLOW], mill, clock, self.book)
        self.due = Due(self.record, self.runtime, self.book, clock)

    def names(self, case: CaseId) -> list[str]:
        """The names of the case's events."""
        return [event.name for event in self.record.events(case)]
