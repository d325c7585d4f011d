"""From an event to a file that others can verify: attestation, record, log, bundle."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from securesystemslib.signer import SSlibKey

from bot.draft import Mill
from bot.runtime import fresh_nonce
from bot.signing import verify_p256
from bot.store.record import Record
from bot.store.write import CaseWrite, EventWrite
from tests.proof.ledger import MONDAY, ORIGIN, Acme
from tests.proof.test_envelope import foreign_verdict
from workflows.kernel.attestation import Frame, attestation, born, spoken
from workflows.kernel.bundle import Logged, bundle
from workflows.kernel.checkpoint import log_id, verified
from workflows.kernel.identity import Person
from workflows.kernel.merkle import includes, leaf_hash
from workflows.kernel.model import CaseSummary, Event, by_person

CASE = "access_review/2026-Q4/github/maya"
AT = MONDAY + timedelta(microseconds=123_456)
MAYA = Person(id="00umaya", issuer="https://acme.okta.test", login="maya@acme.test", name="Maya <!channel> 👩‍🚀")


class LineKept(Event):
    """Maya keeps somebody's access."""

    NAME: ClassVar[str] = "line_kept"

    reason: str


def keep(acme: Acme, mill: Mill, seq: int, previous: str | None) -> str:
    """Maya's decision, attested and recorded as the runtime does it; returns the attestation's id."""
    event, by = LineKept(reason="He deploys \u202eevil\u202c every day 🦊"), by_person(MAYA)
    frame = Frame(
        workflow="access_review",
        case=CASE,
        seq=seq,
        previous=previous,
        control="AC-1",
        criteria=("CC6.2",),
        program="0" * 64,
        at=AT,
        by=by,
        origin=mill.origin,
        version=mill.version,
        nonce=mill.nonce(),
    )
    payload, _, files = attestation(event, frame, born("ask.json", "attester.ask", {"case": CASE, "seq": seq}))
    signed = mill.sign(payload)
    written = EventWrite(seq, seq, event.NAME, 1, AT, spoken(by), by.id, event.model_dump(mode="json"), signed)
    summary = CaseSummary(case=CASE, workflow="access_review", control="AC-1", title="Q4", status="open", open=True)
    Record(acme.database).commit(
        [CaseWrite(CASE, seq - 1, [written], summary, "0" * 64, seq, (), (), (), files)], AT, None
    )
    return signed.id


def test_what_maya_decided_verifies_without_us(database_url: str, tmp_path: Path) -> None:
    acme = Acme(database_url, tmp_path / "keys")
    mill = Mill(acme.signer, ORIGIN, "0.1.0", fresh_nonce)

    first = keep(acme, mill, 1, None)
    second = keep(acme, mill, 2, first)
    acme.integrate()

    checkpoint, entry = acme.log.checkpoint(), acme.log.find(second)
    assert checkpoint is not None
    assert entry is not None
    assert entry.payload is not None
    assert entry.idx is not None
    where = Logged(entry.idx, acme.log.proof(1, 2), checkpoint, log_id(ORIGIN, acme.key.public))
    value = json.loads(json.dumps(bundle(entry.payload, entry.signature, entry.keyid, entry.leaf, where)))
    key = SSlibKey(entry.keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": acme.log.keys()[0].pem})
    assert foreign_verdict(value["dsseEnvelope"], key)
    statement = json.loads(base64.b64decode(value["dsseEnvelope"]["payload"]))
    assert statement["predicateType"] == "urn:attester:access_review/line_kept/v1"
    assert statement["predicate"]["previous"] == first
    assert statement["predicate"]["by"]["person"]["name"] == MAYA.name
    assert "maya@acme.test" not in base64.b64decode(value["dsseEnvelope"]["payload"]).decode().replace(CASE, "")
    shown = Record(acme.database).evidence(statement["predicate"]["shown"])
    assert shown is not None
    assert hashlib.sha256(shown).hexdigest() == statement["subject"][0]["digest"]["sha256"]
    (proof,) = value["verificationMaterial"]["tlogEntries"]
    body = base64.b64decode(proof["canonicalizedBody"])
    path = [base64.b64decode(text) for text in proof["inclusionProof"]["hashes"]]
    trusted = verified(proof["inclusionProof"]["checkpoint"]["envelope"], ORIGIN, acme.key.public, acme.key.verify)
    assert includes(leaf_hash(body), 1, trusted.size, path, trusted.root)
    assert acme.log.check(acme.key, verify_p256) == []
    acme.close()
