"""What an export reads from, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from workflows.kernel.bundle import TrustedAuthority
from workflows.kernel.checkpoint import Checkpoint
from workflows.kernel.ports import Signer


class ExportRefused(Exception):
    """No packet was written; the sentence says what is missing and what to do."""


class Entry(Protocol):
    """One attestation of the ledger. ``payload`` is None where it was erased after retention."""

    @property
    def idx(self) -> int | None: ...
    @property
    def id(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def payload(self) -> bytes | None: ...
    @property
    def signature(self) -> bytes: ...
    @property
    def keyid(self) -> str: ...
    @property
    def leaf(self) -> bytes: ...


class Key(Protocol):
    """A key that attestations are or were signed with."""

    @property
    def keyid(self) -> str: ...
    @property
    def pem(self) -> str: ...
    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime | None: ...
    @property
    def compromised_since(self) -> datetime | None: ...
    @property
    def public_der(self) -> bytes: ...


class Ledger(Protocol):
    """The ledger as an export reads it."""

    def origin(self) -> str:
        """The log's name."""
        ...

    def checkpoint(self) -> Checkpoint | None:
        """The newest one, signed; None while the log is empty."""
        ...

    def interval(self, start: datetime, end: datetime) -> tuple[int, int] | None:
        """First and last index of the smallest interval that holds every logged attestation with start <= at < end."""
        ...

    def unlogged(self, start: datetime, end: datetime) -> Sequence[str]:
        """Ids of attestations with start <= at < end that wait for the log."""
        ...

    def entries(self, first: int, last: int) -> Iterator[Entry]:
        """The attestations from first to last, both included, in order."""
        ...

    def of_case(self, case: str) -> Sequence[Entry]:
        """The attestations of one case in the order of their numbers."""
        ...

    def proof(self, idx: int, size: int) -> Sequence[bytes]:
        """The hashes from leaf to root."""
        ...

    def tile(self, level: int, n: int, width: int) -> bytes | None:
        """A tile of hashes."""
        ...

    def keys(self) -> Sequence[Key]:
        """Every key that attestations were signed with."""
        ...


class Token(Protocol):
    """A verified RFC 3161 response as it came, and the authority's time."""

    @property
    def data(self) -> bytes: ...
    @property
    def gen_at(self) -> datetime: ...


class Outside(Protocol):
    """What is known of outside time, as an export reads it."""

    def tokens(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Token]]:
        """The tokens of attestations (by id) and of checkpoints (`checkpoint/<size>`), oldest first."""
        ...

    def anchored(self) -> Sequence[Checkpoint]:
        """Every checkpoint that a vault holds."""
        ...

    def authorities(self) -> Sequence[TrustedAuthority]:
        """Every certificate that a token was signed with, oldest first, each with its chain."""
        ...


class NoOutside:
    """An installation without timestamp authority and without anchors."""

    def tokens(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Token]]:
        """None."""
        return {}

    def anchored(self) -> Sequence[Checkpoint]:
        """None."""
        return ()

    def authorities(self) -> Sequence[TrustedAuthority]:
        """None."""
        return ()


@dataclass(frozen=True)
class PacketSource:
    """Where a packet comes from. ``evidence`` opens the bytes of a SHA-256; raises EvidenceMissing or EvidenceAltered."""

    ledger: Ledger
    signer: Signer
    log_public: bytes
    evidence: Callable[[str], BinaryIO]
    version: str
    outside: Outside = field(default_factory=NoOutside)


@dataclass(frozen=True)
class Exported:
    """A packet that was written."""

    path: Path
    sha256: str
    attestations: int
    evidence: int
    first: int
    last: int
    checkpoint_size: int
