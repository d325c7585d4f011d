"""One ledger on which processes run with an old and a new signing key, and the packets that are written from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from bot.anchoring import Anchorer, Vaulted
from bot.clock import ShiftedClock
from bot.draft import Mill
from bot.main.keykeeping import LiveSigner, propose, settle
from bot.main.keys import note_keys
from bot.main.storage import Storage
from bot.packet.export import PacketSource, export
from bot.packet.source import NoOutside, Outside
from bot.runtime import Runtime, fresh_nonce
from bot.settings import load
from bot.signing import load_log_key, load_signer
from bot.stamper import Stamper
from bot.stamping import open_authority
from bot.store.anchor import Anchors
from bot.store.keys import Keys
from bot.store.outbox_queue import Queue
from bot.store.stamp import Stamps, Token
from bot.vault import FileVault
from tests.anchor.tsa import TestAuthority
from tests.packet.outside import Kept
from workflows.kernel import ledger
from workflows.kernel.arrival import EVIDENCE, Arrived, ReceiveEvidence, case_of
from workflows.kernel.identity import Directory
from workflows.kernel.keykeeping import AgreeKey, KeyEnd
from workflows.kernel.keykeeping_view import KEYKEEPING, keykeeping
from workflows.kernel.ledger import LEDGER
from workflows.kernel.model import CaseId, FactNeeds, Facts, by_person, by_system
from workflows.kernel.ports import Signer
from workflows.kernel.workflow import Example

FACTS = KEYKEEPING.examples()[0].facts
DANA, RAVI = (by_person(p) for p in FACTS.directory.people.values())
CONTROL = "CC-01"
EVER = timedelta(days=3)


class Book:
    """What rules may know: two people, and the control that is asked for."""

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        if case == ledger.CASE:
            return Facts(directory=Directory(people={}), program="", control=ledger.CONTROL)
        return FACTS.model_copy(update={"control": FACTS.control.model_copy(update={"id": control})})


@dataclass
class Process:
    """A process that signs with one key, and whose clock can be wrong."""

    storage: Storage
    clock: ShiftedClock

    def __post_init__(self) -> None:
        self.signer = self.storage.signer
        self.runtime = self.runtime_of(LiveSigner(self.signer, Keys(self.storage.database), self.clock))
        note_keys(self.runtime, self.storage.log.origin(), self.signer, self.storage.log_key)

    def runtime_of(self, signer: Signer) -> Runtime:
        mill = Mill(signer, self.storage.log.origin(), "0.1.0", fresh_nonce)
        every = (LEDGER, EVIDENCE, keykeeping(self.signer.keyid))
        return Runtime(self.storage.record, every, mill, self.clock, Book())

    def receive(self, control: str, *, as_thief: bool = False) -> str:
        """A signed decision; its attestation id. A thief has the key and not our care for whether it counts."""
        data = f"evidence for {control}".encode()
        file = Arrived(
            name="report.json", sha256=self.storage.vault.put(data), size=len(data), media_type="application/json",
            kind="document", kind_source="recognised",
        )  # fmt: skip
        runtime = self.runtime_of(self.signer) if as_thief else self.runtime
        command = ReceiveEvidence(control=control, how="cli", files=(file,))
        done = runtime.act(case_of(control), command, by_system("test"), control=control)
        assert done.attestation is not None
        return done.attestation

    def decided(self, keyid: str, **since: object) -> CaseId:
        """The key's end, proposed and agreed by both, and carried out."""
        case = propose(self.storage, self.runtime, CONTROL, keyid, **since)  # type: ignore[arg-type]
        for who in (DANA, RAVI):
            self.runtime.act(case, AgreeKey(round=self.runtime.state(case)[0].round), who)
        settle(self.storage, self.runtime)
        return case

    def names(self, case: CaseId) -> list[str]:
        return [event.name for event in self.storage.record.events(case)]


class AnchorsOnly(Kept):
    """Outside time where attestations have no stamps of their own."""

    def tokens(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Token]]:
        return super().tokens([one for one in subjects if one.startswith("checkpoint/")])


@dataclass
class Office:
    """The company: its database, its folder, its processes."""

    url: str
    folder: Path
    after: ExitStack

    def __post_init__(self) -> None:
        load_log_key(f"file:{self.folder / 'log.key'}", create=True)

    def start(self, key: str, clock: ShiftedClock | None = None) -> Process:
        """A process with this key, which is made where it is not there."""
        load_signer(f"file:{self.folder / key}", create=True)
        environment = {
            "ATTESTER_DATA": str(self.folder), "DATABASE_URL": self.url, "ATTESTER_VAULT": f"file://{self.folder}/vault",
            "ATTESTER_SIGNING_KEY": f"file:{self.folder / key}", "ATTESTER_LOG_KEY": f"file:{self.folder / 'log.key'}",
        }  # fmt: skip
        clock = clock or ShiftedClock()
        storage = Storage(load(environment), clock)
        self.after.callback(storage.close)
        return Process(storage, clock)

    def logged(self, at: Process, authority: TestAuthority | None = None) -> None:
        """Put what waits into the log; with an authority, anchor and stamp it too."""
        storage = at.storage
        while storage.log.integrate(storage.log_key, at.clock.now()):
            pass
        if authority is None:
            return
        stamps, anchors = Stamps(storage.database), Anchors(storage.database)
        alarms, asked = Queue(storage.database, at.clock, "test:1"), open_authority(authority.url, authority.ca)
        vault = Vaulted("file:///vault", FileVault(self.folder / "anchored"))
        public = storage.log_key.public
        Anchorer(anchors, stamps, storage.log, public, vault, at.clock, alarms, stamp=True).run()
        stamper = Stamper(stamps, asked, at.clock, alarms)
        while stamper.run():
            pass
        asked.close()

    def packet(self, by: Process, out: Path, *, stamped: bool = False, anchors_only: bool = False) -> Path:
        """The packet of everything, its list signed by this process."""
        storage = by.storage
        kept = (Stamps(storage.database), Anchors(storage.database))
        outside: Outside = (AnchorsOnly if anchors_only else Kept)(*kept) if stamped else NoOutside()
        source = PacketSource(
            storage.log, by.signer, storage.log_key.public, lambda s: BytesIO(self.evidence(by, s)), "0.1.0", outside
        )  # fmt: skip
        export(source, out=out, start=by.clock.now() - EVER, end=by.clock.now() + EVER)
        return out

    def evidence(self, by: Process, sha256: str) -> bytes:
        born = by.storage.record.evidence(sha256)
        return born if born is not None else by.storage.vault.get(sha256)


def told(verdicts: Mapping[str, str], ids: Sequence[str]) -> list[str]:
    """The verdicts on these attestations."""
    return [verdicts[one] for one in ids]


def folded(example: Example, until: int | None = None) -> KeyEnd:
    """The state after an example, or after its first events."""
    state = None
    for recorded in example.history[:until]:
        state = KEYKEEPING.evolve(state, recorded)
    assert isinstance(state, KeyEnd)
    return state


def example(name: str) -> Example:
    """An example by its name."""
    return next(e for e in KEYKEEPING.examples() if e.name == name)
