"""The issuer's keys: rotated, withdrawn, unreachable. An outage is never called a bad token, and never lets one through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import ShiftedClock
from bot.signin.level import Asked
from bot.signin.refusal import SignInRefused
from bot.signin.token import Expected, TokenCheck, endpoint
from tests.signin.issuer import CLIENT, KEY, MAYA, Issuer, new_key, run, running_issuer

NONCE = "nonce-of-this-decision"
NEW = new_key("key-2")


class KeyClock(ShiftedClock):
    """A clock for the keys alone; tokens are judged by the machine's own."""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as mine:
        yield mine


@pytest.fixture
def clock() -> KeyClock:
    return KeyClock()


@pytest.fixture
def check(issuer: Issuer, clock: KeyClock) -> TokenCheck:
    made = TokenCheck(issuer.url, CLIENT, ShiftedClock(), issuer.transport())
    made.ring._clock = clock
    return made


def kind(check: TokenCheck, token: str) -> str:
    expected = Expected(NONCE, datetime.now(UTC) - timedelta(seconds=10), Asked(), MAYA)
    try:
        return run(check.check(token, expected)).sub
    except SignInRefused as refused:
        return refused.kind


def test_a_key_rotated_just_after_a_fetch_is_refused_and_accepted_half_a_minute_later(
    issuer: Issuer, check: TokenCheck, clock: KeyClock
) -> None:
    assert kind(check, issuer.token(NONCE)) == MAYA
    issuer.keys = [NEW]

    clock.advance(timedelta(seconds=10))
    soon = kind(check, issuer.token(NONCE, key=NEW))
    clock.advance(timedelta(seconds=21))
    later = kind(check, issuer.token(NONCE, key=NEW))

    assert (soon, later, issuer.keys_asked) == ("token_refused", MAYA, 2)


def test_a_withdrawn_key_is_good_for_an_hour_at_most(issuer: Issuer, check: TokenCheck, clock: KeyClock) -> None:
    assert kind(check, issuer.token(NONCE)) == MAYA
    issuer.keys = [NEW]

    clock.advance(timedelta(minutes=59))
    within = kind(check, issuer.token(NONCE))
    clock.advance(timedelta(minutes=2))
    after = kind(check, issuer.token(NONCE))

    assert (within, after) == (MAYA, "token_refused")


@pytest.mark.parametrize(
    "reply",
    [
        (429, '{"errorCode": "E0000047"}'),
        (500, ""),
        (302, ""),
        (200, "<html>Maintenance</html>"),
        (200, '{"keys": []}'),
        (200, '{"keys": {"kid": "key-1"}}'),
        (200, '["keys"]'),
        (200, "x" * 300_000),
        (200, json.dumps({"keys": [{"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}]})),
        (200, json.dumps({"keys": [{**KEY.jwk(), "use": "enc"}]})),
    ],
)
def test_keys_that_cannot_be_had_are_an_outage_and_not_a_bad_token(
    reply: tuple[int, str], issuer: Issuer, check: TokenCheck, clock: KeyClock
) -> None:
    issuer.keys_reply = reply

    during = kind(check, issuer.token(NONCE))
    issuer.keys_reply = None
    clock.advance(timedelta(seconds=6))
    after = kind(check, issuer.token(NONCE))

    assert (during, after) == ("okta_unreachable", MAYA)


def test_an_issuer_that_nobody_answers_for_is_an_outage_with_its_own_sentence(check: TokenCheck) -> None:
    with running_issuer() as gone:
        token = gone.token(NONCE)
        away = TokenCheck(gone.url, CLIENT, ShiftedClock(), gone.transport())

    with pytest.raises(SignInRefused) as outage:
        run(away.check(token, Expected(NONCE, datetime.now(UTC), Asked(), MAYA)))
    with pytest.raises(SignInRefused) as bad:
        run(check.check("not.a.token", Expected(NONCE, datetime.now(UTC), Asked(), MAYA)))

    assert outage.value.kind == "okta_unreachable"
    assert "Okta did not answer" in outage.value.sentence
    assert "Okta did not answer" not in bad.value.sentence
    assert all("Nothing was recorded." in e.value.sentence for e in (outage, bad))


def test_old_keys_are_not_used_while_the_issuer_is_away(issuer: Issuer, check: TokenCheck, clock: KeyClock) -> None:
    assert kind(check, issuer.token(NONCE)) == MAYA
    issuer.keys_reply = (503, "")

    clock.advance(timedelta(minutes=61))

    assert kind(check, issuer.token(NONCE)) == "okta_unreachable"


def test_an_outage_is_not_met_with_a_storm(issuer: Issuer, check: TokenCheck, clock: KeyClock) -> None:
    issuer.keys_reply = (429, "")

    kinds = {kind(check, issuer.token(NONCE)) for _ in range(20)}

    assert (kinds, issuer.keys_asked) == ({"okta_unreachable"}, 1)


def test_keys_that_are_for_something_else_do_not_hide_the_right_one(issuer: Issuer, check: TokenCheck) -> None:
    listed = [{"kty": "EC", "kid": "key-1"}, "text", {"kty": "RSA"}, {**KEY.jwk(), "use": "enc"}, KEY.jwk()]
    issuer.keys_reply = (200, json.dumps({"keys": listed}))

    assert kind(check, issuer.token(NONCE)) == MAYA


@pytest.mark.parametrize(
    ("issuer", "address"),
    [
        ("https://acme.okta.com", "https://acme.okta.com/oauth2/v1"),
        ("https://acme.okta.com/oauth2", "https://acme.okta.com/oauth2/v1"),
        ("https://acme.okta.com/oauth2/default", "https://acme.okta.com/oauth2/default/v1"),
    ],
)
def test_the_endpoints_stand_where_the_library_looks_for_keys(issuer: str, address: str) -> None:
    assert endpoint(issuer) == address
