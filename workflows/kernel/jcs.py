"""Canonical JSON (RFC 8785): the same value is always the same bytes, so a digest names a meaning."""

from __future__ import annotations

from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The value's RFC 8785 bytes.

    Raises ValueError for what JSON cannot carry faithfully: integers beyond ±(2^53-1), NaN, lone surrogates, keys that
    are no strings.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise ValueError(f"this cannot be written as canonical JSON: {error}") from error
