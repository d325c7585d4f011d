"""Ways to damage a packet, as somebody would who wants it to say something else."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

Files = dict[str, bytes]


def unpacked(packet: Path) -> Files:
    """Every file of a packet."""
    with zipfile.ZipFile(packet) as box:
        return {name: box.read(name) for name in box.namelist()}


def packed(files: Files | list[tuple[str, bytes]], out: Path) -> Path:
    """A zip file of these; a list may hold a name twice."""
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as box:
        warnings.simplefilter("ignore")  # zipfile warns of duplicate names
        for name, data in files.items() if isinstance(files, dict) else files:
            box.writestr(name, data)
    return out


def written(files: Files, folder: Path) -> Path:
    """A folder of these."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def flipped(data: bytes, bit: int) -> bytes:
    """The bytes with one bit changed; an empty file gains a byte."""
    if not data:
        return b"\x01"
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def changed(packet: Path, out: Path, change: Callable[[Files], None]) -> Path:
    """A copy of the packet after a change."""
    files = unpacked(packet)
    change(files)
    return packed(files, out)
