"""Is the bucket as immutable as it says? Eight attempts against canary objects, each of which must fail (or, reading, work).

A principal that may do nothing would “keep” everything for the wrong reason, so each denial counts only where the same
principal was seen doing the same to an object that is not protected. Canaries are locked for ten minutes and then stay as
rubbish of a few bytes. Run it with credentials of its own: the role of daily use has none of these rights.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from bot.vault.failure import VaultUnusable
from bot.vault.s3 import MISSHAPEN, s3_client
from bot.vault.s3_failure import MISSING, code_of, status_of, why

PROFILE = "attester-probe"
"""The AWS profile that the probe uses where this machine has one of that name; else the process's own credentials."""
LOCKED = timedelta(minutes=10)
BRIEFLY = timedelta(seconds=4)
BYTES = b"attester probe\n"

Verdict = Literal["kept", "broken", "not provable"]


class Checked(NamedTuple):
    """One check: what was tried, what follows, and a sentence."""

    name: str
    verdict: Verdict
    said: str


class _Answer(NamedTuple):
    """What the store said to an attempt: it did it, it refused (with its code), or neither can be known."""

    kind: Literal["did", "refused", "unknown"]
    code: str = ""
    value: Any = None


class _Canary(NamedTuple):
    key: str
    version: str
    until: datetime


def probe_client(bucket: str, endpoint: str = "") -> Any:
    """A client for the probe. Raises VaultUnusable."""
    try:
        profile = PROFILE if PROFILE in boto3.Session().available_profiles else None
    except BotoCoreError as error:
        raise VaultUnusable(why(error, "PutObject", bucket)) from error
    return s3_client(bucket, endpoint, profile)


