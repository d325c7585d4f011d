"""Reading without leniency: one spelling of base64, JSON without duplicate keys, exactly the fields that are expected."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

from bot.packet.verifier.report import Bad

HEX64 = re.compile(r"[0-9a-f]{64}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def altered(sentence: str) -> Bad:
    """The commonest verdict: these are not the bytes that were signed."""
    return Bad("altered", sentence)


def unbase64(text: Any, what: str) -> bytes:
    """The bytes of standard padded base64 in its one canonical spelling."""
    if not isinstance(text, str):
        raise altered(f"{what} is no text.")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise altered(f"{what} is no standard base64.") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise altered(f"{what} is not spelled as canonical base64.")
    return data


def _pairs(pairs: list[Any]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"the number {text[:40]} is not allowed")


def parse(data: bytes, what: str) -> Any:
    """JSON of bytes: no duplicate keys, no floats, no NaN."""
    try:
        text = data.decode("utf-8")
        return json.loads(text, object_pairs_hook=_pairs, parse_float=_no_number, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise altered(f"{what} is no UTF-8 text.") from None
    except RecursionError:
        raise altered(f"{what} is nested too deeply.") from None
    except ValueError:
        raise altered(f"{what} is no strict JSON.") from None


def exactly(value: Any, what: str, **kinds: Callable[[Any], bool]) -> dict[str, Any]:
    """The object with exactly these fields, each of its kind."""
    if not isinstance(value, dict):
        raise altered(f"{what} is no object.")
    for name in kinds:
        if name not in value:
            raise altered(f"{what} lacks {name}.")
    for name in value:
        if name not in kinds:
            raise altered(f"{what} has a field that nothing is known of.")
        if not kinds[name](value[name]):
            raise altered(f"{what}: {name} is not of the right kind.")
    return value


def text(value: Any) -> bool:
    """Whether it is a text."""
    return isinstance(value, str)


def number(value: Any) -> bool:
    """Whether it is a natural number that every JSON reader keeps."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def sha256(value: Any) -> bool:
    """Whether it is a SHA-256 in hex."""
    return isinstance(value, str) and HEX64.fullmatch(value) is not None


def listed(value: Any) -> bool:
    """Whether it is a list."""
    return isinstance(value, list)


def mapped(value: Any) -> bool:
    """Whether it is an object."""
    return isinstance(value, dict)


def instant(value: Any) -> bool:
    """Whether it is a time in UTC with microseconds; such texts sort as the times do."""
    return isinstance(value, str) and INSTANT.fullmatch(value) is not None


def is_(wanted: Any) -> Callable[[Any], bool]:
    """Whether it is this value, of this type."""
    return lambda value: type(value) is type(wanted) and value == wanted
