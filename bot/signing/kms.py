"""Keys in AWS KMS: the private half never leaves AWS, and every signature is judged here before anybody relies on it.

The key of attestations is an ECC_NIST_P256 key that signs with ECDSA_SHA_256; the log's key is an ECC_NIST_EDWARDS25519 key
that signs with ED25519_SHA_512. Both need the permissions kms:GetPublicKey and kms:Sign, and no other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from bot.signing.kms_failure import why
from bot.signing.public import verify_ed25519, verify_p256
from workflows.kernel.ports import SigningFailed
from workflows.kernel.publickey import fingerprint, pem

RAW_LIMIT = 4096
"""Bytes that KMS takes whole; of anything longer it signs the SHA-256 that we send."""
TRIES = 3
PROMPT = Config(
    connect_timeout=1.0,
    read_timeout=1.5,
    retries={"mode": "standard", "total_max_attempts": TRIES},
    max_pool_connections=32,
)
"""Somebody waits for the answer, and Slack gives 3 seconds: a key that is away must be known to be away soon."""

MISSHAPEN = (ResponseParserError, KeyError, TypeError, AttributeError, ValueError)
"""What an answer that is not AWS's (a proxy's page) makes botocore raise."""


@dataclass(frozen=True)
class KmsKey:
    """One key in KMS: how it is asked. ``name`` is its id, its `alias/…` or its ARN; ``setting`` is who names it."""

    name: str
    setting: str
    endpoint: str
    client: Any

    def public(self) -> Any:
        """The public half, as `cryptography` has it. Raises SigningFailed."""
        found = self._ask("GetPublicKey")
        if not isinstance(found.get("PublicKey"), bytes):
            raise SigningFailed(self._misshapen(TypeError("no public key")))
        if found.get("KeyUsage") != "SIGN_VERIFY":
            raise SigningFailed(
                f"The KMS key {self.name} that {self.setting} names is not one for signing (its usage is "
                f"{str(found.get('KeyUsage'))[:40]}). Make one with the usage SIGN_VERIFY."
            )
        try:
            return load_der_public_key(found["PublicKey"])
        except MISSHAPEN as error:
            raise SigningFailed(self._misshapen(error)) from error

    def sign(self, data: bytes, algorithm: str, kind: Literal["RAW", "DIGEST"]) -> bytes:
        """What KMS says is the signature. Nothing is verified yet. Raises SigningFailed."""
        found = self._ask("Sign", Message=data, MessageType=kind, SigningAlgorithm=algorithm)
        signature = found.get("Signature")
        if not isinstance(signature, bytes):
            raise SigningFailed(self._misshapen(TypeError("no signature")))
        return signature

    def _ask(self, operation: Literal["GetPublicKey", "Sign"], **parameters: Any) -> dict[str, Any]:
        method = self.client.sign if operation == "Sign" else self.client.get_public_key
        try:
            return dict(method(KeyId=self.name, **parameters))
        except (ClientError, BotoCoreError) as error:
            region = str(self.client.meta.region_name)
            raise SigningFailed(why(error, operation, self.name, self.setting, region, TRIES)) from error
        except MISSHAPEN as error:
            raise SigningFailed(self._misshapen(error)) from error

    def _misshapen(self, error: Exception) -> str:
        return (
            f"The answer about the key {self.name} is not one of AWS KMS ({type(error).__name__}). "
            "Look at AWS_ENDPOINT_URL and at proxies. Nothing was recorded."
        )

    def not_held(self) -> SigningFailed:
        """The failure where a signature came that the key fetched at the start did not make."""
        return SigningFailed(
            f"AWS KMS answered with a signature that the key {self.name} did not make. Nothing was recorded. "
            "Where its alias was pointed at another key, restart Attester; otherwise look at AWS_ENDPOINT_URL."
        )


class KmsSigner:
    """A P-256 key in KMS that signs attestations; ``keyid`` is its OpenSSH fingerprint."""

    def __init__(self, key: KmsKey) -> None:
        public = key.public()
        if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
            raise SigningFailed(_wrong_spec(key, "ECC_NIST_P256", "attestations need"))
        self._key = key
        self._der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._keyid = fingerprint(self._der)

    @property
    def keyid(self) -> str:
        """`SHA256:…`, what `ssh-keygen -lf` prints."""
        return self._keyid

    @property
    def public_der(self) -> bytes:
        """SPKI DER."""
        return self._der

    @property
    def public_pem(self) -> bytes:
        """SPKI PEM."""
        return pem(self._der).encode()

    def sign(self, data: bytes) -> bytes:
        """ECDSA with SHA-256 in DER, verified with the key that was fetched at the start. Raises SigningFailed."""
        if len(data) <= RAW_LIMIT:
            signature = self._key.sign(data, "ECDSA_SHA_256", "RAW")
        else:
            signature = self._key.sign(hashlib.sha256(data).digest(), "ECDSA_SHA_256", "DIGEST")
        if not verify_p256(self._der, data, signature):
            raise self._key.not_held()
        return signature


class KmsLogKey:
    """An Ed25519 key in KMS that signs checkpoints."""

    def __init__(self, key: KmsKey) -> None:
        public = key.public()
        if not isinstance(public, Ed25519PublicKey):
            raise SigningFailed(_wrong_spec(key, "ECC_NIST_EDWARDS25519", "the log needs"))
        self._key = key
        self._public = public.public_bytes_raw()

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """64 bytes, verified with the key that was fetched at the start. Raises SigningFailed.

        Ed25519 hashes the whole text by itself, so KMS must be sent all of it: a checkpoint has a few hundred bytes.
        """
        if len(data) > RAW_LIMIT:
            raise SigningFailed(f"AWS KMS signs at most {RAW_LIMIT:,} bytes with the log key, not {len(data):,}.")
        signature = self._key.sign(data, "ED25519_SHA_512", "RAW")
        if not self.verify(data, signature):
            raise self._key.not_held()
        return signature

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this key made the signature."""
        return verify_ed25519(self._public, data, signature)


