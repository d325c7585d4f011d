"""One walk over the interval: bundles are put aside, evidence is listed, every statement is handed on to be told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from bot.packet.outside import Anchored
from bot.packet.source import Entry, ExportRefused, PacketSource, Token
from workflows.kernel.attestation import PREFIX
from workflows.kernel.bundle import Logged, bundle
from workflows.kernel.checkpoint import Checkpoint, log_id
from workflows.kernel.encoding import b64
from workflows.kernel.ports import EvidenceAltered, EvidenceMissing

NAMED = ("raw_sha256", "accounts_sha256", "lines_sha256")
"""What a population certificate names beside itself: the source's answers as they came, accounts and lines."""
CERTIFICATE_LIMIT = 16 * 1024 * 1024
TOLD = 10
PIECE = 64
"""Attestations whose tokens are asked for at once: payloads may have 256 KiB each."""


@dataclass
class Evidence:
    """A file of evidence. ``subject`` is whether an attestation names it itself; others are named by a certificate."""

    sha256: str
    name: str
    kind: str
    source: str
    media_type: str
    collected_at: str
    named_by: str
    subject: bool
    times: int = 1
    bytes: int = 0


@dataclass(frozen=True)
class Statement:
    """An attestation, as its signed bytes say it."""

    idx: int
    id: str
    predicate_type: str
    workflow: str
    predicate: dict[str, Any]
    subjects: list[dict[str, Any]]

    @property
    def event(self) -> str:
        return str(self.predicate.get("event", ""))

    @property
    def case(self) -> str:
        return str(self.predicate.get("case", ""))

    @property
    def body(self) -> dict[str, Any]:
        found = self.predicate.get("body")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Example:
    """An attestation that the guide takes as its example."""

    id: str
    index: int
    keyid: str
    event: str
    predicate_type: str
    evidence: str
    by_person: bool = False
    stamped_at: datetime | None = None


@dataclass
class Gathered:
    """What the walk found. ``bundles`` maps each id to where its bundle lies in the heap, and its length."""

    first: int
    last: int
    start: datetime
    end: datetime
    checkpoint: Checkpoint
    heap: BinaryIO
    bundles: dict[str, tuple[int, int]] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    absent: dict[str, Evidence] = field(default_factory=dict)
    erased: list[dict[str, Any]] = field(default_factory=list)
    programs: set[str] = field(default_factory=set)
    cases: dict[str, str] = field(default_factory=dict)
    example: Example | None = None
    stamped: int = 0
    anchors: int = 0
    newest_anchor: Anchored | None = None

    def chunks(self, id_: str) -> bytes:
        """The bundle of an attestation."""
        at, length = self.bundles[id_]
        self.heap.seek(at)
        return self.heap.read(length)


def interval(source: PacketSource, start: datetime, end: datetime) -> tuple[int, int, Checkpoint]:
    """First and last index, and the checkpoint that covers them. Raises ExportRefused."""
    waiting = source.ledger.unlogged(start, end)
    if waiting:
        named = ", ".join(waiting[:TOLD])
        raise ExportRefused(
            f"{len(waiting):,} attestations of this time wait for the log ({named}). Wait a minute while a worker runs, "
            "then export again."
        )
    found = source.ledger.interval(start, end)
    checkpoint = source.ledger.checkpoint()
    if found is None or checkpoint is None:
        raise ExportRefused(f"Nothing was recorded from {start:%Y-%m-%d} to {end:%Y-%m-%d}. Choose another time.")
    return *found, checkpoint


def statement(entry: Entry) -> Statement:
    """The signed statement of an entry whose payload is there."""
    value = json.loads(entry.payload or b"{}")
    kind = str(value["predicateType"])
    workflow = kind.removeprefix(PREFIX).partition("/")[0]
    return Statement(entry.idx or 0, entry.id, kind, workflow, value["predicate"], value["subject"])


