"""What time wakes for the ledger's outside: anchors in the vault, tokens of the authority, the daily look at both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from prometheus_client import Gauge

from bot.anchoring import Anchorer, Vaulted
from bot.clock import SystemClock
from bot.jobs import Tick
from bot.main.storage import Storage
from bot.stamper import Alarms, Note, Stamper, unrecorded
from bot.stamping import TokenRefused
from bot.store.stamp import Token
from bot.vault import S3Vault, VaultUnusable
from bot.vault.probe import Checked, Probe, probe_client
from workflows.kernel.bundle import TrustedAuthority
from workflows.kernel.checkpoint import Checkpoint
from workflows.kernel.ledger import NoteProbe
from workflows.kernel.ledger_note import KEPT

ANCHOR_SECONDS = 40.0
"""Anchors are at most 60 s apart while the log grows."""
STAMP_SECONDS = 5.0
PROBE_EVERY = timedelta(hours=24)
PROBE_FAILED = "vault_probe_failed"
DAY = 24 * 3600.0
MEASURE_SECONDS = 10.0
PENDING = Gauge("attester_ledger_oldest_pending_seconds", "How long the oldest attestation has waited for the log")
PROBE_KEPT = Gauge("attester_vault_probe_kept", "Checks of the bucket's last probe that were kept; all is 8")
PROBED = Gauge("attester_vault_probed_seconds", "When the bucket was last probed; 0 before the first time")
LOG = structlog.get_logger("attester")


def anchorer(storage: Storage, alarms: Alarms, note: Note = unrecorded) -> Anchorer:
    """Copies the log into the vault; anchored checkpoints are stamped where there is an authority."""
    return Anchorer(
        storage.anchors,
        storage.stamps,
        storage.log,
        storage.log_key.public,
        Vaulted(storage.settings.vault_url, storage.vault),
        storage.clock,
        alarms,
        stamp=storage.authority is not None,
        note=note,
    )


def ticks(storage: Storage, alarms: Alarms, note: Note = unrecorded) -> list[Tick]:
    """The ticks of a worker; ``note`` records what they find. Raises SettingsInvalid where the authority cannot be used."""
    anchors = anchorer(storage, alarms, note)
    found = [
        Tick("measure", MEASURE_SECONDS, lambda: measure(storage)),
        Tick("anchor", ANCHOR_SECONDS, anchors.run),
        Tick("compare", DAY, lambda: compared(anchors)),
    ]
    if storage.authority is not None:
        stamper = Stamper(storage.stamps, storage.authority, storage.clock, alarms, note)
        found += [Tick("stamp", STAMP_SECONDS, stamper.run), Tick("restamp", DAY, stamper.renew)]
    if isinstance(storage.vault, S3Vault):
        found.append(Tick("probe", 3600.0, lambda: probe_when_old(storage, alarms, note)))
    return found


def measure(storage: Storage) -> None:
    """Show on `/metrics` what the database knows of the log's delay and of the last probe."""
    PENDING.set(storage.log.pending_age(storage.clock.now()))
    last = storage.anchors.probed(storage.settings.vault_url)
    PROBED.set(last.at.timestamp() if last else 0)
    PROBE_KEPT.set(sum(verdict == KEPT for verdict, _ in last.verdicts.values()) if last else 0)


def probe_when_old(storage: Storage, alarms: Alarms, note: Note = unrecorded) -> bool:
    """Probe the bucket where the last probe is a day old; True where it was. What was found is kept, noted, said aloud.

    Also what `attester doctor` found meanwhile: it only looks.
    """
    vault = storage.settings.vault_url
    last = storage.anchors.probed(vault)
    old = last is None or storage.clock.now() - last.at >= PROBE_EVERY
    if old:
        try:
            probe(storage)
        except VaultUnusable as failure:
            LOG.warning("vault_not_probed", why=str(failure))
            return False
        last = storage.anchors.probed(vault)
    verdicts = {name: verdict for name, (verdict, _) in last.verdicts.items()} if last else {}
    note(NoteProbe(vault=vault, verdicts=verdicts))
    wrong = [f"{name}: {verdict}" for name, verdict in verdicts.items() if verdict != KEPT]
    if wrong:
        alarms.sound(PROBE_FAILED, f"The vault is not shown to be immutable ({', '.join(wrong)}). Run: attester doctor")
    else:
        alarms.clear(PROBE_FAILED)
    return old


def probe(storage: Storage) -> list[Checked]:
    """Probe the bucket now and keep how it went; nothing for a folder. Raises VaultUnusable."""
    vault = storage.vault
    if not isinstance(vault, S3Vault):
        return []
    client = probe_client(vault.bucket, storage.settings.aws_endpoint_url)
    checked = Probe(client, vault.bucket, vault.prefix, SystemClock().now).run()
    verdicts = {one.name: (one.verdict, one.said) for one in checked}
    storage.anchors.keep_probe(storage.settings.vault_url, storage.clock.now(), verdicts)
    return checked


def findings(storage: Storage, alarms: Alarms) -> list[str]:
    """What is wrong with kept tokens and with the newest anchor, in sentences. Tokens are judged where their root is known."""
    found = [said] if (said := compared(anchorer(storage, alarms))) else []
    if storage.authority is None:
        return found
    for token, data in storage.stamps.walk():
        try:
            judged = storage.authority.judge(token.data, data)
        except TokenRefused as refused:
            found.append(f"The token {token.id} of {token.subject} does not hold: {refused} Take it from a backup.")
            continue
        if judged.gen_at != token.gen_at:
            found.append(f"The token {token.id} of {token.subject} is filed under another time than its own.")
    return found


def comparing_first(
    storage: Storage, alarms: Alarms, cover: Callable[[], Checkpoint | None]
) -> Callable[[], Checkpoint | None]:
    """Covers what is pending, after one comparison with the vault: a checkpoint that forks the log cannot be taken back."""
    did: list[str] = []

    def run() -> Checkpoint | None:
        if not did:
            did.append(compared(anchorer(storage, alarms)))
        return cover()

    return run


def thaw(storage: Storage, alarms: Alarms) -> str:
    """Let decisions go on where the log has all that the vault has; else why not, as a sentence."""
    try:
        return anchorer(storage, alarms).thaw()
    except OSError as away:
        return f"The vault cannot be read, so nothing was thawed: {away}"


def compared(anchors: Anchorer) -> str:
    """Why the log is not what the vault says, or why the vault cannot be read; empty where they agree."""
    try:
        return anchors.compare()
    except OSError as away:
        LOG.warning("vault_not_compared", why=str(away))
        return str(away)


class OutsideTime:
    """What a packet carries of the outside: tokens, anchored checkpoints and the authorities that signed."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def tokens(self, subjects: Sequence[str]) -> dict[str, list[Token]]:
        """The verified tokens of attestations (by id) and of checkpoints (`checkpoint/<size>`)."""
        return self._storage.stamps.tokens(subjects)

    def anchored(self) -> list[Checkpoint]:
        """Every checkpoint that was copied to the vault."""
        return [anchor.checkpoint for anchor in self._storage.anchors.anchors()]

    def authorities(self) -> list[TrustedAuthority]:
        """The authorities whose tokens are kept."""
        return self._storage.trusted_authorities()
