"""A thousand decisions of every kind in one real log, laid out as files that tools of others can be pointed at."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.foreign.specimen import TEXTS, Specimens
from tests.proof.ledger import MONDAY, ORIGIN, Acme
from workflows.kernel.arrival import EVIDENCE
from workflows.kernel.attestation import Born, Frame, attestation, born
from workflows.kernel.bundle import Logged, TrustedLog, bundle, trusted_root
from workflows.kernel.checkpoint import Checkpoint, log_id, vkey
from workflows.kernel.dsse import attestation_id, pae
from workflows.kernel.encoding import b64
from workflows.kernel.erasure_view import ERASURE
from workflows.kernel.identity import Person
from workflows.kernel.jcs import canonical
from workflows.kernel.keykeeping_view import KEYKEEPING
from workflows.kernel.ledger import LEDGER
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.model import Actor, AttemptRefused, Event, EvidenceRef, Via, by_person, by_system, by_time
from workflows.kernel.workflow import Workflow
from workflows.registry import WORKFLOWS

ALL = (*WORKFLOWS, LEDGER, EVIDENCE, ERASURE, KEYKEEPING, IDENTITY)

START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = ("Maya Chen", "Ravi Patel 🛠️", "דנה אוקפור", "Tom <!channel>", "Lena Nováková " * 20)


class Decision(NamedTuple):
    """An event of a workflow, to be attested."""

    workflow: str
    event: Event


def signed_kinds(workflow: Workflow) -> tuple[type[Event], ...]:
    """Every event class of this workflow's cases that is signed one by one."""
    return tuple(kind for kind in (*workflow.events, AttemptRefused) if kind.ATTESTED)


@cache
def told(workflow: str) -> dict[type[Event], list[Event]]:
    """The events that the workflow's own named histories tell, by class."""
    found: dict[type[Event], list[Event]] = {}
    for example in next(w for w in ALL if w.name == workflow).examples():
        for recorded in example.history:
            if recorded.event not in found.setdefault(type(recorded.event), []):
                found[type(recorded.event)].append(recorded.event)
    return found


def made_up(kind: type[Event], stories: Sequence[Event], seed: int) -> Event:
    """An event from the annotations of its class; where the class asks for more than they say, a told one in other words."""
    words = Specimens(seed)
    for make in (words.of, Specimens(seed, digests=True).of):
        try:
            event = make(kind)
            attested(Decision("workflow", event), "case", 1, None, seed)
        except (ValueError, LookupError):
            continue
        return event
    if not stories:
        raise AssertionError(f"{kind.__name__} cannot be made up from its annotations: tell it in a named history.")
    return words.retold(stories[seed % len(stories)])


