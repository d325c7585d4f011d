"""Whether a webhook is GitHub's: HMAC-SHA256 over the raw bytes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re

_SHAPE = re.compile(r"sha256=[0-9a-f]{64}")


def signed(secret: str, body: bytes, header: str) -> bool:
    """Whether ``header`` (`X-Hub-Signature-256`) is the signature of these bytes. Anything of another shape is not."""
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(_SHAPE.fullmatch(header)) and hmac.compare_digest(wanted, header)
