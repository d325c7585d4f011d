"""Every attestation and every anchor gets a token of an outside authority, over its signature or note; what the authority
does wrong is never kept, and holds up nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from bot.stamping import open_authority
from bot.stamping.authority import Authority
from bot.store.ledger_entry import Entry
from tests.anchor.outside import Outside
from tests.anchor.tsa import Paper, TestAuthority, running_authority
from tests.proof.ledger import ORIGIN


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[TestAuthority]:
    with running_authority(tmp_path / "tsa") as running:
        yield running


@pytest.fixture
def authority(tsa: TestAuthority) -> Iterator[Authority]:
    with closing(open_authority(tsa.url, tsa.ca)) as opened:
        yield opened


@pytest.fixture
def outside(database_url: str, tmp_path: Path, authority: Authority) -> Iterator[Outside]:
    with closing(Outside(database_url, tmp_path, authority)) as made:
        yield made


def entry(outside: Outside, name: str) -> Entry:
    found = outside.acme.log.find(name)
    assert found is not None
    return found


def test_every_attestation_gets_a_token_that_openssl_verifies(outside: Outside, tsa: TestAuthority) -> None:
    made = outside.decide(3)

    done = outside.stamper.run()

    tokens = outside.stamps.tokens(made)
    assert done == 3
    assert all(tsa.verifies(entry(outside, name).signature, tokens[name][0].data) for name in made)
    assert [len(tokens[name]) for name in made] == [1, 1, 1]
    assert not any(tokens[name][0].late for name in made)
    assert outside.stamps.waiting_for_tokens() == (0, None)
    (certificate,) = outside.stamps.authorities()
    assert certificate.url == tsa.url
    assert certificate.chain.count("BEGIN CERTIFICATE") == 2


def test_nothing_is_stamped_twice(outside: Outside, tsa: TestAuthority) -> None:
    outside.decide(2)
    outside.stamper.run()

    assert outside.stamper.run() == 0
    assert tsa.asked == 2


def test_an_anchor_gets_a_token_over_its_note_and_both_lie_in_the_vault(outside: Outside, tsa: TestAuthority) -> None:
    (made,) = outside.decide()
    outside.anchorer.run()
    outside.stamper.run()

    outside.another_anchorer().run()

    name = f"ledger/{ORIGIN}/checkpoint/{1:020}"
    assert tsa.verifies(outside.vault.read(name), outside.vault.read(f"{name}.tsr"))
    token = outside.vault.read(f"bundles/{made}.tsr")
    assert tsa.verifies(entry(outside, made).signature, token)
    assert [t.data for t in outside.stamps.tokens([made])[made]] == [token]
    assert outside.stamps.tokens_left() == []


@pytest.mark.parametrize("fault", ["nonce", "imprint", "status 2", "html", "http 500", "huge"])
def test_what_the_authority_does_wrong_is_not_kept_and_is_tried_again(
    outside: Outside, authority: Authority, tsa: TestAuthority, fault: str
) -> None:
    made = outside.decide(2)
    tsa.fault = fault

    assert outside.stamper.run() == 0
    assert outside.stamps.tokens(made) == {}
    assert outside.stamps.waiting_for_tokens()[0] == 2
    tsa.fault = ""
    assert outside.another_stamper(authority).run() == 0  # not before its time
    outside.watch.forward(seconds=16)
    assert outside.another_stamper(authority).run() == 2


def test_one_that_is_refused_does_not_hold_up_the_others(outside: Outside, tsa: TestAuthority) -> None:
    made = outside.decide(3)
    tsa.fault = "nonce"
    outside.stamper.run()
    outside.watch.forward(seconds=16)
    tsa.fault = ""
    more = outside.decide(1)

    done = outside.stamper.run()

    assert done == 4
    assert set(outside.stamps.tokens([*made, *more])) == {*made, *more}


def test_an_authority_that_is_away_is_asked_once_and_not_again_soon(outside: Outside, tsa: TestAuthority) -> None:
    outside.decide(5)
    tsa.fault = "http 500"

    outside.stamper.run()
    outside.stamper.run()

    assert tsa.asked == 1


def test_a_clock_that_is_ahead_of_the_authority_is_said_and_its_tokens_are_not_kept(outside: Outside) -> None:
    outside.watch.forward(minutes=2)
    made = outside.decide()

    done = outside.stamper.run()

    assert done == 0
    assert outside.stamps.tokens(made) == {}
    said = outside.ringing()["ledger_clock_wrong"]
    assert f"{made[0]} claims to be of" in said
    assert said.endswith("Let this machine follow a time server.")


def test_a_token_that_comes_over_15_minutes_later_is_called_late(outside: Outside) -> None:
    outside.watch.forward(minutes=-16)
    made = outside.decide()

    outside.stamper.run()

    assert outside.stamps.tokens(made)[made[0]][0].late


def test_what_waits_for_over_a_day_is_said(outside: Outside, authority: Authority, tsa: TestAuthority) -> None:
    tsa.fault = "http 500"
    outside.watch.forward(hours=-25)
    outside.decide(2)
    outside.stamper.run()
    outside.watch.forward(hours=25)

    outside.stamper.run()
    said = outside.ringing()
    tsa.fault = ""
    outside.another_stamper(authority).run()

    assert said == {"ledger_time_missing": "2 wait for a time stamp, the first for 25 h. Run: attester doctor"}
    assert outside.ringing() == {}


def test_four_workers_at_once_get_one_token_for_each(
    outside: Outside, authority: Authority, tsa: TestAuthority
) -> None:
    made = outside.decide(24)
    workers = [outside.another_stamper(authority) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(lambda worker: worker.run(), workers))

    tokens = outside.stamps.tokens(made)
    assert done == tsa.asked == 24
    assert [len(tokens[name]) for name in made] == [1] * 24


def test_anchors_are_stamped_again_before_a_certificate_ends_and_attestations_are_not(
    outside: Outside, tsa: TestAuthority
) -> None:
    tsa.sign_with(Paper("Test Stamps", tsa.root, eku="yes", days=(-300, 100)))
    (made,) = outside.decide()
    outside.anchorer.run()
    outside.stamper.run()
    assert outside.stamper.renew() == 0
    outside.watch.forward(days=11)
    tsa.sign_with(Paper("Test Stamps", tsa.root, eku="yes"))

    assert outside.stamper.renew() == 1
    outside.stamper.run()
    outside.another_anchorer().run()

    tokens = outside.stamps.tokens([made, "checkpoint/1"])
    assert [len(tokens[name]) for name in (made, "checkpoint/1")] == [1, 2]
    assert len(outside.stamps.authorities()) == 2
    name = f"ledger/{ORIGIN}/checkpoint/{1:020}"
    assert [outside.vault.read(name + end) for end in (".tsr", ".2.tsr")] == [t.data for t in tokens["checkpoint/1"]]
    assert outside.stamper.renew() == 0
