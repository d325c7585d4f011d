"""The envelope around a statement (DSSE v1): one payload, exactly one signature over its PAE.

A second signer is a second attestation: two widely used verifiers refuse an envelope with two signatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from workflows.kernel.encoding import b64, unb64

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Opened(NamedTuple):
    """What an envelope holds. Nothing of it is verified yet, and ``keyid`` is not even signed."""

    payload: bytes
    signature: bytes
    keyid: str


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The bytes that are signed: pre-authentication encoding of DSSE v1."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def attestation_id(payload: bytes) -> str:
    """The attestation's name everywhere: SHA-256 of its PAE in 64 lower-case hex digits.

    It is the digest that stands in the log's leaf, and it stays when a bundle gains a token or a newer proof.
    """
    return hashlib.sha256(pae(payload)).hexdigest()


def envelope(payload: bytes, signature: bytes, keyid: str, payload_type: str = PAYLOAD_TYPE) -> dict[str, Any]:
    """The envelope as a JSON value."""
    signatures = [{"sig": b64(signature), "keyid": keyid}]
    return {"payload": b64(payload), "payloadType": payload_type, "signatures": signatures}


def opened(value: Mapping[str, Any], payload_type: str = PAYLOAD_TYPE) -> Opened:
    """The parts of an envelope of ours. Raises ValueError for anything that `envelope` would not have written."""
    if set(value) != {"payload", "payloadType", "signatures"}:
        raise ValueError("an envelope has payload, payloadType and signatures, and nothing else")
    if value["payloadType"] != payload_type:
        raise ValueError(f"the payload type is {value['payloadType']!r}, not {payload_type}")
    signatures = value["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise ValueError("an envelope has exactly one signature")
    one = signatures[0]
    if not isinstance(one, dict) or set(one) != {"sig", "keyid"}:
        raise ValueError("a signature has sig and keyid, and nothing else")
    for text in (value["payload"], one["sig"], one["keyid"]):
        if not isinstance(text, str):
            raise ValueError("payload, sig and keyid are texts")
    return Opened(unb64(value["payload"]), unb64(one["sig"]), one["keyid"])
