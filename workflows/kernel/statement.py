"""The statement that is signed: in-toto Statement v1 as RFC 8785 bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workflows.kernel.jcs import canonical

TYPE = "https://in-toto.io/Statement/v1"
MAX_SUBJECTS = 1_000
"""sigstore-go refuses more than 1,024 subjects."""
MAX_BYTES = 256 * 1024
MAX_DEPTH = 64
"""Deeper nesting says nothing to a reader and overruns the stack of recursive parsers."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def statement(subjects: Sequence[Mapping[str, Any]], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """The exact bytes of a statement that names evidence by SHA-256.

    Raises ValueError for what must not be signed: no subject or over 1,000 of them, a name twice, a digest that is no
    SHA-256, an empty predicate, a float or an integer beyond ±(2^53-1), text that is not valid Unicode, over 256 KiB.
    """
    _check_subjects(subjects)
    if not predicate_type or not predicate:
        raise ValueError("a statement needs a predicate type and a predicate that is not empty")
    _refuse_floats(subjects, 0)
    _refuse_floats(predicate, 0)
    data = canonical(
        {"_type": TYPE, "subject": list(subjects), "predicateType": predicate_type, "predicate": dict(predicate)}
    )
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"the statement has {len(data):,} bytes; the limit is {MAX_BYTES:,}: put long texts in evidence"
        )
    return data


def _check_subjects(subjects: Sequence[Mapping[str, Any]]) -> None:
    if not subjects:
        raise ValueError("a statement names at least one evidence file; where nobody was asked, the case as it stood")
    if len(subjects) > MAX_SUBJECTS:
        raise ValueError(
            f"a statement names at most {MAX_SUBJECTS:,} evidence files, not {len(subjects):,}: name one file that lists them"
        )
    names: set[str] = set()
    for subject in subjects:
        name, digest = subject.get("name"), subject.get("digest")
        if not isinstance(name, str) or not name:
            raise ValueError("every subject needs a name")
        if name in names:
            raise ValueError(f"two subjects are called {name!r}; a name stands once in a statement")
        names.add(name)
        sha256 = digest.get("sha256") if isinstance(digest, Mapping) else None
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise ValueError(f"the subject {name!r} needs its SHA-256 as 64 lower-case hex digits")


def _refuse_floats(value: Any, depth: int) -> None:
    """A float has many spellings and loses digits on the way through other languages: large or exact numbers are texts."""
    if depth > MAX_DEPTH:
        raise ValueError(f"the statement is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, float):
        raise ValueError(f"a statement holds no floating-point numbers, and {value!r} is one: write it as text")
    if isinstance(value, Mapping):
        for part in value.values():
            _refuse_floats(part, depth + 1)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_floats(part, depth + 1)
