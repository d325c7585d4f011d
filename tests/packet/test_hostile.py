"""A packet made by somebody who wants to break the verifier: it answers with a verdict, whatever it is given."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.packet.export import export
from bot.packet.verify import verify
from tests.packet.company import UNTIL, Acme
from tests.packet.damage import Files, packed, unpacked, written
from tests.packet.reseal import resealed, sealed

JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, "", "A", "AAAA", [], [[]], {}, {"a": 1}, "9" * 40, "²", "\x00", "ä" * 10, [None], {"": {}},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a JSON value."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*path, key))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from places(part, (*path, at))


def with_junk(data: bytes, path: tuple[Any, ...], junk: Any) -> bytes:
    value = json.loads(data)
    here = value
    for step in path[:-1]:
        here = here[step]
    if path:
        here[path[-1]] = junk
    return json.dumps(value if path else junk).encode()


@pytest.fixture
def small(review: Acme, tmp_path: Path) -> Files:
    """A packet of one attestation."""
    last = list(review.log.entries(0, 999))[-1]
    export(review.source, out=tmp_path / "small.zip", start=last.at, end=UNTIL)
    return unpacked(tmp_path / "small.zip")


@pytest.mark.parametrize("target", ["packet.json", "packet.sigstore.json", "trusted_root.json", "bundles/"])
def test_junk_anywhere_in_a_json_file_gets_a_verdict_and_no_crash(
    review: Acme, small: Files, tmp_path: Path, target: str
) -> None:
    name = next(n for n in sorted(small) if n.startswith(target))
    folder = written(small, tmp_path / "packet")
    dice = random.Random(target)
    tried = [path for path in places(json.loads(small[name])) if path[:1] != ("files",) or dice.random() < 0.1]

    for path in tried:
        junk = dice.choice(JUNK)
        files = {**small, name: with_junk(small[name], path, junk)}
        if not target.startswith("packet."):
            files = resealed(files, review.source.signer)
        elif name == "packet.json" and isinstance(json.loads(files[name]), dict):
            files = _sealed_if_possible(files, review)
        for one in (name, "packet.json", "packet.sigstore.json"):
            (folder / one).write_bytes(files[one])
        report = verify(folder)
        assert not report.fine or json.loads(files[name]) == json.loads(small[name]) or harmless(path), (path, junk)


def harmless(path: tuple[Any, ...]) -> bool:
    """Fields of which any text is as good as another: our version, and since when the log is trusted."""
    return path in {("attester",), ("tlogs", 0, "publicKey", "validFor", "start")} or path[:1] == ("programs",)


def _sealed_if_possible(files: Files, review: Acme) -> Files:
    try:
        return sealed(files, review.source.signer)
    except (KeyError, TypeError, AttributeError, ValueError):
        return files


def test_deep_nesting_and_huge_numbers_are_refused(small: Files, tmp_path: Path, review: Acme) -> None:
    name = next(n for n in small if n.startswith("bundles/"))

    for data in (b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5_000, b"1e999", b"NaN", b"\xff\xfe", b'"\\ud800"', b""):
        files = resealed({**small, name: data}, review.source.signer)
        assert not verify(packed(files, tmp_path / "deep.zip")).fine
        assert not verify(packed({**small, "packet.json": data}, tmp_path / "deep.zip")).fine


def test_a_file_larger_than_any_packet_has_is_not_read(small: Files, tmp_path: Path, review: Acme) -> None:
    files = resealed({**small, "checkpoint": bytes(2 * 1024 * 1024)}, review.source.signer)

    report = verify(packed(files, tmp_path / "large.zip"))

    assert any("at most" in finding.sentence for finding in report.findings)


@pytest.mark.parametrize("line", ["keyid", "a,b", '"', "\x00", "a,keys/../../x.pem,2026-01-01T00:00:00.000000Z,,"])
def test_a_hostile_list_of_keys_is_refused(small: Files, tmp_path: Path, review: Acme, line: str) -> None:
    head = small["keys.csv"].split(b"\r\n")[0]
    files = resealed({**small, "keys.csv": head + b"\r\n" + line.encode() + b"\r\n"}, review.source.signer)

    assert not verify(packed(files, tmp_path / "keys.zip")).fine
