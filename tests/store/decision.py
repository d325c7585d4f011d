"""Decisions as the runtime would hand them to the record, for a control whose cases only count what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from bot.store.database import Database
from bot.store.record import claim_until
from bot.store.write import CardWrite, CaseWrite, Claim, EventWrite, Signed
from workflows.kernel.attestation import Born, born
from workflows.kernel.jcs import canonical
from workflows.kernel.model import Ask, Card, CaseSummary, Want

PROGRAM = "9" * 64
AT = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
MAYAS = "access_review/2026-Q4/github/maya"
TOMS = "access_review/2026-Q4/github/tom"
DANAS = "access_review/2026-Q4/github/dana"


def summary(case: str = MAYAS, **more: Any) -> CaseSummary:
    """A case's row."""
    facts: dict[str, Any] = {
        "case": case,
        "workflow": "access_review",
        "control": "quarterly",
        "title": "Review of Maya",
        "status": "open",
        "open": True,
    }
    return CaseSummary(**facts | more)


def signed(case: str, seq: int, said: str = "") -> Signed:
    """An attestation that no other place has."""
    payload = canonical({"predicate": {"case": case, "seq": seq, "program": PROGRAM, "said": said}})
    digest = hashlib.sha256(payload).hexdigest()
    return Signed(digest, payload, b"signature of " + payload, "SHA256:key", b"leaf of " + payload)


def happened(case: str, n: int, seq: int | None, name: str = "kept", by: str = "00umaya", said: str = "") -> EventWrite:
    """One event; attested where it has a ``seq``."""
    return EventWrite(
        n=n,
        seq=seq,
        name=name,
        version=1,
        at=AT,
        by={"person": {"issuer": "https://acme.okta.test", "sub": by, "name": "Maya"}},
        actor=by,
        body={"line": f"line {n}", "reason": "Tom <!channel> = \x00 🦊"},
        signed=signed(case, seq, said) if seq is not None else None,
    )


def decision(
    case: str = MAYAS,
    after: int = 0,
    *,
    seq: int | None = None,
    events: Sequence[EventWrite] | None = None,
    asks: Sequence[Ask] = (),
    cards: Sequence[CardWrite] = (),
    wants: Sequence[Want] = (),
    files: Sequence[Born] = (),
    said: str = "",
    **row: Any,
) -> CaseWrite:
    """One attested event after number ``after``, with everything that one decision can carry."""
    signed_number = seq if seq is not None else after + 1
    return CaseWrite(
        case=case,
        expected_n=after,
        events=[happened(case, after + 1, signed_number, said=said)] if events is None else events,
        summary=summary(case, **row),
        program=PROGRAM,
        seq=signed_number,
        asks=asks,
        cards=cards,
        wants=wants,
        born=files,
    )


def evidence(text: str) -> Born:
    """A small file born in a decision."""
    return born("ask.json", "attester.ask", {"text": text})


def card(key: str = "queue", to: str = "00umaya", text: str = "3 lines to decide") -> CardWrite:
    """A card for somebody whom Slack knows."""
    return CardWrite(Card(key=key, to=to, text=text, blocks=({"type": "divider"},)), "U0MAYA")


TABLES = (
    "case", "case_watch", "ask", "event", "entry", "payload", "pending", "evidence", "claim", "outbox", "lane",
)  # fmt: skip


def counts(database: Database) -> dict[str, int]:
    """How many rows each table of the record has."""
    with database.engine.connect() as connection:
        return {t: connection.execute(text(f'SELECT count(*) FROM "{t}"')).scalar_one() for t in TABLES}


def claim(key: str = "slack:T1:view:V1:hash", answer: str = "kept") -> Claim:
    """A request of Slack and the answer it gets."""
    return Claim(key, {"attestation": answer}, claim_until(AT))
