"""What the ledger gives out: entries and keys as values, and how a stored entry is judged."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.store.table_ledger import EntryRow, KeyRow
from workflows.kernel.attestation import instant
from workflows.kernel.bundle import leaf_body
from workflows.kernel.dsse import attestation_id
from workflows.kernel.publickey import der, fingerprint


@dataclass(frozen=True)
class Entry:
    """One attestation. ``idx`` is None until the log covers it; ``payload`` is None where it was erased after retention."""

    idx: int | None
    id: str
    case: str
    seq: int
    at: datetime
    payload: bytes | None
    signature: bytes
    keyid: str
    leaf: bytes


@dataclass(frozen=True)
class PublicKey:
    """A key that attestations are or were signed with, and when it counts."""

    keyid: str
    pem: str
    not_before: datetime
    not_after: datetime | None = None
    compromised_since: datetime | None = None

    @property
    def public_der(self) -> bytes:
        """SPKI DER."""
        return der(self.pem)


def entry(row: EntryRow, payload: bytes | None, idx: int | None) -> Entry:
    """A stored entry as a value."""
    return Entry(
        idx=idx,
        id=row.pae_sha256,
        case=row.case_id,
        seq=row.seq,
        at=row.at,
        payload=payload,
        signature=row.signature,
        keyid=row.keyid,
        leaf=row.leaf,
    )


def public_keys(session: Session) -> dict[str, bytes]:
    """Key id → SPKI DER of every key whose row is intact; a row that is not is as good as missing."""
    found = {}
    for row in session.exec(select(KeyRow).order_by(col(KeyRow.keyid))):
        try:
            public = der(row.pem)
            if fingerprint(public) == row.keyid:
                found[row.keyid] = public
        except ValueError:
            continue
    return found


def faults(found: Entry, keys: dict[str, bytes]) -> Iterable[str]:
    """What is wrong with a stored entry, recomputed from its payload, signature and key; nothing where it is whole.

    ``at``, ``case`` and ``seq`` are copies for queries: they must be what the signed statement says.
    """
    name = f"The entry {found.case}#{found.seq} ({found.id})"
    if found.keyid not in keys:
        yield f"{name} names the key {found.keyid}, which is not among the stored keys or was changed."
    elif leaf_body(bytes.fromhex(found.id), found.signature, keys[found.keyid]) != found.leaf:
        yield f"{name} has a leaf that does not follow from its signature and key."
    if found.payload is None:
        return
    if attestation_id(found.payload) != found.id:
        yield f"{name} has a payload that was changed after it was signed."
        return
    try:
        predicate = json.loads(found.payload)["predicate"]
        said = (predicate["case"], predicate["seq"], predicate["at"])
    except (ValueError, KeyError, TypeError):
        yield f"{name} has a payload that is no statement of this product."
        return
    if said != (found.case, found.seq, instant(found.at)):
        yield f"{name} is filed under another case, number or time than its statement says."
