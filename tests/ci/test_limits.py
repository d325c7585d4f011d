"""What is no push, is too much at once, or meets an outage: nothing is stored, and the answer says so."""

from __future__ import annotations

import http.client
import json
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.ci.door import believed
from bot.ci.keyring import KeyRing
from bot.ci.token import Believed, TokenCheck
from bot.clock import SystemClock
from bot.store.frozen import freeze, thaw
from bot.web.app import build_web
from bot.web.ports import WebDeps
from tests.ci.world import CLEAN, Office, codes, sha


@pytest.mark.parametrize(
    "form",
    [
        [("file", CLEAN)],
        [("meta", b"{}"), ("file", CLEAN)],
        [("meta", b'{"control": "AC-01", "files": []}')],
        [("meta", json.dumps({"control": "AC-01", "files": [{"name": "a", "sha256": sha(CLEAN)}]}).encode())],
        [("meta", b"{}"), ("meta", b"{}")],
        [("meta", b"{}"), ("other", b"")],
    ],
)
def test_a_form_that_is_not_as_it_must_be_is_refused_and_leaves_the_token_unused(acme: Office, form: Any) -> None:
    token = acme.token()

    answer = acme.send(form, token)

    assert (answer.status_code, codes(answer)) == (400, ["bad_form"])
    assert acme.push(("a.json", CLEAN), token=token).status_code == 200


def test_more_files_than_are_taken_at_once_are_refused(acme: Office) -> None:
    answer = acme.push(*((f"{n}.txt", str(n).encode()) for n in range(21)))

    assert (answer.status_code, codes(answer)) == (413, ["too_many_files"])


def posting(acme: Office, token: str, length: int) -> http.client.HTTPConnection:
    """A connection that has sent its headers and no body."""
    connection = http.client.HTTPConnection(urlsplit(acme.url).netloc, timeout=5)
    connection.putrequest("POST", "/api/evidence")
    for name, value in (
        ("authorization", f"Bearer {token}"), ("content-type", "multipart/form-data; boundary=b"),
        ("content-length", str(length)),
    ):  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def test_a_body_that_is_too_large_or_a_strangers_is_not_read(acme: Office) -> None:
    with closing(posting(acme, acme.token(), 200 * 1024 * 1024)) as large:
        too_large = large.getresponse()
        told = json.loads(too_large.read())
    with closing(posting(acme, "no.token.here", 200 * 1024 * 1024)) as stranger:
        unknown = stranger.getresponse()

    assert (too_large.status, told["problems"][0]["code"]) == (413, "too_large")
    assert unknown.status == 401


def test_only_so_many_bytes_are_held_at_once_and_small_pushes_go_through(acme: Office) -> None:
    large = 120 * 1024 * 1024
    with ExitStack() as open_now:
        for _ in range(2):
            held = open_now.enter_context(closing(posting(acme, acme.token(), large)))
            held.send(b"--b")
        statuses = [acme.push(("a.json", CLEAN)).status_code for _ in range(2)]
        third = open_now.enter_context(closing(posting(acme, acme.token(), large))).getresponse()
        told = json.loads(third.read())

    assert statuses == [200, 200]
    assert (third.status, third.headers["retry-after"], told["problems"][0]["code"]) == (429, "5", "busy")


def test_while_the_vault_is_away_nothing_is_recorded_and_the_same_push_succeeds_later(acme: Office) -> None:
    before, (incoming,) = acme.names(), acme.data.rglob("vault/incoming")
    away = incoming.rename(incoming.with_name("elsewhere"))

    failed = acme.push(("new.txt", b"this comes while the vault is away"))
    away.rename(incoming)
    again = acme.push(("new.txt", b"this comes while the vault is away"))

    assert (failed.status_code, failed.json()["stored"], failed.headers["retry-after"]) == (503, False, "10")
    assert again.status_code == 201
    assert acme.names() == [*before, "evidence_received"]


def test_while_the_record_is_frozen_a_run_is_told_to_come_again(acme: Office) -> None:
    before, p = acme.names(), acme.product
    freeze(p.database, "restored from an older copy", 7, p.clock.now())

    answer = acme.push(("a.json", CLEAN))
    thaw(p.database)

    assert (answer.status_code, codes(answer)) == (503, ["ledger_frozen"])
    assert acme.names() == before


def test_without_the_issuers_keys_nobody_is_believed_and_everybody_may_come_again(acme: Office) -> None:
    nobody = TokenCheck(acme.url, KeyRing("http://127.0.0.1:9", SystemClock()))

    answer = believed(nobody, {"authorization": f"Bearer {acme.token()}"})

    assert not isinstance(answer, Believed)
    assert (answer[0], answer[1]["retry-after"]) == (503, "30")
    assert "keys_unavailable" in answer[2]


def test_without_a_public_address_there_is_no_way_in() -> None:
    paths = {getattr(route, "path", "") for route in build_web(WebDeps(wall=SystemClock())).routes}

    assert not any(path.startswith("/api/") for path in paths)
