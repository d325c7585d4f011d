"""Acme's review, told by the rules that run in production, attested and logged with real keys, ready to be exported.

Some names and reasons are hostile on purpose: whatever a page or a table makes of them, they must stay text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sqlmodel import col, delete, select

from bot.packet.export import PacketSource
from bot.signing import load_log_key, load_signer
from bot.store.database import Database
from bot.store.ledger import Log
from bot.store.table_ledger import EntryRow, PayloadRow, PendingRow
from workflows.access_review import WORKFLOW, schedule
from workflows.access_review.examples import CONTROL, LINES, OPENS, PEOPLE, SINCE, SOURCES
from workflows.access_review.model import CloseCampaign, MarkLine, ReportRemoved, Review, SignMarks, TurnPage
from workflows.kernel.attestation import Frame, attestation, born
from workflows.kernel.bundle import leaf_body
from workflows.kernel.dsse import attestation_id, pae
from workflows.kernel.identity import Certificate, Collection, Line, Person, Stream, directory_of
from workflows.kernel.jcs import canonical
from workflows.kernel.model import Actor, CaseId, Facts, Recorded, by_person, by_system, by_time
from workflows.kernel.ports import EvidenceMissing
from workflows.kernel.story import Story

ORIGIN = "ledger.acme.test"
FROM, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
FORMULA = '=HYPERLINK("http://x","Tom")'
SCRIPT = "<script>document.title='owned'</script>"
IMAGE = '"><img src=x onerror="document.title=1"> <!channel> \u202egnp.exe'
HOSTILE = {"P-lena": SCRIPT, "P-maya": "Maya Chen <!channel>"}


@dataclass
class Acme:
    """The company's ledger and the evidence it rests on."""

    log: Log
    source: PacketSource
    evidence: dict[str, bytes]
    database: Database
    ids: list[str] = field(default_factory=list)

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of a piece of evidence."""
        if sha256 not in self.evidence:
            raise EvidenceMissing(sha256)
        return BytesIO(self.evidence[sha256])


class Told:
    """The review, step by step."""

    def __init__(self) -> None:
        self.evidence: dict[str, bytes] = {}
        people = [p.model_copy(update={"name": HOSTILE.get(p.id, p.name)}) for p in PEOPLE]
        self.lines = tuple(_hostile(line) for line in LINES)
        company = {"name": "Acme", "time_zone": "Europe/Berlin", "effective_from": SINCE, "fiscal_year_starts": 1}
        facts = Facts(
            directory=directory_of(people, self.keep(b"people"), SINCE), program=self.keep(b"program"), control=CONTROL,
            company=company, owner="P-dana", deputy="P-ravi", sources=SOURCES,
        )  # fmt: skip
        self.people = {p.id: p for p in people}
        self.story = Story(WORKFLOW, facts)

    def keep(self, data: bytes) -> str:
        """Evidence, by its SHA-256."""
        name = hashlib.sha256(data).hexdigest()
        self.evidence[name] = data
        return name

    def pull(self, source: str, number: int, at: datetime, lines: Sequence[Line]) -> None:
        """A complete list of a source, with its certificate and the source's own answers."""
        raw = self.keep(f"answer {number} of {source}".encode())
        listed = self.keep(b"".join(canonical(x.model_dump(mode="json")) + b"\n" for x in lines))
        certificate = Certificate(
            source=source, system=SOURCES[source].system, connector="csv", code="0.1.0", config_sha256="c" * 64,
            host="api.github.test", credential="app 17 of Acme", started_by="schedule", started_at=at, ended_at=at, as_of=at,
            streams=(Stream(name="members", path="/orgs/acme/members", rows=len(lines), expected=len(lines),
                            expected_from="header", done=True),),
            raw_sha256=raw, raw_content_sha256=raw, lines_sha256=listed, accounts_sha256=self.keep(b"accounts"),
            directory=self.story.facts.directory.digest, counts={"lines": len(lines)}, verdict="complete",
        )  # fmt: skip
        found = Collection(
            id=self.keep(canonical(certificate.model_dump(mode="json"))), source=source, system=certificate.system,
            number=number, as_of=at, ended_at=at, verdict="complete", lines=len(lines), lines_sha256=listed, raw_sha256=raw,
        )  # fmt: skip
        self.story.learn(found, lines)
        self.story.pulled(found, by_system("identity pull"), at)

    def reviews(self) -> list[Review]:
        """Every review, by case id."""
        return [s for _, s in sorted(self.story.states.items()) if isinstance(s, Review)]

    def decide(self, review: Review, at: datetime) -> None:
        """The reviewer looks at every line with care; leavers and orphans go."""
        by = who(review.reviewer)
        self.story.tell(review.case, TurnPage(page=0), by, at)
        self.story.tell(review.case, TurnPage(page=1), by, at) if len(review.lines) > 10 else None
        for n, (ref, line) in enumerate(review.lines.items(), 1):
            gone = line.assigned.leaver or "orphan" in line.assigned.flags
            reason = f"{IMAGE} needed for task {n} of the team." if n % 2 else f"{FORMULA} as agreed, number {n}."
            mark = MarkLine(ref=ref, verdict="revoke" if gone else "keep", shown=line.assigned.shown(), reason=reason)
            self.story.tell(review.case, mark, by, at + timedelta(seconds=40 * n))
        self.story.tell(review.case, SignMarks(), by, at + timedelta(minutes=20))

    def tell(self) -> list[Recorded]:
        """The whole of it, in the order in which it happened."""
        opening = schedule.openings(CONTROL, self.story.facts.company, OPENS)[-1]
        self.story.tell(opening.case, opening.command, by_time(opening.due_at), OPENS)
        self.pull("people", 1, OPENS, ())
        self.pull("github", 1, OPENS + timedelta(minutes=5), self.lines)
        at = OPENS + timedelta(days=1)
        for review in self.reviews():
            self.decide(review, at)
        for review in self.reviews():
            for ref, follow_up in review.follow_ups.items():
                self.story.tell(review.case, ReportRemoved(ref=ref), who(follow_up.remover), at + timedelta(hours=1))
        gone = {f.ref for r in self.reviews() for f in r.follow_ups.values()}
        self.pull("github", 2, at + timedelta(days=1, hours=2), self.lines)
        self.pull("github", 3, at + timedelta(days=2, hours=2), [x for x in self.lines if x.ref not in gone])
        owner = who(self.people["P-dana"])
        self.story.tell(opening.case, CloseCampaign(), owner, at + timedelta(days=3))
        events = [r for history in self.story.histories.values() for r in history]
        return sorted(events, key=lambda r: (r.at, r.case, r.n))


