"""A small world for the tests of sources: people, a vault in memory, a clock that stands, and ways to pull."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from bot.sources.certified import CertifiedSource
from bot.sources.opening import open_source
from workflows.kernel.identity import Collection, Directory, Person, Pull, directory_of
from workflows.kernel.ports import EvidenceMissing
from workflows.kernel.program import SourceConfig

NOW = datetime(2026, 10, 3, 6, 10, tzinfo=UTC)
TOKEN = "00SecretTokenOfDana"


class MemoryVault:
    """The vault's promise without a disk."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = data
        return digest

    def put_file(self, path: Path) -> str:
        return self.put(path.read_bytes())

    def get(self, sha256: str) -> bytes:
        if sha256 not in self.kept:
            raise EvidenceMissing(sha256)
        return self.kept[sha256]

    def open(self, sha256: str) -> BinaryIO:
        return BytesIO(self.get(sha256))

    def has(self, sha256: str) -> bool:
        return sha256 in self.kept


class StandingClock:
    """A clock that moves when it is told to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def person(key: str, login: str, **more: Any) -> Person:
    """A person of the directory."""
    name = more.pop("name", login.partition("@")[0].title())
    return Person(
        id=key, issuer="https://acme.okta.test", login=login, name=name, employed=more.pop("employed", True), **more
    )


MAYA = person("00umaya", "maya@acme.test", email="maya@acme.test")
RAVI = person("00uravi", "ravi@acme.test", email="ravi@acme.test")
DANA = person("00udana", "dana@acme.test", email="dana@acme.test")
TOM = person("00utom", "tom@acme.test", email="tom@acme.test", employed=False)
STAFF = directory_of([MAYA, RAVI, DANA, TOM], digest="d" * 64, synced_at=NOW)


class World:
    """A folder, a vault and a clock; opens sources in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = MemoryVault()
        self.clock = StandingClock()
        self.waits: list[float] = []
        self.heard: list[str] = []
        self.spool: Path | None = None

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.wait(seconds)

    def open(
        self,
        config: SourceConfig,
        base_url: str | None = None,
        token: str | None = TOKEN,
        progress: Callable[[str], None] | None = None,
    ) -> CertifiedSource:
        """The source, with a clock that stands and waits that take no time."""
        return open_source(
            config,
            credential=token,
            base_url=base_url,
            base_folder=self.folder,
            vault=self.vault,
            clock=self.clock,
            code="attester 0.1.0",
            spool=self.spool,
            progress=progress or self.heard.append,
            wait=self.wait,
        )

    def pull(
        self,
        config: SourceConfig,
        base_url: str | None = None,
        *,
        directory: Directory = STAFF,
        previous: Pull | None = None,
    ) -> Pull:
        """Pull it once."""
        before = collection_of(previous) if previous else None
        return self.open(config, base_url).pull(directory, before, "a test")

    def raw(self, pull: Pull) -> bytes:
        """The raw file of a pull."""
        return self.vault.get(pull.certificate.raw_sha256)

    def entries(self, pull: Pull) -> list[dict[str, Any]]:
        """The answers in the raw file of a pull."""
        return [json.loads(row) for row in gzip.decompress(self.raw(pull)).splitlines()]


def collection_of(pull: Pull, number: int = 1) -> Collection:
    """A pull as it stands after it was saved."""
    certificate = pull.certificate
    return Collection(
        id=pull.certificate_sha256,
        source=certificate.source,
        system=certificate.system,
        number=number,
        as_of=certificate.as_of,
        ended_at=certificate.ended_at,
        verdict=certificate.verdict,
        reasons=certificate.reasons,
        lines=len(pull.lines),
        lines_sha256=certificate.lines_sha256,
        raw_sha256=certificate.raw_sha256,
    )
