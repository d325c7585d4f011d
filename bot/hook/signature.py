"""Whether a request is of the hook that it names: HMAC-SHA256 over the time and what is asked, fresh, compared in constant
time.

A request that is sent signs its body. A question has none and signs its own path, so that it asks about one thing only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

WINDOW = 300
"""Seconds that a request may be old, or ahead."""
_STAMP = re.compile(r"[0-9]{1,12}")
_SHAPE = re.compile(r"sha256=[0-9a-f]{64}")


def signature(secret: str, stamp: str, signed: bytes) -> str:
    """`sha256=` and the HMAC of `stamp.signed`."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + signed, hashlib.sha256).hexdigest()


def believed(secret: str, headers: Mapping[str, str], signed: bytes, now: float) -> bool:
    """Whether the request bears a fresh time and the signature over it. ``headers`` have lower-case names."""
    stamp, said = headers.get("x-attester-timestamp", ""), headers.get("x-attester-signature", "")
    if not _STAMP.fullmatch(stamp) or not _SHAPE.fullmatch(said):
        return False
    fresh = abs(now - int(stamp)) <= WINDOW
    return hmac.compare_digest(signature(secret, stamp, signed), said) and fresh
