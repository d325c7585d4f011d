"""Granting through the source, wired: what was approved is added to its group or team, and taken out at its end. CC6.2, CC6.3.

What the case says now is done, not what the row says: a row that comes late or twice does nothing, or the same once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.delivery import UNSURE_AGAIN
from bot.facts import NoProgram
from bot.github.team import GitHubTeam
from bot.main.deploy import Deploys
from bot.main.pieces import Pieces
from bot.main.pipeline import SURE, ProgramRules
from bot.store.outbox_values import Claimed, Kind, Outcome
from workflows.approval.model import Access, Approval, BlockThrough, Errand, ReportThrough, Task
from workflows.kernel.errors import Refused
from workflows.kernel.granting import Membership, NotNow, Said, Unwilling
from workflows.kernel.identity import Person
from workflows.kernel.model import Command, EvidenceRef, by_system
from workflows.kernel.ports import SourceFailed

GRANTER = by_system("grant")
PATIENCE, PATIENCE_EMERGENCY = timedelta(minutes=30), timedelta(minutes=3)
"""How long a system may be away before a person is asked instead."""
LOG = structlog.get_logger("attester.grants")


class Granting:
    """Adds people to the group or team that an approval is about, and takes them out of it at its end."""

    kind = Kind()
    longest = 120.0

    def __init__(self, pieces: Pieces, deploys: Deploys) -> None:
        self._pieces = pieces
        self._deploys = deploys
        self._rules = ProgramRules(pieces)

    def deliver(self, row: Claimed) -> Outcome:
        """Do what the case wants now, and record how it went; what does not go is asked of a person."""
        case = str(row.payload["case"])
        state = self._pieces.runtime.state(case)[0]
        if not isinstance(state, Approval) or (wanted := _wanted(state)) is None:
            return Outcome("sent", "nothing is to be done by itself")
        task, access, person = wanted
        try:
            said = self._do(state.frame.control, access, person, task)
            file = self._kept(said, access, task)
        except NotNow as trouble:
            waited = self._pieces.clock.now() - row.first_at
            if waited < (PATIENCE_EMERGENCY if state.request.emergency else PATIENCE):
                return Outcome("later", str(trouble), min(trouble.seconds, 300.0))
            because = f"{trouble}, for {round(waited.total_seconds() / 60)} minutes."
            return self._tell(case, BlockThrough(task=task, because=because))
        except Unwilling as trouble:
            told = self._tell(case, BlockThrough(task=task, because=str(trouble)))
            return replace(told, alarm=f"Granting through {access.system}: {trouble}") if trouble.ours else told
        except OSError as error:
            return Outcome("unsure", f"the vault does not take the answer ({type(error).__name__})", UNSURE_AGAIN)
        return self._tell(case, ReportThrough(task=task, answer=file))

    def seen(self) -> Iterator[tuple[bool, str]]:
        """What `attester doctor` says about each entry that is granted by itself. Raises nothing."""
        for control, entry in self._rules.entries():
            if not entry.way:
                continue
            try:
                name = self._group(entry.way, entry.source, entry.entitlement).look()
            except (NotNow, Unwilling) as trouble:
                yield False, f"{control}, {entry.id}: {trouble} Its granter is asked instead."
                continue
            yield True, f"{control}, {entry.id}: {name} is there. Whether it may be changed shows the first time."

    def _do(self, control: str, access: Access, person: Person, task: Task) -> Said:
        group = self._group(access.way, access.source, access.entitlement)
        member = self._member(control, access, person)
        return group.add(member) if task == "grant" else group.remove(member)

    def _group(self, way: str, source_id: str, entitlement: str) -> Membership:
        system, _, team = way.partition(":")
        if system == "github":
            if not self._deploys.on_github:
                raise Unwilling("No GitHub App is set here. Set GITHUB_APP_ID and its key.", ours=True)
            return GitHubTeam(self._deploys.parts.github, team, self._pieces.clock.now)
        try:
            source = self._pieces.facts.program().source(source_id)
        except NoProgram:
            raise NotNow("No program is in force") from None
        if source is None:
            raise Unwilling(f"The program has no source {source_id} any more.", ours=True)
        try:
            return self._pieces.opener.okta(source, entitlement)
        except SourceFailed as error:
            raise Unwilling(str(error), ours=True) from error

    def _member(self, control: str, access: Access, person: Person) -> str:
        """The one account of a person. Raises Unwilling where there is none or more than one: nobody is ever guessed."""
        if access.way.startswith("github:"):
            found, system = self._rules.logins(control, person), "GitHub"
        else:
            found, system = self._okta_users(access.source, person), access.system
        if len(found) == 1:
            return found.pop()
        how_many = "no account" if not found else f"{len(found)} accounts"
        raise Unwilling(f"{person.name} has {how_many} in {system} that Attester knows for sure.")

    def _okta_users(self, source: str, person: Person) -> set[str]:
        latest = self._pieces.snapshots.latest(source)
        accounts = self._pieces.snapshots.accounts(latest.id) if latest else ()
        return {a.native_id for a in accounts if a.person == person.id and a.link in SURE}

    def _kept(self, said: Said, access: Access, task: Task) -> EvidenceRef:
        system = access.way.partition(":")[0]
        name = "grant.json" if task == "grant" else "removal.json"
        return EvidenceRef(
            name=name,
            sha256=self._pieces.vault.put(said.raw),
            kind=f"{system}.membership",
            source=f"{system}:{said.host.partition('://')[2] or said.host}",
            collected_at=self._pieces.clock.now(),
        )

    def _tell(self, case: str, command: Command) -> Outcome:
        try:
            self._pieces.runtime.act(case, command, GRANTER)
        except Refused as refusal:
            # The case moved on while it was done; what it wants now has a row of its own.
            LOG.info("grant_not_told", case=case, code=refusal.code)
            return Outcome("sent", f"refused: {refusal.code}")
        return Outcome("sent", command.__class__.__name__)


def _wanted(state: Approval) -> tuple[Task, Access, Person] | None:
    """What is to be done by itself now, about what and whom; None where nothing is, or it was reported already."""
    access, person = state.request.access, state.request.subject
    if access is None or person is None:
        return None
    if state.status == "approved" and _open(state.grant):
        return "grant", access, person
    return ("remove", access, person) if state.status in ("ending", "not_ended") and _open(state.removal) else None


def _open(errand: Errand | None) -> bool:
    return errand is not None and errand.by_itself and errand.reported_at is None
