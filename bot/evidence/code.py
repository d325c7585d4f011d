"""Reports about code and configuration in tools' own formats: Semgrep, tfsec, checkov, conftest, GitLab, GitHub code scanning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.evidence.part import (
    Found,
    Scan,
    at,
    by_snippet,
    fingerprint,
    found,
    items,
    number,
    path_of,
    said,
    scan,
    severity,
    whole,
)
from workflows.kernel.weakness import Severity

LOGIN = "requires login"
"""What Semgrep writes in place of a fingerprint or code to whoever is not signed in."""


def semgrep(value: Any) -> Iterator[Scan]:
    """Semgrep's own JSON."""
    errors = at(value, "errors")
    scanned = at(value, "paths", "scanned")
    why = ""
    if not isinstance(errors, list) or errors:
        count = len(errors) if isinstance(errors, list) else 0
        why = f"Semgrep reports {count} errors: not everything was read."
    elif not isinstance(scanned, list) or not scanned:
        why = "It does not say which files were scanned."
    elif not whole(value, "results"):
        why = "A result cannot be read."
    yield scan("semgrep", [_semgrep(one) for one in items(value, "results")], why, version=said(value, "version"))


def _semgrep(one: Mapping[str, Any]) -> Found:
    rule, path = said(one, "check_id"), path_of(said(one, "path"))
    given, code = said(one, "extra", "fingerprint"), said(one, "extra", "lines")
    mark = fingerprint("semgrep", rule, given) if given and given != LOGIN else ""
    message = said(one, "extra", "message")
    return found(
        rule, message.split(". ")[0], message, path, severity(said(one, "extra", "severity")),
        mark=mark or by_snippet(rule, path, "" if code == LOGIN else code), line=number(one, "start", "line"),
        dismissed="nosemgrep in the code" if at(one, "extra", "is_ignored") is True else "",
    )  # fmt: skip


def tfsec(value: Any) -> Iterator[Scan]:
    """tfsec: results, some of which passed; it names no tool, target or time."""
    failed = [one for one in items(value, "results") if one.get("passed") is not True and one.get("status") != 1]
    made = [
        found(
            said(one, "rule_id"), said(one, "rule_description") or said(one, "description"), said(one, "description"),
            path_of(said(one, "location", "filename")), severity(said(one, "severity")),
            mark=_resource("tfsec", one, said(one, "resource")), line=number(one, "location", "start_line"),
        )
        for one in failed
    ]  # fmt: skip
    yield scan("tfsec", made, "tfsec does not say what it looked at.")


def _resource(tool: str, one: Mapping[str, Any], resource: str) -> str:
    rule = said(one, "rule_id") or said(one, "check_id")
    return fingerprint(tool, rule, resource) if rule and resource else ""


def checkov(value: Any) -> Iterator[Scan]:
    """checkov: one object for each framework, or a list of them; nothing to scan is a third shape."""
    parts = items([value]) or items(value)
    findings: list[Found] = []
    whys: list[str] = []
    for part in parts:
        results = at(part, "results")
        for name in ("failed_checks", "skipped_checks"):
            findings += [_checkov(one, skipped=name == "skipped_checks") for one in items(results, name)]
        passed, errors = number(part, "summary", "passed"), number(part, "summary", "parsing_errors")
        failed = number(part, "summary", "failed")
        if errors is None or errors > 0:
            whys.append("checkov could not read every file.")
        elif not (passed or 0) + (failed or 0):
            whys.append("checkov found nothing to check.")
    version = said(parts, 0, "summary", "checkov_version")
    yield scan("checkov", findings, "" if parts and not whys else (whys or ["It has no part."])[0], version=version)


def _checkov(one: Mapping[str, Any], *, skipped: bool) -> Found:
    comment = said(one, "check_result", "suppress_comment")
    path = path_of(said(one, "repo_file_path") or said(one, "file_path"))
    name = said(one, "check_name")
    resource = said(one, "resource_address") or said(one, "resource")
    return found(
        said(one, "check_id"), name, f"{name}: {resource}", path, severity(said(one, "severity")),
        mark=_resource("checkov", one, resource), line=number(one, "file_line_range", 0),
        dismissed=f"skipped: {comment}" if skipped and comment else "skipped" if skipped else "",
    )  # fmt: skip


