"""Bundles with one bit changed, and in which field of the bundle that bit stands."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple


class Span(NamedTuple):
    """Where a field's name and value stand in the text, and its path, such as `dsseEnvelope.signatures[0].sig`."""

    start: int
    end: int
    path: str


def spans(value: Any, path: str = "", at: int = 0) -> Iterator[Span]:
    """The fields of a compact ASCII JSON text, innermost first; what stands between them belongs to the one around."""
    start = at
    if isinstance(value, dict):
        for name, inner in value.items():
            at += 1  # the brace or comma before it
            length = len(_text(name)) + 1
            here = f"{path}.{name}".lstrip(".")
            yield from spans(inner, here, at + length)
            yield Span(at, at + length, here)
            at += length + len(_text(inner))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            at += 1
            yield from spans(inner, f"{path}[{number}]", at)
            at += len(_text(inner))
    yield Span(start, start + len(_text(value)), path)


def field(found: list[Span], at: int) -> str:
    """The innermost field at this byte."""
    return next(span.path for span in found if span.start <= at < span.end)


def at_path(value: Any, path: str) -> Any:
    """The value at a path."""
    for name, number in re.findall(r"([A-Za-z]+)|\[([0-9]+)\]", path):
        value = value[name] if name else value[int(number)]
    return value


def loosely(text: str) -> bytes:
    """The bytes that a lenient reader (Node's Buffer) takes a base64 text for: strange characters are passed over."""
    known = re.sub("[^A-Za-z0-9+/]", "", text.partition("=")[0].replace("-", "+").replace("_", "/"))
    return base64.b64decode(known[: len(known) - (len(known) % 4 == 1)] + "=" * (-len(known) % 4))


def flipped(text: str, bit: int) -> str:
    """The text with one bit changed; it may then hold any byte."""
    at, mask = bit // 8, 1 << bit % 8
    return text[:at] + chr(ord(text[at]) ^ mask) + text[at + 1 :]


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
