"""A folder as vault: `evidence/sha256/<hex>`, each file written whole under another name first, then moved into place."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from bot.vault.name import altered, evidence_name, forked, is_sha256, missing, object_name, unnamed

CHUNK = 1024 * 1024
READ_ONLY = 0o444


class FileVault:
    """Files on a local disk. What has a name is whole, synced to the disk and read-only; whoever owns the disk can still
    change it, which the digests show."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._evidence = folder / "evidence" / "sha256"
        self._incoming = folder / "incoming"
        for made in (self._evidence, self._incoming):
            made.mkdir(parents=True, exist_ok=True)
        for parent in (self._evidence.parent, folder, folder.parent):
            _sync_folder(parent)

    def put(self, data: bytes) -> str:
        """Keep the bytes; a second time is a no-op. Returns their SHA-256.

        Raises EvidenceAltered where a file of this name holds other bytes, OSError where the disk cannot keep them.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if self._kept(sha256):
            return sha256
        with self._draft() as (file, path):
            file.write(data)
            return self._keep(file, path, sha256)

    def put_stream(self, source: BinaryIO) -> str:
        """Keep everything the stream gives, in bounded memory. Returns the SHA-256. Raises as `put`."""
        digest = hashlib.sha256()
        with self._draft() as (file, path):
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
            return self._keep(file, path, digest.hexdigest())

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file, in bounded memory. Returns the SHA-256. Raises as `put`."""
        with path.open("rb") as source:
            return self.put_stream(source)

    def get(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises EvidenceMissing or EvidenceAltered."""
        with self._file(sha256) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise altered(sha256)
        return data

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as a stream, checked as a whole before the first is given. Raises EvidenceMissing or EvidenceAltered."""
        file = self._file(sha256)
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            file.close()
            raise altered(sha256)
        file.seek(0)
        return file

    def has(self, sha256: str) -> bool:
        """Whether there is a file of this name; False for what is no SHA-256."""
        return is_sha256(sha256) and (self._evidence / sha256).is_file()

    def keep(self, name: str, data: bytes) -> None:
        """Write an object once and read it back; the same bytes again are a no-op. Raises Forked, OSError, ValueError."""
        path = self._folder / object_name(name)
        if not path.exists():
            self._make_folder(path.parent)
            with self._draft() as (file, draft):
                file.write(data)
                _seal(file)
                # A link, not a rename: it never replaces what somebody else wrote in this moment.
                with suppress(FileExistsError):
                    os.link(draft, path)
            _sync_folder(path.parent)
        if path.read_bytes() != data:
            raise forked(name)

    def read(self, name: str) -> bytes:
        """The bytes of an object. Raises EvidenceMissing, OSError, ValueError for what is no name."""
        try:
            return (self._folder / object_name(name)).read_bytes()
        except FileNotFoundError:
            raise unnamed(name) from None

    def names(self, start: str) -> Iterator[str]:
        """The objects whose name starts so, in order; ``start`` ends with a slash."""
        found = (
            path.relative_to(self._folder).as_posix() for path in (self._folder / start).rglob("*") if path.is_file()
        )
        yield from sorted(found)

    def forget(self, name: str) -> None:
        """Take an object away after its retention; one that is not there is a no-op. Raises OSError, ValueError."""
        (self._folder / object_name(name)).unlink(missing_ok=True)

    def forget_evidence(self, sha256: str) -> None:
        """Take evidence away after its retention; what is not there is a no-op. Raises OSError."""
        (self._folder / evidence_name(sha256)).unlink(missing_ok=True)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            _sync_folder(folder.parent)

    def _file(self, sha256: str) -> BufferedReader:
        try:
            return (self._folder / evidence_name(sha256)).open("rb")
        except FileNotFoundError:
            raise missing(sha256) from None

    @contextmanager
    def _draft(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A new file without a name in the vault yet; gone at the end unless it was moved into place."""
        handle, name = tempfile.mkstemp(dir=self._incoming)
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file, path
        finally:
            path.unlink(missing_ok=True)

    def _kept(self, sha256: str) -> bool:
        """Whether exactly these bytes are here already. Raises EvidenceAltered where others have their name."""
        if not self.has(sha256):
            return False
        self.open(sha256).close()
        return True

    def _keep(self, file: BinaryIO, path: Path, sha256: str) -> str:
        if self._kept(sha256):
            return sha256
        _seal(file)
        os.replace(path, self._evidence / sha256)
        _sync_folder(self._evidence)
        return sha256


def _seal(file: BinaryIO) -> None:
    """Put everything on the disk, and let nobody write to it any more."""
    file.flush()
    os.fchmod(file.fileno(), READ_ONLY)
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
