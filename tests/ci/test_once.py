"""A token is used once, also by two at the same moment, and kept as evidence only when nobody can use it any more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from bot.store.ci import AFTER, CiTokens
from bot.store.database import Database

ISSUER, ENDS = "https://issuer.test", datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


@pytest.fixture
def tokens(database_url: str) -> Iterator[CiTokens]:
    opened = Database(database_url)
    yield CiTokens(opened)
    opened.close()


def test_a_token_is_used_once_and_another_one_beside_it(tokens: CiTokens) -> None:
    used = [tokens.use(ISSUER, jti, "a.b.c", ENDS) for jti in ("1", "1", "2")]
    elsewhere = tokens.use("https://other.test", "1", "a.b.c", ENDS)

    assert (used, elsewhere) == ([True, False, True], True)


def test_of_many_that_use_a_token_at_once_one_wins(tokens: CiTokens) -> None:
    start = Barrier(4)

    def use(_: int) -> bool:
        start.wait()
        return tokens.use(ISSUER, "1", "a.b.c", ENDS)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [False, False, False, True]


def test_a_token_is_given_to_the_vault_only_after_its_end_and_forgotten_after_that(tokens: CiTokens) -> None:
    tokens.use(ISSUER, "1", "a.b.c", ENDS)
    tokens.use(ISSUER, "2", "d.e.f", ENDS)
    tokens.drop(ISSUER, "2")
    sha256, late = hashlib.sha256(b"a.b.c").hexdigest(), ENDS + AFTER + timedelta(seconds=1)

    assert (tokens.ended(ENDS + AFTER), tokens.forget(ENDS + AFTER, [sha256])) == ([], 0)
    assert tokens.text(sha256) == b"a.b.c"
    assert tokens.text(hashlib.sha256(b"d.e.f").hexdigest()) is None
    assert tokens.ended(late) == ["a.b.c"]
    assert tokens.forget(late, []) == 1
    assert tokens.forget(late, [sha256]) == 1
    assert tokens.text(sha256) is None
