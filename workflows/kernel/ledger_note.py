"""What the ledger says of itself: commands in the imperative, given by a process of ours, and the events they lead to.

None holds more of a person than an id. `bot` finds these things out; `ledger_rule` decides whether they are news.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from workflows.kernel.model import Command, Digest, Event, Need

KEPT = "kept"
"""The verdict of a check of the probe that a bucket passed; others are `broken` and `not provable`."""


class Note(Command):
    """A command of the ledger's own case: a process of ours gives it, and nobody else may."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False


class NoteKey(Note):
    """This process signs with this key, in the log of this origin."""

    origin: str
    log_key: str
    keyid: str
    pem: str


class NoteRecovered(Note):
    """The log was rebuilt from the vault up to ``size_after``; ``lost`` are sentences on what could not be had again."""

    size_before: int
    size_after: int
    root: Digest
    lost: tuple[str, ...] = ()


class NoteFrozen(Note):
    """The log contradicts a checkpoint that was anchored: ``checkpoint_before`` is that signed note, as it stands."""

    origin_before: str
    checkpoint_before: str
    why: str


class NoteCorrupt(Note):
    """The stored log contradicts itself; ``finding`` is the sentence that says where."""

    finding: str


class NoteClock(Note):
    """An authority's time lies over a minute before the time that an attestation, or `checkpoint/<size>`, claims."""

    subject: str
    at: AwareDatetime
    gen_at: AwareDatetime
    authority: str


class NoteNoTime(Note):
    """``waiting`` attestations and anchors have no outside time, the first of them since ``since``."""

    since: AwareDatetime
    waiting: int
    why: str = ""


class NoteGap(Note):
    """The vault holds ``anchored_size`` of ``size`` attestations; the first checkpoint without an anchor is of ``since``."""

    anchored_size: int
    size: int
    since: AwareDatetime


class NoteProbe(Note):
    """A vault's immutability was probed: for each check `kept`, `broken` or `not provable`."""

    vault: str
    verdicts: dict[str, str]


class NoteExport(Note):
    """A packet was written for somebody: indices ``first`` to ``last``, for the time from ``start`` until before ``end``."""

    for_whom: str
    first: int
    last: int
    checkpoint_size: int
    sha256: Digest
    start: AwareDatetime
    end: AwareDatetime


class LedgerOpened(Event):
    """The log has its origin, for ever. ``log_key`` is its public key as signed notes write it (vkey)."""

    NAME: ClassVar[str] = "ledger_opened"
    origin: str
    log_key: str


class KeyAdded(Event):
    """Attestations are signed with this key from now on; older keys go on proving what they signed."""

    NAME: ClassVar[str] = "key_added"
    keyid: str
    pem: str


class LedgerRecovered(Event):
    """The log was rebuilt from the vault. ``root`` is that of ``size_after``; ``lost`` says what could not be had again."""

    NAME: ClassVar[str] = "ledger_recovered"
    size_before: int
    size_after: int
    root: Digest
    lost: tuple[str, ...]


class LedgerFrozen(Event):
    """The log contradicted an anchored checkpoint, here verbatim, and nothing more was decided until it was mended."""

    NAME: ClassVar[str] = "ledger_frozen"
    origin_before: str
    checkpoint_before: str
    why: str


class LedgerFoundCorrupt(Event):
    """The stored log contradicted itself. While it does it signs nothing, so this was signed once it signed again."""

    NAME: ClassVar[str] = "ledger_corrupt"
    finding: str


class LedgerClockWrong(Event):
    """A token's time lay over a minute before ``at``, the time its subject claims; the token was refused. Once a day at most."""

    NAME: ClassVar[str] = "ledger_clock_wrong"
    subject: str
    at: AwareDatetime
    gen_at: AwareDatetime
    authority: str


class LedgerTimeMissing(Event):
    """For over a day no verified token came: ``waiting`` attestations and anchors had no outside time, the first ``since``."""

    NAME: ClassVar[str] = "ledger_time_missing"
    since: AwareDatetime
    waiting: int
    why: str


class LedgerAnchorGap(Event):
    """For over a day nothing reached the vault: it held ``anchored_size`` of ``size`` attestations."""

    NAME: ClassVar[str] = "ledger_anchor_gap"
    anchored_size: int
    size: int
    since: AwareDatetime


class VaultProbeFailed(Event):
    """Not every check of the probe was kept: from now on the vault is not claimed to be immutable."""

    NAME: ClassVar[str] = "vault_probe_failed"
    vault: str
    verdicts: dict[str, str]


class VaultProbeKept(Event):
    """Every check of the probe was kept, as of this moment."""

    NAME: ClassVar[str] = "vault_probe_kept"
    vault: str
    verdicts: dict[str, str]


class PacketExported(Event):
    """A packet was written. ``sha256`` is that of the zip file; whoever holds the file can compare."""

    NAME: ClassVar[str] = "packet_exported"
    for_whom: str
    first: int
    last: int
    checkpoint_size: int
    sha256: Digest
    start: AwareDatetime
    end: AwareDatetime


NOTES: tuple[type[Command], ...] = (
    NoteKey, NoteRecovered, NoteFrozen, NoteCorrupt, NoteClock, NoteNoTime, NoteGap, NoteProbe, NoteExport,
)  # fmt: skip
FINDINGS: tuple[type[Event], ...] = (
    LedgerOpened, KeyAdded, LedgerRecovered, LedgerFrozen, LedgerFoundCorrupt, LedgerClockWrong, LedgerTimeMissing,
    LedgerAnchorGap, VaultProbeFailed, VaultProbeKept, PacketExported,
)  # fmt: skip
