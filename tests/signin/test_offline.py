"""Years later, without a network: the stored token proves who was signed in for exactly this decision, or nothing."""

from __future__ import annotations

import ast
import base64
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from bot.signin import offline
from bot.signin.offline import NotProven, batch_sha256, commitment, verify_offline
from tests.signin.issuer import KEY, MAYA, OTHER, Issuer, b64url, new_key
from tests.signin.world import revoke

SALT = bytes(range(16))
DECISION = revoke()


def token(**changed: Any) -> str:
    return Issuer().token(commitment(SALT, DECISION.sha256()), **changed)


def code(stored: str, jwk: dict[str, Any] | None = None, salt: bytes = SALT, decision: str | None = None) -> str:
    with pytest.raises(NotProven) as no:
        verify_offline(stored, KEY.jwk() if jwk is None else jwk, salt, decision or DECISION.sha256())
    return no.value.code


def test_the_commitment_is_what_the_page_says_to_the_byte() -> None:
    assert commitment(bytes(16), "00" * 32) == "hD9o8-MM1Nt1rveBRoqPbhIVMtt-gsnBTCl1kbfrgK8"
    assert batch_sha256(["ab" * 32]) == "ab" * 32
    assert batch_sha256(["ab" * 32, "cd" * 32]) != batch_sha256(["cd" * 32, "ab" * 32])


def test_a_token_that_expired_long_ago_still_proves_the_decision() -> None:
    claims = verify_offline(token(exp=1_000_000_000, iat=999_999_000), KEY.jwk(), SALT, DECISION.sha256())

    assert claims["sub"] == MAYA


def test_one_character_of_the_decision_is_another_decision() -> None:
    altered = DECISION.model_copy(update={"reason": DECISION.reason.replace("T", "t")})

    assert code(token(), decision=altered.sha256()) == "decision"
    assert code(token(), salt=bytes(16)) == "decision"


@pytest.mark.parametrize("field", ["case", "ask", "act", "title", "reason", "shown", "person", "program"])
def test_the_digest_covers_every_field(field: str) -> None:
    altered = DECISION.model_copy(update={field: "0" * 64})

    assert altered.sha256() != DECISION.sha256()


def test_every_altered_token_or_key_proves_nothing() -> None:
    head, body, signature = token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    forged = b64url(json.dumps({**claims, "sub": "00utom"}).encode())
    small = new_key("key-1", 1024)

    assert code(f"{head}.{forged}.{signature}") == "signature"
    assert code(token(key=OTHER)) == "signature"
    assert code(f"{head}.{body}.") == "signature"
    assert code(f"{head}.{body}.{signature}=") == "malformed"
    assert code(f"{head}.{body}") == "malformed"
    assert code("a.b.c") == "malformed"
    assert code("é.b.c") == "malformed"
    assert code("x" * 20_000) == "malformed"
    assert code(token(header={"alg": "none"})) == "algorithm"
    assert code(token(header={"alg": "HS256"})) == "algorithm"
    assert code(token(header={"crit": ["exp"]})) == "algorithm"
    assert code(token(header={"kid": "key-9"})) == "key"
    assert code(token(key=small), small.jwk()) == "key"
    assert code(token(), {**KEY.jwk(), "kty": "EC"}) == "key"
    assert code(token(), {**KEY.jwk(), "n": "not base64!"}) == "key"
    assert code(token(), {"kid": "key-1", "kty": "RSA"}) == "key"
    assert code(token(), {**KEY.jwk(), "e": 65537}) == "key"


def test_a_salt_or_digest_of_another_size_is_a_defect_of_the_caller() -> None:
    for salt, digest in ((b"", "00" * 32), (secrets.token_bytes(17), "00" * 32), (SALT, "00"), (SALT, "no hex")):
        with pytest.raises(ValueError, match=r"."):
            commitment(salt, digest)
    for batch in ([], ["ab" * 32, "ab" * 32]):
        with pytest.raises(ValueError, match="each of them once"):
            batch_sha256(batch)


def test_the_module_needs_the_standard_library_and_cryptography_only() -> None:
    tree = ast.parse(Path(offline.__file__).read_text(encoding="utf-8"))
    taken = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    taken |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}

    assert {name for name in taken if name.startswith(("bot", "workflows"))} == set()
    assert {name.partition(".")[0] for name in taken} == {
        "__future__", "base64", "binascii", "collections", "cryptography", "hashlib", "hmac", "json", "typing",
    }  # fmt: skip