class Probe:
    """The eight checks on one bucket. ``now`` is the clock on the wall, because locks end by the store's clock."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str,
        now: Callable[[], datetime],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._start = f"{prefix}probe/{now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self._now = now
        self._wait = wait
        self._number = 0

    def run(self) -> list[Checked]:
        """All eight, in order; the last one could harm a store without faith, and is undone at once.

        Raises VaultUnusable where not even a locked object can be written: then nothing was tried.
        """
        deletes, bypasses, locks = self._may_delete(), self._may_bypass(), self._may_lock()
        return [
            self._delete("delete", deletes),
            self._delete("delete with bypass", bypasses, BypassGovernanceRetention=True),
            self._delete_in_batch(deletes),
            self._wrong_checksum(),
            self._relock("shorten", locks, "COMPLIANCE", LOCKED / 2),
            self._relock("weaken", locks, "GOVERNANCE", LOCKED),
            self._read_back(),
            self._suspend(),
        ]

    # -- what this principal can do where nothing protects the object ---------------------------------------------------
    def _may_delete(self) -> bool:
        """Whether an object that is not locked can be deleted for good."""
        locked_by_default = self._try(self._client.get_object_lock_configuration, Bucket=self._bucket)
        rule = {}
        if locked_by_default.kind == "did":
            rule = locked_by_default.value.get("ObjectLockConfiguration", {}).get("Rule", {})
        if not rule and locked_by_default.kind == "did":
            canary = self._put()
        else:  # without a lock of its own the canary might get the bucket's, for years
            canary = self._put("COMPLIANCE", BRIEFLY)
            self._wait(BRIEFLY.total_seconds() + 1)
        return self._try_delete(canary).kind == "did"

    def _may_bypass(self) -> bool:
        """Whether a lock of the weaker kind can be bypassed: only then does it mean something that ours cannot."""
        return self._try_delete(self._put("GOVERNANCE", LOCKED), BypassGovernanceRetention=True).kind == "did"

    def _may_lock(self) -> bool:
        """Whether a lock can be changed at all: made longer."""
        canary = self._put("COMPLIANCE", LOCKED)
        return self._try_lock(canary, "COMPLIANCE", canary.until + timedelta(minutes=1)).kind == "did"

    # -- the checks -----------------------------------------------------------------------------------------------------
    def _delete(self, name: str, provable: bool, **more: Any) -> Checked:
        canary = self._put("COMPLIANCE", LOCKED)
        return self._judged(name, self._try_delete(canary, **more), provable, canary)

    def _delete_in_batch(self, provable: bool) -> Checked:
        canary = self._put("COMPLIANCE", LOCKED)
        one = {"Objects": [{"Key": canary.key, "VersionId": canary.version}]}
        answer = self._try(self._client.delete_objects, Bucket=self._bucket, Delete=one)
        if answer.kind == "did" and answer.value.get("Errors"):
            answer = _Answer("refused", str(answer.value["Errors"][0].get("Code", "")))
        return self._judged("delete in batch", answer, provable, canary)

    def _wrong_checksum(self) -> Checked:
        name = "wrong checksum"
        other = base64.b64encode(hashlib.sha256(b"other bytes").digest()).decode()
        key = self._key()
        answer = self._try(
            self._client.put_object,
            Bucket=self._bucket,
            Key=key,
            Body=BYTES,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=other,
            **self._lock("COMPLIANCE", LOCKED),
        )
        if answer.kind == "did":
            return Checked(name, "broken", "It took bytes under the checksum of others.")
        there = self._try(self._client.head_object, Bucket=self._bucket, Key=key)
        if there.kind == "did":
            return Checked(name, "broken", "It refused bytes with a wrong checksum and kept them all the same.")
        if answer.kind == "unknown" or answer.code in _FORBIDDEN:
            return Checked(name, "not provable", f"The attempt ended with {answer.code}, which says nothing.")
        return Checked(name, "kept", f"Bytes with a wrong checksum were refused ({answer.code}).")

    def _relock(self, name: str, provable: bool, mode: str, until: timedelta) -> Checked:
        canary = self._put("COMPLIANCE", LOCKED)
        return self._judged(name, self._try_lock(canary, mode, self._now() + until), provable, canary)

    def _read_back(self) -> Checked:
        name = "read back"
        canary = self._put("COMPLIANCE", LOCKED)
        answer = self._try(self._client.get_object, Bucket=self._bucket, Key=canary.key, VersionId=canary.version)
        if answer.kind == "did":
            body = self._try(answer.value["Body"].read)
            if body.kind == "did":
                same = body.value == BYTES
                said = "What was written was read." if same else "It gives other bytes back than it took."
                return Checked(name, "kept" if same else "broken", said)
            if body.code == FlexibleChecksumError.__name__:
                return Checked(name, "broken", "It gives other bytes back than it took.")
            answer = body
        if answer.code in MISSING:
            return Checked(name, "broken", "What it took a moment ago is not there.")
        return Checked(name, "not provable", f"Reading ended with {answer.code}. Allow s3:GetObjectVersion.")

    def _suspend(self) -> Checked:
        name = "suspend versioning"
        answer = self._versioning("Suspended")
        if answer.kind != "refused":
            self._versioning("Enabled")
        if answer.kind == "did":
            return Checked(name, "broken", "Versioning could be suspended, which lets objects be overwritten.")
        if answer.kind == "unknown" or answer.code in _FORBIDDEN:
            why_not = f"The attempt ended with {answer.code}. Allow s3:PutBucketVersioning to the probe."
            return Checked(name, "not provable", why_not)
        state = self._try(self._client.get_bucket_versioning, Bucket=self._bucket)
        if state.kind == "did" and state.value.get("Status") != "Enabled":
            self._versioning("Enabled")
            return Checked(name, "broken", "It refused to suspend versioning and did it all the same.")
        return Checked(name, "kept", f"Versioning cannot be suspended ({answer.code}).")

    def _judged(self, name: str, answer: _Answer, provable: bool, canary: _Canary) -> Checked:
        """What follows from an attempt against a locked object: its lock must be as it was."""
        if answer.kind == "did":
            return Checked(name, "broken", f"A locked object let itself be changed: {name}.")
        there = self._try(self._client.head_object, Bucket=self._bucket, Key=canary.key, VersionId=canary.version)
        if there.kind == "did":
            mode = there.value.get("ObjectLockMode", "COMPLIANCE")
            until = there.value.get("ObjectLockRetainUntilDate", canary.until)
            if mode != "COMPLIANCE" or until < canary.until - timedelta(seconds=2):
                return Checked(name, "broken", "It refused and weakened the lock all the same.")
        elif there.code in MISSING:
            return Checked(name, "broken", "It refused, and the object is gone all the same.")
        if there.kind != "did" or answer.kind == "unknown":
            code = answer.code if answer.kind == "unknown" else there.code
            return Checked(name, "not provable", f"The attempt ended with {code}, which says nothing.")
        if not provable:
            return Checked(
                name, "not provable", f"It was refused, but this principal may not do that anywhere ({name})."
            )
        return Checked(name, "kept", f"Refused ({answer.code}), and the object is as it was.")

    # -- the store ------------------------------------------------------------------------------------------------------
    def _put(self, mode: str = "", until: timedelta = LOCKED) -> _Canary:
        key = self._key()
        lock = self._lock(mode, until) if mode else {}
        answer = self._try(
            self._client.put_object,
            Bucket=self._bucket,
            Key=key,
            Body=BYTES,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(BYTES).digest()).decode(),
            **lock,
        )
        version = answer.value.get("VersionId", "") if answer.kind == "did" else ""
        if not version:
            said = f"{answer.code or 'no version'}"
            raise VaultUnusable(
                f"The bucket {self._bucket} took no locked, versioned object ({said}), so it cannot be probed. "
                "Turn on versioning and Object Lock, and allow the probe s3:PutObject and s3:PutObjectRetention."
            )
        return _Canary(key, version, lock.get("ObjectLockRetainUntilDate", self._now()))

    def _lock(self, mode: str, until: timedelta) -> dict[str, Any]:
        return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": (self._now() + until).replace(microsecond=0)}

    def _key(self) -> str:
        self._number += 1
        return f"{self._start}/{self._number:02}"

    def _try_delete(self, canary: _Canary, **more: Any) -> _Answer:
        where = {"Bucket": self._bucket, "Key": canary.key, "VersionId": canary.version}
        return self._try(self._client.delete_object, **where, **more)

    def _try_lock(self, canary: _Canary, mode: str, until: datetime) -> _Answer:
        lock = {"Mode": mode, "RetainUntilDate": until.replace(microsecond=0)}
        where = {"Bucket": self._bucket, "Key": canary.key, "VersionId": canary.version}
        return self._try(self._client.put_object_retention, **where, Retention=lock)

    def _versioning(self, status: str) -> _Answer:
        return self._try(
            self._client.put_bucket_versioning, Bucket=self._bucket, VersioningConfiguration={"Status": status}
        )

    @staticmethod
    def _try(action: Callable[..., Any], **parameters: Any) -> _Answer:
        try:
            return _Answer("did", value=action(**parameters))
        except ClientError as error:
            refused = 400 <= status_of(error) < 500 and status_of(error) != 405
            return _Answer("refused" if refused else "unknown", code_of(error))
        except (BotoCoreError, *MISSHAPEN) as error:
            return _Answer("unknown", type(error).__name__)


_FORBIDDEN = frozenset({"AccessDenied", "403", "Forbidden"})
