"""A key that is away or lies: the person who decides reads that nothing was recorded, and nothing was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from bot.signing import load_log_key, load_signer, verify_p256
from bot.store.database import Database
from bot.store.ledger import Log
from bot.store.schema import METADATA
from tests.proof.ledger import MONDAY, Acme
from tests.signing.kms import LOG, SIGNING, Kms, aws_environment, refusal, running_kms
from tests.slack.world import ERRAND, World, running_front, running_world
from workflows.kernel.dsse import pae
from workflows.kernel.ports import SigningFailed
from workflows.kernel.publickey import fingerprint

SENTENCE = "The signing key could not be used, so nothing was recorded. Try again later."


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    aws_environment(monkeypatch)
    with running_kms() as running:
        yield running


@pytest.fixture
def world(database_url: str, kms: Kms, tmp_path: Path) -> Iterator[World]:
    """Acme, whose key of attestations is in KMS; one errand waits for Maya."""
    with running_front(tmp_path) as (front, http):
        front.signer = load_signer(f"awskms:///{SIGNING}", endpoint=kms.url)
        with running_world(database_url, (front, http)) as running:
            running.open_errand()
            yield running


def rows(database: Database) -> dict[str, int]:
    """How many rows each table of the product has."""
    with database.read() as session:
        connection = session.connection()
        return {
            name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in METADATA.tables
        }


def test_a_decision_is_signed_by_a_key_that_never_left_kms(world: World, kms: Kms) -> None:
    world.press("approve")

    entry = Log(world.database).of_case(ERRAND)[-1]
    public = kms.keys[SIGNING].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert world.names() == ["errand_opened", "errand_approved"]
    assert entry.keyid == fingerprint(public)
    assert verify_p256(public, pae(entry.payload or b""), entry.signature)


def test_a_key_that_may_not_be_used_records_nothing_and_says_so(world: World, kms: Kms) -> None:
    before = rows(world.database)
    kms.fault = lambda _: refusal("AccessDeniedException")

    answer = world.press("approve")

    assert answer.status_code == 200
    assert world.said() == [SENTENCE]
    assert rows(world.database) == before


def test_a_form_with_a_key_that_is_away_keeps_what_was_typed_under_the_sentence(world: World, kms: Kms) -> None:
    before = rows(world.database)
    kms.fault = lambda _: refusal("KMSInvalidStateException")

    answer = world.interact(world.submission("decline", {"reason": "The shop is closed today."}))

    assert answer.status_code == 200
    assert SENTENCE in answer.text
    assert rows(world.database) == before


def test_a_signature_of_another_key_records_nothing_and_says_so(world: World, kms: Kms) -> None:
    before = rows(world.database)
    kms.keys[SIGNING] = ec.generate_private_key(ec.SECP256R1())

    world.press("approve")

    assert world.said() == [SENTENCE]
    assert rows(world.database) == before


def test_once_the_key_is_back_the_same_button_decides(world: World, kms: Kms) -> None:
    kms.fault = lambda _: refusal("DisabledException")
    world.press("approve")
    kms.fault = lambda _: None

    world.press("approve")

    assert world.said() == [SENTENCE]
    assert world.names() == ["errand_opened", "errand_approved"]


def test_without_its_log_key_the_log_stands_still_and_loses_nothing(
    database_url: str, kms: Kms, tmp_path: Path
) -> None:
    acme = Acme(database_url, tmp_path)
    acme.key = load_log_key(f"awskms:///{LOG}", endpoint=kms.url)
    acme.decide(times=3)
    kms.fault = lambda _: refusal("AccessDeniedException")
    with pytest.raises(SigningFailed, match="Allow kms:Sign on it"):
        acme.log.integrate(acme.key, MONDAY)
    assert (acme.log.size(), acme.log.pending(), acme.log.checkpoint()) == (0, 3, None)

    kms.fault = lambda _: None
    acme.integrate()

    assert acme.log.size() == 3
    assert acme.log.check(acme.key, verify_p256) == []
    acme.close()


def test_a_checkpoint_that_another_key_signed_is_never_kept(database_url: str, kms: Kms, tmp_path: Path) -> None:
    acme = Acme(database_url, tmp_path)
    acme.key = load_log_key(f"awskms:///{LOG}", endpoint=kms.url)
    acme.decide()
    kms.keys[LOG] = Ed25519PrivateKey.generate()

    with pytest.raises(SigningFailed, match="did not make"):
        acme.log.integrate(acme.key, MONDAY)

    assert (acme.log.size(), acme.log.pending(), list(acme.log.checkpoints())) == (0, 1, [])
    acme.close()
