"""AWS KMS as its wire protocol has it: real keys, and only what the real one signs. For what moto lacks, and for lies."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.sources.server import Reply, Request, running

Private = ec.EllipticCurvePrivateKey | Ed25519PrivateKey
RAW_LIMIT = 4096
SIGNING, LOG = "alias/attester-signing", "alias/attester-log"


@dataclass
class Kms:
    """One account's keys by name. ``fault`` is asked first with the operation; its answer, if any, is the answer."""

    keys: dict[str, Private] = field(default_factory=dict)
    usage: str = "SIGN_VERIFY"
    fault: Callable[[str], Reply | None] = lambda operation: None
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: Request) -> Reply:
        operation = request.headers["X-Amz-Target"].removeprefix("TrentService.")
        asked = json.loads(request.body)
        self.asked.append((operation, asked))
        wrong = self.fault(operation)
        if wrong is not None:
            return wrong
        key = self.keys.get(asked["KeyId"])
        if key is None:
            return refusal("NotFoundException")
        return self._sign(key, asked) if operation == "Sign" else self._public(key, asked)

    def kinds(self) -> list[str]:
        """What was asked to be signed, and how: `RAW` or `DIGEST`, in order."""
        return [asked["MessageType"] for operation, asked in self.asked if operation == "Sign"]

    def _public(self, key: Private, asked: dict[str, Any]) -> Reply:
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        spec = "ECC_NIST_EDWARDS25519" if isinstance(key, Ed25519PrivateKey) else "ECC_NIST_P256"
        return said({"KeyId": asked["KeyId"], "PublicKey": b64(der), "KeySpec": spec, "KeyUsage": self.usage})

    def _sign(self, key: Private, asked: dict[str, Any]) -> Reply:
        message, digest = base64.b64decode(asked["Message"]), asked["MessageType"] == "DIGEST"
        if not 1 <= len(message) <= RAW_LIMIT or (digest and len(message) != hashlib.sha256().digest_size):
            return refusal("ValidationException")
        if isinstance(key, Ed25519PrivateKey):
            if digest or asked["SigningAlgorithm"] != "ED25519_SHA_512":
                return refusal("ValidationException")
            signature = key.sign(message)
        else:
            if asked["SigningAlgorithm"] != "ECDSA_SHA_256":
                return refusal("InvalidKeyUsageException")
            signature = key.sign(message, ec.ECDSA(Prehashed(SHA256()) if digest else SHA256()))
        return said(
            {"KeyId": asked["KeyId"], "Signature": b64(signature), "SigningAlgorithm": asked["SigningAlgorithm"]}
        )


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def said(value: dict[str, Any]) -> Reply:
    """An answer of KMS."""
    return Reply(200, json.dumps(value).encode(), content_type="application/x-amz-json-1.1")


def refusal(code: str, status: int = 400) -> Reply:
    """A refusal of KMS."""
    body = json.dumps({"__type": code, "message": "no"}).encode()
    return Reply(status, body, content_type="application/x-amz-json-1.1")


@contextmanager
def running_kms() -> Iterator[Kms]:
    """A KMS with a key for attestations and one for the log, while the block runs."""
    kms = Kms({SIGNING: ec.generate_private_key(ec.SECP256R1()), LOG: Ed25519PrivateKey.generate()})
    with running(kms.answer) as url:
        kms.url = url
        yield kms


def aws_environment(patch: pytest.MonkeyPatch, **more: str) -> None:
    """The environment of a process with a credential and a region, and nothing of this machine's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS"):
        patch.delenv(name, raising=False)
    given = {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true", **more,
    }  # fmt: skip
    for name, value in given.items():
        if value:
            patch.setenv(name, value)
        else:
            patch.delenv(name, raising=False)
