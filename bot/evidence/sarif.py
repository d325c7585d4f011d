"""SARIF 2.1.0 (OASIS): runs of any analyser, read also where they break the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isnan
from typing import Any

from bot.evidence.part import (
    Found,
    Scan,
    at,
    by_package,
    by_score,
    by_snippet,
    fingerprint,
    found,
    items,
    number,
    path_of,
    plain,
    said,
    scan,
    severity,
    whole,
)
from workflows.kernel.weakness import Severity

NO_FINDING = ("pass", "notApplicable", "informational")
"""Kinds of results that are none (3.27.9)."""
KNOWN_MARKS = (
    "primaryLocationLineHash",
    "matchBasedId/v1",
    "contextHash/v1",
    "contextHash/v2",
    "scanPrimaryLocationHash",
)
"""Which of a tool's fingerprints is taken, where it gives several: those that are over the code and not over its line."""
SECRETS = ("gitleaks", "trufflehog", "detect-secrets")
_REPOSITORY = re.compile(r"[:/]([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?$")


def scans(value: Any) -> Iterator[Scan]:
    """A scan for each run."""
    for run in items(value, "runs"):
        tool = said(run, "tool", "driver", "name")
        rules = {said(rule, "id"): rule for rule in items(run, "tool", "driver", "rules")}
        for extension in items(run, "tool", "extensions"):
            rules |= {said(rule, "id"): rule for rule in items(extension, "rules")}
        origin = items(run, "versionControlProvenance")
        uri = said(origin, 0, "repositoryUri")
        place = _REPOSITORY.search(uri)
        yield scan(
            tool or "sarif",
            [f for result in items(run, "results") if (f := _found(tool, rules, result)) is not None],
            _why(run),
            version=said(run, "tool", "driver", "semanticVersion") or said(run, "tool", "driver", "version"),
            commit=said(origin, 0, "revisionId") if len(origin) == 1 else "",
            repository=place[1].lower() if place and len(origin) == 1 else "",
        )


def _why(run: Mapping[str, Any]) -> str:
    """Why a run does not show everything; empty where nothing says so."""
    if not whole(run, "results"):
        return "A run has no list of results that can be read."
    for invocation in items(run, "invocations"):
        if invocation.get("executionSuccessful") is False:
            return "The tool says that it did not run to its end."
        notes = [*items(invocation, "toolExecutionNotifications"), *items(invocation, "toolConfigurationNotifications")]
        # The default level of a notification is `warning` (3.58.6); Semgrep reports files that it could not read so.
        loud = [note for note in notes if (said(note, "level") or "warning") in ("warning", "error")]
        if loud:
            return f"The tool reports {len(loud)} problems of its own: {plain(said(loud[0], 'message', 'text'), 120)}"
    return ""


def _found(tool: str, rules: Mapping[str, Mapping[str, Any]], result: Mapping[str, Any]) -> Found | None:
    if said(result, "kind") in NO_FINDING or said(result, "baselineState") == "absent":
        return None
    rule_id = said(result, "ruleId") or said(result, "rule", "id")
    rule = rules.get(rule_id, {})
    where = at(result, "locations", 0, "physicalLocation")
    path = path_of(said(where, "artifactLocation", "uri"))
    line = number(where, "region", "startLine")
    message = said(result, "message", "text") or said(result, "message", "markdown")
    secret = any(name in tool.lower() for name in SECRETS)
    title = said(rule, "shortDescription", "text") or said(rule, "name") or rule_id
    snippet = "" if secret else said(where, "region", "snippet", "text")
    mark = _mark(tool, rule_id, result) or by_snippet(rule_id, path, snippet) or _package(rule_id, result, path)
    return found(
        rule_id, title, title if secret else message, path, _severity(result, rule), mark=mark, line=line,
        secret=secret, dismissed=_dismissed(result),
    )  # fmt: skip


def _mark(tool: str, rule: str, result: Mapping[str, Any]) -> str:
    """The tool's own fingerprint: it stays where the code is moved into another file."""
    for name in ("fingerprints", "partialFingerprints"):
        given = at(result, name)
        texts = {key: said(given, key) or said(given, key, "value") for key in given} if isinstance(given, dict) else {}
        fit = {key: text for key, text in texts.items() if text and text != "requires login"}
        chosen = next((key for key in KNOWN_MARKS if key in fit), min(fit, default=None))
        if chosen is not None:
            return fingerprint("sarif", tool, rule, chosen, fit[chosen])
    return ""


def _package(rule: str, result: Mapping[str, Any], path: str) -> str:
    """Scanners of dependencies name the package in the rule or the file, and give no code."""
    advisory = re.search(r"(?:CVE-\d{4}-\d+|GHSA(?:-[a-z0-9]{4}){3})", rule)
    return by_package(advisory[0], rule.replace(advisory[0], ""), path) if advisory else ""


def _severity(result: Mapping[str, Any], rule: Mapping[str, Any]) -> Severity:
    for held in (result, rule):
        score = at(held, "properties", "security-severity")
        try:
            return by_score(float(score)) if not isnan(float(score)) else "high"
        except (TypeError, ValueError, OverflowError):
            continue
    level = said(result, "level") or said(rule, "defaultConfiguration", "level") or "warning"
    return severity(level)


def _dismissed(result: Mapping[str, Any]) -> str:
    """A suppression that stands (3.35): neither under review nor rejected."""
    stands = [s for s in items(result, "suppressions") if said(s, "status") not in ("underReview", "rejected")]
    if not stands:
        return ""
    kind = {"inSource": "suppressed in the code", "external": "suppressed outside the code"}
    reason = said(stands[0], "justification")
    word = kind.get(said(stands[0], "kind"), "suppressed")
    return f"{word}: {reason}" if reason else word
