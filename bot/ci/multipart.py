"""The body of a push: `multipart/form-data`, read strictly (RFC 7578, RFC 2046). What two readers could read in two ways is
refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_PARTS = 64
HEADERS = 4 * 1024
"""Bytes of the headers of a part."""
_TOKEN, _QUOTED = r"[0-9A-Za-z'+_.-]{1,70}", r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]"
_TYPE = re.compile(rf'multipart/form-data *; *boundary=(?:"({_QUOTED})"|({_TOKEN}))', re.IGNORECASE)
_FIELD = re.compile(
    rb'form-data *; *name="([a-z]{1,20})"(?: *; *filename="(?:[^"\\\r\n]|\\.)*")?(?: *; *filename\*=[^;\r\n]*)?'
)
_HEADER = re.compile(rb"([A-Za-z0-9-]{1,60}):[ \t]*([^\r\n]*)")
PLAIN = (b"binary", b"8bit", b"7bit")


class BadMultipart(Exception):
    """The body is no form as it is awaited; the message says what is wrong with it."""


class Part(NamedTuple):
    """A field of the form. What the part says of a file's name counts for nothing: `meta` has it."""

    name: str
    data: bytes


def parts(body: bytes, content_type: str) -> list[Part]:
    """The parts in their order. Raises BadMultipart."""
    kind = _TYPE.fullmatch(content_type.strip())
    if kind is None:
        raise BadMultipart("The content type is not multipart/form-data with a boundary.")
    boundary = b"--" + (kind[1] or kind[2]).encode()
    if not body.startswith(boundary + b"\r\n"):
        raise BadMultipart("The body does not begin with the boundary.")
    found: list[Part] = []
    for start, end in _between(body, boundary):
        if len(found) == MOST_PARTS:
            raise BadMultipart("The form has too many parts.")
        found.append(_part(body, start, end))
    return found


def _between(body: bytes, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Where each part lies, up to the line break before the next boundary."""
    line = b"\r\n" + boundary
    at = len(boundary) + 2
    while True:
        end = body.find(line, at - 2)
        if end < 0:
            raise BadMultipart("The body ends before its last boundary.")
        yield at, max(at, end)
        after = end + len(line)
        if body[after : after + 2] == b"--":
            if body[after + 2 :] not in (b"", b"\r\n"):
                raise BadMultipart("Something follows the last boundary.")
            return
        if body[after : after + 2] != b"\r\n":
            raise BadMultipart("The boundary stands within a part.")
        at = after + 2


def _part(body: bytes, start: int, end: int) -> Part:
    gap = body.find(b"\r\n\r\n", start, min(end, start + HEADERS))
    if gap < 0:
        raise BadMultipart("A part has no end of its headers.")
    said: dict[bytes, bytes] = {}
    for line in body[start:gap].split(b"\r\n"):
        header = _HEADER.fullmatch(line)
        if header is None or header[1].lower() in said:
            raise BadMultipart("A part has a header that cannot be read, or one twice.")
        said[header[1].lower()] = header[2].strip()
    field = _FIELD.fullmatch(said.get(b"content-disposition", b""))
    if field is None:
        raise BadMultipart("A part does not say which field it is.")
    if said.get(b"content-transfer-encoding", PLAIN[0]).lower() not in PLAIN:
        raise BadMultipart("A part is encoded. Send its bytes as they are.")
    return Part(field[1].decode(), body[gap + 4 : end])
