"""A ledger of 500 decisions in memory, anchored at 450, that somebody may write anew: with or without the company's keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from typing import BinaryIO, NamedTuple

from bot.packet.source import PacketSource
from bot.store.ledger_entry import PublicKey
from tests.packet.outside import Given
from workflows.kernel import tile
from workflows.kernel.attestation import instant
from workflows.kernel.bundle import leaf_body
from workflows.kernel.checkpoint import Checkpoint, LogKey, signed
from workflows.kernel.dsse import attestation_id, pae
from workflows.kernel.merkle import inclusion_path, leaf_hash, over, root
from workflows.kernel.ports import Signer
from workflows.kernel.statement import statement

ORIGIN = "ledger.acme.test"
KIND = "urn:attester:approval/step_approved/v1"
SHOWN = b'{"question":"May Ravi deploy?"}'
SHOWN_SHA256 = hashlib.sha256(SHOWN).hexdigest()
SUBJECT = {"name": "ask.json", "digest": {"sha256": SHOWN_SHA256}, "mediaType": "application/json"}
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(hours=1)
ENTRIES, ANCHOR = 500, 450


class Item(NamedTuple):
    """One decision in the ledger."""

    idx: int
    id: str
    case: str
    payload: bytes
    signature: bytes
    keyid: str
    leaf: bytes
    at: datetime


def item(number: int, signer: Signer, at: datetime, reason: str = "as agreed") -> Item:
    """A decision of a case of its own: nothing but the log says in which order they stand."""
    case = f"approval/deploy/{number}"
    predicate = {
        "case": case, "seq": 1, "previous": None, "at": instant(at), "attester": {"origin": ORIGIN, "version": "0.1.0"},
        "nonce": base64.b64encode(hashlib.sha256(case.encode()).digest()[:16]).decode(), "event": "step_approved",
        "body": {"reason": reason},
    }  # fmt: skip
    payload = statement([SUBJECT], KIND, predicate)
    name, signature = attestation_id(payload), signer.sign(pae(payload))
    leaf = leaf_body(bytes.fromhex(name), signature, signer.public_der)
    return Item(0, name, case, payload, signature, signer.keyid, leaf, at)


def public(signer: Signer) -> PublicKey:
    """The key as the ledger lists it."""
    return PublicKey(signer.keyid, signer.public_pem.decode(), START - timedelta(days=1), None, None)


@dataclass
class Book:
    """The ledger as an export reads it."""

    items: list[Item]
    newest: Checkpoint
    listed: list[PublicKey]
    hashes: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.items = [one._replace(idx=n) for n, one in enumerate(self.items[: self.newest.size])]
        self.hashes = [leaf_hash(one.leaf) for one in self.items]
        self._tiles = tile.appended(0, self.hashes, lambda level, n, width: b"")
        self._range = lru_cache(None)(over(self.hashes))

    def origin(self) -> str:
        return ORIGIN

    def checkpoint(self) -> Checkpoint | None:
        return self.newest

    def interval(self, start: datetime, end: datetime) -> tuple[int, int] | None:
        return 0, len(self.items) - 1

    def unlogged(self, start: datetime, end: datetime) -> Sequence[str]:
        return ()

    def entries(self, first: int, last: int) -> Iterator[Item]:
        return iter(self.items[first : last + 1])

    def of_case(self, case: str) -> Sequence[Item]:
        return [one for one in self.items if one.case == case]

    def proof(self, idx: int, size: int) -> Sequence[bytes]:
        return inclusion_path(idx, size, self._range)

    def tile(self, level: int, n: int, width: int) -> bytes | None:
        return self._tiles[level, n][: width * tile.HASH]

    def keys(self) -> Sequence[PublicKey]:
        return self.listed


@dataclass(frozen=True)
class Keys:
    """Who signs decisions, and who signs the log."""

    signer: Signer
    log: LogKey

    def noted(self, items: Sequence[Item]) -> Checkpoint:
        """The log's word on these."""
        hashed = root([leaf_hash(one.leaf) for one in items])
        return signed(Checkpoint(ORIGIN, len(items), hashed), self.log)


def opened(_: str) -> BinaryIO:
    return BytesIO(SHOWN)


def source(book: Book, keys: Keys, outside: Given) -> PacketSource:
    """What a packet of this ledger is written from."""
    return PacketSource(book, keys.signer, keys.log.public, opened, "0.1.0", outside)


def first_told(keys: Keys) -> list[Item]:
    """What was decided, one each second."""
    return [item(n, keys.signer, START + timedelta(seconds=n)) for n in range(ENTRIES)]


Change = Callable[[list[Item], Signer], list[Item]]


def alter_one(items: list[Item], signer: Signer) -> list[Item]:
    forged = item(100, signer, items[100].at, "never agreed")
    return [*items[:100], forged, *items[101:]]


def delete_in_the_middle(items: list[Item], signer: Signer) -> list[Item]:
    return [*items[:200], *items[201:]]


def cut_past_the_anchor(items: list[Item], signer: Signer) -> list[Item]:
    return items[:400]


def reorder(items: list[Item], signer: Signer) -> list[Item]:
    return [*items[:100], items[101], items[100], *items[102:]]


def insert_back_dated(items: list[Item], signer: Signer) -> list[Item]:
    return [*items[:100], item(9_000, signer, items[99].at), *items[100:]]


def cut_the_tail(items: list[Item], signer: Signer) -> list[Item]:
    return items[:470]


def append_with_a_false_old_time(items: list[Item], signer: Signer) -> list[Item]:
    return [*items, item(9_000, signer, items[100].at)]
