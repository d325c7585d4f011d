"""Acme's ledger with outside time: a real timestamp authority, a real vault, and what the product keeps of both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.anchoring import Anchorer, Vaulted
from bot.packet.export import PacketSource, export
from bot.signing import load_log_key
from bot.stamper import Stamper
from bot.stamping import Stamped, open_authority, trusted_authority
from bot.store.anchor import Anchors
from bot.store.outbox_queue import Queue
from bot.store.stamp import Stamps, Token
from bot.vault import FileVault
from tests.anchor.tsa import Paper, running_authority
from tests.packet.company import Acme, acme
from workflows.kernel.bundle import TrustedAuthority
from workflows.kernel.checkpoint import Checkpoint
from workflows.kernel.model import Recorded

NOW = datetime.now(UTC)
FIRST, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)


class Kept:
    """What the database keeps of outside time, as an export reads it."""

    def __init__(self, stamps: Stamps, anchors: Anchors) -> None:
        self._stamps = stamps
        self._anchors = anchors

    def tokens(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Token]]:
        return self._stamps.tokens(subjects)

    def anchored(self) -> Sequence[Checkpoint]:
        return [anchor.checkpoint for anchor in self._anchors.anchors()]

    def authorities(self) -> Sequence[TrustedAuthority]:
        return [trusted_authority(one.url, one.chain) for one in self._stamps.authorities()]


@dataclass
class Given:
    """Outside time as it is put together by hand, so that it can be wrong."""

    stamps: dict[str, list[Stamped]] = field(default_factory=dict)
    anchors: list[Checkpoint] = field(default_factory=list)
    trusted: list[TrustedAuthority] = field(default_factory=list)

    def tokens(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Stamped]]:
        return {subject: self.stamps[subject] for subject in subjects if subject in self.stamps}

    def anchored(self) -> Sequence[Checkpoint]:
        return self.anchors

    def authorities(self) -> Sequence[TrustedAuthority]:
        return self.trusted


class Watch:
    """The time, to which something may be added."""

    def __init__(self) -> None:
        self.more = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.more


@contextmanager
def stamped(
    template: Path, folder: Path, when: Sequence[timedelta] = (), root: Paper | None = None, leaf: Paper | None = None
) -> Iterator[Acme]:
    """The review as it happens now: every attestation and every anchored checkpoint has its token.

    ``when`` is added to the times that the first attestations claim.
    """
    shutil.copy(template, folder / "attester.db")
    spans, start = iter(when), datetime.now(UTC) - timedelta(seconds=5)
    moved: dict[int, timedelta] = {}

    def claimed(recorded: Recorded) -> datetime:
        return start + moved.setdefault(id(recorded), next(spans, timedelta()))

    company = acme(f"sqlite:///{folder / 'attester.db'}", folder, when=claimed)
    with running_authority(folder / "tsa", root=root, leaf=leaf) as running:
        authority = open_authority(running.url, running.ca)
        keep(company, folder, Stamper(Stamps(company.database), authority, Watch(), alarms(company)))
        authority.close()
    company.source = replace(company.source, outside=Kept(Stamps(company.database), Anchors(company.database)))
    yield company
    company.database.close()


def alarms(company: Acme) -> Queue:
    return Queue(company.database, Watch(), "test:1")


def keep(company: Acme, folder: Path, stamper: Stamper) -> None:
    """Anchor the log in a vault, and stamp until nothing waits."""
    stamps, anchors = Stamps(company.database), Anchors(company.database)
    key = load_log_key(f"file:{folder / 'log.key'}", create=False).public
    vault = Vaulted("file:///vault", FileVault(folder / "vault"))
    Anchorer(anchors, stamps, company.log, key, vault, Watch(), alarms(company), stamp=True).run()
    while stamper.run():
        pass


def packet_of(source: PacketSource, out: Path) -> Path:
    """The packet of everything."""
    export(source, out=out, start=FIRST, end=AFTER)
    return out
