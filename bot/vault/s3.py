"""A bucket as vault: every object is written once, locked (Object Lock, COMPLIANCE), and read back before it counts.

The role of daily use needs s3:PutObject, s3:PutObjectRetention, s3:GetObject and s3:ListBucket on the bucket; no right to
delete, none to change the bucket. The bucket has versioning and Object Lock; its name and prefix are in ATTESTER_VAULT.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError
from botocore.parsers import ResponseParserError

from bot.vault.failure import VaultFailed, VaultUnusable
from bot.vault.name import altered, evidence_name, forked, is_sha256, missing, object_name, unnamed
from bot.vault.s3_failure import MISSING, code_of, status_of, why

RETENTION = timedelta(days=2557)
"""Seven years, where the program says nothing else. No one can shorten it, not the account's root either."""
RENEWED = timedelta(days=30)
"""A lock is made longer only where that is worth a request."""
CHUNK = 1024 * 1024
IN_MEMORY = 8 * CHUNK
LARGEST = 5 * 1024**3
"""S3 takes at most 5 GiB in one request; a write that is one request is there whole or not at all."""
CONFLICTS = 3
OTHER_BYTES = "other bytes than those that were stored"
"""Stands in a digest's place where the store itself says that its bytes changed."""
PATIENCE = Config(
    connect_timeout=3.0,
    read_timeout=15.0,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=16,
)
MISSHAPEN = (ResponseParserError, KeyError, TypeError, AttributeError, ValueError)


@cache
def _descriptions() -> botocore.loaders.Loader:
    """AWS's own descriptions of its services; reading them takes half a second, once."""
    return botocore.loaders.create_loader()


class _Taken(Exception):
    """An object of this name is there already."""


def s3_client(bucket: str, endpoint: str = "", profile: str | None = None) -> Any:
    """A client with this process's credentials. ``endpoint`` is another base of AWS's API. Raises VaultUnusable."""
    style = Config(s3={"addressing_style": "path"}) if endpoint else Config()
    try:
        core = botocore.session.Session(profile=profile)
        core.register_component("data_loader", _descriptions())
        session = boto3.Session(botocore_session=core)
        return session.client("s3", endpoint_url=endpoint or None, config=PATIENCE.merge(style))
    except (BotoCoreError, ValueError) as error:
        raise VaultUnusable(why(error, "PutObject", bucket)) from error


