"""A zip file, byte by byte: which field each byte belongs to (APPNOTE 4.3)."""

from __future__ import annotations

import bisect
import zipfile
from collections.abc import Sequence
from pathlib import Path

LOCAL = (
    ("mark", 4), ("version needed", 2), ("flags", 2), ("method", 2), ("time", 4), ("CRC", 4), ("packed size", 4), ("size", 4),
    ("name length", 2), ("extra length", 2),
)  # fmt: skip
CENTRAL = (
    ("mark", 4), ("version made by", 2), ("version needed", 2), ("flags", 2), ("method", 2), ("time", 4), ("CRC", 4),
    ("packed size", 4), ("size", 4), ("name length", 2), ("extra length", 2), ("comment length", 2), ("disk", 2),
    ("internal attributes", 2), ("external attributes", 4), ("offset", 4),
)  # fmt: skip
END = (
    ("mark", 4), ("disk", 2), ("disk of the directory", 2), ("entries here", 2), ("entries", 2), ("directory size", 4),
    ("directory offset", 4), ("comment length", 2),
)  # fmt: skip


class Container:
    """Every byte of a packet as it is exported: headers, names and content without gaps. Raises ValueError otherwise."""

    def __init__(self, packet: Path) -> None:
        self.data = packet.read_bytes()
        with zipfile.ZipFile(packet) as box:
            infos, at = box.infolist(), box.start_dir
        self._starts: list[int] = []
        self._fields: list[str] = []
        here = 0
        for info in infos:
            if info.header_offset != here:
                raise ValueError(f"There is a gap before {info.filename}.")
            here = self._lay(here, "local", (*LOCAL, ("name", len(info.filename))))
            here = self._lay(here, "file", (("content", info.compress_size),))
        if here != at:
            raise ValueError("There is a gap before the directory.")
        for info in infos:
            here = self._lay(here, "directory", (*CENTRAL, ("name", len(info.filename))))
        if self._lay(here, "end", END) != len(self.data):
            raise ValueError("There is something behind the directory.")

    def _lay(self, at: int, part: str, fields: Sequence[tuple[str, int]]) -> int:
        for name, length in fields:
            self._starts.append(at)
            self._fields.append(f"{part}: {name}")
            at += length
        return at

    def field(self, byte: int) -> str:
        """The field that a byte belongs to."""
        return self._fields[bisect.bisect_right(self._starts, byte) - 1]

    def bytes_of(self, field: str) -> list[int]:
        """Where the bytes of all fields of this name lie."""
        ends = [*self._starts[1:], len(self.data)]
        places = zip(self._starts, ends, self._fields, strict=True)
        return [byte for start, end, name in places if name == field for byte in range(start, end)]

    def edges(self) -> list[int]:
        """Every byte of the first file's header, of the first and the last file in the directory, and of the end."""
        marks = [start for start, field in zip(self._starts, self._fields, strict=True) if field == "directory: mark"]
        first = self._starts[self._fields.index("file: content")]
        second = marks[1] if len(marks) > 1 else marks[0]
        return [*range(first), *range(marks[0], second), *range(marks[-1], len(self.data))]
