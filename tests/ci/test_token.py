"""A run's token is believed only where its issuer signed it for this installation, and it is of now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.ci.keyring import COOL_DOWN, KeyRing, KeysUnavailable
from bot.ci.token import TokenCheck
from bot.clock import SystemClock
from tests.ci.issuer import KEY, NEXT, OTHER, Issuer, running_issuer
from tests.signin.issuer import Ago, new_key
from workflows.kernel.errors import Refused

OURS = "https://attester.acme.test"


@dataclass
class Hand:
    """A clock that stands where it is put."""

    at: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as made:
        yield made


def code(check: TokenCheck, token: str) -> str:
    with pytest.raises(Refused) as refused:
        check.check(f"Bearer {token}")
    assert refused.value.next_step.endswith(f"Ask for a new token with the audience {OURS}.")
    return refused.value.code


def test_a_good_token_is_believed_with_the_keys_that_prove_it(issuer: Issuer) -> None:
    token = issuer.token(OURS)

    found = TokenCheck(OURS, KeyRing(issuer.url, SystemClock())).check(f"bearer {token}")

    assert (found.text, found.claims["repository"]) == (token, "acme/payments")
    assert json.loads(found.keys) == {"keys": [KEY.jwk()]}
    assert found.ends == datetime.fromtimestamp(found.claims["exp"], UTC)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"exp": Ago(31)}, "token_expired"),
        ({"iat": Ago(-90)}, "token_early"),
        ({"nbf": Ago(-90)}, "token_early"),
        ({"aud": [OURS, "https://other.test"]}, "token_audience"),
        ({"aud": [OURS]}, "token_audience"),
        ({"aud": "https://github.com/acme"}, "token_audience"),
        ({"aud": f"{OURS}/"}, "token_audience"),
        ({"iss": "https://token.elsewhere.test"}, "token_issuer"),
        ({"jti": None}, "token_claim"),
        ({"iat": None}, "token_claim"),
        ({"exp": None}, "token_claim"),
        ({"exp": Ago(-90_000)}, "token_life"),
        ({"jti": 5}, "token_signature"),
        ({"exp": "soon"}, "token_signature"),
        ({"key": OTHER}, "token_signature"),
        ({"header": {"alg": "HS256"}}, "token_algorithm"),
        ({"header": {"alg": "none"}}, "token_algorithm"),
        ({"header": {"alg": "RS512"}}, "token_algorithm"),
        ({"header": {"kid": None}}, "token_algorithm"),
        ({"header": {"kid": ""}}, "token_algorithm"),
        ({"header": {"kid": 7}}, "token_malformed"),
        ({"header": {"crit": ["exp"]}}, "token_malformed"),
        ({"header": {"kid": "unknown"}}, "token_key"),
    ],
)
def test_what_a_token_gets_wrong_is_refused_with_its_own_sentence(
    issuer: Issuer, made: dict[str, Any], why: str
) -> None:
    check = TokenCheck(OURS, KeyRing(issuer.url, SystemClock()))

    assert code(check, issuer.token(OURS, **made)) == why


def test_a_token_that_was_changed_after_it_was_signed_is_refused(issuer: Issuer) -> None:
    check = TokenCheck(OURS, KeyRing(issuer.url, SystemClock()))
    head, _, signed = issuer.token(OURS).split(".")
    _, other, _ = issuer.token(OURS, repository="acme/billing").split(".")

    assert code(check, f"{head}.{other}.{signed}") == "token_signature"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eHg6eQ==", "Bearer a.b", "Bearer é", f"Bearer {'x' * 20_000}"]
)
def test_what_is_no_token_is_refused_and_asks_nobody_for_keys(issuer: Issuer, header: str) -> None:
    ring = KeyRing(issuer.url, SystemClock())

    with pytest.raises(Refused):
        TokenCheck(OURS, ring).check(header)

    assert ring.fetches == 0


def test_a_key_that_is_not_known_is_asked_for_once_and_then_not_again_for_a_minute(issuer: Issuer) -> None:
    clock = Hand()
    ring = KeyRing(issuer.url, clock)
    ring.keys(KEY.kid)
    clock.at += timedelta(minutes=10)

    for _ in range(3):
        assert NEXT.kid not in ring.keys(NEXT.kid).keys
    asked = ring.fetches
    issuer.keys = [KEY, NEXT]
    clock.at += COOL_DOWN
    assert NEXT.kid in ring.keys(NEXT.kid).keys

    assert (asked, ring.fetches, issuer.keys_asked) == (2, 3, 3)


@pytest.mark.parametrize(
    "reply",
    [
        (503, b""),
        (200, b'{"keys": []}'),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": [{"kty": "RSA"}]}'),
        (200, b"x" * 300_000),
    ],
)
def test_while_the_issuer_is_away_the_keys_that_are_known_count_on(issuer: Issuer, reply: tuple[int, bytes]) -> None:
    clock = Hand()
    ring = KeyRing(issuer.url, clock)
    ring.keys(KEY.kid)
    issuer.keys_reply = reply
    clock.at += timedelta(days=2)

    assert KEY.kid in ring.keys(KEY.kid).keys
    assert NEXT.kid not in ring.keys(NEXT.kid).keys
    assert ring.fetches == 2


def test_without_any_key_nothing_is_said_of_a_token_and_the_issuer_is_asked_again_after_seconds(issuer: Issuer) -> None:
    clock = Hand()
    ring = KeyRing(issuer.url, clock)
    issuer.down = True
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            ring.keys(KEY.kid)
    issuer.down = False
    clock.at += timedelta(seconds=6)

    assert KEY.kid in ring.keys(KEY.kid).keys
    assert ring.fetches == 2


@pytest.mark.parametrize(
    "describes",
    [{"issuer": "https://token.elsewhere.test"}, {"jwks_uri": None}, {"jwks_uri": "http://192.0.2.1/keys"}],
)
def test_an_issuer_that_describes_itself_as_another_one_has_no_keys(issuer: Issuer, describes: dict[str, Any]) -> None:
    issuer.describes = describes

    with pytest.raises(KeysUnavailable):
        KeyRing(issuer.url, SystemClock()).keys(KEY.kid)


def test_a_key_that_is_too_short_or_not_for_signatures_is_none(issuer: Issuer) -> None:
    short = new_key("short", 1024).jwk()
    listed = [short, {**NEXT.jwk(), "use": "enc"}, {**NEXT.jwk(), "alg": "RS512"}, KEY.jwk()]
    issuer.keys_reply = (200, json.dumps({"keys": listed}).encode())

    assert list(KeyRing(issuer.url, SystemClock()).keys(KEY.kid).keys) == [KEY.kid]
