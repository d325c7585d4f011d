"""Secrets in reports: found before the bytes reach a store that cannot forget. No value that is found ever leaves here.

Scanners for secrets write what they find into their reports unless they are told not to. Each rule knows where a tool does
that, and the command that mends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bot.evidence.report import Read, walk

REDACTED = ("REDACTED", "REDACT")
STARS = "*****"
GITLEAKS = "gitleaks detect --redact --report-path report.json"
TRUFFLEHOG = "trufflehog git --json URL | jq -c 'del(.Raw,.RawV2)' > report.json"
LEFT_OUT = "run the scanner so that it leaves secrets out of its report"
ROTATE = "take the secret out of the file, and rotate it: whoever had the file has it"
OPA_KEYS = ("authorization", "cookie", "password", "token")
SURE = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    "a GitHub token": re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    "a Slack token": re.compile(rb"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(rb"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    "an AWS access key with its secret": re.compile(
        rb"\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b[^\n]{0,200}?(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
    ),
}
"""What is a secret wherever it stands. An access key's id alone is none: audit logs are full of them."""


class Secret(NamedTuple):
    """Where a secret stands, by which rule, and what mends it; never the secret."""

    rule: str
    where: str
    mend: str


def secrets(read: Read) -> Iterator[Secret]:
    """Every place where a secret stands in the clear."""
    rule = RULES.get(read.kind)
    if rule is not None:
        yield from rule(read.value)
    for name, pattern in SURE.items():
        for hit in pattern.finditer(read.text):
            line = read.text.count(b"\n", 0, hit.start()) + 1
            yield Secret(name, f"line {line}", ROTATE)


def _clear(value: Any) -> bool:
    """Whether a field that may hold a secret does."""
    return isinstance(value, str) and value != "" and not any(value == word for word in REDACTED)


def _items(value: Any) -> list[Any]:
    """The findings of a report that is a list of them, or a single one."""
    return value if isinstance(value, list) else [value]


def _gitleaks(value: Any) -> Iterator[Secret]:
    for number, item in enumerate(_items(value)):
        match = item.get("Match")
        shown = isinstance(match, str) and match != "" and not any(word in match for word in REDACTED)
        if _clear(item.get("Secret")) or shown or item.get("Fragment"):
            yield Secret("gitleaks", f"/{number}/Secret", GITLEAKS)


def _fields(rule: str, mend: str, *names: str) -> Callable[[Any], Iterator[Secret]]:
    """A list whose items have the secret in one of these fields."""

    def found(value: Any) -> Iterator[Secret]:
        for number, item in enumerate(_items(value)):
            for name in names:
                held = item.get(name)
                if held and not (isinstance(held, str) and any(word in held for word in REDACTED)):
                    yield Secret(rule, f"/{number}/{name}", mend)

    return found


def _trufflehog(value: Any) -> Iterator[Secret]:
    for number, item in enumerate(_items(value)):
        raw = {item.get(name) for name in ("Raw", "RawV2") if isinstance(item.get(name), str) and item.get(name)}
        for name in ("Raw", "RawV2"):
            if item.get(name):
                yield Secret("trufflehog", f"/{number}/{name}", TRUFFLEHOG)
        for name in ("ExtraData", "StructuredData"):
            for pointer, text in walk(item.get(name), f"/{number}/{name}"):
                if any(secret in text for secret in raw):
                    yield Secret("trufflehog", pointer, TRUFFLEHOG)


def _sarif(value: Any) -> Iterator[Secret]:
    for at, run in enumerate(value["runs"] if isinstance(value["runs"], list) else []):
        for pointer, text in _secret_texts(run, f"/runs/{at}"):
            if not any(word in text for word in REDACTED):
                yield Secret("gitleaks SARIF", pointer, GITLEAKS.replace("report.json", "report.sarif -f sarif"))


def _secret_texts(run: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """The texts of a run of a scanner for secrets that are, or would be, the secret itself."""
    driver = _at(run, "tool", "driver", "name")
    if not isinstance(driver, str) or "gitleaks" not in driver.lower():
        return
    for place, text in walk(run.get("results"), f"{pointer}/results"):
        if place.endswith(("/snippet/text", "/properties/offender")) and text:
            yield place, text


def _gitlab(value: Any) -> Iterator[Secret]:
    if _at(value, "scan", "type") != "secret_detection":
        return
    for number, item in enumerate(value["vulnerabilities"] if isinstance(value["vulnerabilities"], list) else []):
        if isinstance(item, dict) and item.get("raw_source_code_extract"):
            yield Secret("GitLab secret detection", f"/vulnerabilities/{number}/raw_source_code_extract", LEFT_OUT)


def _trivy(value: Any) -> Iterator[Secret]:
    for at, result in enumerate(value["Results"] if isinstance(value["Results"], list) else []):
        held = result.get("Secrets") if isinstance(result, dict) else None
        for number, item in enumerate(held if isinstance(held, list) else []):
            match = item.get("Match") if isinstance(item, dict) else None
            if isinstance(match, str) and match and STARS not in match:
                yield Secret("Trivy", f"/Results/{at}/Secrets/{number}/Match", LEFT_OUT)


def _opa(value: Any) -> Iterator[Secret]:
    for number, item in enumerate(_items(value)):
        hidden = [*(item.get("masked") or []), *(item.get("erased") or [])]
        for pointer, text in walk(item.get("input"), "/input"):
            if text and pointer.rsplit("/", 1)[-1].lower() in OPA_KEYS and pointer not in hidden:
                yield Secret("OPA decision log", f"/{number}{pointer}", "mask the field in OPA: data.system.log.mask")


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


RULES: Mapping[str, Callable[[Any], Iterator[Secret]]] = {
    "gitleaks": _gitleaks,
    "gitleaks.7": _fields("gitleaks 7", "gitleaks --redact", "offender", "line"),
    "trufflehog": _trufflehog,
    "trufflehog.2": _fields("trufflehog 2", LEFT_OUT, "stringsFound", "diff", "printDiff"),
    "trufflehog3": _fields("trufflehog3", LEFT_OUT, "secret", "context"),
    "github.secret_scanning": _fields("GitHub secret scanning", "ask GitHub with hide_secret=true", "secret"),
    "sarif": _sarif,
    "gitlab": _gitlab,
    "trivy": _trivy,
    "opa.decisions": _opa,
}