@cache
def _descriptions() -> botocore.loaders.Loader:
    """AWS's own descriptions of its services; reading them takes half a second, once."""
    return botocore.loaders.create_loader()


def _session() -> boto3.Session:
    """The credentials and region of this process, read anew: they may have been renewed."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _descriptions())
    return boto3.Session(botocore_session=session)


def kms_key(name: str, setting: str, endpoint: str) -> KmsKey:
    """How a key is asked. Its region is that of its ARN, else AWS_DEFAULT_REGION. Raises SigningFailed."""
    parts = name.split(":")
    region = parts[3] if name.startswith("arn:") and len(parts) == 6 else None
    try:
        client = _session().client("kms", region_name=region, endpoint_url=endpoint or None, config=PROMPT)
    except (BotoCoreError, ValueError) as error:
        raise SigningFailed(why(error, "GetPublicKey", name, setting, region or "", TRIES)) from error
    return KmsKey(name, setting, endpoint, client)


def kms_signer(name: str, setting: str, endpoint: str) -> KmsSigner:
    """The key of attestations, its public half fetched. Raises SigningFailed with what to do."""
    return KmsSigner(kms_key(name, setting, endpoint))


def kms_log_key(name: str, setting: str, endpoint: str) -> KmsLogKey:
    """The log's key, its public half fetched. Raises SigningFailed with what to do."""
    return KmsLogKey(kms_key(name, setting, endpoint))


def _wrong_spec(key: KmsKey, spec: str, who: str) -> str:
    return (
        f"The KMS key {key.name} that {key.setting} names is of another kind than {who}. "
        f"Make one: aws kms create-key --key-usage SIGN_VERIFY --key-spec {spec}"
    )
