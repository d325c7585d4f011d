"""One attempt at a decision: the cases it touches, their new events, signed, ready for one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from bot.store.record import Record
from bot.store.write import CardWrite, CaseWrite, EventWrite, Head, Signed
from workflows.kernel.attestation import Born, Frame, ask_document, attestation, born, heard, instant, spoken
from workflows.kernel.bundle import leaf_body
from workflows.kernel.dsse import attestation_id, pae
from workflows.kernel.errors import Refused
from workflows.kernel.jcs import canonical
from workflows.kernel.model import (
    Actor,
    Addressed,
    Ask,
    Card,
    CaseId,
    Command,
    Event,
    EvidenceRef,
    FactNeeds,
    Facts,
    Recorded,
    Via,
    Want,
)
from workflows.kernel.ports import Signer
from workflows.kernel.workflow import State, Workflow


class Loader(Protocol):
    """What a draft needs of the runtime."""

    def workflow(self, case: CaseId) -> Workflow: ...

    def state(self, case: CaseId) -> tuple[State, int]: ...

    def face(self, case: CaseId, n: int) -> Face | None: ...

    def facts(self, case: CaseId, needs: FactNeeds | None = None, control: str = "") -> Facts: ...


@dataclass(frozen=True)
class Face:
    """What a case shows after an event: its cards, asks and watches, as this process committed them."""

    cards: Sequence[Card]
    asks: Sequence[Ask]
    watches: Sequence[str]


@dataclass(frozen=True)
class Mill:
    """What turns an event into a signed attestation: the key, the log's origin, our version, a source of nonces."""

    signer: Signer
    origin: str
    version: str
    nonce: Callable[[], str]

    def sign(self, payload: bytes) -> Signed:
        """The attestation of these statement bytes. Raises SigningFailed; then nothing may be recorded."""
        digest = attestation_id(payload)
        signature = self.signer.sign(pae(payload))
        leaf = leaf_body(bytes.fromhex(digest), signature, self.signer.public_der)
        return Signed(digest, payload, signature, self.signer.keyid, leaf)


@dataclass
class Page:
    """A case within a draft: as it was read, and what is added."""

    case: CaseId
    workflow: Workflow
    control: str
    head: Head
    state: State
    cards: Sequence[Card]
    face: Face | None = None
    program: str = ""
    writes: list[EventWrite] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    files: list[Born] = field(default_factory=list)
    unsigned: list[bytes] = field(default_factory=list)
    facts: Facts | None = None
    n: int = 0
    seq: int = 0
    previous: str | None = None


class Seen(NamedTuple):
    """What somebody decides on: the number of the case's last event, and the digest of the program in force."""

    n: int
    program: str


CHANGED_NEXT = "Nothing was recorded. Look at it as it is now, and press the button again."


