"""What rules may know: the directory, the control, the lines of a pull, the children of a case. Rules never query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from threading import Lock
from typing import Any, Protocol

from bot.store.programs import Programs
from bot.store.record import Record
from bot.store.snapshot import Snapshots
from workflows.kernel import ledger, linking
from workflows.kernel.approved import Approvals
from workflows.kernel.identity import Collection, Directory, PersonId
from workflows.kernel.model import CaseId, Control, FactNeeds, Facts, case_segments
from workflows.kernel.ports import ChatUser
from workflows.kernel.program import Company, Program
from workflows.kernel.weakness import Weakness
from workflows.kernel.workflow import Workflow

YEARS = 15
"""How far ahead public holidays are worked out."""


class NoProgram(Exception):
    """No program was applied yet: run `attester program apply DIR`."""


class SlackLinks(Protocol):
    """Slack users who are linked to persons. ``version`` changes whenever ``accounts`` does."""

    def version(self) -> tuple[int, ...]: ...

    def accounts(self) -> Mapping[str, tuple[PersonId, bool]]:
        """For each Slack user the person, nobody where the link is suspended, and whether a sign-in proved it."""
        ...


class Members(Protocol):
    """Slack's own list of accounts."""

    def find(self, team: str, user: str) -> ChatUser | None: ...


class Weaknesses(Protocol):
    """What scanners found, as far as it may be asked about."""

    def get(self, weakness: str) -> Weakness | None: ...

    def worst(self) -> tuple[Weakness, ...]: ...


