"""A packet as an auditor receives it: tools that are not ours accept every bundle in it, as it lies in the zip."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from bot.packet.export import export
from tests.foreign.peers import Judged, go_log, sigstore_js
from tests.packet.company import FROM, UNTIL, acme
from workflows.kernel.publickey import der, fingerprint


@pytest.fixture(scope="module")
def unpacked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packet of a whole review, unpacked, and its keys in the form in which the tools want them."""
    folder = tmp_path_factory.mktemp("review")
    shutil.copy(sqlite_template, folder / "attester.db")
    company = acme(f"sqlite:///{folder / 'attester.db'}", folder)
    export(company.source, out=folder / "packet.zip", start=FROM, end=UNTIL)
    company.database.close()
    out = folder / "packet"
    with zipfile.ZipFile(folder / "packet.zip") as packet:
        packet.extractall(out)
    publics = {path: der(path.read_text(encoding="utf-8")) for path in sorted((out / "keys").glob("*.pem"))}
    keys = {fingerprint(public): base64.b64encode(public).decode() for public in publics.values()}
    (out / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    shutil.copy(next(iter(publics)), out / "key.pem")
    (out / "vkey").write_text((out / "policy").read_text(encoding="utf-8").split()[1], encoding="utf-8")
    (out / "trees.json").write_text("[]", encoding="utf-8")
    return out


def bundles(unpacked: Path) -> list[str]:
    return sorted(path.name for path in (unpacked / "bundles").iterdir())


def test_sigstore_js_accepts_every_bundle_of_a_packet_with_the_packets_own_trusted_root(unpacked: Path) -> None:
    judged = sigstore_js(unpacked)

    assert judged.refused == {}
    assert judged.accepted == bundles(unpacked)
    assert len(judged.accepted) >= 10


def test_gos_log_library_accepts_every_bundle_of_a_packet(unpacked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = go_log(unpacked)

    if not isinstance(judged, Judged):
        with capsys.disabled():
            print(f"\n{judged}")
        return
    assert judged.refused == {}
    assert judged.accepted == bundles(unpacked)


def test_every_evidence_file_of_a_packet_has_the_digest_that_names_it(unpacked: Path) -> None:
    files = list((unpacked / "evidence/sha256").iterdir())

    assert [f.name for f in files if hashlib.sha256(f.read_bytes()).hexdigest() != f.name] == []
    assert files
