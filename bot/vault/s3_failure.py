"""What went wrong with an S3 bucket, in a sentence that says how to mend it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

NEEDED = {
    "PutObject": "s3:PutObject and s3:PutObjectRetention",
    "GetObject": "s3:GetObject and s3:ListBucket (without it a missing object looks like a forbidden one)",
    "HeadObject": "s3:GetObject and s3:ListBucket (without it a missing object looks like a forbidden one)",
    "ListObjectsV2": "s3:ListBucket",
}
"""What the role of daily use needs for each operation; it needs no right to delete, and none to change the bucket."""

UNKNOWN_CREDENTIAL = frozenset(
    {
        "AuthorizationHeaderMalformed", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken",
        "SignatureDoesNotMatch", "TokenRefreshRequired",
    }
)  # fmt: skip
AWAY = frozenset({"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "500", "502", "503", "504"})
ELSEWHERE = frozenset({"301", "307", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"})
MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
NO_LOCK = frozenset({"InvalidRequest", "ObjectLockConfigurationNotFoundError", "InvalidBucketState"})


def code_of(error: ClientError) -> str:
    """S3's own name of what went wrong, or the status where there is no body to name it."""
    return str(error.response.get("Error", {}).get("Code", "no code"))[:80]


def status_of(error: ClientError) -> int:
    """The HTTP status; 0 where there was none."""
    found: Any = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return found if isinstance(found, int) else 0


def why(error: Exception, operation: str, bucket: str) -> str:
    """The sentence for an error of boto3. Nothing of the error's own text is in it: that may quote a request."""
    if isinstance(error, ClientError):
        return _refusal(code_of(error), status_of(error), operation, bucket)
    return _unasked(error, bucket)


def _refusal(code: str, status: int, operation: str, bucket: str) -> str:
    """What S3's own answer means."""
    if code in {"NoSuchBucket", "InvalidBucketName"}:
        return f"There is no bucket {bucket}. Make it with Object Lock, or correct ATTESTER_VAULT."
    if code in UNKNOWN_CREDENTIAL:
        return f"AWS refused the credential for the bucket {bucket} ({code}). Renew it and look at AWS_DEFAULT_REGION."
    if code == "RequestTimeTooSkewed":
        return f"AWS refused the request for {bucket}: this machine's clock is wrong. Let it follow a time server."
    if code in ELSEWHERE or status in (301, 307):
        return f"The bucket {bucket} is in another region. Set AWS_DEFAULT_REGION to it."
    if code in AWAY or (status >= 500 and code != "NotImplemented"):
        return f"S3 has a fault of its own with {bucket} ({code}). It is tried again by itself."
    if code in {"AccessDenied", "403", "Forbidden", "AllAccessDisabled", "AccountProblem"} or status == 403:
        return (
            f"AWS does not let Attester do {operation} in {bucket}. Allow {NEEDED.get(operation, 's3:' + operation)}."
        )
    if code in NO_LOCK:
        return (
            f"The bucket {bucket} takes no locked objects ({code}). Turn on its versioning and its Object Lock: "
            f"aws s3api put-object-lock-configuration --bucket {bucket} "
            "--object-lock-configuration ObjectLockEnabled=Enabled"
        )
    if code in {"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"}:
        return f"What reached {bucket} was not what was sent ({code}). Look at proxies. It is tried again by itself."
    if code in {"NotImplemented", "MethodNotAllowed"}:
        return (
            f"The store behind {bucket} does not know conditional writes, checksums or Object Lock ({code}). "
            "Use a bucket in S3 that has them."
        )
    return f"S3 answered {code} to {operation} in {bucket}. Look at ATTESTER_VAULT and at the bucket's policy."


def _unasked(error: Exception, bucket: str) -> str:
    """Why S3 could not even be asked, or did not answer."""
    if isinstance(error, NoRegionError):
        return f"The region of the bucket {bucket} is not known. Set AWS_DEFAULT_REGION."
    if isinstance(error, ProfileNotFound):
        return "AWS_PROFILE names a profile that this machine does not have. Correct it."
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return (
            f"There is no AWS credential for the bucket {bucket}. Give this machine a role, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    if isinstance(error, ConnectionError | HTTPClientError):
        kind = type(error).__name__
        return f"S3 cannot be reached for {bucket} ({kind}). Look at the network and at AWS_ENDPOINT_URL."
    if isinstance(error, BotoCoreError):
        return f"S3 could not be asked for {bucket} ({type(error).__name__}). Look at ATTESTER_VAULT and at AWS_*."
    return (
        f"The answer about {bucket} is not one of S3 ({type(error).__name__}). Look at AWS_ENDPOINT_URL and at proxies."
    )
