"""A control that only listens: it notes every pull of its sources. With it, a whole Attester without Slack."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot.draft import Mill
from bot.facts import FactBook
from bot.pull import Puller
from bot.runtime import Runtime, fresh_nonce
from bot.settings import load
from bot.signing import load_signer
from bot.sources.opening import SourceOpener
from bot.store.database import Database
from bot.store.programs import Programs
from bot.store.record import Record
from bot.store.snapshot import Snapshots
from tests.sources.world import NOW, MemoryVault, StandingClock
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Collection, Value
from workflows.kernel.model import (
    Actor,
    CaseSummary,
    Command,
    Control,
    Event,
    FactNeeds,
    Facts,
    Outcome,
    Recorded,
    by_time,
)  # fmt: skip
from workflows.kernel.program import Company, Meaning, SourceConfig, document_of
from workflows.kernel.workflow import Workflow

PEOPLE = "id,login,works\n00umaya,maya@acme.test,yes\n00uravi,ravi@acme.test,yes\n"
GITHUB = "login,role\nmaya@acme.test,admin\nravi@acme.test,write\n"


class NoSettings(BaseModel):
    """None."""


class Begin(Command):
    NEED = "system"


class Hear(Command):
    NEED = "system"
    collection: str
    verdict: str


class Begun(Event):
    NAME = "census_begun"


class Heard(Event):
    NAME = "census_heard"
    collection: str
    verdict: str


class Census(Value):
    case: str
    deaf: bool
    heard: tuple[str, ...] = ()


def decide(state: Any, command: Command, by: Actor, at: Any, facts: Facts) -> Outcome:
    if isinstance(command, Hear):
        if state.deaf:
            raise Refused("deaf", "This census does not listen.", "Nothing was recorded.")
        return Outcome(events=(Heard(collection=command.collection, verdict=command.verdict),))
    return Outcome(events=(Begun(),))


def evolve(state: Any, recorded: Recorded) -> Any:
    if isinstance(recorded.event, Heard):
        return state.model_copy(update={"heard": (*state.heard, recorded.event.verdict)})
    return Census(case=recorded.case, deaf="deaf" in recorded.case)


def summary(state: Census) -> CaseSummary:
    return CaseSummary(
        case=state.case, workflow="census", control="CTL-1", title="Census", status="open", open=True,
        watches=("people", "github"),
    )  # fmt: skip


def pulled(state: Census, collection: Collection) -> Command | None:
    return Hear(collection=collection.id, verdict=collection.verdict)


def nothing(*_: Any) -> Sequence[Any]:
    return ()


def no_form(*_: Any) -> Any:
    raise Refused("none", "There is no form.", "Nothing was recorded.")


WORKFLOW = Workflow(
    name="census", criteria=("CC6.1",), settings=NoSettings, commands=(Begin, Hear), events=(Begun, Heard),
    needs=lambda state, command: FactNeeds(), decide=decide, evolve=evolve, summary=summary, asks=nothing, cards=nothing,
    assigned=lambda state, person: False, forms=no_form, openings=nothing, due=nothing, pulled=pulled, examples=nothing,
)  # fmt: skip


def sources() -> tuple[SourceConfig, ...]:
    """A system first and the directory second, as somebody may write them."""
    people = {"file": "people.csv", "role": "directory", "as_of": "pulled",
              "columns": {"id": "id", "login": "login", "employed": "works"}}  # fmt: skip
    github = {"file": "github.csv", "as_of": "pulled", "columns": {"login": "login", "entitlement": "role"}}
    return (
        SourceConfig(id="github", kind="csv", system="GitHub", settings=github),
        SourceConfig(id="people", kind="csv", system="People", directory=True, settings=people),
        SourceConfig(id="okta", kind="okta", system="Okta", credential="env:NO_SUCH_TOKEN"),
    )


class Attester:
    """Puller, runtime, key and database are real; the vault is in memory and the clock stands."""

    def __init__(self, database: Database, folder: Path, worker: str = "one") -> None:
        self.folder, self.worker = folder, worker
        self.vault, self.clock = MemoryVault(), StandingClock()
        self.record, self.snapshots, self.programs = Record(database), Snapshots(database), Programs(database)
        self.facts = FactBook(self.record, self.snapshots, self.programs)
        self.heard: list[str] = []
        mill = Mill(load_signer(f"file:{folder / 'signing.key'}", create=True), "acme.test", "0.1.0", fresh_nonce)
        self.runtime = Runtime(self.record, [WORKFLOW], mill, self.clock, self.facts)
        self.settings = load({"ATTESTER_DATA": str(folder / "var")})
        opener = SourceOpener(
            self.settings,
            folder=folder,
            vault=self.vault,
            clock=self.clock,
            code="attester 0.1.0",
            wait=self.clock.wait,
        )
        self.puller = Puller(
            facts=self.facts, snapshots=self.snapshots, record=self.record, runtime=self.runtime, opener=opener,
            clock=self.clock, worker=worker, progress=self.heard.append,
        )  # fmt: skip

    def apply(self, *configs: SourceConfig) -> None:
        """Put the files and the program in place."""
        (self.folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
        (self.folder / "github.csv").write_text(GITHUB, encoding="utf-8")
        control = Control(
            id="CTL-1", title="Census", text="Everybody is counted.", workflow="census", criteria=("CC6.1",),
            owner="maya@acme.test",
        )  # fmt: skip
        company = Company(name="Acme", control_owner="maya@acme.test")
        meaning = Meaning(company=company, controls=(control,), sources=configs or sources())
        document = document_of({"company.yaml": "name: Acme"}, meaning)
        self.programs.apply(hashlib.sha256(document).hexdigest(), document, {"CTL-1": NOW}, NOW)

    def begin(self, case: str = "census/1") -> str:
        """A census that listens to both sources."""
        self.runtime.act(case, Begin(), by_time(NOW), control="CTL-1")
        return case

    def notes(self, case: str) -> list[tuple[str, str]]:
        """What the census heard: (verdict, system that said so)."""
        return [(e.body["verdict"], e.by["system"]) for e in self.record.events(case) if e.name == Heard.NAME]
