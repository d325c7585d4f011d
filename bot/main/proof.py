"""The `.tlog-proof` file of one attestation, as anybody may download it."""

from __future__ import annotations

import re

from bot.store.ledger import Log
from workflows.kernel.checkpoint import proof_file
from workflows.kernel.text import count

ID = re.compile(r"[0-9a-f]{64}")


def proof_of(log: Log, attestation: str) -> tuple[int, str]:
    """Status and text: the proof against the newest checkpoint (C2SP tlog-proof), or 404 and a sentence.

    It holds hashes, an index and the signed checkpoint, and nothing of a person.
    """
    found = log.find(attestation) if ID.fullmatch(attestation) else None
    if found is None:
        return 404, f"No attestation has this SHA-256 in this ledger ({count(log.size(), 'entry', 'entries')})."
    # Read after the entry: what has an index is covered by every checkpoint from then on.
    checkpoint = log.checkpoint()
    if found.idx is None or checkpoint is None:
        return 404, "This attestation is recorded and waits for the log. Try again in a few seconds."
    return 200, proof_file(found.idx, log.proof(found.idx, checkpoint.size), checkpoint.note)
