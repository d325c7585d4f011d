"""Bundles with the time of an outside authority: sigstore-js wants the token, and takes none that is of something else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bot.store import migrate
from tests.anchor.tsa import Paper, running_authority
from tests.foreign.company import START, Company
from tests.foreign.peers import sigstore_js
from tests.proof.ledger import ORIGIN
from workflows.kernel.bundle import Logged, TrustedAuthority, TrustedLog, bundle, trusted_root
from workflows.kernel.checkpoint import log_id

COUNT = 6


class Stamped(NamedTuple):
    """A few bundles as JSON texts: with their token, without one, and with their neighbour's."""

    company: Company
    root: Paper
    leaf: Paper
    own: dict[str, str]
    none: dict[str, str]
    other: dict[str, str]

    def judged(self, folder: Path, bundles: dict[str, str], root: Paper) -> tuple[list[str], dict[str, str]]:
        """What sigstore-js says where one token is wanted and authorities under this root are trusted."""
        out = self.company.lay_out(folder / "out", bundles)
        chain = [paper.certificate.public_bytes(Encoding.DER) for paper in (self.leaf, root)]
        trusted = TrustedAuthority("Acme", "Test Stamps", "https://stamps.acme.test", START, chain)
        log = TrustedLog(ORIGIN, self.company.acme.key.public, START)
        (out / "trusted_root.json").write_text(json.dumps(trusted_root([log], [trusted])), encoding="utf-8")
        judged = sigstore_js(out, timestamps=1)
        return judged.accepted, judged.refused


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamped]:
    """The first attestations of a ledger, each stamped by `openssl ts` over its signature."""
    folder = tmp_path_factory.mktemp("acme")
    url = f"sqlite:///{folder / 'attester.db'}"
    migrate.upgrade(url)
    company = Company(url, folder, COUNT, batches=1)
    root = Paper("Test Stamps Root")
    leaf = Paper("Test Stamps", root, eku="yes")
    entries = list(company.acme.log.entries(0, COUNT - 1))
    with running_authority(folder / "tsa", root=root, leaf=leaf) as authority:
        tokens = [authority.reply(query(folder, entry.signature)) for entry in entries]
    found: tuple[dict[str, str], ...] = ({}, {}, {})
    for at, entry in enumerate(entries):
        path = company.acme.log.proof(at, company.newest.size)
        logged = Logged(at, path, company.newest, log_id(ORIGIN, company.acme.key.public))
        for into, token in zip(found, ([tokens[at]], [], [tokens[at - 1]]), strict=True):
            made = bundle(entry.payload or b"", entry.signature, entry.keyid, entry.leaf, logged, token)
            into[f"{entry.id}.json"] = json.dumps(made)
    yield Stamped(company, root, leaf, *found)
    company.close()


def query(folder: Path, signature: bytes) -> bytes:
    """A request for the time of these bytes."""
    (folder / "signature").write_bytes(signature)
    command = ["openssl", "ts", "-query", "-data", "signature", "-sha256", "-cert"]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def test_a_bundle_with_its_token_is_accepted_where_a_token_is_wanted(stamped: Stamped, tmp_path: Path) -> None:
    accepted, refused = stamped.judged(tmp_path, stamped.own, stamped.root)

    assert (accepted, refused) == (sorted(stamped.own), {})


def test_a_bundle_without_token_is_refused_where_one_is_wanted(stamped: Stamped, tmp_path: Path) -> None:
    accepted, refused = stamped.judged(tmp_path, stamped.none, stamped.root)

    assert accepted == []
    assert {why.partition(":")[0] for why in refused.values()} == {"TIMESTAMP_ERROR"}


def test_the_token_of_another_signature_is_refused(stamped: Stamped, tmp_path: Path) -> None:
    accepted, refused = stamped.judged(tmp_path, stamped.other, stamped.root)

    assert (accepted, len(refused)) == ([], COUNT)


def test_a_token_under_a_root_that_is_not_trusted_is_refused(stamped: Stamped, tmp_path: Path) -> None:
    accepted, refused = stamped.judged(tmp_path, stamped.own, Paper("Test Stamps Root"))

    assert (accepted, len(refused)) == ([], COUNT)
