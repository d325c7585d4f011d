"""Zip files that two programs would read differently are not opened."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from bot.packet.verify import verify
from tests.packet.damage import packed, unpacked, written


def refused(path: Path) -> str:
    report = verify(path)
    assert not report.fine
    assert report.verdicts == {}
    (finding,) = report.findings
    assert finding.verdict == "altered"
    return finding.sentence


@pytest.mark.parametrize("cut", [0.0, 0.1, 0.5, 0.99])
def test_a_zip_that_was_cut_short_is_refused(packet: Path, tmp_path: Path, cut: float) -> None:
    whole = packet.read_bytes()
    short = tmp_path / "short.zip"
    short.write_bytes(whole[: int(len(whole) * cut)])

    assert "no complete zip file" in refused(short)


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "evidence/../../outside", "/etc/outside", "C:/outside", "evidence\\..\\outside", "evidence//x", "./x",
        "x\x01y", "x" * 300, "evidence/.hidden", "bundles/ä", "~root", "../folder/",
    ],
)  # fmt: skip
def test_a_name_that_leads_out_of_the_folder_is_never_opened(packet: Path, tmp_path: Path, name: str) -> None:
    path = packed([*unpacked(packet).items(), (name, b"x")], tmp_path / "evil.zip")

    assert "dangerous name" in refused(path)
    assert [one.name for one in tmp_path.iterdir()] == ["evil.zip"]


@pytest.mark.parametrize("again", ["index.html", "INDEX.html"])
def test_a_name_that_stands_twice_is_refused(packet: Path, tmp_path: Path, again: str) -> None:
    path = packed([*unpacked(packet).items(), (again, b"another page")], tmp_path / "twice.zip")

    assert "stands twice" in refused(path)


def test_a_symbolic_link_is_not_followed(packet: Path, tmp_path: Path) -> None:
    path = packed(unpacked(packet), tmp_path / "link.zip")
    link = zipfile.ZipInfo("evidence/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as box:
        box.writestr(link, "/etc/passwd")

    assert "symbolic link" in refused(path)


def test_a_symbolic_link_in_a_folder_is_not_followed(packet: Path, tmp_path: Path) -> None:
    folder = written(unpacked(packet), tmp_path / "packet")
    page = folder / "index.html"
    page.rename(tmp_path / "index.html")
    page.symlink_to(tmp_path / "index.html")

    assert "not a file" in refused(folder)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    whole = bytearray(packed({"evidence": b"small"}, tmp_path / "bomb.zip").read_bytes())
    entry = whole.rindex(b"PK\x01\x02")
    whole[entry + 24 : entry + 28] = (2**32 - 2).to_bytes(4, "little")
    (tmp_path / "bomb.zip").write_bytes(whole)

    assert "would unpack to 4,294,967,294 bytes; that is no packet" in refused(tmp_path / "bomb.zip")


def test_files_that_overlap_are_refused(packet: Path, tmp_path: Path) -> None:
    whole = bytearray(packed({"a": b"a" * 40, "b": b"b" * 40}, tmp_path / "two.zip").read_bytes())
    second = whole.rindex(b"PK\x01\x02")
    whole[second + 42 : second + 46] = (10).to_bytes(4, "little")
    (tmp_path / "two.zip").write_bytes(whole)

    assert "overlap" in refused(tmp_path / "two.zip")


def test_nothing_may_hide_before_after_or_beside_the_files(packet: Path, tmp_path: Path) -> None:
    whole, files = packet.read_bytes(), unpacked(packet)
    (tmp_path / "before.zip").write_bytes(b"#!/bin/sh\n" + whole)
    with zipfile.ZipFile(packed(files, tmp_path / "comment.zip"), "a") as box:
        box.comment = b"Verified by Tom."

    assert "hidden at the start" in refused(tmp_path / "before.zip")
    assert "carries a comment" in refused(tmp_path / "comment.zip")


def test_a_file_that_is_encrypted_or_packed_in_an_unusual_way_is_refused(tmp_path: Path) -> None:
    whole = bytearray(packed({"checkpoint": b"x"}, tmp_path / "locked.zip").read_bytes())
    entry = whole.rindex(b"PK\x01\x02")
    whole[entry + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(whole)
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_LZMA) as box:
        box.writestr("checkpoint", b"x")

    assert "is encrypted" in refused(tmp_path / "locked.zip")
    assert "unusual way" in refused(tmp_path / "odd.zip")


def test_a_header_that_says_something_else_than_the_directory_is_refused(packet: Path, tmp_path: Path) -> None:
    whole = bytearray(packed(unpacked(packet), tmp_path / "two.zip").read_bytes())
    whole[14:18] = bytes(4)
    (tmp_path / "two.zip").write_bytes(whole)

    assert "in two ways" in refused(tmp_path / "two.zip")


@pytest.mark.parametrize("field", [8, 10, 12, 16])
def test_a_directory_that_counts_wrong_is_refused(packet: Path, tmp_path: Path, field: int) -> None:
    whole = bytearray(packed(unpacked(packet), tmp_path / "wrong.zip").read_bytes())
    whole[len(whole) - 22 + field] ^= 1
    (tmp_path / "wrong.zip").write_bytes(whole)

    assert not verify(tmp_path / "wrong.zip").fine


def test_a_packet_that_was_zipped_for_large_files_or_as_a_stream_still_verifies(packet: Path, tmp_path: Path) -> None:
    class Stream(io.RawIOBase):
        """A file that cannot go back."""

        def __init__(self) -> None:
            self.kept = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.kept += data
            return len(data)

    stream = Stream()
    with (
        zipfile.ZipFile(tmp_path / "large.zip", "w") as large,
        zipfile.ZipFile(cast(BinaryIO, stream), "w") as streamed,
    ):
        for name, data in unpacked(packet).items():
            with large.open(name, "w", force_zip64=True) as file:
                file.write(data)
            streamed.writestr(name, data)
    (tmp_path / "stream.zip").write_bytes(stream.kept)

    assert verify(tmp_path / "large.zip").fine
    assert verify(tmp_path / "stream.zip").fine


def test_nothing_at_a_path_is_an_error_of_the_call(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "nothing.zip")
