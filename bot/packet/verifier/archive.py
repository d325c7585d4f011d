"""A packet's files, from a zip or an unpacked folder, without trusting either."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from bot.packet.verifier.report import Bad, plain
from bot.packet.verifier.strict import altered

CHUNK = 1024 * 1024
MOST_FILES = 4_000_000
MOST_BYTES = 1 << 40
EASY_BYTES = 1 << 28
"""What a zip may unpack to whatever its size; beyond that the ratio counts."""
RATIO = 200
"""Lists of accounts shrink by 10 to 40; a bomb by a thousand and more."""
PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
LOCAL = struct.Struct("<4sHHHLLLLHH")
"""The header before a file in a zip: its mark, version, flags, method, time, CRC, two sizes, two lengths (APPNOTE 4.3.7)."""
CENTRAL = struct.Struct("<4s24sHHH12s")
"""A file in the directory at the end: its mark, then the lengths of name, extra field and comment (APPNOTE 4.3.12)."""
DIRECTORY_END = struct.Struct("<4sHHHHLLH")
"""The end: its mark, two disks, how many files here and in all, size and place of the directory, comment (APPNOTE 4.3.16)."""
LARGE_FIELD = b"\x01\x00\x10\x00"
LARGE = struct.Struct("<QQ")
"""The extra field with both sizes of a large file (APPNOTE 4.5.3)."""
LARGE_END = 76
"""Bytes between directory and end where counts or sizes are large (APPNOTE 4.3.14 and 4.3.15)."""
MANY = 0xFFFF
BEYOND = 0xFFFFFFFF
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


class Archive:
    """Files by their path in the packet. Raises Bad for a container that two programs could read differently."""

    def __init__(self, path: str) -> None:
        self._folder: str | None = path if os.path.isdir(path) else None
        self._files: dict[str, int] = {}
        self._zip: zipfile.ZipFile | None = None
        if self._folder is not None:
            self._walk(self._folder)
        else:
            self._open_zip(path)

    @property
    def names(self) -> list[str]:
        """Every file, sorted."""
        return sorted(self._files)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return self._files[name]

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file in pieces. Raises Bad where it cannot be read or has another size than announced."""
        left = self._files[name]
        try:
            with self._open(name) as file:
                while True:
                    piece = file.read(CHUNK)
                    if not piece:
                        break
                    left -= len(piece)
                    if left < 0:
                        raise altered(f"{plain(name)} is longer than announced.")
                    yield piece
        except BROKEN:
            raise altered(f"{plain(name)} cannot be read; it is damaged.") from None
        if left:
            raise altered(f"{plain(name)} is shorter than announced.")

    def read(self, name: str, limit: int) -> bytes:
        """A whole file of at most ``limit`` bytes. Raises Bad where it is missing or longer."""
        if name not in self._files:
            raise Bad("missing", f"{plain(name)} is not in the packet.")
        if self._files[name] > limit:
            raise altered(f"{plain(name)} has {self._files[name]:,} bytes; at most {limit:,} are allowed.")
        return b"".join(self.chunks(name))

    def digest(self, name: str) -> str:
        """The SHA-256 of a file, in bounded memory."""
        made = hashlib.sha256()
        for piece in self.chunks(name):
            made.update(piece)
        return made.hexdigest()

    def close(self) -> None:
        """Give the file back."""
        if self._zip is not None:
            self._zip.close()

    def _open(self, name: str) -> IO[bytes]:
        if self._zip is not None:
            return self._zip.open(name)
        return open(os.path.join(self._folder or "", *name.split("/")), "rb")

    def _add(self, name: str, size: int) -> None:
        if len(self._files) >= MOST_FILES:
            raise altered(f"The packet holds more than {MOST_FILES:,} files.")
        self._files[name] = size

    def _walk(self, top: str) -> None:
        for folder, folders, files in os.walk(top, onerror=_cannot_list):
            for name in folders + files:
                path = os.path.join(folder, name)
                inside = os.path.relpath(path, top).replace(os.sep, "/")
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode):
                    self._add(inside, os.path.getsize(path))
                elif not stat.S_ISDIR(mode):
                    raise altered(f"{plain(inside)} is a link or a device, not a file. It was not opened.")

    def _open_zip(self, path: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except BROKEN:
            raise altered("This is no complete zip file: damaged, cut short, or something else.") from None
        infos = self._zip.infolist()
        lower = set()
        for info in infos:
            _check_member(info)
            if info.is_dir():
                continue
            if info.filename.lower() in lower:
                raise altered(f"{plain(info.filename)} stands twice in the zip file.")
            lower.add(info.filename.lower())
            if not PATH.fullmatch(info.filename) or len(info.filename) > 255:
                raise altered(
                    f"The packet holds a file with a dangerous name: {plain(info.filename)}. It was not opened."
                )
            self._add(info.filename, info.file_size)
        _check_layout(infos, self._zip, os.path.getsize(path))
        _check_headers(infos, path, self._zip.start_dir)
        _check_directory(infos, path, self._zip.start_dir)


def _cannot_list(error: OSError) -> None:
    raise altered("A folder of the packet cannot be read.") from error


def _check_member(info: zipfile.ZipInfo) -> None:
    name = plain(info.filename)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise altered(f"{name} is a symbolic link. It was not opened.")
    if info.flag_bits & 0x1:
        raise altered(f"{name} is encrypted.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise altered(f"{name} is packed in an unusual way.")
    if info.is_dir() and (info.file_size or not PATH.fullmatch(info.filename[:-1])):
        raise altered(f"The packet holds a folder with a dangerous name: {name}. It was not opened.")


def _check_layout(infos: list[zipfile.ZipInfo], opened: zipfile.ZipFile, size: int) -> None:
    """No bomb, nothing hidden before, between or after the files: two programs would show different content."""
    total = sum(info.file_size for info in infos)
    if total > MOST_BYTES or total > EASY_BYTES + RATIO * size:
        raise altered(f"The zip file would unpack to {total:,} bytes; that is no packet.")
    if opened.comment:
        raise altered("The zip file carries a comment, which no packet has.")
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise altered("Files in the zip overlap; that is no packet.")
        end = info.header_offset + 30 + len(info.filename.encode("utf-8")) + info.compress_size
    if infos and min(info.header_offset for info in infos) != 0:
        raise altered("There is something hidden at the start of the zip file.")


def _check_headers(infos: list[zipfile.ZipInfo], path: str, start: int) -> None:
    """The header before each file says what the directory at ``start`` says: some programs read the one, some the other."""
    ordered = sorted(infos, key=lambda one: one.header_offset)
    with open(path, "rb") as file:
        for info, beyond in zip(ordered, [*(one.header_offset for one in ordered[1:]), start], strict=True):
            file.seek(info.header_offset)
            head = file.read(LOCAL.size)
            if len(head) != LOCAL.size:
                raise altered("This is no complete zip file: damaged, cut short, or something else.")
            _, _, flags, method, _, crc, packed, size, name, extra = LOCAL.unpack(head)
            told = (flags, method, file.read(name))
            large = file.read(extra)
            if large[:4] == LARGE_FIELD:
                size, packed = (real if short == BEYOND else short for short, real in
                                zip((size, packed), LARGE.unpack(large[4:20].ljust(16, b"\0")), strict=True))  # fmt: skip
            sizes = ((crc, info.CRC), (packed, info.compress_size), (size, info.file_size))
            # CRC and sizes stand behind a file that was written as a stream (flag 8).
            same = all(here == there or (here == 0 and flags & 0x8) for here, there in sizes)
            same = same and info.header_offset + LOCAL.size + name + extra + info.compress_size <= beyond
            if told != (info.flag_bits, info.compress_type, info.orig_filename.encode("utf-8")) or not same:
                raise altered(f"The zip file describes {plain(info.filename)} in two ways.")


def _check_directory(infos: list[zipfile.ZipInfo], path: str, start: int) -> None:
    """The directory lists exactly these files, and ends where the zip file ends: some programs count, some read on."""
    with open(path, "rb") as file:
        file.seek(start)
        directory = file.read()
    at, count = 0, 0
    while directory[at : at + 4] == b"PK\x01\x02" and len(directory) - at >= CENTRAL.size:
        _, _, name, extra, comment, _ = CENTRAL.unpack_from(directory, at)
        at, count = at + CENTRAL.size + name + extra + comment, count + 1
    rest = len(directory) - at - DIRECTORY_END.size
    if rest not in (0, LARGE_END):
        raise altered("The directory of the zip file does not end where its files end.")
    _, disk, other, here, total, size, offset, comment = DIRECTORY_END.unpack_from(
        directory, len(directory) - DIRECTORY_END.size
    )
    told = ((disk, 0, MANY), (other, 0, MANY), (here, count, MANY), (total, count, MANY), (size, at, BEYOND))
    if (
        comment
        or count != len(infos)
        or not all(one == true or (rest and one == large) for one, true, large in (*told, (offset, start, BEYOND)))
    ):
        raise altered("The directory of the zip file counts other files than it lists.")
