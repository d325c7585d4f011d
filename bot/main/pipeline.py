"""What deploys need of the rest of the product: who is who, what the program says, what was asked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.facts import NoProgram
from bot.main.pieces import Pieces
from bot.main.relied import relied
from bot.store.pipeline import PipelineDeploy, Pipelines
from workflows.approval.model import Approval, Entry, Environment, Settings
from workflows.kernel.arrival import EvidenceReceived, case_of
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.model import CaseId, Control, Digest, EvidenceRef

SURE = frozenset({"certain", "strong", "signed"})
"""Links of accounts to persons that are good enough to tell an author apart."""
AGAIN = timedelta(minutes=1)
CLOSINGS = ("approval_refused", "approval_lapsed", "approval_superseded", "approval_withdrawn", "step_approved")


class WhoIsWho:
    """Persons behind logins in a pipeline: an alias of the program first, then what a source says, then the login itself
    where it is one of the identity provider's."""

    def __init__(self, settings: Settings, directory: Directory, accounts: Mapping[str, PersonId]) -> None:
        self._settings = settings
        self._directory = directory
        self._accounts = accounts
        self._addresses: dict[str, list[Person]] = {}
        for person in directory.people.values():
            for address in {(person.email or "").lower(), person.login.lower()} - {""}:
                self._addresses.setdefault(address, []).append(person)

    def by_account(self, login: str) -> Person | None:
        """The person, or None where nobody can be named for sure."""
        alias = self._settings.alias(login)
        if alias is not None:
            return self._directory.by_login(alias)
        known = self._accounts.get(login.lower())
        # A login with an address in it is one of the provider's own; a bare word may be anybody's in another system.
        return self._directory.get(known) if known else self._directory.by_login(login) if "@" in login else None

    def by_address(self, address: str) -> Person | None:
        """The one person with this address."""
        found = self._addresses.get(address.lower(), [])
        return found[0] if len(found) == 1 else None


class PipelineBook:
    """The deployments that are kept, with what the workers on them need."""

    def __init__(self, pieces: Pieces, system: str) -> None:
        self._pieces = pieces
        self._system = system
        self._rows = Pipelines(pieces.database)
        self.find, self.open_at, self.known = self._rows.find, self._rows.open_at, self._rows.known
        self.put_off, self.settle = self._rows.put_off, self._rows.settle
        self.conclude, self.receive = self._rows.conclude, self._rows.receive
        self.decided, self.to_look_at, self.forget = self._rows.decided, self._rows.to_look_at, self._rows.forget
        self.outcomes = self._rows.outcomes

    def keep(self, case: CaseId, about: dict[str, Any]) -> bool:
        """Keep a deployment; False where it is kept already."""
        now = self._pieces.clock.now()
        fields = {"system": self._system, "at": now, "look_at": now, **about, "case_id": case}
        return self._rows.add(PipelineDeploy.model_validate(fields))

    def request(self, delivery: str) -> tuple[Digest, bytes] | None:
        """A request's SHA-256 and bytes."""
        sha256 = self._rows.sha256(delivery)
        return (sha256, self._pieces.evidence(sha256)) if sha256 else None

    def watched(self, start: str) -> Sequence[CaseId]:
        """The cases whose ids start so, in order."""
        return self._pieces.record.starting(start)

    def tell_again(self, case: CaseId, deployment: str) -> None:
        """Have a decision told once more, where another job of the same attempt waits for it."""
        kept, state = self._rows.find(case), self._pieces.runtime.state(case)[0]
        if kept is None or kept.deployment == deployment or not isinstance(state, Approval) or not state.told:
            return
        row = {"case": case, "again": deployment}
        self._pieces.queue.enqueue(
            lane=lane(self._pieces), kind="github.tell", payload=row, dedupe_key=f"github.tell:{case}:{deployment}",
            priority=0,
        )  # fmt: skip

    def review_again(self, delivery: str, tries: int) -> None:
        """Have a decision at GitHub looked at once more in a minute, beside everything else."""
        self._pieces.queue.enqueue(
            lane=lane(self._pieces), kind="github.reviewed", payload={"delivery": delivery, "tries": tries},
            dedupe_key=f"github.reviewed:{delivery}:{tries}", not_before=self._pieces.clock.now() + AGAIN, priority=2,
        )  # fmt: skip


def lane(pieces: Pieces) -> str:
    """The lane of everything that is said to GitHub: one thing at a time, in order."""
    return f"github:{pieces.settings.github_api_url.partition('://')[2].partition('/')[0]}"


