"""An ID token is accepted for one decision, one person, one client, fresh and strong enough; every other one is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jwt
import pytest

from bot.clock import ShiftedClock
from bot.signin.level import Asked
from bot.signin.refusal import SignInRefused
from bot.signin.token import Expected, SignedIn, TokenCheck
from tests.signin.issuer import CLIENT, KEY, MAYA, OTHER, TOM, Ago, Issuer, b64url, new_key, run, running_issuer

ROOT = Path(__file__).parents[2]
NONCE = "nonce-of-this-decision"
SMALL = new_key("small", 1024)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as mine:
        yield mine


def check_of(issuer: Issuer, clock: ShiftedClock | None = None) -> TokenCheck:
    return TokenCheck(issuer.url, CLIENT, clock or ShiftedClock(), issuer.transport())


def expected(**changed: Any) -> Expected:
    click = datetime.now(UTC) - timedelta(seconds=10)
    return Expected(**({"nonce": NONCE, "since": click, "asked": Asked("slack+sso+mfa"), "sub": MAYA} | changed))


def accept(issuer: Issuer, token: str, **changed: Any) -> SignedIn:
    return run(check_of(issuer).check(token, expected(**changed)))


def refusal(issuer: Issuer, token: str, **changed: Any) -> tuple[str, str]:
    with pytest.raises(SignInRefused) as refused:
        accept(issuer, token, **changed)
    return refused.value.kind, refused.value.detail


def unsigned(issuer: Issuer) -> str:
    head, body, _ = issuer.token(NONCE, header={"alg": "none"}).split(".")
    return f"{head}.{body}."


def signed_with_the_public_key_as_a_secret(issuer: Issuer) -> str:
    head, body, _ = issuer.token(NONCE, header={"alg": "HS256"}).split(".")
    secret = json.dumps(KEY.jwk()).encode()
    return f"{head}.{body}.{b64url(hmac.new(secret, f'{head}.{body}'.encode(), hashlib.sha256).digest())}"


def tampered(issuer: Issuer) -> str:
    head, body, signature = issuer.token(NONCE, sub=TOM).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return f"{head}.{b64url(json.dumps({**claims, 'sub': MAYA}).encode())}.{signature}"


def of_a_key_that_is_too_small(issuer: Issuer) -> str:
    return issuer.token(NONCE, key=SMALL)


def headed(**header: Any) -> Callable[[Issuer], str]:
    return lambda issuer: issuer.token(NONCE, header=header)


def claiming(**claims: Any) -> Callable[[Issuer], str]:
    return lambda issuer: issuer.token(NONCE, **claims)


ATTACKS: dict[str, tuple[Callable[[Issuer], str], str, str]] = {
    "somebody else's sign-in": (claiming(sub=TOM), "other_person", "sub"),
    "a token of another decision": (claiming(nonce="another"), "token_refused", "library"),
    "no nonce": (claiming(nonce=None), "token_refused", "nonce_missing"),
    "a nonce that is no text": (claiming(nonce=[NONCE]), "token_refused", "library"),
    "a password only": (claiming(acr="urn:okta:loa:1fa:any", amr=["pwd"]), "too_weak", "acr"),
    "neither acr nor amr": (claiming(amr=None), "too_weak", "acr"),
    "a class that may be one factor": (claiming(acr="urn:okta:loa:2fa:any:ifpossible", amr=["pwd"]), "too_weak", "acr"),
    "signed in an hour ago": (claiming(auth_time=Ago(3600)), "too_old", "auth_time"),
    "no auth_time": (claiming(auth_time=None), "token_refused", "auth_time_missing"),
    "auth_time as text": (claiming(auth_time="1795577602"), "token_refused", "auth_time_missing"),
    "auth_time as true": (claiming(auth_time=True), "token_refused", "auth_time_missing"),
    "auth_time to come": (claiming(auth_time=Ago(-600)), "token_refused", "auth_time"),
    "issued before the click": (claiming(iat=Ago(120)), "token_refused", "iat"),
    "issued in time to come": (claiming(iat=Ago(-120)), "token_refused", "library"),
    "no iat": (claiming(iat=None), "token_refused", "library"),
    "good only from later on": (claiming(nbf=Ago(-3600)), "token_refused", "nbf"),
    "expired a minute ago": (claiming(exp=Ago(60)), "token_refused", "library"),
    "no exp": (claiming(exp=None), "token_refused", "library"),
    "authorised for another party": (claiming(azp="0oaother"), "token_refused", "azp"),
    "two audiences": (claiming(aud=[CLIENT, "0oaother"]), "token_refused", "aud"),
    "another audience": (claiming(aud="0oaother"), "token_refused", "library"),
    "another issuer": (claiming(iss="https://evil.okta.test"), "token_refused", "library"),
    "the issuer with a slash": (claiming(iss="https://acme.okta.test/"), "token_refused", "library"),
    "an access token for a like-named audience": (claiming(scp=["openid"]), "token_refused", "not_an_id_token"),
    "an access token by its type": (headed(typ="at+jwt"), "token_refused", "not_an_id_token"),
    "no subject": (claiming(sub=None), "token_refused", "sub"),
    "alg none": (unsigned, "token_refused", "library"),
    "HS256": (signed_with_the_public_key_as_a_secret, "token_refused", "library"),
    "another key with the same id": (lambda i: i.token(NONCE, key=OTHER), "token_refused", "library"),
    "an altered claim": (tampered, "token_refused", "library"),
    "an unknown key id": (headed(kid="nobody's"), "token_refused", "library"),
    "no key id": (headed(kid=None), "token_refused", "library"),
    "a key id that is a list": (headed(kid=["key-1"]), "token_refused", "library"),
    "a critical header": (headed(crit=["b64"], b64=False), "token_refused", ""),
    "a key that is too small": (of_a_key_that_is_too_small, "token_refused", "library"),
    "no token": (lambda i: "not.a.token", "token_refused", "library"),
    "an endless token": (lambda i: "a" * 20_000, "token_refused", "too_long"),
    "a lone surrogate as nonce": (claiming(nonce="\ud800"), "token_refused", "library"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_proves_something_else_is_refused_by_its_kind(attack: str, issuer: Issuer) -> None:
    make, kind, detail = ATTACKS[attack]
    issuer.keys.append(SMALL)

    refused = refusal(issuer, make(issuer))

    assert refused[0] == kind
    assert refused[1].startswith(detail)


@pytest.mark.parametrize(
    "claims",
    [
        {"acr": "urn:okta:loa:2fa:any", "amr": None},
        {"acr": "phr", "amr": ["pwd"]},
        {"amr": ["pwd", "mfa", "otp"]},
        {"acr": "urn:okta:loa:1fa:any", "amr": ["mfa"]},
        {"aud": [CLIENT], "azp": CLIENT},
        {"auth_time": Ago(290)},
        {"nbf": Ago(0)},
    ],
)
def test_a_fresh_sign_in_with_a_second_factor_is_accepted(claims: dict[str, Any], issuer: Issuer) -> None:
    signed = accept(issuer, issuer.token(NONCE, **claims))

    assert (signed.sub, signed.level) == (MAYA, "slack+sso+mfa")
    assert signed.jwk == KEY.jwk()
    assert json.loads(signed.jwks) == {"keys": [KEY.jwk()]}


def test_a_password_alone_reaches_sso_and_is_recorded_as_that(issuer: Issuer) -> None:
    signed = accept(issuer, issuer.token(NONCE, amr=["pwd"]), asked=Asked("slack+sso"))

    assert signed.level == "slack+sso"


def test_a_control_may_demand_a_sign_in_after_the_click(issuer: Issuer) -> None:
    asked = Asked("slack+sso", max_age=0)

    before = refusal(issuer, issuer.token(NONCE, auth_time=Ago(20)), asked=asked)
    after = accept(issuer, issuer.token(NONCE, auth_time=Ago(1)), asked=asked)

    assert before == ("too_old", "auth_time")
    assert after.sub == MAYA


@pytest.mark.parametrize(
    "broken",
    [
        {"acr": frozenset()},
        {"acr": frozenset({"urn:okta:loa:2fa:any:ifpossible"})},
        {"acr": frozenset({""})},
        {"level": "slack"},
        {"level": "mail-link"},
        {"max_age": -1},
    ],
)
def test_a_policy_that_would_let_everybody_through_cannot_be_made(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Asked(**broken)


def test_any_fifty_bad_tokens_cause_no_further_request_for_keys(issuer: Issuer) -> None:
    check = check_of(issuer)

    async def storm() -> list[str]:
        kinds = []
        for number in range(50):
            try:
                await check.check(issuer.token(NONCE, header={"kid": f"unknown-{number}"}), expected())
            except SignInRefused as refused:
                kinds.append(refused.kind)
        return kinds

    assert set(run(storm())) == {"token_refused"}
    assert issuer.keys_asked == 1


def test_many_people_at_once_cause_one_request_for_keys(issuer: Issuer) -> None:
    check = check_of(issuer)

    async def crowd() -> list[SignedIn]:
        return await asyncio.gather(*(check.check(issuer.token(NONCE), expected()) for _ in range(20)))

    assert {signed.sub for signed in run(crowd())} == {MAYA}
    assert issuer.keys_asked == 1


def test_the_library_is_imported_late_and_minds_no_environment() -> None:
    """It reads LEEWAY and others as text, which stops its constructor (upstream's documented names)."""
    program = """
import asyncio, sys
import bot.main
assert "okta_jwt_verifier" not in sys.modules and "aiohttp" not in sys.modules
from bot.clock import SystemClock
from bot.signin.keyring import KeyRing
from bot.signin.okta_library import verified
ring = KeyRing("https://acme.okta.test/oauth2/v1/keys", SystemClock())
try:
    asyncio.run(verified("no.token.", "https://acme.okta.test", "0oaattester", "nonce", 30, ring))
except ValueError:
    print("refused")
"""
    environment = {**os.environ, "LEEWAY": "60", "JWT_VERIFIER_REQUEST_TIMEOUT": "5", "JWT_VERIFIER_MAX_RETRIES": "3"}

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_the_library_is_the_one_whose_gaps_are_known() -> None:
    """It uses private methods of PyJWT, and accepts a token without a nonce; another version has to be looked at anew."""
    assert version("okta-jwt-verifier") == "0.5.0"
    assert version("PyJWT").startswith("2.15.")
    assert callable(jwt.api_jws.PyJWS()._load)
    assert callable(jwt.api_jws.PyJWS()._verify_signature)
    assert callable(jwt.api_jwt.PyJWT()._validate_claims)
