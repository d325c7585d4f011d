"""Whether what a process found is news to the ledger: the same finding twice is recorded once, until it was over.

A note is itself an attestation: it makes the log grow, waits for a token and for an anchor. So whatever a note could
cause again (a gap, a missing token, a wrong clock) is noted once per stretch, and never because of the note itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime

from workflows.kernel.checkpoint import check_origin
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Value
from workflows.kernel.ledger_note import (
    KEPT,
    KeyAdded,
    LedgerAnchorGap,
    LedgerClockWrong,
    LedgerFoundCorrupt,
    LedgerFrozen,
    LedgerOpened,
    LedgerRecovered,
    LedgerTimeMissing,
    NoteClock,
    NoteCorrupt,
    NoteExport,
    NoteFrozen,
    NoteGap,
    NoteKey,
    NoteNoTime,
    NoteProbe,
    NoteRecovered,
    PacketExported,
    VaultProbeFailed,
    VaultProbeKept,
)
from workflows.kernel.model import Command, Event, Recorded
from workflows.kernel.publickey import der, fingerprint

CLOCK_AGAIN = timedelta(days=1)
LOST = 100
"""Sentences on what was lost that stand in one attestation; the number of the others is the last of them."""


class Standing(Value):
    """The case's state: origin, keys, and what was noted and is not known to be over.

    ``time_noted`` and ``gap_noted`` are when a lack was noted: what waited then still waits while it is ``since`` before.
    """

    origin: str = ""
    opened_at: AwareDatetime
    keyids: tuple[str, ...] = ()
    recovered: tuple[int, int, str] | None = None
    frozen: tuple[str, str] | None = None
    corrupt: frozenset[str] = frozenset()
    clock_noted: AwareDatetime | None = None
    time_noted: AwareDatetime | None = None
    gap_noted: AwareDatetime | None = None
    probes: dict[str, dict[str, str]] = {}
    exported: str = ""


def news(state: Standing, command: Command, at: datetime) -> tuple[Event, ...]:
    """The events that a finding leads to: none where it stands already. Raises Refused."""
    rule = _RULES.get(type(command))
    if rule is None:
        raise Refused("unknown_note", "The ledger's case knows no such note.", "Nothing was recorded.")
    return rule(state, command, at)


def noted(state: Standing, recorded: Recorded) -> Standing:
    """What is known after this."""
    at, event = recorded.at, recorded.event
    match event:
        case LedgerOpened():
            return state.model_copy(update={"origin": event.origin})
        case KeyAdded():
            return state.model_copy(update={"keyids": (*state.keyids, event.keyid)})
        case LedgerRecovered():
            # A recovery ends whatever was wrong with the log itself: the same again is news.
            done = (event.size_before, event.size_after, event.root)
            return state.model_copy(update={"recovered": done, "frozen": None, "corrupt": frozenset[str]()})
        case LedgerFrozen():
            return state.model_copy(update={"frozen": (event.origin_before, event.checkpoint_before)})
        case LedgerFoundCorrupt():
            return state.model_copy(update={"corrupt": state.corrupt | {event.finding}})
        case LedgerClockWrong():
            return state.model_copy(update={"clock_noted": at})
        case LedgerTimeMissing():
            return state.model_copy(update={"time_noted": at})
        case LedgerAnchorGap():
            return state.model_copy(update={"gap_noted": at})
        case VaultProbeFailed() | VaultProbeKept():
            return state.model_copy(update={"probes": {**state.probes, event.vault: event.verdicts}})
        case PacketExported():
            return state.model_copy(update={"exported": event.sha256})
    return state


def _key(state: Standing, said: NoteKey, _at: datetime) -> tuple[Event, ...]:
    if fingerprint(der(said.pem)) != said.keyid:
        raise Refused("other_key", "The key's id is not its fingerprint.", "Nothing was recorded.")
    opened = () if state.origin else (LedgerOpened(origin=check_origin(said.origin), log_key=said.log_key),)
    added = () if said.keyid in state.keyids else (KeyAdded(keyid=said.keyid, pem=said.pem),)
    return (*opened, *added)


def _recovered(state: Standing, said: NoteRecovered, _at: datetime) -> tuple[Event, ...]:
    if state.recovered == (said.size_before, said.size_after, said.root) and not (state.frozen or state.corrupt):
        return ()
    more = len(said.lost) - LOST
    lost = (*said.lost[:LOST], *((f"And {more:,} more.",) if more > 0 else ()))
    return (
        LedgerRecovered(size_before=said.size_before, size_after=said.size_after, root=said.root, lost=lost),
    )  # fmt: skip


def _frozen(state: Standing, said: NoteFrozen, _at: datetime) -> tuple[Event, ...]:
    if state.frozen == (said.origin_before, said.checkpoint_before):
        return ()
    return (
        LedgerFrozen(origin_before=said.origin_before, checkpoint_before=said.checkpoint_before, why=said.why),
    )  # fmt: skip


def _corrupt(state: Standing, said: NoteCorrupt, _at: datetime) -> tuple[Event, ...]:
    return () if said.finding in state.corrupt else (LedgerFoundCorrupt(finding=said.finding),)


def _clock(state: Standing, said: NoteClock, at: datetime) -> tuple[Event, ...]:
    # The note is of the same wrong clock and is refused a token as well: only time can end this stretch.
    if state.clock_noted is not None and abs(at - state.clock_noted) < CLOCK_AGAIN:
        return ()
    return (LedgerClockWrong(subject=said.subject, at=said.at, gen_at=said.gen_at, authority=said.authority),)


def _no_time(state: Standing, said: NoteNoTime, _at: datetime) -> tuple[Event, ...]:
    if state.time_noted is not None and said.since <= state.time_noted:
        return ()
    return (LedgerTimeMissing(since=said.since, waiting=said.waiting, why=said.why),)


def _gap(state: Standing, said: NoteGap, _at: datetime) -> tuple[Event, ...]:
    if state.gap_noted is not None and said.since <= state.gap_noted:
        return ()
    return (LedgerAnchorGap(anchored_size=said.anchored_size, size=said.size, since=said.since),)


def _probe(state: Standing, said: NoteProbe, _at: datetime) -> tuple[Event, ...]:
    if not said.verdicts or state.probes.get(said.vault) == said.verdicts:
        return ()
    kind = VaultProbeKept if all(one == KEPT for one in said.verdicts.values()) else VaultProbeFailed
    return (kind(vault=said.vault, verdicts=said.verdicts),)


def _export(state: Standing, said: NoteExport, _at: datetime) -> tuple[Event, ...]:
    return () if state.exported == said.sha256 else (PacketExported(**said.model_dump()),)


_RULES: Mapping[type[Command], Callable[[Standing, Any, datetime], tuple[Event, ...]]] = {
    NoteKey: _key,
    NoteRecovered: _recovered,
    NoteFrozen: _frozen,
    NoteCorrupt: _corrupt,
    NoteClock: _clock,
    NoteNoTime: _no_time,
    NoteGap: _gap,
    NoteProbe: _probe,
    NoteExport: _export,
}