def decisions(count: int) -> Iterator[Decision]:
    """At least ``count``: every signed event class of every workflow equally often, and once in words of all kinds.

    First what the named histories tell, then what is made up from the annotations.
    """
    made = 0
    for number in itertools.count():
        if made >= count:
            return
        for workflow in ALL:
            for kind in signed_kinds(workflow):
                stories = told(workflow.name).get(kind, [])
                event = (
                    stories[number // 2]
                    if number % 2 == 0 and number // 2 < len(stories)
                    else made_up(kind, stories, number)
                )
                yield Decision(workflow.name, event)
                made += 1


def attested(decision: Decision, case: str, seq: int, previous: str | None, number: int) -> bytes:
    """The statement of a decision: sometimes a person's, sometimes time's or a system's; some cover batched events."""
    event, at = decision.event, MONDAY + timedelta(seconds=number, microseconds=number * 7 % 1_000_000)
    via = Via(interaction="block_actions", action_id="attester:sign:", received_at=at) if number % 3 else None
    frame = Frame(
        workflow=decision.workflow, case=case, seq=seq, previous=previous, control="AC-04", criteria=("CC6.1", "CC6.2"),
        program="a" * 64, at=at, by=actor(number), via=via, directory="d" * 64, origin=ORIGIN, version="0.1.0",
        nonce=base64.b64encode(hashlib.sha256(f"{case}#{seq}".encode()).digest()[:16]).decode(),
    )  # fmt: skip
    shown = born("ask.json", "attester.ask", {"case": case, "text": TEXTS[number % len(TEXTS)]})
    batch = manifest(number) if seq > 1 and number % 5 == 0 else None
    payload, _, _ = attestation(event, frame, shown, batch)
    return payload


def actor(number: int) -> Actor:
    """Who decided."""
    if number % 11 == 0:
        return by_time(MONDAY)
    if number % 13 == 0:
        return by_system("identity pull")
    name = PEOPLE[number % len(PEOPLE)]
    person = Person(id=f"P-{number % len(PEOPLE)}", issuer="https://idp.acme.test", login="", name=name)
    return by_person(person, "slack+sso", "T0ACME", "U0MAYA", "reviewer")


@cache
def unsigned(seed: int) -> tuple[Event, ...]:
    """One event of every class that is not signed one by one, but covered by the next signature of its case."""
    return tuple(
        made_up(kind, told(workflow.name).get(kind, []), seed)
        for workflow in ALL
        for kind in workflow.events
        if not kind.ATTESTED
    )


def manifest(number: int) -> Born:
    """The manifest of such events."""
    data = b"".join(
        canonical({"n": n, "event": event.NAME, "body": event.model_dump(mode="json")}) + b"\n"
        for n, event in enumerate(unsigned(number % 10))
    )
    sha256 = hashlib.sha256(data).hexdigest()
    return Born(
        EvidenceRef(name="batch.jsonl", sha256=sha256, media_type="application/jsonl", kind="attester.batch"), data
    )


class Company:
    """Acme's ledger with at least ``count`` decisions, integrated in ``batches``: one checkpoint for each."""

    def __init__(self, url: str, folder: Path, count: int, batches: int = 7) -> None:
        self.acme = Acme(url, folder)
        made = list(decisions(count))
        self.kinds = {(d.workflow, type(d.event)) for d in made}
        size = -(-len(made) // batches)
        for start in range(0, len(made), size):
            self._decide(made[start : start + size], start)
            self.acme.integrate()
        self.checkpoints = [c for _, c in self.acme.log.checkpoints()]
        self.bundles = dict(self._export())

    @property
    def newest(self) -> Checkpoint:
        return self.checkpoints[-1]

    def _decide(self, made: list[Decision], first: int) -> None:
        rows = []
        for number, decision in enumerate(made, first):
            case = f"{decision.workflow}/{number % 97}"
            seq, previous = self.acme.heads.get(case, (0, None))
            payload = attested(decision, case, seq + 1, previous, number)
            at = datetime.fromisoformat(json.loads(payload)["predicate"]["at"])
            rows.append((self.acme.entry(case, seq + 1, at, payload, self.acme.signer.sign(pae(payload))), payload))
            self.acme.heads[case] = (seq + 1, attestation_id(payload))
        with self.acme.database.write() as session:
            self.acme.record(session, rows)

    def _export(self) -> Iterator[tuple[str, str]]:
        """Each attestation with its proof: most against the newest checkpoint, some against the first that covers it."""
        log, name = self.acme.log, log_id(ORIGIN, self.acme.key.public)
        for entry in log.entries(0, self.newest.size - 1):
            assert entry.idx is not None
            assert entry.payload is not None
            first = next(c for c in self.checkpoints if c.size > entry.idx)
            checkpoint = first if entry.idx % 10 == 0 else self.newest
            logged = Logged(entry.idx, log.proof(entry.idx, checkpoint.size), checkpoint, name)
            value = bundle(entry.payload, entry.signature, entry.keyid, entry.leaf, logged)
            yield f"{entry.id}.sigstore.json", json.dumps(value, separators=(",", ":"))

    def trust(self) -> dict[str, Any]:
        """`trusted_root.json`."""
        return trusted_root([TrustedLog(ORIGIN, self.acme.key.public, START)])

    def lay_out(self, folder: Path, bundles: dict[str, str] | None = None) -> Path:
        """A folder that the peers read: bundles, trusted root, keys, and how the checkpoints follow each other."""
        (folder / "bundles").mkdir(parents=True)
        for name, text in (self.bundles if bundles is None else bundles).items():
            (folder / "bundles" / name).write_bytes(text.encode("latin-1"))
        signer, log = self.acme.signer, self.acme.log
        (folder / "trusted_root.json").write_text(json.dumps(self.trust()), encoding="utf-8")
        (folder / "keys.json").write_text(json.dumps({signer.keyid: b64(signer.public_der)}), encoding="utf-8")
        (folder / "key.pem").write_bytes(signer.public_pem)
        (folder / "vkey").write_text(vkey(ORIGIN, self.acme.key.public), encoding="utf-8")
        trees = [
            {"old": old.note, "new": new.note, "path": [b64(h) for h in log.consistency(old.size, new.size)]}
            for at, old in enumerate(self.checkpoints)
            for new in self.checkpoints[at + 1 :]
        ]
        (folder / "trees.json").write_text(json.dumps(trees), encoding="utf-8")
        return folder

    def close(self) -> None:
        self.acme.close()
