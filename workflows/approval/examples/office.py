"""A company at work in memory: people ask, decide and report; pulls come in; time passes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workflows.approval.examples.company import (
    CONTROL,
    LINES,
    PEOPLE,
    SOURCES,
    START,
    WHY,
    WHY_BOTH,
    as_person,
    collection,
)
from workflows.approval.model import Approval, Approve, AskAccess, AskPair, OpenDesk
from workflows.approval.schedule import desk_case
from workflows.kernel.identity import Collection, Line, directory_of
from workflows.kernel.model import Actor, CaseId, Command, Control, Facts, by_system, by_time
from workflows.kernel.story import Story
from workflows.kernel.workflow import Example

if TYPE_CHECKING:
    from workflows.kernel.workflow import Workflow


class Office:
    """Acme's approvals, told one after the other."""

    def __init__(self, workflow: Workflow, control: Control = CONTROL) -> None:
        self.at = START
        company = {"time_zone": "Europe/Berlin", "closed_days": (), "effective_from": START - timedelta(days=30)}
        directory = directory_of(PEOPLE, digest=hashlib.sha256(b"people").hexdigest(), synced_at=START)
        facts = Facts(
            directory=directory, program=hashlib.sha256(b"program").hexdigest(), control=control, company=company,
            owner="P-dana", deputy="P-ravi", sources=SOURCES,
        )  # fmt: skip
        self.story = Story(workflow, facts)
        self.desk = desk_case(control.id)
        self.number = 0
        self.tell(self.desk, OpenDesk(), by_time(START))
        self.pull(LINES)

    def later(self, **span: float) -> None:
        """Time passes; the directory is read again."""
        self.at += timedelta(**span)
        people = self.story.facts.directory.model_copy(update={"synced_at": self.at - timedelta(minutes=5)})
        self.story.facts = self.story.facts.model_copy(update={"directory": people})

    def tell(self, case: CaseId, command: Command, by: Actor | str) -> CaseId:
        """Run a command, and say in which case the first event happened."""
        before = {c: len(h) for c, h in self.story.histories.items()}
        self.story.tell(case, command, as_person(by) if isinstance(by, str) else by, self.at)
        grown = [c for c, h in self.story.histories.items() if len(h) > before.get(c, 0)]
        return next((c for c in grown if not c.startswith("approval/holder/")), case)

    def pull(self, lines: Sequence[Line], verdict: str = "complete") -> Collection:
        """GitHub is pulled, and every case that watches it hears of it."""
        self.number += 1
        found = collection(self.number, self.at, lines, verdict)
        self.story.learn(found, lines)
        self.story.pulled(found, by_system("identity pull"), self.at)
        return found

    def tick(self) -> None:
        """What time alone causes now, in every case."""
        for case in sorted(self.story.states):
            for command in self.story.workflow.due(self.story.states[case], self.at, self.story.facts):
                self.tell(case, command, by_time(self.at))

    def ask(self, entry: str = "payments-admin", *, by: str = "lena", subject: str = "lena", **more: Any) -> CaseId:
        """Somebody asks for access at the desk."""
        known: dict[str, Any] = {
            "entry": entry, "subject": f"P-{subject}", "subject_login": f"{subject}@acme.test", "source": "github",
            "length": "14d", "reason": WHY,
        }  # fmt: skip
        return self.tell(self.desk, AskAccess(**{**known, **more}), by)

    def ask_pair(self, *, by: str = "tom", subject: str = "lena", days: float = 10, **more: Any) -> CaseId:
        """Somebody asks at the desk that one person may have both sides of a pair."""
        known: dict[str, Any] = {
            "one": "payments-admin", "other": "release-sign", "subject": f"P-{subject}",
            "subject_login": f"{subject}@acme.test", "until": self.at + timedelta(days=days), "reason": WHY_BOTH,
            "compensating": "Ravi reads the log of both every evening.",
        }  # fmt: skip
        return self.tell(self.desk, AskPair(**{**known, **more}), by)

    def state(self, case: CaseId) -> Approval:
        """An approval as it stands."""
        state = self.story.states[case]
        if not isinstance(state, Approval):
            raise TypeError(f"{case} is no approval")
        return state

    def approve(self, case: CaseId, by: str, reason: str = "") -> None:
        """A yes on what is shown now."""
        state = self.state(case)
        self.tell(case, Approve(step=state.step, shown=state.stamp, reason=reason), by)

    def example(self, name: str, case: CaseId) -> Example:
        """The case's history up to now, under a name."""
        history = self.story.histories[case]
        facts = self.story.facts.model_copy(update={"duties": self.story.duties()})
        return Example(name=name, case=case, history=history, facts=facts, at=self.at)