def _hostile(line: Line) -> Line:
    if line.account.login != "deploy-old":
        return line
    return line.model_copy(update={"account": line.account.model_copy(update={"name": FORMULA})})


def who(person: Person) -> Actor:
    """A person as an actor."""
    return by_person(person, team="T0ACME", user=person.slack_user or "", role="reviewer")


def acme(
    url: str, folder: Path, told: Told | None = None, erase: Callable[[Recorded], bool] = lambda _: False,
    when: Callable[[Recorded], datetime] = lambda recorded: recorded.at,
) -> Acme:  # fmt: skip
    """The review on a ledger: every attested event signed, recorded and logged; ``erase`` picks what retention removed.

    ``when`` is the time that each attestation claims; times must not fall.
    """
    told = told or Told()
    database = Database(url)
    signer = load_signer(f"file:{folder / 'signing.key'}", create=True)
    key = load_log_key(f"file:{folder / 'log.key'}", create=True)
    log = Log(database)
    log.open(ORIGIN, SINCE)
    since = min(SINCE, datetime.now(UTC) - timedelta(days=1))
    log.add_key(signer.keyid, signer.public_pem.decode(), since)
    heads: dict[CaseId, tuple[int, str | None]] = {}
    made: list[tuple[EntryRow, bytes]] = []
    erased: list[str] = []
    for recorded in told.tell():
        if recorded.seq is None:
            continue
        seq, previous = heads.get(recorded.case, (0, None))
        nonce = base64.b64encode(hashlib.sha256(f"{recorded.case}{seq}".encode()).digest()[:16]).decode()
        frame = Frame(
            workflow="access_review", case=recorded.case, seq=seq + 1, previous=previous, control="AC-04",
            criteria=("CC6.1", "CC6.2", "CC6.3"), program=told.keep(b"program"), at=when(recorded), by=recorded.by,
            directory=told.story.facts.directory.digest, origin=ORIGIN, version="0.1.0", nonce=nonce,
        )  # fmt: skip
        shown = born("ask.json", "attester.ask", {"case": recorded.case, "seq": seq})
        payload, _, files = attestation(recorded.event, frame, shown)
        for file in files:
            told.keep(file.data)
        id_, signature = attestation_id(payload), signer.sign(pae(payload))
        heads[recorded.case] = (seq + 1, id_)
        row = EntryRow(
            place=f"{recorded.case}#{seq + 1}", case_id=recorded.case, seq=seq + 1, at=when(recorded), keyid=signer.keyid,
            signature=signature, pae_sha256=id_, leaf=leaf_body(bytes.fromhex(id_), signature, signer.public_der),
        )  # fmt: skip
        made.append((row, payload))
        erased += [id_] if erase(recorded) else []
    ids = [row.pae_sha256 for row, _ in made]
    record(database, made)
    while log.integrate(key, FROM):
        pass
    with database.write() as session:
        gone = select(EntryRow.id).where(col(EntryRow.pae_sha256).in_(erased))
        session.execute(delete(PayloadRow).where(col(PayloadRow.entry_id).in_(gone)))
    result = Acme(log, PacketSource(log, signer, key.public, lambda _: BytesIO(), "0.1.0"), told.evidence, database)
    result.source = PacketSource(log, signer, key.public, result.open, "0.1.0")
    result.ids = ids
    return result


def record(database: Database, made: Sequence[tuple[EntryRow, bytes]]) -> None:
    """The rows of attestations: entry, payload, pending."""
    with database.write() as session:
        session.add_all([row for row, _ in made])
        session.flush()
        for row, payload in made:
            assert row.id is not None
            session.add_all([PendingRow(id=row.id), PayloadRow(entry_id=row.id, payload=payload)])
