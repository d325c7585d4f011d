"""A company with a ledger whose Slack accounts are linked: the rules, the record and the index, without a browser."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.clock import ShiftedClock
from bot.draft import Mill
from bot.main.linking import Attempts, LinkWatch
from bot.main.storage import Storage
from bot.runtime import Done, Runtime, fresh_nonce
from bot.settings import load
from bot.signin.link import Linking
from bot.signing import load_log_key, load_signer
from bot.store.replay import deviations, folding
from tests.signin.issuer import CLIENT
from workflows.kernel import ledger
from workflows.kernel.attestation import Born, born
from workflows.kernel.identity import Directory, Person
from workflows.kernel.linking import CONTROL, NAME, Account, case_of
from workflows.kernel.linking_event import ConfirmLink, LinkAccount, ProposeLink
from workflows.kernel.linking_example import FACTS, ISSUER, TEAM, WHY, people, signs_in
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.model import Actor, CaseId, Command, FactNeeds, Facts, by_system
from workflows.kernel.ports import ChatUser

CLI = by_system("attester identity propose-link")
MAYAS, COPY = case_of(TEAM, "U0MAYA"), case_of(TEAM, "U0COPY")


def proof_of(name: str, at: str = "first") -> Born:
    """What stands for the summary of somebody's sign-in."""
    return born("signin.json", "attester.signin", {"who": name, "at": at})


@dataclass
class Office:
    """The company: ``people`` are whom the directory has now, ``listed`` is what Slack says of every account."""

    storage: Storage
    clock: ShiftedClock
    people: dict[str, Person] = field(default_factory=people)
    listed: ChatUser | None = FACTS.account

    def __post_init__(self) -> None:
        mill = Mill(self.storage.signer, self.storage.log.origin(), "0.1.0", fresh_nonce)
        self.runtime = Runtime(self.storage.record, [ledger.LEDGER, IDENTITY], mill, self.clock, self)
        self.links = self.storage.slack_links
        self.linking = Linking(self.links, self.directory, ISSUER, lambda: self.runtime)
        self.watch = LinkWatch(self.storage, self, lambda: self.runtime)  # type: ignore[arg-type]
        self.attempts = Attempts(self.storage.refusals, lambda: self.runtime, self.clock)

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        """What rules may know."""
        return FACTS.model_copy(update={"directory": self.directory(), "control": CONTROL, "account": self.listed})

    def directory(self) -> Directory:
        """Everybody, with the Slack user that an index has for them where it is their own."""
        users = {link.sub: user for user, link in self.links.standing(ISSUER).items() if link.method == "step_up"}
        found = {p.id: p.model_copy(update={"slack_user": users.get(p.id)}) for p in self.people.values()}
        return Directory(people=found, digest="d" * 64)

    def change(self, name: str, **fields: Any) -> None:
        """Somebody's entry in the directory changes."""
        self.people[f"P-{name}"] = self.people[f"P-{name}"].model_copy(update=fields)

    def act(self, case: CaseId, command: Command, by: Actor, *, proof: tuple[Born, ...] = ()) -> Done:
        """A command, and nothing more: the process dies before the index is brought up to date."""
        return self.runtime.act(case, command, by, control=NAME, proof=proof)

    def enrol(self, name: str = "maya", user: str = "", at: str = "first", *, dies: bool = False) -> None:
        """Somebody links a Slack account by a sign-in."""
        user, proof = user or f"U0{name.upper()}", proof_of(name, at)
        others = [link.user for link in self.links.of_person(ISSUER, f"P-{name}", TEAM) if link.user != user]
        command = LinkAccount(
            team=TEAM, user=user, issuer=ISSUER, login=self.people[f"P-{name}"].login, proof=proof.ref.sha256,
            others=tuple(case_of(TEAM, one) for one in others),
        )  # fmt: skip
        self.act(case_of(TEAM, user), command, signs_in(name, user), proof=(proof,))
        if not dies:
            self.links.settle(case_of(TEAM, user))

    def propose(self, by: Actor = CLI, user: str = "U0COPY", sub: str = "P-maya", why: str = WHY) -> CaseId:
        """A link is proposed."""
        case = case_of(TEAM, user)
        self.act(case, ProposeLink(team=TEAM, user=user, issuer=ISSUER, sub=sub, why=why), by)
        return case

    def confirm(self, case: CaseId, *names: str) -> None:
        """These confirm what was proposed last, each by a sign-in."""
        for name in names:
            self.act(case, ConfirmLink(round=self.state(case).proposal.round), signs_in(name))  # type: ignore[union-attr]
        self.links.settle(case)

    def state(self, case: CaseId) -> Account:
        """The case's state."""
        found, _ = self.runtime.state(case)
        assert isinstance(found, Account)
        return found

    def names(self, case: CaseId) -> list[str]:
        """The names of a case's events."""
        return [event.name for event in self.storage.record.events(case)]

    def later(self, **span: float) -> None:
        """Time passes."""
        self.clock.advance(timedelta(**span))

    def check(self) -> list[str]:
        """What `attester ledger check` finds in the tables."""
        found = list(deviations(self.storage.database, folding(self.runtime.workflows)))
        return [str(one) for one in (*found, *self.links.deviations())]

    def lists(self, user: str, **flags: Any) -> None:
        """Slack tells of a member."""
        told = dict.fromkeys(("deleted", "bot", "restricted", "ultra_restricted", "stranger", "invited"), False)
        member = ChatUser(team=TEAM, user=user, name=user, time_zone="UTC", **{**told, **flags})
        self.storage.members.update(member, self.clock.now())


def started(url: str, folder: Path, after: ExitStack) -> Office:
    """A process of the company on this database."""
    for make, name in ((load_signer, "signing.key"), (load_log_key, "log.key")):
        make(f"file:{folder / name}", create=True)
    environment = {
        "ATTESTER_DATA": str(folder), "DATABASE_URL": url, "ATTESTER_VAULT": f"file://{folder}/vault",
        "ATTESTER_SIGNING_KEY": f"file:{folder / 'signing.key'}", "ATTESTER_LOG_KEY": f"file:{folder / 'log.key'}",
        "OKTA_OIDC_ISSUER": ISSUER, "OKTA_OIDC_CLIENT_ID": CLIENT, "ATTESTER_PUBLIC_URL": "https://attester.acme.test",
    }  # fmt: skip
    clock = ShiftedClock()
    storage = Storage(load(environment), clock)
    after.callback(storage.close)
    return Office(storage, clock)
