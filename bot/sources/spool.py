"""Raw files under way: what a killed pull had read is found again, recorded as partial, and never used."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True)
class Left:
    """A pull that did not end: its raw file, and who started it when."""

    raw: Path
    started_at: datetime
    started_by: str


class Spool:
    """The place of one source's raw file while it is being written; the lease keeps others away."""

    def __init__(self, folder: Path, source: str) -> None:
        self._name = quote(source, safe="")
        self._folder = folder
        self._note = folder / f"{self._name}.json"
        self._raw: Path | None = None

    def begin(self, at: datetime, by: str) -> Path:
        """Note that a pull begins, and return where its raw file goes; readable by this user alone, it is personal data.

        Each pull has a file of its own: a process that was thought dead cannot write into the next one's.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._raw = self._folder / f"{self._name}-{at:%Y%m%dT%H%M%S%f}.raw"
        self._raw.touch(mode=0o600)
        draft = self._note.with_suffix(".draft")
        note = {"started_at": at.isoformat(), "started_by": by, "raw": self._raw.name}
        draft.write_text(json.dumps(note), encoding="utf-8")
        os.replace(draft, self._note)
        return self._raw

    def left(self) -> Left | None:
        """The pull that began here and did not end."""
        note = self._noted()
        if note is None:
            return None
        self._raw = self._folder / Path(note["raw"]).name
        if not self._raw.is_file():
            return None
        return Left(self._raw, datetime.fromisoformat(note["started_at"]), note["started_by"])

    def clear(self) -> None:
        """The pull that this object began or found is not under way any more."""
        if self._raw is None:
            return
        note = self._noted()
        if note is not None and note["raw"] == self._raw.name:
            self._note.unlink(missing_ok=True)
        self._raw.unlink(missing_ok=True)

    def _noted(self) -> dict[str, str] | None:
        try:
            note: dict[str, str] = json.loads(self._note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return note if {"raw", "started_at", "started_by"} <= note.keys() else None


def whole_part(raw: bytes) -> tuple[bytes, bytes]:
    """What of a raw file can be read: (file, its content). Cut-off gzip is packed anew, up to its last whole line."""
    if raw[:2] != b"\x1f\x8b":
        return raw, raw
    unpacked = zlib.decompressobj(wbits=31)
    try:
        content = unpacked.decompress(raw)
    except zlib.error:
        return raw, b""
    if unpacked.eof:
        return raw, content
    content = content[: content.rfind(b"\n") + 1]
    packer = zlib.compressobj(level=6, wbits=31)
    return packer.compress(content) + packer.flush(), content
