"""The raw file: one line of JSON per answer, exact body included, gzip; written as it comes, read again line by line."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from bot.sources.certificate import body_of
from bot.sources.normalise import spell

KEPT_HEADERS = frozenset(
    [
        "date", "link", "content-type", "retry-after", "x-okta-request-id", "x-amzn-requestid", "x-total-count",
        "x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset",
    ]
)  # fmt: skip
"""Headers that are evidence. Everything else is left out, above all Authorization and cookies."""


@dataclass(frozen=True)
class Entry:
    """One answer. ``part`` names what within the stream was asked for (a group's id); ``rows`` is what was counted on arrival."""

    seq: int
    stream: str
    part: str
    url: str
    status: int
    rows: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed. Raises ValueError."""
        return json.loads(self.body)


class RawWriter:
    """Writes a raw file. `content_sha256` is that of the unpacked content."""

    def __init__(self, path: Path) -> None:
        self._out = path.open("wb")
        # mtime=0: the same answers make the same file.
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=self._out, mtime=0)
        self._digest = hashlib.sha256()
        self._seq = 0

    def __enter__(self) -> RawWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gzip.close()
        self._out.close()

    @property
    def content_sha256(self) -> str:
        """SHA-256 of what was written so far, unpacked."""
        return self._digest.hexdigest()

    def add(
        self,
        stream: str,
        part: str,
        url: str,
        status: int,
        rows: int,
        headers: Mapping[str, str],
        body: bytes,
        at: datetime,
    ) -> None:
        """Keep one answer, flushed: what was read before a kill can be read again."""
        entry: dict[str, Any] = {
            "seq": self._seq,
            "stream": stream,
            "part": part,
            "url": url,
            "status": status,
            "at": at.isoformat(),
            "rows": rows,
            "sha256": hashlib.sha256(body).hexdigest(),
            "headers": {k.lower(): v for k, v in headers.items() if k.lower() in KEPT_HEADERS},
        }
        try:
            entry["body"] = body.decode("utf-8")
        except UnicodeDecodeError:
            entry["body_hex"] = body.hex()
        row = spell(entry) + b"\n"
        self._digest.update(row)
        self._gzip.write(row)
        self._gzip.flush()
        self._seq += 1


def read_raw(path: Path) -> Iterator[Entry]:
    """The answers in a raw file that we wrote, one at a time."""
    with closing(gzip.open(path, "rb")) as stream:
        for row in stream:
            entry = json.loads(row)
            yield Entry(
                seq=entry["seq"],
                stream=entry["stream"],
                part=entry["part"],
                url=entry["url"],
                status=entry["status"],
                rows=entry["rows"],
                headers=cast(Mapping[str, str], entry["headers"]),
                body=body_of(entry),
            )
