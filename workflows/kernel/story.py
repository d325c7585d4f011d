"""Runs commands over cases in memory, with the rules that run in production: for examples and for tests of rules.

What the runtime does in one transaction happens here in one call: everything a command causes in other cases too, or
nothing where a rule refuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from workflows.kernel.attestation import heard, spoken
from workflows.kernel.duty import Duties, Pair, duties_in
from workflows.kernel.identity import Collection, Directory, Line
from workflows.kernel.model import Actor, Addressed, CaseId, Command, Event, FactNeeds, Facts, Recorded, Want
from workflows.kernel.workflow import State, Workflow


class Story:
    """Cases of one workflow, their histories and what was wanted of the outside."""

    def __init__(
        self,
        workflow: Workflow,
        facts: Facts,
        populations: Mapping[str, Sequence[Line]] | None = None,
        pairs: Sequence[Pair] = (),
    ) -> None:
        self.workflow = workflow
        self.facts = facts
        self.populations: dict[str, Sequence[Line]] = dict(populations or {})
        self.histories: dict[CaseId, tuple[Recorded, ...]] = {}
        self.states: dict[CaseId, State] = {}
        self.wants: list[Want] = []
        self._pairs = tuple(pairs)
        self._complete: dict[str, Collection] = {}

    def learn(self, collection: Collection, lines: Sequence[Line] = (), directory: Directory | None = None) -> None:
        """A pull came in: rules see it from now on."""
        self.populations[collection.id] = lines
        if collection.verdict == "complete":
            self._complete[collection.source] = collection
        known = {**self.facts.collections, collection.source: collection}
        self.facts = self.facts.model_copy(
            update={"collections": known, "directory": directory or self.facts.directory}
        )

    def tell(self, case: CaseId, command: Command, by: Actor, at: datetime) -> list[Event]:
        """Run a command and all that it causes. Raises Refused; then nothing has changed. Returns the events."""
        histories, states, wants = dict(self.histories), dict(self.states), list(self.wants)
        happened: list[Event] = []
        queue: list[Addressed] = [Addressed(case=case, command=command)]
        while queue:
            here = queue.pop(0)
            state = states.get(here.case)
            facts = self._facts(here.case, self.workflow.needs(state, here.command), states)
            outcome = self.workflow.decide(state, here.command, by, at, facts)
            for event in outcome.events:
                recorded = _recorded(here.case, histories.get(here.case, ()), event, by, at)
                histories[here.case] = (*histories.get(here.case, ()), recorded)
                states[here.case] = self.workflow.evolve(states.get(here.case), recorded)
                happened.append(event)
            wants.extend(outcome.wants)
            queue.extend(sorted(outcome.commands, key=lambda a: a.case))
        self.histories, self.states, self.wants = histories, states, wants
        return happened

    def pulled(self, collection: Collection, by: Actor, at: datetime) -> list[Event]:
        """Tell every case that watches the source, as the worker does after a pull."""
        happened: list[Event] = []
        watching = [c for c, s in sorted(self.states.items()) if collection.source in self.workflow.summary(s).watches]
        for case in watching:
            command = self.workflow.pulled(self.states[case], collection)
            if command is not None:
                happened += self.tell(case, command, by, at)
        return happened

    def _facts(self, case: CaseId, needs: FactNeeds, states: Mapping[CaseId, State]) -> Facts:
        lines = self.populations.get(needs.collection or "", ())
        wanted = set(needs.lines)
        summaries = [self.workflow.summary(s) for _, s in sorted(states.items())] if needs.children else []
        return self.facts.model_copy(
            update={
                "population": tuple(lines) if needs.population else (),
                "lines": {line.key: line for line in lines if line.key in wanted},
                "children": tuple(s for s in summaries if s.parent == case),
                "folded": {c: s for c, s in states.items() if c.startswith(needs.folded)} if needs.folded else {},
                "duties": self.duties() if needs.duties else Duties(),
            }
        )

    def duties(self) -> Duties:
        """The pairs of the control and who holds what of them, by the newest complete list of each source."""
        lists = {s: (c, self.populations.get(c.id, ())) for s, c in self._complete.items()}
        return duties_in((*self._pairs, *self.workflow.pairs(self.facts.control)), lists)


def _recorded(case: CaseId, before: Sequence[Recorded], event: Event, by: Actor, at: datetime) -> Recorded:
    signed = sum(1 for r in before if r.seq is not None) + 1 if event.ATTESTED else None
    attestation = hashlib.sha256(f"{case}#{signed}".encode()).hexdigest() if signed else None
    who = heard(spoken(by))
    return Recorded(case=case, n=len(before) + 1, seq=signed, event=event, at=at, by=who, attestation=attestation)
