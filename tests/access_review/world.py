"""A whole company in memory: runs decide and evolve over all cases of campaigns, as the runtime does, in one transaction each.

Every event goes through JSON and back before it is folded, as it does through the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.access_review.people import CAMPAIGN, CONTROL, OPENING, company
from workflows.access_review import schedule
from workflows.access_review.model import Campaign, PlanCampaign, Review, ReviewLine
from workflows.access_review.rules import decide, evolve, needs
from workflows.access_review.rules.standing import asks, assigned, summary
from workflows.access_review.views import cards
from workflows.kernel.approved import Approvals
from workflows.kernel.duty import Duties
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Collection, Directory, Line, LineKey, Person, directory_of
from workflows.kernel.model import (
    Actor,
    CaseId,
    Command,
    Control,
    Event,
    Facts,
    Recorded,
    Want,
    by_person,
    by_system,
    by_time,
)
from workflows.kernel.program import SourceConfig


@dataclass
class World:
    """The company, its systems, its cases, and the clock."""

    people: list[Person] = field(default_factory=company)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    sources: dict[str, SourceConfig] = field(default_factory=dict)
    control: Control = CONTROL
    now: datetime = OPENING
    effective_from: datetime = datetime(2026, 9, 15, tzinfo=UTC)
    closed_days: tuple[Any, ...] = ()
    states: dict[CaseId, Any] = field(default_factory=dict)
    record: list[Recorded] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    snapshots: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    latest: dict[str, Collection] = field(default_factory=dict)
    directory: Directory = field(default_factory=lambda: Directory(people={}))
    approvals: Approvals = field(default_factory=Approvals)
    duties: Duties = field(default_factory=Duties)

    def __post_init__(self) -> None:
        if not self.sources:
            okta = SourceConfig(id="okta", kind="csv", system="Okta", directory=True)
            github = SourceConfig(id="github", kind="csv", system="GitHub", remover="ravi@acme.test")
            self.sources = {"okta": okta, "github": github}

    def who(self, name: str) -> Actor:
        """A person as an actor, with the level `slack`."""
        return by_person(next(p for p in self.people if p.id == name))

    def facts(self, case: CaseId, state: Any, command: Command) -> Facts:
        """What the runtime would give."""
        wanted = needs(state, command)
        population = self.snapshots.get(wanted.collection or "", ())
        by_key: dict[LineKey, Line] = {x.key: x for x in population}
        owner = self.directory.by_login(self.control.owner)
        deputy = self.directory.by_login(self.control.deputy or "")
        children = [summary(s) for c, s in sorted(self.states.items()) if c.startswith(case + "/")]
        return Facts(
            directory=self.directory,
            program="p" * 64,
            control=self.control,
            company=self.company(),
            population=population if wanted.population else (),
            lines={k: by_key[k] for k in wanted.lines if k in by_key},
            children=tuple(children) if wanted.children else (),
            owner=owner.id if owner else None,
            deputy=deputy.id if deputy else None,
            sources=dict(self.sources),
            folded={c: s for c, s in self.states.items() if c.startswith(wanted.folded)} if wanted.folded else {},
            approvals=self.approvals if wanted.approvals else Approvals(),
            duties=self.duties if wanted.duties else Duties(),
        )

    def company(self) -> dict[str, Any]:
        """The company as workflows read it."""
        return {
            "time_zone": "Europe/Berlin",
            "fiscal_year_starts": 1,
            "closed_days": self.closed_days,
            "effective_from": self.effective_from,
        }

    def act(self, case: CaseId, command: Command, by: Actor | str) -> list[Event]:
        """Run a command and all it addresses; nothing of it stays where any of them is refused."""
        actor = self.who(by) if isinstance(by, str) else by
        states, record = dict(self.states), list(self.record)
        wants = list(self.wants)
        queue, happened = [(case, command)], []
        while queue:
            here, wanted = queue.pop(0)
            state = states.get(here)
            outcome = decide(state, wanted, actor, self.now, self._facts_within(states, here, wanted))
            for event in outcome.events:
                kept = type(event).model_validate_json(event.model_dump_json())
                digest = hashlib.sha256(f"{len(record)}{here}".encode()).hexdigest()
                recorded = Recorded(
                    case=here, n=len(record), seq=None, event=kept, at=self.now, by=actor, attestation=digest
                )
                state = evolve(state, recorded)
                record.append(recorded)
                happened.append(kept)
            states[here] = state
            wants.extend(outcome.wants)
            queue.extend((a.case, a.command) for a in sorted(outcome.commands, key=lambda a: a.case))
        self.states = {c: s for c, s in states.items() if s is not None}
        self.record, self.wants = record, wants
        for touched in {r.case for r in self.record[-len(happened) :]} if happened else ():
            summary(self.states[touched]), asks(self.states[touched]), cards(self.states[touched])
        return happened

    def _facts_within(self, states: dict[CaseId, Any], case: CaseId, command: Command) -> Facts:
        return self.facts(case, states.get(case), command)

    def refusal(self, case: CaseId, command: Command, by: Actor | str) -> Refused:
        """The refusal of a command; a test fails where it is not refused."""
        before = (dict(self.states), len(self.record))
        with pytest.raises(Refused) as caught:
            self.act(case, command, by)
        assert (self.states, len(self.record)) == before
        assert caught.value.why
        assert caught.value.next_step
        return caught.value

    def collection(self, source: str, *, verdict: str = "complete", as_of: datetime | None = None) -> Collection:
        """A pull of a source as it is now."""
        lines = tuple(self.lines.get(source, ()))
        number = self.latest[source].number + 1 if source in self.latest else 1
        name = hashlib.sha256(f"{source}{number}{verdict}".encode()).hexdigest()
        pull = Collection(
            id=name, source=source, system=self.sources[source].system, number=number, as_of=as_of or self.now,
            ended_at=self.now, verdict=verdict, reasons=() if verdict == "complete" else ("page 3 is missing",),
            lines=len(lines), lines_sha256=name[::-1], raw_sha256=name,
        )  # fmt: skip
        self.latest[source] = pull
        if verdict == "complete":
            self.snapshots[pull.id] = lines
            if self.sources[source].directory:
                self.directory = directory_of(self.people, digest=pull.id, synced_at=self.now)
        return pull

    def pull(self, source: str, *, verdict: str = "complete", as_of: datetime | None = None) -> list[Event]:
        """Pull a source and tell every case that watches it."""
        pull = self.collection(source, verdict=verdict, as_of=as_of)
        happened = []
        for case in sorted(self.states):
            state = self.states[case]
            if source not in summary(state).watches:
                continue
            command = schedule.pulled(state, pull)
            if command is not None:
                happened += self.act(case, command, by_system("identity pull"))
        return happened

    def open(self) -> None:
        """Open what the calendar says, and pull the directory and every source."""
        self.openings()
        for source in self.sources:
            self.pull(source)

    def openings(self) -> list[CaseId]:
        """Open every case that the calendar wants and that does not exist."""
        made = []
        for each in schedule.openings(self.control, self.company(), self.now):
            if each.case not in self.states:
                assert isinstance(each.command, PlanCampaign)
                self.act(each.case, each.command, by_time(each.due_at))
                made.append(each.case)
        return made

    def tick(self) -> list[Event]:
        """What time alone causes now, in every case whose time has come."""
        happened = []
        for case in sorted(self.states):
            row = summary(self.states[case])
            if not row.open or row.wake_at is None or row.wake_at > self.now:
                continue
            for command in schedule.due(
                self.states[case], self.now, self.facts(case, self.states[case], command=Command())
            ):
                happened += self.act(case, command, by_time(row.wake_at))
        return happened

    def campaign(self, case: CaseId = CAMPAIGN) -> Campaign:
        """The campaign's state."""
        state = self.states[case]
        assert isinstance(state, Campaign)
        return state

    def review(self, name: str, source: str = "github", campaign: CaseId = CAMPAIGN) -> Review:
        """The state of somebody's review."""
        state = self.states[f"{campaign}/{source}/{name}@acme.test"]
        assert isinstance(state, Review)
        return state

    def reviews(self) -> list[Review]:
        """All reviews."""
        return [s for s in self.states.values() if isinstance(s, Review)]

    def held(self, ref: str) -> tuple[Review, ReviewLine]:
        """The review that has a line, and the line in it."""
        found = [
            (r, r.lines[ref])
            for r in self.reviews()
            if ref in r.lines and r.head.campaign == CAMPAIGN and not r.head.second_of
        ]
        assert len(found) == 1
        return found[0]

    def events(self, kind: type[Event]) -> list[Any]:
        """Everything of one kind in the record."""
        return [r.event for r in self.record if isinstance(r.event, kind)]

    def may_act(self, case: CaseId, name: str) -> bool:
        """Whether somebody is assigned in a case."""
        return assigned(self.states.get(case), name)


def logins(reviews: Sequence[Review]) -> list[str]:
    """Who reviews, sorted."""
    return sorted(r.reviewer.id for r in reviews if r.lines)
