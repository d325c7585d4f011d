"""What a process keeps and signs with: database, keys, ledger, vault. Nothing is built before it is used."""

from __future__ import annotations

import json
import os
import socket
from datetime import timedelta
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from bot.clock import SystemClock
from bot.settings import Settings, SettingsInvalid
from bot.signing import load_log_key, load_signer
from bot.stamping import Authority, AuthorityUnusable, open_authority, trusted_authority
from bot.store import migrate
from bot.store.anchor import Anchors
from bot.store.database import Database
from bot.store.ledger import Log
from bot.store.link import SlackLinks
from bot.store.people import Refusals, SlackPeople
from bot.store.programs import Programs
from bot.store.receipt import Receipts
from bot.store.record import Record
from bot.store.signin import SignIns
from bot.store.snapshot import Snapshots
from bot.store.stamp import Stamps
from bot.vault import FileVault, S3Vault, open_vault
from workflows.kernel.bundle import TrustedAuthority
from workflows.kernel.checkpoint import LogKey, default_origin
from workflows.kernel.erasure import RETENTION_YEARS
from workflows.kernel.ports import Clock, Signer

DAYS_A_YEAR = 365.25
SKEW = timedelta(minutes=5)
"""How far the clocks of processes may differ: a key counts from so long before the first process that starts with it."""


def our_version() -> str:
    """The version that is installed, or that of the tree."""
    try:
        return version("attester")
    except PackageNotFoundError:
        return "0.1.0"


class Storage:
    """The keeping parts of one process. `close` gives them back."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.folder = settings.program or settings.data / "program"
        self.worker = f"{socket.gethostname()[:40]}:{os.getpid()}"

    @cached_property
    def database(self) -> Database:
        """The database, at this version's schema. Raises NotUpgraded; the embedded one is upgraded instead."""
        self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.settings.embedded:
            migrate.upgrade(self.settings.database_url)
        database = Database(self.settings.database_url)
        migrate.ready(database)
        return database

    @cached_property
    def signer(self) -> Signer:
        """The key of attestations; made at the first start in embedded mode only. Raises SigningFailed."""
        return load_signer(
            self.settings.signing_key, create=self.settings.embedded, endpoint=self.settings.aws_endpoint_url
        )

    @cached_property
    def log_key(self) -> LogKey:
        """The key of checkpoints. Raises SigningFailed."""
        return load_log_key(
            self.settings.log_key, create=self.settings.embedded, endpoint=self.settings.aws_endpoint_url
        )

    @cached_property
    def log(self) -> Log:
        """The ledger's log, opened under its origin, which never changes again."""
        log = Log(self.database)
        host = (urlsplit(self.settings.public_url).hostname or "").lower()
        local = host in ("", "localhost", "127.0.0.1")
        try:
            log.open(default_origin(self.log_key.public) if local else host, self.clock.now())
        except ValueError as error:
            what = f"The ledger cannot be named after ATTESTER_PUBLIC_URL ({error}). Give it a plain host name."
            raise SettingsInvalid([what]) from error
        log.add_key(self.signer.keyid, self.signer.public_pem.decode(), self.clock.now() - SKEW)
        return log

    @cached_property
    def vault(self) -> FileVault | S3Vault:
        """Where evidence and the log's copies lie. A lock ends by the clock on the wall, also where ours is shifted."""
        return open_vault(self.settings.vault_url, SystemClock().now, self.settings.aws_endpoint_url, self.retention)

    def retention(self) -> timedelta:
        """How long records are kept: as the program in force says, else seven years."""
        current = self.programs.current()
        years = json.loads(current[1])["program"]["company"].get("retention_years") if current else None
        return timedelta(days=round(DAYS_A_YEAR * (years or RETENTION_YEARS)))

    @cached_property
    def authority(self) -> Authority | None:
        """Who stamps attestations; None where nobody is configured. Raises SettingsInvalid."""
        if self.settings.tsa_ca is None:
            return None
        try:
            return open_authority(self.settings.tsa_url, self.settings.tsa_ca)
        except AuthorityUnusable as error:
            raise SettingsInvalid([str(error)]) from error

    @cached_property
    def stamps(self) -> Stamps:
        """Tokens, and what waits for one."""
        return Stamps(self.database)

    def trusted_authorities(self) -> list[TrustedAuthority]:
        """Every certificate that a kept token was signed with, for `trusted_root.json`."""
        return [trusted_authority(one.url, one.chain) for one in self.stamps.authorities()]

    @cached_property
    def receipts(self) -> Receipts:
        """What people are told once their decision is in the log."""
        return Receipts(self.database)

    @cached_property
    def anchors(self) -> Anchors:
        """Which checkpoints the vault holds."""
        return Anchors(self.database)

    @cached_property
    def record(self) -> Record:
        """Cases, events, asks."""
        return Record(self.database)

    @cached_property
    def snapshots(self) -> Snapshots:
        """Pulls of identity data."""
        return Snapshots(self.database)

    @cached_property
    def programs(self) -> Programs:
        """Programs that were applied."""
        return Programs(self.database)

    @cached_property
    def members(self) -> SlackPeople:
        """Slack's directory."""
        return SlackPeople(self.database)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Tickets and web sessions."""
        return SignIns(self.database)

    @cached_property
    def slack_links(self) -> SlackLinks:
        """Links between Slack and the identity provider: the index over their events."""
        return SlackLinks(self.database)

    @cached_property
    def refusals(self) -> Refusals:
        """Attempts that were refused."""
        return Refusals(self.database)

    def close(self) -> None:
        """Give back what was opened."""
        if self.__dict__.get("authority") is not None:
            self.__dict__["authority"].close()
        if "database" in self.__dict__:
            self.database.close()
