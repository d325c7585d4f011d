"""Ten thousand times one bit of a packet is flipped: whatever is not on the list below is refused."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.packet.export import export
from bot.packet.verify import verify
from tests.packet.company import Acme
from tests.packet.container import Container
from tests.packet.damage import flipped, unpacked, written
from tests.packet.outside import FIRST, stamped

BY_THE_DAY = "the day of making is not content; every packet states the first day that a zip file knows"
BY_THE_READER = "which programs may read or made the file; the packet's bytes are the same for all of them"
BY_THE_DISK = "on which of several disks a part lies; there is one file"
ALLOWED = {
    "local: version needed": BY_THE_READER,
    "local: time": BY_THE_DAY,
    "directory: version made by": BY_THE_READER,
    "directory: version needed": BY_THE_READER,
    "directory: time": BY_THE_DAY,
    "directory: disk": BY_THE_DISK,
    "directory: internal attributes": "whether a file is text; every file is compared byte by byte",
    "directory: external attributes": "rights on the disk; what would make a link of a file is refused",
}
"""What may differ in the container without a finding, and why. No byte of any file in the packet is among it."""

CONTENT = "file: content"
"""Compressed bytes may differ where they unpack to the same: compression leaves bits unused, and has two ways to say a thing."""

OVER_THE_ZIP = 7_000
OVER_THE_FILES = 3_000


@pytest.fixture(scope="module")
def short(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Acme, Path]]:
    """A packet of the first attestations, with tokens, an anchored checkpoint and evidence."""
    folder = tmp_path_factory.mktemp("short")
    early = [timedelta(hours=-2)] * 3
    with stamped(sqlite_template, folder, early) as company:
        out = folder / "short.zip"
        export(company.source, out=out, start=FIRST, end=datetime.now(UTC) - timedelta(hours=1))
        yield company, out


def test_a_bit_of_the_zip_file_that_is_flipped_is_found(short: tuple[Acme, Path], tmp_path: Path) -> None:
    container, copy, files = Container(short[1]), tmp_path / "flipped.zip", unpacked(short[1])
    dice, passed = random.Random(31), set()

    bits = [byte * 8 + bit for byte in container.edges() for bit in range(8)]
    bits += [dice.randrange(len(container.data) * 8) for _ in range(OVER_THE_ZIP - len(bits))]
    for bit in bits:
        copy.write_bytes(flipped(container.data, bit))
        if verify(copy).fine:
            passed.add(container.field(bit // 8))
            assert unpacked(copy) == files

    assert verify(short[1]).fine
    assert passed <= {*ALLOWED, CONTENT}


def test_a_bit_of_a_file_in_the_packet_that_is_flipped_is_found_without_exception(
    short: tuple[Acme, Path], tmp_path: Path
) -> None:
    files = unpacked(short[1])
    folder, names = written(files, tmp_path / "packet"), sorted(files)
    weights = [len(files[name]) for name in names]
    dice, passed = random.Random(12), []

    for name in dice.choices(names, weights, k=OVER_THE_FILES):
        bit = dice.randrange(len(files[name]) * 8)
        (folder / name).write_bytes(flipped(files[name], bit))
        if verify(folder).fine:
            passed.append((name, bit))
        (folder / name).write_bytes(files[name])

    assert verify(folder).fine
    assert passed == []


@pytest.mark.parametrize("field", sorted(ALLOWED))
def test_nothing_stands_on_the_list_that_would_be_refused_anyway(
    field: str, short: tuple[Acme, Path], tmp_path: Path
) -> None:
    container, copy = Container(short[1]), tmp_path / "flipped.zip"

    def passes(byte: int) -> bool:
        copy.write_bytes(flipped(container.data, byte * 8))
        return verify(copy).fine

    assert any(passes(byte) for byte in container.bytes_of(field)[:8])
