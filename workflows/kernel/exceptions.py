"""The signed list of weaknesses that are accepted now: what a pipeline gates with, without any of our settings (CC7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime

from workflows.kernel import dsse
from workflows.kernel.identity import Value
from workflows.kernel.jcs import canonical
from workflows.kernel.weakness import Accepted

PAYLOAD_TYPE = "application/vnd.attester.exceptions+json"
"""Another type than that of attestations, so that neither can be taken for the other."""


class Exceptions(Value):
    """What is accepted in a repository and its parts; ``origin`` is the log that has the attestations."""

    type: Literal["urn:attester:exceptions/v1"] = "urn:attester:exceptions/v1"
    repository: str
    origin: str
    made_at: AwareDatetime
    exceptions: tuple[Accepted, ...] = ()


def listed(repository: str, origin: str, accepted: Sequence[Accepted], now: datetime) -> bytes:
    """The list's exact bytes: those that count now, in this repository and its parts."""
    start = f"{repository.lower()}/"
    ours = tuple(a for a in accepted if now <= a.until and f"{a.repository}/".startswith(start))
    made = Exceptions(repository=repository.lower(), origin=origin, made_at=now, exceptions=ours)
    return canonical(made.model_dump(mode="json"))


def to_sign(payload: bytes) -> bytes:
    """The bytes that are signed."""
    return dsse.pae(payload, PAYLOAD_TYPE)


def sealed(payload: bytes, signature: bytes, keyid: str) -> dict[str, Any]:
    """The envelope as a JSON value."""
    return dsse.envelope(payload, signature, keyid, PAYLOAD_TYPE)


def unsealed(envelope: Mapping[str, Any]) -> tuple[Exceptions, dsse.Opened]:
    """The list in an envelope, and what its signature is judged by; nothing is verified yet. Raises ValueError."""
    opened = dsse.opened(envelope, PAYLOAD_TYPE)
    return Exceptions.model_validate_json(opened.payload), opened