def gather(
    source: PacketSource, found: Gathered, tell: Callable[[Statement], None], progress: Callable[[int, int], None]
) -> None:
    """Walk over the interval once."""
    name = log_id(found.checkpoint.origin, source.log_public)
    for entry, tokens in _with_tokens(source, found):
        idx = entry.idx
        if idx is None:
            raise ExportRefused(f"The attestation {entry.id} is not logged yet. Wait a minute, then export again.")
        progress(idx - found.first, found.last - found.first + 1)
        if entry.payload is None:
            found.erased.append({"id": entry.id, "index": idx, "keyid": entry.keyid, "leaf": b64(entry.leaf)})
            continue
        where = Logged(idx, source.ledger.proof(idx, found.checkpoint.size), found.checkpoint, name)
        made = bundle(entry.payload, entry.signature, entry.keyid, entry.leaf, where, [one.data for one in tokens])
        data = json.dumps(made, separators=(",", ":")).encode("ascii")
        found.bundles[entry.id] = (found.heap.tell(), len(data))
        found.heap.write(data)
        found.stamped += bool(tokens)
        told = statement(entry)
        found.programs.add(str(told.predicate.get("program", "")))
        found.cases.setdefault(told.case, told.workflow)
        _choose(found, told, entry.keyid, tokens)
        for subject in told.subjects:
            _list(found, told.id, subject)
        tell(told)
    found.programs.discard("")


def _with_tokens(source: PacketSource, found: Gathered) -> Iterator[tuple[Entry, Sequence[Token]]]:
    """The attestations of the interval, each with its tokens, in bounded memory."""
    entries = source.ledger.entries(found.first, found.last)
    while piece := list(islice(entries, PIECE)):
        tokens = source.outside.tokens([entry.id for entry in piece])
        yield from ((entry, tokens.get(entry.id, ())) for entry in piece)


def _choose(found: Gathered, told: Statement, keyid: str, tokens: Sequence[Token]) -> None:
    """The example is the first decision of a person; where there is none, the first attestation; stamped, if one is."""
    by_person = "person" in (told.predicate.get("by") or {})
    before = found.example
    if before is None or (bool(tokens), by_person) > (before.stamped_at is not None, before.by_person):
        evidence = str(told.subjects[0]["digest"]["sha256"])
        stamped_at = tokens[0].gen_at if tokens else None
        found.example = Example(
            told.id, told.idx, keyid, told.event, told.predicate_type, evidence, by_person, stamped_at
        )


def _list(found: Gathered, attestation: str, subject: dict[str, Any]) -> None:
    sha256 = subject["digest"]["sha256"]
    if sha256 in found.evidence:
        found.evidence[sha256].times += 1
        return
    notes = subject.get("annotations", {})
    found.evidence[sha256] = Evidence(
        sha256=sha256,
        name=subject["name"],
        kind=str(notes.get("kind", "")),
        source=str(notes.get("source", "")),
        media_type=str(subject.get("mediaType", "")),
        collected_at=str(notes.get("collectedAt", "")),
        named_by=attestation,
        subject=True,
    )


def follow_certificates(source: PacketSource, found: Gathered) -> None:
    """List also what population certificates name, so that an auditor can count again; what is not at hand is said."""
    waiting = [one for one in found.evidence.values() if one.kind == "population"]
    seen = {one.sha256 for one in waiting}
    while waiting:
        one = waiting.pop()
        for named in _named(source, one):
            known = found.evidence.get(named.sha256)
            if known is None and not _at_hand(source, named.sha256):
                found.absent[named.sha256] = named
                continue
            if known is None:
                found.evidence[named.sha256] = named
            if named.kind == "population" and named.sha256 not in seen:
                seen.add(named.sha256)
                waiting.append(named)


def _at_hand(source: PacketSource, sha256: str) -> bool:
    try:
        source.evidence(sha256).close()
    except (EvidenceMissing, EvidenceAltered):
        return False
    return True


def _named(source: PacketSource, certificate: Evidence) -> Iterator[Evidence]:
    try:
        with source.evidence(certificate.sha256) as file:
            told = json.loads(file.read(CERTIFICATE_LIMIT))
    except (EvidenceMissing, EvidenceAltered, ValueError):
        return  # the export itself says so when it comes to this file
    if not isinstance(told, dict):
        return
    where, by = str(told.get("source", "")), f"certificate {certificate.sha256}"
    for field_name in (*NAMED, "directory"):
        sha256 = told.get(field_name)
        if not isinstance(sha256, str) or len(sha256) != 64:
            continue
        kind = "population" if field_name == "directory" else field_name.removesuffix("_sha256")
        media = "application/json" if kind == "population" else "application/octet-stream"
        label = "directory" if kind == "population" else where
        yield Evidence(sha256, f"{label}/{kind}", kind, where, media, str(told.get("ended_at", "")), by, False)
