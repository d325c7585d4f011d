"""The zip file: sorted names, one fixed time, everything that goes in is hashed on its way."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

CHUNK = 1024 * 1024
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file knows: the same content makes the same file."""
LARGE = 1 << 31


@dataclass(frozen=True)
class Packed:
    """What was put in under a name."""

    sha256: str
    bytes: int


class Box:
    """A zip file being written. Names must come in sorted order, each once."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._last = ""
        self.files: dict[str, Packed] = {}

    def add(self, name: str, content: BinaryIO | bytes) -> Packed:
        """Put a file in, in bounded memory. Raises ValueError for a name out of order."""
        if name <= self._last:
            raise ValueError(f"{name} comes after {self._last}")
        self._last = name
        source = BytesIO(content) if isinstance(content, bytes) else content
        info = zipfile.ZipInfo(name, LONG_AGO)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system = 3
        info.external_attr = 0o100644 << 16
        length = source.seek(0, os.SEEK_END)
        source.seek(0)
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=length >= LARGE) as target:
            while piece := source.read(CHUNK):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        self.files[name] = Packed(digest.hexdigest(), size)
        return self.files[name]

    def close(self) -> None:
        """Write the directory of the zip."""
        self._zip.close()


@contextmanager
def written(out: Path) -> Iterator[Box]:
    """A box that stands under its name, whole and synced, only if the block ends well."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            box = Box(file)
            try:
                yield box
            finally:
                box.close()  # also after a failure: an open zip would complain when it is collected
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, out)
        folder = os.open(out.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
