"""A packet with outside time as an auditor receives it: sigstore-js demands a token, and accepts every bundle."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path

import pytest
from rfc3161_client import decode_timestamp_response

from tests.foreign.peers import sigstore_js
from tests.packet.outside import packet_of, stamped
from workflows.kernel.publickey import der, fingerprint


@pytest.fixture(scope="module")
def unpacked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packet of a review that was stamped and anchored, unpacked, with its keys in the form that the tool wants."""
    folder = tmp_path_factory.mktemp("stamped")
    with stamped(sqlite_template, folder) as company:
        packet = packet_of(company.source, folder / "packet.zip")
    out = folder / "packet"
    with zipfile.ZipFile(packet) as box:
        box.extractall(out)
    publics = [der(path.read_text(encoding="utf-8")) for path in sorted((out / "keys").glob("*.pem"))]
    keys = {fingerprint(public): base64.b64encode(public).decode() for public in publics}
    (out / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    return out


def test_sigstore_js_accepts_every_bundle_of_a_packet_where_a_token_is_demanded(unpacked: Path) -> None:
    judged = sigstore_js(unpacked, timestamps=1)

    assert judged.refused == {}
    assert judged.accepted == sorted(path.name for path in (unpacked / "bundles").iterdir())
    assert len(judged.accepted) >= 10


def test_sigstore_js_refuses_the_packets_bundles_where_its_trusted_root_names_no_authority(unpacked: Path) -> None:
    path = unpacked / "trusted_root.json"
    told = path.read_text(encoding="utf-8")
    path.write_text(json.dumps({**json.loads(told), "timestampAuthorities": []}), encoding="utf-8")

    judged = sigstore_js(unpacked, timestamps=1)

    path.write_text(told, encoding="utf-8")
    assert judged.accepted == []


def test_every_token_beside_a_checkpoint_is_read_by_another_library(unpacked: Path) -> None:
    tokens = [path.read_bytes() for path in (unpacked / "checkpoints").glob("*.tsr")]

    assert [decode_timestamp_response(token).status for token in tokens] == [0]
