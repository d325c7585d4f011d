"""Named histories of the ledger's own case: previews, documentation and test data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from workflows.kernel.ledger_note import (
    NoteClock,
    NoteCorrupt,
    NoteExport,
    NoteFrozen,
    NoteGap,
    NoteKey,
    NoteNoTime,
    NoteProbe,
    NoteRecovered,
)
from workflows.kernel.model import Command
from workflows.kernel.publickey import der, fingerprint

Story = Sequence[tuple[datetime, Command]]
"""What was found, and when."""

ORIGIN = "ledger.example.com"
VKEY = f"{ORIGIN}+2085b846+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
VAULT = "s3://vault-example/attester"
CHECKPOINT = f"{ORIGIN}\n1778\n{'A' * 43}=\n\n— {ORIGIN} {'A' * 91}=\n"
CHECKS = (
    "delete", "delete with bypass", "delete in batch", "wrong checksum", "shorten", "weaken", "read back", "suspend",
)  # fmt: skip
PEMS = (
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfPJ7GI0DT36KUjgDBLUaw8CJaeJ3\n"
    "8hs1pgtI/EdmmXgHdQQcXCVJUGJVBb4lq0hWTLJ6/5Fva3NoUGSMqyFcPg==\n-----END PUBLIC KEY-----\n",
)


def stories() -> dict[str, Story]:
    """By name: a key that came a year later, an outside that was away, a log that was restored, a packet for an auditor."""
    first, year_later = (
        NoteKey(origin=ORIGIN, log_key=VKEY, keyid=fingerprint(der(text)), pem=text) for text in PEMS
    )  # fmt: skip
    opened = (datetime(2026, 10, 1, 9, 0, tzinfo=UTC), first)
    day, start = timedelta(days=1), datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    kept = dict.fromkeys(CHECKS, "kept")
    outside = (
        (start, NoteProbe(vault=VAULT, verdicts=kept)),
        (start + day, NoteGap(anchored_size=1774, size=1778, since=start)),
        (start + day, NoteNoTime(since=start, waiting=4, why="The authority did not answer within 10 s.")),
        (start + 2 * day, NoteClock(subject="7f" * 32, at=start + 2 * day, gen_at=start + day, authority="https://tsa.example")),
        (start + 3 * day, NoteProbe(vault=VAULT, verdicts={**kept, "suspend": "broken"})),
    )  # fmt: skip
    restored = (
        (start, NoteCorrupt(finding="Leaf 1,204 is not the one of its attestation.")),
        (start, NoteFrozen(origin_before=ORIGIN, checkpoint_before=CHECKPOINT, why="The database is older than the vault.")),
        (start + day, NoteRecovered(size_before=1204, size_after=1778, root="3c" * 32, lost=("The open asks of one case.",))),
    )  # fmt: skip
    packet = NoteExport(
        for_whom="Example Audit LLP", first=0, last=1777, checkpoint_size=1778, sha256="9e" * 32,
        start=datetime(2026, 10, 1, tzinfo=UTC), end=datetime(2027, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return {
        "second_key": (opened, (datetime(2027, 10, 1, 9, 0, tzinfo=UTC), year_later)),
        "outside_away": (opened, *outside),
        "restored": (opened, *restored),
        "packet_for_an_auditor": (opened, (datetime(2027, 1, 4, 9, 0, tzinfo=UTC), packet)),
    }
