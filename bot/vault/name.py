"""The names of objects in a vault: only these ever become part of a path or key."""

from __future__ import annotations

import re

from workflows.kernel.ports import EvidenceAltered, EvidenceMissing, Forked

EVIDENCE = "evidence/sha256/"
LONGEST = 700
"""S3 takes keys of 1,024 bytes, a prefix included."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)+")


def is_sha256(text: str) -> bool:
    """Whether this is 64 lower-case hex digits and nothing else."""
    return _SHA256.fullmatch(text) is not None


def evidence_name(sha256: str) -> str:
    """The name of evidence. Raises EvidenceMissing for what is no SHA-256: whatever comes in from a URL ends here."""
    if not is_sha256(sha256):
        raise EvidenceMissing(f"{sha256[:80]!r} is no SHA-256: write 64 lower-case hex digits.")
    return EVIDENCE + sha256


def object_name(name: str) -> str:
    """The name, if it is one of an object that is no evidence. Raises ValueError otherwise."""
    if len(name) > LONGEST or not _NAME.fullmatch(name) or name.startswith(("evidence/", "incoming/")):
        raise ValueError(f"{name[:80]!r} is no name of an object in the vault")
    return name


def missing(sha256: str) -> EvidenceMissing:
    """The failure where no evidence has this name."""
    return EvidenceMissing(f"No evidence with the SHA-256 {sha256} is in the vault.")


def altered(sha256: str) -> EvidenceAltered:
    """The failure where evidence has other bytes than those that name it."""
    return EvidenceAltered(
        f"The evidence {sha256} no longer has the bytes that name it. Restore it from a backup; do not overwrite it."
    )


def unnamed(name: str) -> EvidenceMissing:
    """The failure where no object has this name."""
    return EvidenceMissing(f"The vault has no {name}.")


def forked(name: str) -> Forked:
    """The failure where an object has other bytes than those that are to be kept."""
    return Forked(
        f"The vault holds {name} with other bytes than this ledger would write. One of the two was restored from an older "
        "copy or is somebody else's. Stop the workers and run: attester ledger check"
    )