class Draft:
    """Runs one command and every command it addresses to other cases, in order of case id."""

    def __init__(
        self, loader: Loader, record: Record, mill: Mill, by: Actor, via: Via | None, at: datetime,
        proof: Sequence[Born] = (),
    ) -> None:  # fmt: skip
        self._loader = loader
        self._store = record
        self._mill = mill
        self._by = by
        self._via = via
        self.at = at
        self._proof = proof
        self._asked: CaseId = ""
        self._pages: dict[CaseId, Page] = {}
        self.recorded: list[Recorded] = []

    def run(self, case: CaseId, command: Command, control: str = "", only: Seen | None = None) -> None:
        """Decide here and in every case addressed. Raises Refused; the draft is then worthless.

        Where ``only`` is given, nothing is decided on a case or under a program that moved on since.
        """
        queue: list[tuple[CaseId, Command, str]] = [(case, command, control)]
        self._asked = case
        while queue:
            here, wanted, ruled = queue.pop(0)
            page = self._page(here, ruled)
            page.facts = self._loader.facts(here, page.workflow.needs(page.state, wanted), page.control)
            page.program = page.facts.program
            by = self._by_in(here)
            outcome = page.workflow.decide(page.state, wanted, by, self.at, page.facts)
            # After the rules: what they refuse by name (somebody else decided) says more than “changed”.
            if only is not None and here == case and not page.writes and only != Seen(page.n, page.program):
                raise Refused("changed_meanwhile", "This changed while you signed in.", CHANGED_NEXT)
            for event in outcome.events:
                self._append(page, event)
            page.wants.extend(outcome.wants)
            queue.extend(_in_order(outcome.commands, page.control))

    def note(self, case: CaseId, event: Event) -> None:
        """Append an event that no workflow owns (a refused attempt); the state does not change."""
        page = self._page(case, "")
        page.facts = self._loader.facts(case)
        page.program = page.facts.program
        self._append(page, event)

    def writes(self) -> list[CaseWrite]:
        """What to commit: the touched cases in order of their ids."""
        return [self._write(p) for _, p in sorted(self._pages.items()) if p.writes or p.wants]

    def outcome(self) -> list[tuple[CaseId, int, State, Face]]:
        """Each written case with its last event's number, its state and its face: what stands once the writes are committed."""
        pages = sorted(self._pages.items())
        return [(case, p.n, p.state, p.face) for case, p in pages if p.writes and p.face is not None]

    def _by_in(self, case: CaseId) -> Actor:
        """Who acts in a case. A sign-in proves the decision that it was made for; what follows elsewhere claims no more."""
        if not self._proof or case == self._asked:
            return self._by
        return self._by.model_copy(update={"assurance": "slack"})

    def _page(self, case: CaseId, control: str) -> Page:
        if case not in self._pages:
            head = self._store.head(case)
            workflow = self._loader.workflow(case)
            state, n = self._loader.state(case)
            face = self._loader.face(case, n)
            page = Page(
                case=case,
                workflow=workflow,
                control=head.control if head else control,
                head=head or Head(),
                state=state,
                cards=face.cards if face else workflow.cards(state) if state is not None else (),
                face=face,
            )
            # The fold may be newer than the head: then the commit fails on ``n`` and everything is read again.
            page.n, page.seq, page.previous = n, page.head.seq, page.head.previous
            self._pages[case] = page
        return self._pages[case]

    def _append(self, page: Page, event: Event) -> None:
        page.n += 1
        signed, by = None, self._by_in(page.case)
        if event.ATTESTED:
            page.seq += 1
            signed = self._attest(page, event)
            page.previous = signed.id
        else:
            page.unsigned.append(_manifest_line(page.n, event, self.at, by))
        recorded = Recorded(
            case=page.case, n=page.n, seq=page.seq if signed else None, event=event, at=self.at, by=heard(spoken(by)),
            attestation=signed.id if signed else None,
        )  # fmt: skip
        if type(event) in page.workflow.events:
            page.state = page.workflow.evolve(page.state, recorded)
        self.recorded.append(recorded)
        page.writes.append(
            EventWrite(
                n=page.n, seq=recorded.seq, name=event.NAME, version=event.VERSION, at=self.at, by=spoken(by),
                actor=by.id, body=event.model_dump(mode="json"), signed=signed,
            )
        )  # fmt: skip

    def _attest(self, page: Page, event: Event) -> Signed:
        facts = page.facts
        frame = Frame(
            workflow=page.workflow.name,
            case=page.case,
            seq=page.seq,
            previous=page.previous,
            control=page.control,
            criteria=facts.control.criteria if facts else page.workflow.criteria,
            program=page.program,
            at=self.at,
            by=self._by_in(page.case),
            via=self._via,
            directory=facts.directory.digest if facts else "",
            origin=self._mill.origin,
            version=self._mill.version,
            nonce=self._mill.nonce(),
        )
        proof = self._proof if page.case == self._asked else ()
        payload, _, files = attestation(event, frame, self._shown(page), self._batch(page), proof)
        page.files.extend(files)
        return self._mill.sign(payload)

    def _shown(self, page: Page) -> Born:
        """The ask document: the cards as this person saw them; for time and systems, the case as it stood."""
        asked = ask_document(page.case, page.cards, self._by.person.id) if self._by.person else None
        if asked is not None:
            return asked
        before = page.workflow.summary(page.state).model_dump(mode="json") if page.state is not None else None
        return born("case.json", "attester.case", {"case": page.case, "seq": page.seq, "before": before})

    def _batch(self, page: Page) -> Born | None:
        """The manifest of events since the last signed one that are not signed themselves; it covers them from here on."""
        earlier = []
        if page.head.n and not any(w.signed for w in page.writes):
            for old in self._store.since_signed(page.case):
                told = {
                    "n": old.n,
                    "event": old.name,
                    "at": instant(old.at),
                    "by": dict(old.by),
                    "body": dict(old.body),
                }
                earlier.append(canonical(told))
        lines, page.unsigned = earlier + page.unsigned, []
        if not lines:
            return None
        data = b"".join(line + b"\n" for line in lines)
        ref = EvidenceRef(
            name="batch.jsonl",
            sha256=hashlib.sha256(data).hexdigest(),
            media_type="application/jsonl",
            kind="attester.batch",
        )
        return Born(ref, data)

    def _write(self, page: Page) -> CaseWrite:
        seen = {c.key: c for c in page.cards}
        directory = page.facts.directory if page.facts else None
        changed = []
        cards, asks = page.workflow.cards(page.state), page.workflow.asks(page.state)
        summary = page.workflow.summary(page.state)
        before, page.face = page.face, Face(cards, asks, summary.watches)
        for card in cards:
            if seen.get(card.key) != card:
                person = directory.get(card.to) if directory else None
                changed.append(CardWrite(card, person.slack_user if person else None))
        return CaseWrite(
            case=page.case,
            expected_n=page.n - len(page.writes),
            events=page.writes,
            summary=summary,
            program=page.program,
            seq=page.seq,
            asks=asks,
            same_index=before is not None and (before.asks, before.watches) == (asks, summary.watches),
            cards=changed,
            wants=page.wants,
            born=page.files,
        )


def _in_order(commands: Sequence[Addressed], control: str) -> list[tuple[CaseId, Command, str]]:
    return [(a.case, a.command, control) for a in sorted(commands, key=lambda a: a.case)]


def _manifest_line(n: int, event: Event, at: datetime, by: Actor) -> bytes:
    body = event.model_dump(mode="json")
    return canonical({"n": n, "event": event.NAME, "at": instant(at), "by": spoken(by), "body": body})