class S3Vault:
    """Objects in a bucket, below a prefix. Evidence lies at `evidence/sha256/<hex>`, as in a folder.

    ``now`` is read for each write: an object is locked until then plus ``retention``. Errors are VaultFailed, which is an
    OSError: what was to be written may be tried again.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str,
        now: Callable[[], datetime],
        retention: Callable[[], timedelta] = lambda: RETENTION,
    ) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._now = now
        self._retention = retention

    def put(self, data: bytes) -> str:
        """Keep the bytes; a second time is a no-op. Returns their SHA-256. Raises EvidenceAltered, VaultFailed."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._keep_evidence(sha256, BytesIO(data), len(data))
        return sha256

    def put_stream(self, source: BinaryIO) -> str:
        """Keep everything the stream gives, in bounded memory. Returns the SHA-256. Raises as `put`."""
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as draft:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                draft.write(chunk)
                size += len(chunk)
            self._keep_evidence(digest.hexdigest(), draft, size)
        return digest.hexdigest()

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file, in bounded memory. Returns the SHA-256. Raises as `put`."""
        with path.open("rb") as source:
            return self.put_stream(source)

    def get(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises EvidenceMissing, EvidenceAltered, VaultFailed."""
        with self.open(sha256) as file:
            return file.read()

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as a stream, checked as a whole before the first is given. Raises as `get`."""
        key = evidence_name(sha256)
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
            found = self._fetch(key, file)
            if found is None:
                raise missing(sha256)
            if found != sha256:
                raise altered(sha256)
            file.seek(0)
            stack.pop_all()
        return file  # type: ignore[return-value]  # it is one in all but name

    def has(self, sha256: str) -> bool:
        """Whether there is an object of this name; False for what is no SHA-256. Raises VaultFailed."""
        return is_sha256(sha256) and self._head(evidence_name(sha256)) is not None

    def keep(self, name: str, data: bytes) -> None:
        """Write an object once and read it back; the same bytes again are a no-op. Raises Forked, VaultFailed."""
        object_name(name)
        wanted = hashlib.sha256(data).hexdigest()
        try:
            self._write(name, BytesIO(data), len(data), wanted)
        except _Taken:
            if self._fetch(name) != wanted:
                raise forked(name) from None

    def read(self, name: str) -> bytes:
        """The bytes of an object. Raises EvidenceMissing, VaultFailed, ValueError for what is no name."""
        file = BytesIO()
        if self._fetch(object_name(name), file) is None:
            raise unnamed(name)
        return file.getvalue()

    def names(self, start: str) -> Iterator[str]:
        """The objects whose name starts so, in order. Raises VaultFailed."""
        with self._explained("ListObjectsV2"):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + start
            )
            for page in pages:
                for found in page.get("Contents", []):
                    yield str(found["Key"]).removeprefix(self.prefix)

    def _keep_evidence(self, sha256: str, data: Any, size: int) -> None:
        if size > LARGEST:
            raise VaultFailed(
                f"The evidence {sha256} has {size:,} bytes; a bucket takes {LARGEST:,} at most. Split it."
            )
        key = evidence_name(sha256)
        there = self._head(key)  # a large file is not sent again only to hear that it is there
        if there is None:
            try:
                self._write(key, data, size, sha256)
            except _Taken:
                there = self._head(key)
        if there is None:
            return
        if self._fetch(key) != sha256:
            raise altered(sha256)
        self._lock_longer(key, there)

    def _lock_longer(self, name: str, there: Mapping[str, Any]) -> None:
        """Evidence that is used again is locked from now on again: what rests on it must not outlive it."""
        until, wanted = there.get("ObjectLockRetainUntilDate"), self._now() + self._retention()
        if until is None or until > wanted - RENEWED:
            return
        lock = {"Mode": "COMPLIANCE", "RetainUntilDate": wanted.replace(microsecond=0)}
        with self._explained("PutObjectRetention"):
            self.client.put_object_retention(Bucket=self.bucket, Key=self.prefix + name, Retention=lock)

    def _write(self, name: str, data: Any, size: int, sha256: str) -> None:
        """One conditional, locked write and its reading back. Raises _Taken, VaultFailed."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        for attempt in range(CONFLICTS):
            data.seek(0)
            try:
                with self._explained("PutObject"):
                    self.client.put_object(
                        Bucket=self.bucket,
                        Key=self.prefix + name,
                        Body=data,
                        ContentLength=size,
                        IfNoneMatch="*",
                        ChecksumAlgorithm="SHA256",
                        ChecksumSHA256=checksum,
                        ObjectLockMode="COMPLIANCE",
                        ObjectLockRetainUntilDate=self._now() + self._retention(),
                    )
                break
            except VaultFailed as failure:
                cause = failure.__cause__
                if isinstance(cause, ClientError) and status_of(cause) == 412:
                    raise _Taken from None
                conflict = isinstance(cause, ClientError) and code_of(cause) == "ConditionalRequestConflict"
                if not conflict or attempt == CONFLICTS - 1:  # 409: another one writes the same name now
                    raise
        found = self._fetch(name, locked=True)
        if found != sha256:
            raise VaultFailed(
                f"S3 took {name} and gives other bytes back. Nothing relies on it; look at {self.bucket}."
            )

    def _head(self, name: str) -> Mapping[str, Any] | None:
        """What S3 says of an object without its bytes; None where it is not there."""
        try:
            with self._explained("HeadObject"):
                found: Mapping[str, Any] = self.client.head_object(Bucket=self.bucket, Key=self.prefix + name)
                return found
        except VaultFailed as failure:
            if _is_missing(failure):
                return None
            raise

    def _fetch(self, name: str, into: Any = None, *, locked: bool = False) -> str | None:
        """Read an object to its end, into a file where one is given; its SHA-256, or None where it is not there."""
        digest = hashlib.sha256()
        try:
            with self._explained("GetObject"):
                found = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name, ChecksumMode="ENABLED")
                with found["Body"] as body:
                    while chunk := body.read(CHUNK):
                        digest.update(chunk)
                        if into is not None:
                            into.write(chunk)
        except VaultFailed as failure:
            if isinstance(failure.__cause__, FlexibleChecksumError):
                return OTHER_BYTES  # botocore compares with the stored checksum before we can
            if _is_missing(failure):
                return None
            raise
        stored = found.get("ChecksumSHA256")
        if stored and stored != base64.b64encode(digest.digest()).decode():
            return OTHER_BYTES
        # Without the right to see locks there is no header; a lock of another kind is said.
        if locked and found.get("ObjectLockMode", "COMPLIANCE") != "COMPLIANCE":
            raise VaultFailed(
                f"S3 took {name} without the lock that was asked for. Look at the Object Lock of {self.bucket}."
            )
        return digest.hexdigest()

    @contextmanager
    def _explained(self, operation: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError, *MISSHAPEN) as error:
            raise VaultFailed(why(error, operation, self.bucket)) from error


def _is_missing(failure: VaultFailed) -> bool:
    cause = failure.__cause__
    return isinstance(cause, ClientError) and code_of(cause) in MISSING