class FactBook:
    """Builds facts from the store; keeps the program and the directory of the newest complete pull at hand."""

    def __init__(
        self,
        record: Record,
        snapshots: Snapshots,
        programs: Programs,
        closed_days: Callable[[Company, int, int], tuple[date, ...]] = lambda company, first, last: company.closed_days,
        links: SlackLinks | None = None,
        workflows: Sequence[Workflow] = (),
        weaknesses: Weaknesses | None = None,
        members: Members | None = None,
    ) -> None:
        self._members = members
        self._weak = weaknesses
        self._offers = {w.name: w.offered for w in workflows if w.approves}
        self._links = links
        self._closed = closed_days
        self._record = record
        self._snapshots = snapshots
        self._programs = programs
        self._lock = Lock()
        self._program: Program | None = None
        self._directory: tuple[str, tuple[int, ...] | None, Directory] | None = None
        self._companies: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def program(self) -> Program:
        """The program in force. Raises NoProgram."""
        current = self._programs.current()
        if current is None:
            raise NoProgram("No program is in force. Run: attester program apply DIR")
        digest, document = current
        with self._lock:
            if self._program is None or self._program.digest != digest:
                self._program = Program.from_document(document)
            return self._program

    def directory(self) -> Directory:
        """Everybody, as the newest complete pull of the directory source says; empty before the first one."""
        return self._directory_of(self.program(), {})

    def _directory_of(self, program: Program, newest: Mapping[str, Collection]) -> Directory:
        """Everybody; ``newest`` spares a question where the directory's newest collection is at hand and complete."""
        source = next((s.id for s in program.sources if s.directory), None)
        latest = newest.get(source) if source else None
        if source and (latest is None or latest.verdict != "complete"):
            latest = self._snapshots.latest(source)
        if latest is None:
            return Directory(people={})
        version = self._links.version() if self._links else None
        with self._lock:
            if self._directory is None or self._directory[:2] != (latest.id, version):
                pulled = self._snapshots.directory(latest.id)
                accounts = self._links.accounts() if self._links else {}
                self._directory = (latest.id, version, linked(pulled, accounts))
            return self._directory[2]

    def control(self, control: str) -> Control:
        """A control by id. Raises KeyError where the program has none of that id."""
        return _control(self.program(), control)

    def company(self, control: str) -> Mapping[str, Any]:
        """The company as workflows read it, with the instant from which the control is in force."""
        return self._company_of(self.program(), control)

    def _company_of(self, program: Program, control: str) -> Mapping[str, Any]:
        """As `company`, worked out once for each program: a control in force stays in force since the same instant."""
        known = self._companies.get(control)
        if known is not None and known[0] == program.digest:
            return known[1]
        company: dict[str, Any] = program.company.model_dump()
        ruled = _control(program, control)
        company["segment"] = sum(c.workflow == ruled.workflow for c in program.controls) > 1
        company["out_of_scope"] = [o.model_dump(mode="json") for o in self.program().out_of_scope]
        since = self._programs.effective_from(control)
        company["effective_from"] = since
        if since is not None:
            company["closed_days"] = self._closed(program.company, since.year - 1, since.year + YEARS)
            self._companies[control] = (program.digest, company)
        return company

    def collections(self) -> dict[str, Collection]:
        """The newest collection of each source, complete or not."""
        return self._newest(self.program())

    def _newest(self, program: Program) -> dict[str, Collection]:
        newest = self._snapshots.newest()
        return {source.id: newest[source.id] for source in program.sources if source.id in newest}

    def age(self, now: datetime) -> float | None:
        """Seconds since the directory was pulled, or None before the first pull."""
        at = self.directory().synced_at
        return (now - at).total_seconds() if at else None

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        """The facts for one decision."""
        if case == ledger.CASE:
            return self._bare()
        if case_segments(case)[0] == linking.NAME:
            return self._of_links(case)
        program = self.program()
        newest = self._newest(program)
        directory = self._directory_of(program, newest)
        ruled = _control(program, control)
        owner = directory.by_login(ruled.owner)
        deputy = directory.by_login(ruled.deputy) if ruled.deputy else None
        population = tuple(self._snapshots.lines(needs.collection)) if needs.collection and needs.population else ()
        lines = self._snapshots.lines_by_key(needs.collection, needs.lines) if needs.collection and needs.lines else {}
        return Facts(
            directory=directory,
            program=program.digest,
            control=ruled,
            company=dict(self._company_of(program, control)),
            collections=newest,
            population=population,
            lines=lines,
            children=tuple(self._record.summaries(parent=case)) if needs.children else (),
            owner=owner.id if owner else None,
            deputy=deputy.id if deputy else None,
            sources={source.id: source for source in program.sources},
            approvals=self._offered(program) if needs.approvals else Approvals(),
            weaknesses=self._weaknesses(needs),
        )

    def _weaknesses(self, needs: FactNeeds) -> tuple[Weakness, ...]:
        if self._weak is None:
            return ()
        if needs.weaknesses:
            return self._weak.worst()
        one = self._weak.get(needs.weakness) if needs.weakness else None
        return (one,) if one is not None else ()

    def _offered(self, program: Program) -> Approvals:
        """What can be asked for under the program's controls."""
        offers = [(self._offers[c.workflow], c) for c in program.controls if c.workflow in self._offers]
        return Approvals(offered=frozenset(pair for offered, c in offers for pair in offered(c)))

    def _of_links(self, case: CaseId) -> Facts:
        """The facts for links: no control of the program rules them, the company's owner and deputy stand in for it."""
        try:
            program = self.program()
        except NoProgram:
            return Facts(directory=Directory(people={}), program="", control=linking.CONTROL)
        directory, company = self._directory_of(program, {}), program.company
        logins = [company.control_owner, company.deputy, *(x for c in program.controls for x in (c.owner, c.deputy))]
        found = [directory.by_login(login) for login in dict.fromkeys(logins) if login]
        told = {**self._company_of(program, program.controls[0].id), "owners": tuple(p.id for p in found if p)}
        owner, deputy = (directory.by_login(one or "") for one in (company.control_owner, company.deputy))
        listed = self._members.find(*linking.account_of(case)) if self._members else None
        return Facts(
            directory=directory, program=program.digest, control=linking.CONTROL, company=told,
            owner=owner.id if owner else None, deputy=deputy.id if deputy else None, account=listed,
        )  # fmt: skip

    def _bare(self) -> Facts:
        """The facts for the ledger's own case: it is older than every program, and no control rules it."""
        current = self._programs.current()
        program = current[0] if current else ""
        return Facts(directory=Directory(people={}), program=program, control=ledger.CONTROL)


def linked(directory: Directory, accounts: Mapping[str, tuple[PersonId, bool]]) -> Directory:
    """The directory with the Slack users who are linked to persons, in place of what the source says of these.

    A person's own Slack user is the one that a sign-in proved, else the one that the source has, else one that two people
    linked; further ones stand in ``more_slack``. Whose link is suspended is nobody, whatever the source says.
    """
    if not accounts:
        return directory
    proven = {person: user for user, (person, proved) in accounts.items() if proved}
    granted = {person: user for user, (person, proved) in accounts.items() if not proved}
    people, own = {}, set()
    for key, person in directory.people.items():
        # CC6.2: what Slack or the directory suspended is not given back by what the directory says of the account.
        told = person.slack_user if person.slack_user not in accounts else None
        user = proven.get(key) or told or granted.get(key)
        people[key] = person if user == person.slack_user else person.model_copy(update={"slack_user": user})
        own.add(user)
    more = {
        user: person for user, (person, _) in accounts.items() if user not in own and (not person or person in people)
    }
    return directory.model_copy(update={"people": people, "more_slack": more})


def _control(program: Program, control: str) -> Control:
    for found in program.controls:
        if found.id == control:
            return found
    raise KeyError(control)
