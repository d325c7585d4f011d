"""The ledger on the Home tab of those who answer for a control: one line while all is well, a banner where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.kernel.blocks import Block, context, section
from workflows.kernel.text import Mrkdwn, count, fill, joined, mrkdwn, when

PENDING_LATE = timedelta(seconds=60)
TOKEN_LATE = timedelta(minutes=15)
ANCHOR_LATE = timedelta(minutes=10)
PROBE_OLD = timedelta(hours=36)
CHECKS = 8
"""What the probe of a bucket tries, and must be denied."""


@dataclass(frozen=True)
class LedgerState:
    """What is known of the ledger at one moment. A time is None where there is none yet.

    ``pending``, ``unstamped`` and ``unanchored`` are how long the oldest attestation has waited for the log, for outside
    time, for a copy in the vault. ``stamps``: an authority is configured. ``bucket``: the vault can be immutable at all;
    ``kept`` of its checks were kept when it was probed last. ``trouble`` are sentences of alarms that ring.
    """

    size: int
    pending: timedelta = timedelta()
    stamps: bool = False
    stamped_at: datetime | None = None
    unstamped: timedelta = timedelta()
    anchored_at: datetime | None = None
    unanchored: timedelta = timedelta()
    bucket: bool = False
    probed_at: datetime | None = None
    kept: int = 0
    trouble: tuple[str, ...] = ()


def problems(state: LedgerState, now: datetime) -> list[str]:
    """What is late or failing, each in a sentence that says what to do; empty where all is well."""
    found = list(state.trouble)
    if state.pending > PENDING_LATE:
        found.append(f"Attestations wait {_span(state.pending)} for the log. Check that a worker runs: attester doctor")
    if state.stamps and state.unstamped > TOKEN_LATE:
        found.append(
            f"The timestamp authority has not answered for {_span(state.unstamped)}. It is asked again by itself; if it "
            "goes on: attester doctor"
        )
    if state.unanchored > ANCHOR_LATE:
        found.append(
            f"For {_span(state.unanchored)} no copy of the log has reached the vault. It is tried again by itself; if it "
            "goes on: attester doctor"
        )
    if state.bucket and state.probed_at is not None and now - state.probed_at > PROBE_OLD:
        found.append(
            f"The bucket was last probed {_span(now - state.probed_at)} ago. Check that a worker runs: attester doctor"
        )
    elif state.bucket and state.probed_at is not None and state.kept < CHECKS:
        found.append(
            f"The bucket kept {state.kept} of {CHECKS} promises when it was probed, so it is not shown to be immutable. Run: "
            "attester doctor"
        )
    return found


def ledger_blocks(state: LedgerState, now: datetime) -> list[Block]:
    """A banner with each problem, or one quiet line."""
    wrong = problems(state, now)
    if wrong:
        return [
            section(joined([Mrkdwn("*:warning: The ledger needs a look*"), *(mrkdwn(one, 400) for one in wrong[:3])]))
        ]
    return [context(joined(_parts(state, now), " · "))]


def _parts(state: LedgerState, now: datetime) -> list[Mrkdwn]:
    parts = [fill("Ledger: {}", count(state.size, "entry", "entries"))]
    if not state.stamps:
        parts.append(Mrkdwn("no outside time"))
    elif state.stamped_at is not None:
        parts.append(fill("stamped {}", when(state.stamped_at)))
    if state.anchored_at is not None:
        parts.append(fill("copied to the vault {} ago", _span(now - state.anchored_at)))
    if not state.bucket:
        parts.append(Mrkdwn("the vault is a folder, not immutable"))
    elif state.probed_at is None:
        parts.append(Mrkdwn("bucket not probed yet"))
    else:
        parts.append(fill("bucket probed {}: {} of {} kept", when(state.probed_at), state.kept, CHECKS))
    return parts


def _span(time: timedelta) -> str:
    seconds = int(max(0.0, time.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} minutes"
    return f"{seconds // 3600} hours" if seconds < 48 * 3600 else f"{seconds // 86400} days"
