"""The keys of this process, noted in the ledger before it signs anything else."""

from __future__ import annotations

from bot.runtime import Runtime
from workflows.kernel.checkpoint import LogKey, vkey
from workflows.kernel.ledger import CASE, NAME, NoteKey
from workflows.kernel.model import by_system
from workflows.kernel.ports import Signer


def note_keys(runtime: Runtime, origin: str, signer: Signer, log_key: LogKey) -> None:
    """Attest that the log was opened, and that this key signs from now on, where the ledger does not say so yet.

    Any number of processes may start at once: one of them notes it. Raises SigningFailed, Conflict, Unsure.
    """
    known, _ = runtime.state(CASE)
    if known is not None and signer.keyid in known.keyids:
        return
    noted = NoteKey(
        origin=origin, log_key=vkey(origin, log_key.public), keyid=signer.keyid, pem=signer.public_pem.decode()
    )
    runtime.act(CASE, noted, by_system("attester"), control=NAME)