def conftest(value: Any) -> Iterator[Scan]:
    """conftest: failures of each file against policies; a file that no rule looked at shows nothing."""
    files = items([value]) or items(value)
    findings: list[Found] = []
    why = "" if files else "It names no file."
    for file in files:
        name = path_of(said(file, "filename"))
        failures, warnings = items(file, "failures"), items(file, "warnings")
        findings += [_conftest(file, name, one, "high") for one in failures]
        findings += [_conftest(file, name, one, "low") for one in warnings]
        if not (number(file, "successes") or 0) and not failures and not warnings:
            why = why or f"No rule looked at {name}."
    yield scan("conftest", findings, why)


def _conftest(file: Mapping[str, Any], name: str, one: Mapping[str, Any], how_severe: Severity) -> Found:
    rule, message = said(one, "metadata", "query") or said(file, "namespace"), said(one, "msg")
    return found(rule, message, message, name, how_severe, mark=fingerprint("conftest", rule, name, message))


def gitlab(value: Any) -> Iterator[Scan]:
    """GitLab's security reports."""
    kind = said(value, "scan", "type")
    secret = kind == "secret_detection"
    status = said(value, "scan", "status")
    why = "" if status == "success" else "It does not say that the scan succeeded."
    made = [_gitlab(one, secret=secret) for one in items(value, "vulnerabilities")]
    tool = said(value, "scan", "scanner", "id") or said(value, "vulnerabilities", 0, "scanner", "id")
    yield scan(tool or "gitlab", made, why, version=said(value, "scan", "scanner", "version"))


def _gitlab(one: Mapping[str, Any], *, secret: bool) -> Found:
    rule = said(one, "identifiers", 0, "value") or said(one, "category") or said(one, "name")
    path = path_of(said(one, "location", "file") or said(one, "location", "dependency", "package", "name"))
    given = said(one, "cve") or said(one, "id")
    title = said(one, "name") or said(one, "message")
    return found(
        rule, title, said(one, "description") or title, path, severity(said(one, "severity")),
        mark=fingerprint("gitlab", rule, given) if given else "", line=number(one, "location", "start_line"),
        secret=secret, dismissed="flagged as a false positive" if _false_positive(one) else "",
    )  # fmt: skip


def _false_positive(one: Mapping[str, Any]) -> bool:
    return any("false positive" in said(flag, "type").replace("-", " ") for flag in items(one, "flags"))


def code_scanning(value: Any) -> Iterator[Scan]:
    """GitHub's code scanning alerts: a page of a list, which cannot say that it is the last one."""
    alerts = [one for one in items(value) if said(one, "state") != "fixed"]
    tools = list(dict.fromkeys(said(one, "tool", "name") for one in items(value)))
    for tool in tools:
        mine = [_alert(one) for one in alerts if said(one, "tool", "name") == tool]
        yield scan(tool or "code-scanning", mine, "A list of alerts does not say that it is the whole.")


def _alert(one: Mapping[str, Any]) -> Found:
    rule, where = said(one, "rule", "id"), at(one, "most_recent_instance")
    path = path_of(said(where, "location", "path"))
    level = said(one, "rule", "security_severity_level") or said(one, "rule", "severity")
    title = said(one, "rule", "description")
    return found(
        rule, title, said(where, "message", "text") or title, path, severity(level),
        mark=fingerprint("code-scanning", said(one, "url") or said(one, "number")) if said(one, "number") else "",
        line=number(where, "location", "start_line"), dismissed=dismissal(one),
    )  # fmt: skip


def dismissal(one: Mapping[str, Any]) -> str:
    """How an alert at GitHub was put aside: why, and by whom."""
    if said(one, "state").lower() not in ("dismissed", "auto_dismissed") and not said(one, "dismissed_at"):
        return ""
    reason, by = said(one, "dismissed_reason"), said(one, "dismissed_by", "login")
    return "dismissed" + (f" as {reason}" if reason else "") + (f" by {by}" if by else "")
