"""Is the list whole? One function says so, last of all; and anybody can count again from the raw file (identity page 3.2)."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from workflows.kernel.identity import Certificate, Stream

Verdict = Literal["complete", "partial"]


def verdict(
    streams: Sequence[Stream],
    *,
    figure: int,
    what: str,
    min_rows: int,
    previous: int | None,
    max_shrink: float,
    rejected: Sequence[str],
    reasons: Sequence[str],
) -> tuple[Verdict, tuple[str, ...]]:
    """Complete, or partial with every reason.

    ``figure`` is how many ``what`` (lines or people) there are; ``previous`` how many in the last complete pull.
    """
    found = list(reasons)
    if not streams:
        found.append("Nothing was read: the source gave no list at all.")
    for stream in streams:
        if not stream.done:
            found.append(f"{stream.name}: the list was not read to its end ({stream.rows} rows so far). Pull again.")
        if stream.expected is not None and stream.expected != stream.rows - stream.duplicates:
            found.append(
                f"{stream.name}: {stream.rows - stream.duplicates} rows, but {stream.expected} expected "
                f"({stream.expected_from}). Pull again; if it stays so, ask the owner of the system why."
            )
    if figure < min_rows:
        found.append(
            f"{figure} {what}, and at least {min_rows} are expected. Look at what the credential may read, or set min_rows."
        )
    elif previous and figure < previous * (1 - max_shrink):
        found.append(
            f"{figure} {what}, and {previous} in the last complete pull: more than {max_shrink:.0%} fewer. "
            "Look at what the credential may read; if it is true, raise max_shrink for this pull."
        )
    if rejected:
        found.append(f"{len(rejected)} rows cannot be used: {'; '.join(rejected[:3])}. Mend them at the source.")
    return ("partial" if found else "complete"), tuple(found)


class RawBroken(Exception):
    """The raw file cannot be unpacked; the message says where."""


def content(raw: bytes) -> bytes:
    """What the raw file holds, unpacked where it is gzip. Raises RawBroken."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise RawBroken(f"the raw file is damaged: {error}") from error


def reverify(certificate: Certificate, raw: bytes) -> list[str]:
    """Everything in which the raw file and the certificate disagree, one sentence each; empty when they agree.

    Needs no network and no configuration. Counts again from the bytes: digests of file, content and every answer, the
    order of the answers, pages and rows per stream, and the verdict's own arithmetic.
    """
    found: list[str] = []
    if hashlib.sha256(raw).hexdigest() != certificate.raw_sha256:
        found.append("The raw file is not the one that the certificate names.")
    try:
        unpacked = content(raw)
    except RawBroken as error:
        return [*found, f"{str(error)[0].upper()}{str(error)[1:]}."]
    if hashlib.sha256(unpacked).hexdigest() != certificate.raw_content_sha256:
        found.append("The content of the raw file is not the one that the certificate names.")
    if raw[:2] == b"\x1f\x8b":
        found.extend(_recount(certificate, unpacked))
    found.extend(_arithmetic(certificate))
    return found


def _recount(certificate: Certificate, unpacked: bytes) -> Iterator[str]:
    pages: dict[str, int] = {}
    rows: dict[str, int] = {}
    for number, text in enumerate(unpacked.splitlines()):
        try:
            entry: dict[str, Any] = json.loads(text)
            body = body_of(entry)
            stream, status, count, seq = entry["stream"], entry["status"], entry["rows"], entry["seq"]
        except (ValueError, KeyError, TypeError) as error:
            yield f"Line {number + 1} of the raw file cannot be read: {error}."
            continue
        if seq != number:
            yield f"Line {number + 1} of the raw file is numbered {seq}: an answer is missing or out of order."
        if hashlib.sha256(body).hexdigest() != entry.get("sha256"):
            yield f"The answer in line {number + 1} of the raw file ({stream}) is not the one that was received."
        if status == 200:
            pages[stream] = pages.get(stream, 0) + 1
            rows[stream] = rows.get(stream, 0) + count
    for stream in certificate.streams:
        for word, said, counted in (
            ("pages", stream.pages, pages.pop(stream.name, 0)),
            ("rows", stream.rows, rows.pop(stream.name, 0)),
        ):
            if said != counted:
                yield f"{stream.name}: the certificate says {said} {word}, the raw file has {counted}."


def _arithmetic(certificate: Certificate) -> Iterator[str]:
    """A verdict that its own figures contradict."""
    if certificate.verdict == "partial":
        if not certificate.reasons:
            yield "The certificate says partial and gives no reason."
        return
    if certificate.reasons or not certificate.streams:
        yield "The certificate says complete and is not: it has reasons against it, or no stream."
    for stream in certificate.streams:
        short = stream.expected is not None and stream.expected != stream.rows - stream.duplicates
        if not stream.done or short:
            yield f"{stream.name}: the certificate says complete, and this list is not."


def body_of(entry: dict[str, Any]) -> bytes:
    """The exact bytes of an answer. Raises ValueError or KeyError for a line that is none."""
    if "body_hex" in entry:
        return bytes.fromhex(entry["body_hex"])
    body: str = entry["body"]
    return body.encode()
