"""Base64 as the formats want it: standard alphabet, padded, one spelling for each value."""

from __future__ import annotations

import base64
import binascii


def b64(data: bytes) -> str:
    """Standard padded base64 without line breaks, never the URL-safe alphabet."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: str) -> bytes:
    """The bytes that `b64` wrote.

    Raises ValueError for any other spelling: line breaks, missing padding, stray low bits. Two spellings of one value
    would let a file change without its meaning changing.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("this is not standard padded base64") from error
    if b64(data) != text:
        raise ValueError("this base64 is not spelled the canonical way")
    return data
