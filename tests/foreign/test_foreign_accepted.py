"""A thousand attestations of every kind are accepted, each and every one, by five tools that share no code with us."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from bot.store import migrate
from tests.foreign.company import ALL, Company, signed_kinds
from tests.foreign.peers import Judged, go_log, openssl, sigstore_js
from tests.foreign.specimen import TEXTS
from workflows.kernel.dsse import pae
from workflows.kernel.encoding import unb64

WANTED = 1_000


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A ledger with at least a thousand decisions."""
    folder = tmp_path_factory.mktemp("acme")
    url = f"sqlite:///{folder / 'attester.db'}"
    migrate.upgrade(url)
    made = Company(url, folder, WANTED)
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its bundles, laid out for the tools."""
    return company.lay_out(tmp_path_factory.mktemp("packet") / "out")


@pytest.fixture(scope="module")
def envelopes(company: Company) -> list[dict[str, Any]]:
    return [json.loads(text)["dsseEnvelope"] for text in company.bundles.values()]


def test_every_kind_of_signed_event_of_every_workflow_is_among_them(company: Company) -> None:
    assert company.kinds == {(w.name, kind) for w in ALL for kind in signed_kinds(w)}
    assert len(company.bundles) == company.newest.size >= WANTED
    assert len(company.checkpoints) >= 5


def test_texts_of_every_kind_are_among_them(company: Company, envelopes: list[dict[str, Any]]) -> None:
    signed = b"".join(unb64(value["payload"]) for value in envelopes)

    assert [text for text in TEXTS if json.dumps(text, ensure_ascii=False).encode() not in signed] == []
    assert company.newest.size == len(envelopes)


def test_sigstore_js_accepts_every_bundle(company: Company, folder: Path) -> None:
    judged = sigstore_js(folder)

    assert judged.refused == {}
    assert judged.accepted == sorted(company.bundles)
    assert judged.versions["@sigstore/verify"] == "4.1.3"


def test_gos_log_library_accepts_every_bundle_and_every_pair_of_checkpoints(
    company: Company, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = go_log(folder)

    if not isinstance(judged, Judged):
        with capsys.disabled():
            print(f"\n{judged}")
        return
    assert judged.refused == {}
    assert judged.accepted == sorted(company.bundles)
    count = len(company.checkpoints)
    assert judged.trees == count * (count - 1) // 2


def test_securesystemslib_accepts_every_envelope(company: Company, envelopes: list[dict[str, Any]]) -> None:
    signer = company.acme.signer
    key = SSlibKey(signer.keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": signer.public_pem.decode()})

    accepted = [Envelope.from_dict(copy.deepcopy(value)).verify([key], 1) for value in envelopes]

    assert all(accepted)
    assert len(accepted) >= WANTED


def test_in_toto_accepts_every_statement(envelopes: list[dict[str, Any]]) -> None:
    for value in envelopes:
        message = ParseDict(json.loads(unb64(value["payload"])), StatementMessage())
        Statement.copy_from_pb(message).validate()
        assert message.predicate_type.startswith("urn:attester:")


def test_openssl_accepts_one_signature_of_each_kind_of_event(company: Company, folder: Path) -> None:
    first: dict[str, tuple[str, bytes]] = {}
    for name, text in company.bundles.items():
        payload = unb64(json.loads(text)["dsseEnvelope"]["payload"])
        first.setdefault(json.loads(payload)["predicateType"], (name, payload))

    refused = [kind for kind, (name, payload) in first.items() if not openssl(folder, name, pae(payload))]

    assert refused == []
    name, payload = next(iter(first.values()))
    assert not openssl(folder, name, pae(payload + b" "))
