"""What is read of scanners' reports: real ones of other people, and every trap that they are known to set."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence.finding import READERS, Found, Scan, scans
from bot.evidence.report import read
from tests.evidence.test_secret import DATA, JSON
from workflows.kernel.weakness import SEVERITIES


def scanned(value: Any) -> list[Scan]:
    return scans(read(value if isinstance(value, bytes) else json.dumps(value).encode()))


def one(value: Any) -> Scan:
    (found,) = scanned(value)
    return found


def of(name: str) -> Scan:
    return one((DATA / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "tool", "count", "named", "why"),
    [
        ("semgrep.json", "semgrep", 2, 0, ""),  # its code and fingerprints say “requires login”
        ("semgrep-empty.json", "semgrep", 0, 0, "which files were scanned"),
        ("njsscan.sarif", "nodejsscan", 2, 2, ""),
        ("flawfinder.sarif", "flawfinder", 49, 49, ""),  # breaks the schema
        ("blackduck.sarif", "example-application", 5, 5, ""),  # nested fingerprints
        ("grype.sarif", "grype", 22, 22, ""),
        ("dockle.sarif", "dockle", 4, 0, ""),  # neither place nor fingerprint
        ("checkov.json", "checkov", 4, 4, ""),
        ("conftest.json", "conftest", 4, 4, ""),
        ("gitlab-sast.json", "find_sec_bugs", 3, 3, ""),
        ("trivy.json", "trivy", 5, 5, ""),
        ("trivy-clean.json", "trivy", 0, 0, ""),
        ("snyk.json", "snyk", 1, 1, ""),
        ("snyk-clean.json", "snyk", 0, 0, ""),
        ("tfsec.json", "tfsec", 3, 0, "does not say what it looked at"),  # a fourth result passed
        ("dependabot.json", "dependabot", 1, 1, "last page"),
        ("dependabot-incomplete.json", "dependabot", 4, 4, "last page"),
        ("gitleaks-secret-in-clear.json", "gitleaks", 3, 0, "list of secrets"),
    ],
)
def test_real_reports_are_read_with_what_names_each_finding_and_why_they_are_not_whole(
    name: str, tool: str, count: int, named: int, why: str
) -> None:
    scan = of(name)

    assert (scan.tool, len(scan.findings)) == (tool, count)
    assert sum(bool(found.fingerprint) for found in scan.findings) == named
    assert scan.complete is (why == "")
    assert why in scan.why


def test_a_report_that_names_its_commit_and_repository_is_believed_only_where_it_names_one() -> None:
    here = {"repositoryUri": "https://github.com/Acme/Payments.git", "revisionId": "41AB" * 10}

    scan = one(sarif(result(), versionControlProvenance=[here]))
    two = one(sarif(result(), versionControlProvenance=[here, here]))

    assert (scan.commit, scan.repository) == ("41ab" * 10, "acme/payments")
    assert (two.commit, two.repository) == ("", "")
    assert (of("grype.sarif").commit, of("grype.sarif").repository) == ("", "")


def test_a_finding_is_told_in_words_with_its_place_and_how_severe_it_is() -> None:
    (snyk,) = of("snyk.json").findings

    assert snyk.rule == "SNYK-JAVA-ORGAPACHESANTUARIO-460281"
    assert snyk.title == "XML External Entity (XXE) Injection in org.apache.santuario:xmlsec"
    assert snyk.place == "org.apache.santuario:xmlsec in pom.xml"
    assert snyk.severity == "medium"
    assert snyk.text == "org.apache.santuario:xmlsec 2.1.1 in pom.xml. Fixed in 2.1.4."


def test_no_secret_that_a_scanner_found_is_in_what_is_read() -> None:
    scan = of("gitleaks-secret-in-clear.json")

    assert all(found.live_secret for found in scan.findings)
    assert "secretAWSsecret" not in str(scan)


def sarif(*results: Any, rules: Any = (), tool: str = "Scan It", **run: Any) -> dict[str, Any]:
    driver = {"name": tool, "version": "1", "rules": list(rules)}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results), **run}]}


def result(line: int = 12, path: str = "src/export.py", code: str = "query(a + b)", **more: Any) -> dict[str, Any]:
    region = {"startLine": line, "snippet": {"text": code}}
    where = [{"physicalLocation": {"artifactLocation": {"uri": path}, "region": region}}]
    return {"ruleId": "sql", "message": {"text": "SQL built from text."}, "locations": where, **more}


def marks(*results: Any) -> list[str]:
    return [found.fingerprint for found in one(sarif(*results)).findings]


def test_a_finding_is_the_same_when_its_line_or_its_white_space_changes_and_another_when_its_code_does() -> None:
    first, moved, spaced, other = (marks(r)[0] for r in (
        result(), result(line=99), result(code="  query(a   + b)\n"), result(code="query(c)"),
    ))  # fmt: skip

    assert first == moved == spaced
    assert other != first


def test_the_tools_own_fingerprint_stays_when_the_code_moves_into_another_file() -> None:
    own = {"partialFingerprints": {"primaryLocationLineHash": "ab12:1", "other": "x"}}

    here, there = marks(result(**own)), marks(result(path="src/report.py", **own))

    assert here == there


def test_several_hits_of_one_finding_are_one_as_severe_as_the_worst_and_put_aside_only_where_all_are() -> None:
    aside = {"suppressions": [{"kind": "inSource"}]}

    (both,) = one(sarif(result(level="note"), result(line=80, level="error", **aside))).findings
    (all_,) = one(sarif(result(**aside), result(line=80, **aside))).findings

    assert (both.severity, both.dismissed) == ("high", "")
    assert all_.dismissed == "suppressed in the code"


@pytest.mark.parametrize(
    ("more", "rule", "severity"),
    [
        ({}, {}, "medium"),  # the default level is `warning`
        ({}, {"defaultConfiguration": {"level": "error"}}, "high"),
        ({"level": "note"}, {"defaultConfiguration": {"level": "error"}}, "low"),
        ({"level": "note"}, {"properties": {"security-severity": "9.8"}}, "critical"),
        ({"properties": {"security-severity": "4.0"}}, {}, "medium"),
        ({"level": "unheard of"}, {}, "high"),
        ({"properties": {"security-severity": "NaN"}}, {}, "high"),
    ],
)
def test_how_severe_a_sarif_result_is_comes_from_its_score_then_its_level_then_its_rule(
    more: dict[str, Any], rule: dict[str, Any], severity: str
) -> None:
    (found,) = one(sarif(result(**more), rules=[{"id": "sql", **rule}])).findings

    assert found.severity == severity


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ({"invocations": [{"executionSuccessful": False}]}, "did not run to its end"),
        (
            {"invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [
                {"level": "warning", "message": {"text": "Syntax error in a.py"}}]}]},
            "Syntax error in a.py",
        ),
        ({"results": None}, "no list of results"),
        ({"results": [result(), 7]}, "no list of results"),
    ],
)  # fmt: skip
def test_a_sarif_run_that_may_have_missed_something_is_not_whole(run: dict[str, Any], why: str) -> None:
    scan = one(sarif(**run))

    assert not scan.complete
    assert why in scan.why


def test_a_report_without_runs_shows_nothing_at_all() -> None:
    assert scanned({"version": "2.1.0", "runs": []}) == []


def test_results_that_passed_or_are_gone_are_no_findings_and_a_rejected_suppression_is_none() -> None:
    rejected = {"suppressions": [{"kind": "external", "status": "rejected"}]}

    scan = one(sarif(result(kind="pass"), result(baselineState="absent"), result(code="x()", **rejected)))

    assert [found.dismissed for found in scan.findings] == [""]


def test_what_somebody_put_aside_says_how_and_who() -> None:
    alert = {
        "number": 4, "state": "dismissed", "dismissed_by": {"login": "lena"}, "dismissed_reason": "tolerable_risk",
        "security_advisory": {"ghsa_id": "GHSA-1", "summary": "Old parser", "severity": "high"},
        "dependency": {"package": {"name": "yaml"}, "manifest_path": "pom.xml"},
    }  # fmt: skip
    code = {"results": [], "errors": [], "paths": {"scanned": ["a.py"]}, "version": "1.1"}
    ignored = {"check_id": "r", "path": "a.py", "extra": {"is_ignored": True, "lines": "x", "message": "m"}}

    (dependabot,), (semgrep,) = one([alert]).findings, one({**code, "results": [ignored]}).findings

    assert dependabot.dismissed == "dismissed as tolerable_risk by lena"
    assert dependabot.place == "yaml in pom.xml"
    assert semgrep.dismissed == "nosemgrep in the code"


def test_a_dependency_is_the_same_finding_in_every_version_of_it_and_of_its_image() -> None:
    def trivy(version: str, tag: str) -> str:
        weak = {"VulnerabilityID": "CVE-2026-1", "PkgName": "openssl", "InstalledVersion": version, "Severity": "HIGH"}
        target = {"Target": f"acme:{tag} (alpine 3.9)", "Vulnerabilities": [weak]}
        return one({"SchemaVersion": 2, "Results": [target]}).findings[0].fingerprint

    assert trivy("3.0.1", "v1") == trivy("3.0.2", "v2")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"results": [], "errors": [{}], "paths": {"scanned": ["a"]}}, "reports 1 errors"),
        ({"results": [], "errors": [], "paths": {"scanned": []}}, "which files were scanned"),
        ({"SchemaVersion": 2, "Results": []}, "nothing that was scanned"),
        ({"ok": True, "dependencyCount": 0, "vulnerabilities": []}, "no dependencies"),
        ([{"filename": "a", "namespace": "main", "successes": 0}], "No rule looked at a"),
        ({"scan": {"type": "sast", "status": "failure"}, "vulnerabilities": []}, "succeeded"),
    ],
)
def test_no_findings_with_nothing_looked_at_is_no_clean_scan(value: Any, why: str) -> None:
    scan = one(value)

    assert (scan.complete, scan.findings) == (False, ())
    assert why in scan.why


def test_hostile_words_are_one_line_of_text_that_fits() -> None:
    evil = "<!channel> \u202egnp.exe\x00\n" * 200
    (found,) = one(sarif(result(path=evil, ruleId=evil, message={"text": evil}), tool=evil)).findings

    for text, most in ((found.rule, 200), (found.title, 150), (found.text, 600), (found.place, 300)):
        assert len(text) <= most
        assert text.isprintable()


def valid(found: Found) -> bool:
    fits = len(found.rule) <= 200 and len(found.title) <= 150 and len(found.text) <= 620 and len(found.place) <= 300
    named = found.fingerprint == "" or re.fullmatch("[0-9a-f]{64}", found.fingerprint) is not None
    return fits and named and found.severity in SEVERITIES and bool(found.rule) and bool(found.title)


SHAPES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=30))
KEYS = st.sampled_from([
    "runs", "results", "tool", "driver", "name", "rules", "locations", "physicalLocation", "suppressions", "fingerprints",
    "invocations", "level", "extra", "Results", "Vulnerabilities", "vulnerabilities", "filtered", "ignore", "failures",
    "failed_checks", "summary", "data", "repository", "vulnerabilityAlerts", "nodes", "securityVulnerability", "advisory",
    "scan", "location", "identifiers", "most_recent_instance", "properties", "security-severity", "message", "text",
])  # fmt: skip
ANY = st.recursive(
    SHAPES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=30
)


@given(st.sampled_from(sorted(READERS)), ANY)
def test_no_value_makes_a_reader_fail_and_what_it_reads_is_always_of_the_promised_shape(kind: str, value: Any) -> None:
    for scan in READERS[kind](value):
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,39}", scan.tool)
        assert scan.complete is (scan.why == "")
        assert scan.commit == "" or re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", scan.commit)
        assert all(valid(found) for found in scan.findings)


@given(JSON)
def test_no_report_that_is_recognised_makes_a_reader_fail(value: Any) -> None:
    scanned(value)
