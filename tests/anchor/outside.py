"""A company's ledger with a vault and, where wanted, a timestamp authority, for the tests of outside time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.anchoring import Anchorer, Vaulted
from bot.stamper import Stamper
from bot.stamping import Authority
from bot.store.anchor import Anchors
from bot.store.outbox_queue import Queue
from bot.store.stamp import Stamps
from bot.vault import FileVault, VaultFailed
from tests.proof.ledger import Acme


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


class FlakyVault(FileVault):
    """A folder that can be away, or go away after some writes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.left: int | None = None
        self.kept: list[str] = []

    def keep(self, name: str, data: bytes) -> None:
        if self.left is not None:
            if self.left <= 0:
                raise VaultFailed("S3 cannot be reached for vault-acme. Look at the network.")
            self.left -= 1
        super().keep(name, data)
        self.kept.append(name)


class Outside:
    """Everything that keeps the past out of Acme's own hands."""

    def __init__(self, url: str, folder: Path, authority: Authority | None = None) -> None:
        self.acme = Acme(url, folder)
        self.watch = Watch()
        self.vault = FlakyVault(folder / "vault")
        self.alarms = Queue(self.acme.database, self.watch, "test:1")
        self.stamps = Stamps(self.acme.database)
        self.anchors = Anchors(self.acme.database)
        self.authority = authority
        self.anchorer = self.another_anchorer()
        if authority is not None:
            self.stamper = self.another_stamper(authority)

    def another_anchorer(self, name: str = "file:///vault") -> Anchorer:
        """What another worker has, or one with another vault."""
        key = self.acme.key.public
        stamp = self.authority is not None
        vaulted = Vaulted(name, self.vault)
        return Anchorer(
            self.anchors, self.stamps, self.acme.log, key, vaulted, self.watch, self.alarms, stamp=stamp
        )  # fmt: skip

    def another_stamper(self, authority: Authority) -> Stamper:
        """What another worker has."""
        return Stamper(self.stamps, authority, self.watch, self.alarms)

    def decide(self, count: int = 1) -> list[str]:
        """Some decisions now, in the log."""
        made = self.acme.decide(at=self.watch.at, times=count)
        self.acme.log.integrate(self.acme.key, self.watch.at)
        return made

    def ringing(self) -> dict[str, str]:
        """What a person must mend."""
        return {alarm.name: alarm.detail for alarm in self.alarms.alarms()}

    def close(self) -> None:
        self.acme.close()
