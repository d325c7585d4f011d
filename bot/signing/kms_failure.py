"""What went wrong with a key in AWS KMS, in a sentence that says how to mend it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

NOTHING = "Nothing was recorded."

BUSY = frozenset(
    {"LimitExceededException", "RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
AWAY = frozenset({"DependencyTimeoutException", "InternalFailure", "KMSInternalException", "KeyUnavailableException"})
UNKNOWN_CREDENTIAL = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId", "InvalidSignatureException",
        "MissingAuthenticationToken", "SignatureDoesNotMatch", "UnrecognizedClientException",
    }
)  # fmt: skip


def why(error: Exception, operation: str, key: str, setting: str, region: str, tries: int) -> str:
    """The sentence for an error of boto3. Nothing of the error's own text is in it: that may quote a request."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "no code"))[:80]
        return f"{_refusal(code, operation, key, setting, region, tries)} {NOTHING}"
    return f"{_unasked(error, key, setting)} {NOTHING}"


def _refusal(code: str, operation: str, key: str, setting: str, region: str, tries: int) -> str:
    """What KMS's own answer means."""
    if code in {"AccessDeniedException", "AccessDenied"}:
        return (
            f"AWS does not let Attester use the key {key}. Allow kms:{operation} on it "
            "(kms:GetPublicKey and kms:Sign are all that is needed)."
        )
    if code in UNKNOWN_CREDENTIAL:
        return f"AWS refused the credential for the key {key} ({code}). Renew it, and look at the machine's clock."
    if code in {"NotFoundException", "InvalidArnException"}:
        return f"There is no key {key} in the region {region}. Correct {setting} or AWS_DEFAULT_REGION."
    if code == "DisabledException":
        return f"The key {key} is disabled. Enable it: aws kms enable-key --key-id {key}"
    if code == "KMSInvalidStateException":
        return (
            f"The key {key} cannot be used in its state: it may wait for its deletion. "
            f"Look at it: aws kms describe-key --key-id {key}"
        )
    if code in {"InvalidKeyUsageException", "UnsupportedOperationException"}:
        return f"The key {key} cannot sign as {setting} needs. Make one with the usage SIGN_VERIFY."
    if code in BUSY:
        return f"AWS KMS had too many requests, at {tries} tries. Try again in a minute; a quota of the account is used up."
    if code in AWAY:
        return f"AWS KMS has a fault of its own ({code}), at {tries} tries. Try again in a minute."
    return f"AWS KMS answered {code} about the key {key}. Look at {setting}."


def _unasked(error: Exception, key: str, setting: str) -> str:
    """Why KMS could not even be asked, or did not answer."""
    if isinstance(error, NoRegionError):
        return f"The region of the key {key} is not known. Set AWS_DEFAULT_REGION, or write the key's whole ARN in {setting}."
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return (
            f"There is no AWS credential for the key {key}. Give this machine a role, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    if isinstance(error, ConnectionError | HTTPClientError):
        kind = type(error).__name__
        return f"AWS KMS cannot be reached for the key {key} ({kind}). Look at the network and at AWS_ENDPOINT_URL."
    if isinstance(error, BotoCoreError):
        return f"AWS KMS could not be asked for the key {key} ({type(error).__name__}). Look at {setting} and at AWS_*."
    return f"AWS_ENDPOINT_URL or the region in {setting} is not one that AWS KMS can be asked at."
