"""From a setting such as `file:///var/lib/attester/vault` or `s3://bucket/prefix` to a vault."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from bot.vault.failure import VaultUnusable
from bot.vault.file import FileVault
from bot.vault.s3 import RETENTION, S3Vault, s3_client

FORMS = "Write file:///FOLDER or s3://BUCKET/PREFIX."

_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(/[A-Za-z0-9][A-Za-z0-9._-]*)*)/?")


def open_vault(
    url: str,
    now: Callable[[], datetime] | None = None,
    endpoint: str = "",
    retention: Callable[[], timedelta] = lambda: RETENTION,
) -> FileVault | S3Vault:
    """The vault at a URL. A folder is made where it is missing; a bucket is not asked before it is used.

    ``now`` is needed for a bucket, whose locks end at a date, ``retention`` after it; ``endpoint`` is another base of
    AWS's API.
    Raises VaultUnusable. A folder is write-once as far as this product goes, not immutable: whoever owns the machine can
    change it.
    """
    if url.startswith("s3://"):
        found = _S3.fullmatch(url)
        if found is None or len(url) > 300 or now is None:
            raise VaultUnusable(f"ATTESTER_VAULT is {url[:80]!r}, which names no bucket. {FORMS}")
        bucket = found["bucket"]
        return S3Vault(s3_client(bucket, endpoint), bucket, found["prefix"], now, retention)
    if not url.startswith("file:///"):
        raise VaultUnusable(f"ATTESTER_VAULT is {url[:80]!r}. {FORMS}")
    folder = Path(unquote(url.removeprefix("file://")))
    try:
        return FileVault(folder)
    except OSError as error:
        raise VaultUnusable(
            f"The vault's folder {folder} cannot be used: {error.strerror}. Name another one."
        ) from error
