"""Keys that end: proposed on the command line, agreed by two people in Slack, carried out by the worker."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.main.storage import Storage
from bot.runtime import Runtime
from bot.store.keys import Keys
from workflows.kernel.errors import Refused
from workflows.kernel.keykeeping import NAME, NOTHING, EndKey, KeyEnd, case_of
from workflows.kernel.ledger import CASE
from workflows.kernel.model import CaseId, by_system
from workflows.kernel.ports import Clock, Signer, SigningFailed

LOOK_EVERY = timedelta(seconds=10)
"""How long a process may sign before it looks again whether its key was ended; far less than a retired key has left."""
LOG = structlog.get_logger("attester")


class LiveSigner:
    """This process's key, until it is ended: then it signs nothing more."""

    def __init__(self, signer: Signer, keys: Keys, clock: Clock) -> None:
        self._signer = signer
        self._keys = keys
        self._clock = clock
        self._looked_at: datetime | None = None
        self.keyid = signer.keyid
        self.public_der = signer.public_der
        self.public_pem = signer.public_pem

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``. Raises SigningFailed, also where the key was retired or declared compromised."""
        now = self._clock.now()
        if self._looked_at is None or not timedelta() <= now - self._looked_at < LOOK_EVERY:
            if (what := how_it_ended(self._keys, self.keyid)) is not None:
                raise SigningFailed(
                    f"The signing key {self.keyid} {what}. Set ATTESTER_SIGNING_KEY to its successor, then restart."
                )
            self._looked_at = now
        return self._signer.sign(data)


def how_it_ended(keys: Keys, keyid: str) -> str | None:
    """`was retired` or `was declared compromised`; None while the key counts."""
    not_after, compromised_since = keys.ended(keyid)
    if compromised_since is not None:
        return "was declared compromised"
    return "was retired" if not_after is not None else None


def propose(storage: Storage, runtime: Runtime, control: str, keyid: str, since: datetime | None = None) -> CaseId:
    """Ask the control's owner and deputy whether a key shall be retired or, with ``since``, declared compromised; the case.

    Raises Refused: unknown key, no successor, the key in use, ended already; and what the runtime raises.
    """
    settle(storage, runtime)
    keys = Keys(storage.database)
    known = keys.use(keyid)
    if known is None:
        raise Refused(
            "unknown_key", "The ledger knows no signing key of this id.", f"{NOTHING} List them: attester ledger keys"
        )
    noted, _ = runtime.state(CASE)
    there = set(noted.keyids) if noted is not None else set()
    command = EndKey(
        control=control, keyid=keyid, not_before=known.not_before, not_after=known.not_after,
        compromised_since=known.compromised_since, signed=known.signed, since=since,
        successors=tuple(key for key in keys.live() if key != keyid and key in there),
    )  # fmt: skip
    case = case_of(control, known.pem, storage.clock.now())
    name = "attester ledger retire" if since is None else "attester ledger compromised"
    runtime.act(case, command, by_system(name), control=control)
    return case


def settle(storage: Storage, runtime: Runtime) -> int:
    """Make the ledger's keys what two people decided; returns how many changed. Safe to repeat, by any number of processes.

    The rows are an index over the events: after a crash, or in a database made anew, the next look sets them again.
    """
    keys, changed = Keys(storage.database), 0
    for case in storage.record.starting(f"{NAME}/"):
        state, _ = runtime.state(case)
        if isinstance(state, KeyEnd) and keys.end(state.keyid, state.not_after, state.compromised_since):
            LOG.info("key_ended", key=state.keyid, case=case)
            changed += 1
    return changed
