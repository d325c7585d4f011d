"""A file that a person exported: the bytes are kept as they came, and the certificate says that we did not see the source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.sources.certified import Collected
from bot.sources.csv_accounts import Accounts
from bot.sources.csv_file import MAX_BYTES, CsvRefused, rows
from bot.sources.csv_people import People
from bot.sources.csv_words import midnight
from bot.sources.gather import Gathered
from bot.sources.settings import CsvSettings
from workflows.kernel.identity import Stream
from workflows.kernel.ports import SourceFailed

CHUNK = 1 << 20


class CsvConnector:
    """One file in the program folder. ``now`` gives the instant of the pull."""

    def __init__(
        self, source: str, system: str, settings: CsvSettings, folder: Path, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._system = system
        self._folder = folder.resolve()
        self._now = now
        self._issuer = settings.issuer or f"csv:{source}"
        self.host = f"file {settings.file}" + (f", from {settings.came_from}" if settings.came_from else "")
        self.credential = f"uploaded by {settings.uploaded_by or 'somebody unnamed'}; the system itself was not seen"
        self.people_only = settings.role == "directory"

    def probe(self) -> str:
        """The file is there and its header is as declared. Raises SourceFailed."""
        try:
            path = self._path()
            next(rows(path, self._settings.file, self._settings), None)
        except (CsvRefused, OSError) as error:
            raise SourceFailed(_sentence(error, self._settings.file)) from error
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return f"{self._settings.file} can be read; it was written {at:%-d %b %Y %H:%M} UTC."

    def collect(self, path: Path) -> Collected:
        """Copy the file, so that what is read is what is kept. A file that is too large is not copied."""
        digest = hashlib.sha256()
        try:
            origin = self._path()
            facts = origin.stat()
            with origin.open("rb") as source, path.open("wb") as out:
                if facts.st_size > MAX_BYTES:
                    raise CsvRefused(
                        f"{self._settings.file} has {facts.st_size:,} bytes; the limit is {MAX_BYTES:,}. "
                        "Export it in parts, as several sources."
                    )
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
        except (CsvRefused, OSError) as error:
            path.write_bytes(b"")
            reason = _sentence(error, self._settings.file)
            return Collected(hashlib.sha256(b"").hexdigest(), reasons=(reason,))
        as_of, reasons = self._as_of(facts.st_mtime)
        return Collected(digest.hexdigest(), as_of=as_of, reasons=reasons)

    def read(self, path: Path, as_of: datetime) -> Gathered:
        """The rows, as people or as accounts."""
        gathered = Gathered()
        people_or_accounts: People | Accounts
        if self.people_only:
            people_or_accounts = People(self._settings, self._issuer)
        else:
            people_or_accounts = Accounts(self._settings, self._system, as_of)
        count, done = 0, False
        try:
            for row in rows(path, self._settings.file, self._settings):
                count += 1
                people_or_accounts.add(row)
            done = True
        except CsvRefused as error:
            gathered.reasons.append(str(error))
        people_or_accounts.finish(gathered)
        gathered.counted["repeated_rows"] = people_or_accounts.duplicates
        gathered.streams.append(
            Stream(
                name="rows",
                path=self._settings.file,
                parameters=f"role {self._settings.role}",
                pages=1,
                rows=count,
                rejected=len(gathered.rejected),
                expected=self._settings.rows,
                expected_from="the count given with the file"
                if self._settings.rows is not None
                else "no second figure",
                done=done,
            )
        )
        return gathered

    def _path(self) -> Path:
        """The file, which must lie in the program folder. Raises SourceFailed, OSError."""
        path = (self._folder / self._settings.file).resolve()
        if not path.is_relative_to(self._folder):
            raise CsvRefused(f"{self._settings.file} lies outside the program folder. Put the file into it.")
        if not path.is_file():
            raise CsvRefused(f"{self._settings.file} is not in the program folder. Export it and put it there.")
        return path

    def _as_of(self, modified: float) -> tuple[datetime, tuple[str, ...]]:
        now = self._now()
        said = self._settings.as_of
        if said == "pulled":
            return now, ()
        if said == "modified":
            # A file's time may lie a little ahead of ours on a shared disk; it is never newer than the pull.
            return min(datetime.fromtimestamp(modified, UTC), now), ()
        declared = midnight(said)
        if declared > now:
            return now, (f"as_of is {said}, which has not come yet. Write the day of the export.",)
        return declared, ()


def _sentence(error: CsvRefused | OSError, name: str) -> str:
    if isinstance(error, CsvRefused):
        return str(error)
    return f"{name} cannot be read: {error.strerror or error}. Look at the file and its permissions."
