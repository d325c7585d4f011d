"""What bytes are, by what stands in them and never by their name."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

READ_LIMIT = 256 * 1024 * 1024
"""So much is unpacked to look at it; what unpacks to more is refused, because nobody can say what is in it."""
DEPTH = 100
GLANCE = 400
"""Characters within which a GraphQL answer says what it is of."""
GZIP = b"\x1f\x8b"
DOCUMENT = "document"

Shape = tuple[str, ...]
ITEMS: dict[str, Shape] = {
    "gitleaks": ("RuleID", "Secret"),
    "gitleaks.7": ("offender", "rule"),
    "trufflehog": ("SourceMetadata", "DetectorName"),
    "trufflehog.2": ("stringsFound", "commit"),
    "trufflehog3": ("secret", "rule"),
    "github.secret_scanning": ("secret_type", "state"),
    "github.code_scanning": ("most_recent_instance", "rule"),
    "dependabot": ("security_advisory", "dependency"),
    "opa.decisions": ("decision_id", "path"),
    "conftest": ("filename", "namespace"),
    "checkov": ("check_type", "results"),
    "snyk": ("ok", "dependencyCount"),
}
"""Reports that are a list, or a line for each finding: keys that every item of a kind has."""
WHOLE: dict[str, Shape] = {
    "sarif": ("version", "runs"),
    "trivy": ("SchemaVersion", "Results"),
    "gitlab": ("scan", "vulnerabilities"),
    "semgrep": ("results", "errors"),
    "snyk": ("ok", "dependencyCount"),
    "checkov": ("check_type", "results"),
}
"""Reports that are one object."""


class TooLarge(Exception):
    """It unpacks to more than anybody reads."""


@dataclass(frozen=True)
class Read:
    """Bytes as far as they can be read: their kind, the value of a JSON report, and the text that was in them."""

    kind: str
    value: Any
    text: bytes


def read(data: bytes) -> Read:
    """Look at bytes. Raises TooLarge; nothing else, whatever they are."""
    text = _unpacked(data) if data.startswith(GZIP) else data
    value = _value(text)
    return Read(recognised(value), value, text)


def recognised(value: Any) -> str:
    """The kind of a JSON report; `document` where its keys tell nothing, as those of an empty list."""
    if isinstance(value, dict):
        if "vulnerabilityAlerts" in json.dumps(value)[:GLANCE] and "data" in value:
            return "dependabot"
        results = value.get("results")
        if isinstance(results, list) and results and all(isinstance(r, dict) and "rule_id" in r for r in results):
            return "tfsec"
        kind = next((k for k, keys in WHOLE.items() if all(key in value for key in keys)), "")
        return kind or next((k for k, keys in ITEMS.items() if all(key in value for key in keys)), DOCUMENT)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        found = (k for k, keys in ITEMS.items() if all(key in item for item in value for key in keys))
        return next(found, DOCUMENT)
    return DOCUMENT


def walk(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value with its pointer (RFC 6901), to a depth that no report has."""
    if pointer.count("/") > DEPTH:
        return
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from walk(one, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from walk(one, f"{pointer}/{number}")


def _value(text: bytes) -> Any:
    """The JSON value, a list of the values of JSON lines, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        lines = [line for line in text.splitlines() if line.strip()]
    try:
        return [json.loads(line) for line in lines] if lines and lines[0].lstrip().startswith(b"{") else None
    except (ValueError, RecursionError):
        return None


def _unpacked(data: bytes) -> bytes:
    try:
        made = zlib.decompressobj(wbits=31)
        text = made.decompress(data, READ_LIMIT)
    except zlib.error:
        return data
    if made.unconsumed_tail or made.unused_data:
        raise TooLarge
    return text
