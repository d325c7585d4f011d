"""From a setting such as `file:/etc/attester/signing.key` or `awskms:///key-id` to a key that signs."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from bot.signing.file import file_log_key, file_signer
from bot.signing.kms import kms_log_key, kms_signer
from workflows.kernel.checkpoint import LogKey
from workflows.kernel.ports import Signer, SigningFailed

SIGNING_KEY, LOG_KEY = "ATTESTER_SIGNING_KEY", "ATTESTER_LOG_KEY"
KMS = "awskms:///"
_KMS_NAME = re.compile(
    r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]{1,64}|alias/[A-Za-z0-9/_-]{1,250})"
    r"|[A-Za-z0-9-]{1,64}|alias/[A-Za-z0-9/_-]{1,250}"
)


def load_signer(spec: str, create: bool = False, endpoint: str = "") -> Signer:
    """The key that signs attestations. A file is made only where ``create`` says so and none is there.

    ``endpoint`` is another base of AWS's API. Raises SigningFailed with a sentence that says what to do.
    """
    if spec.startswith("awskms:"):
        return kms_signer(_kms(spec, SIGNING_KEY), SIGNING_KEY, endpoint)
    return file_signer(_file(spec, SIGNING_KEY), create)


def load_log_key(spec: str, create: bool = False, endpoint: str = "") -> LogKey:
    """The key that signs the log's checkpoints. Raises SigningFailed with a sentence that says what to do."""
    if spec.startswith("awskms:"):
        return kms_log_key(_kms(spec, LOG_KEY), LOG_KEY, endpoint)
    return file_log_key(_file(spec, LOG_KEY), create)


def _kms(spec: str, setting: str) -> str:
    """The name of a key in KMS: an id, `alias/…`, or an ARN."""
    name = spec.removeprefix(KMS)
    if not spec.startswith(KMS) or not _KMS_NAME.fullmatch(name):
        raise SigningFailed(
            f"{setting} is {spec[:120]!r}. Write awskms:/// and then the key's id, its alias (alias/NAME) or its ARN."
        )
    return name


def _file(spec: str, setting: str) -> Path:
    scheme, _, rest = spec.partition(":")
    if scheme != "file" or not rest:
        raise SigningFailed(
            f"{setting} is {spec[:80]!r}. Write file:PATH, with the path of a PKCS#8 PEM file, or awskms:///KEY-ID."
        )
    if not rest.startswith("//"):
        return Path(rest)
    if not rest.startswith("///"):
        raise SigningFailed(f"{setting} names a file on another machine: {spec[:80]!r}. Write file:PATH.")
    return Path(unquote(rest.removeprefix("//")))