class ProgramRules:
    """What the program says about environments and people."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._accounts: tuple[str, Mapping[str, PersonId]] = ("", {})

    def _controls(self) -> Sequence[tuple[Control, Settings]]:
        try:
            program = self._pieces.facts.program()
        except NoProgram:
            return []
        ruled = [c for c in program.controls if c.workflow == "approval"]
        return [(c, Settings.model_validate(c.settings)) for c in ruled]

    def environment(self, repository: str, environment: str) -> tuple[str, Environment] | None:
        """The control and the entry that rule an environment."""
        for control, settings in self._controls():
            if (found := settings.environment(repository, environment)) is not None:
                return control.id, found
        return None

    def protected(self) -> Sequence[tuple[str, Environment]]:
        """Every environment that GitHub asks about."""
        return [(control, e) for control, e in self.all_environments() if e.hook is None]

    def all_environments(self) -> Sequence[tuple[str, Environment]]:
        """(control, entry) of every environment whose deploys are approved."""
        return [(c.id, e) for c, settings in self._controls() for e in settings.environments]

    def entries(self) -> Sequence[tuple[str, Entry]]:
        """(control, entry) of everything that can be asked for."""
        return [(c.id, e) for c, settings in self._controls() for e in settings.catalogue]

    def people(self, control: str) -> WhoIsWho:
        """Who is who, as this control and the directory have it now."""
        settings = next((s for c, s in self._controls() if c.id == control), Settings())
        return WhoIsWho(settings, self._pieces.facts.directory(), self._linked(settings.accounts))

    def logins(self, control: str, person: Person) -> set[str]:
        """The logins in the pipeline's system of a person: those that the program's aliases name, else those that are
        linked for sure in the source of accounts. In lower case."""
        settings = next((s for c, s in self._controls() if c.id == control), Settings())
        named = {name.lower() for name, known in settings.aliases.items() if known.lower() == person.login.lower()}
        return named or {name for name, known in self._linked(settings.accounts).items() if known == person.id}

    def _linked(self, source: str) -> Mapping[str, PersonId]:
        latest = self._pieces.snapshots.latest(source) if source else None
        if latest is None:
            return {}
        if self._accounts[0] != latest.id:
            accounts = self._pieces.snapshots.accounts(latest.id)
            found = {a.login.lower(): a.person for a in accounts if a.person and a.link in SURE and a.login}
            self._accounts = (latest.id, found)
        return self._accounts[1]

    def uploaded(self, control: str, repository: str, commit: str, names: Sequence[str]) -> tuple[EvidenceRef, ...]:
        """Of the files that were brought to a control for a commit, the newest of each of these names.

        What a run of another repository brought is about that one, whatever its commit. Where the program names publishers
        for this repository, only what a run's token signed counts; else that it is about this commit is what whoever
        brought it says.
        """
        found: dict[str, EvidenceRef] = {}
        sure = names and self._publishes(control, repository)
        for event in self._pieces.record.events(case_of(control)) if names else ():
            if event.name != EvidenceReceived.NAME or event.erased:
                continue
            received = EvidenceReceived.model_validate(event.body)
            run = received.signed
            if (run is None and sure) or (run is not None and run.repository.lower() != repository.lower()):
                continue
            for file, ref in zip(received.files, received.brought(), strict=True):
                if file.commit == commit and file.name in names:
                    found[file.name] = ref
        return tuple(found.values())

    def _publishes(self, control: str, repository: str) -> bool:
        """Whether runs of this repository may bring evidence to the control."""
        named = next((c.publishers for c, _ in self._controls() if c.id == control), ())
        return any(p.repository.lower() == repository.lower() for p in named)

    def relied(self, repository: str) -> Sequence[str]:
        """What the newest scans show of a repository and what of it is accepted, a sentence each."""
        return relied(self._pieces, repository)

    def since(self, control: str) -> datetime | None:
        """From when a control is in force."""
        return self._pieces.programs.effective_from(control)

    def closing(self, case: CaseId) -> Digest:
        """The attestation of the newest decision in a case; empty while there is none."""
        events = self._pieces.record.events(case)
        return next((e.attestation for e in reversed(events) if e.attestation and e.name in CLOSINGS), "")

    def link(self, case: CaseId) -> str:
        """Where somebody reads about a case."""
        return self._pieces.case_link(case)
