"""A report with a secret in it is refused; the same report as its tool redacts it is taken. Secrets here are made up."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence.report import READ_LIMIT, TooLarge, read
from bot.evidence.secret import Secret, secrets

DATA = Path(__file__).parent / "data"
LIVE = "hunter2-" + "swordfish"
TOKEN = "gh" + "p_" + "a1B2" * 9
AWS = "AKI" + "A" + "Q7W3E5R9T1Y2U4I6"
KEY40 = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "ABCDEFGHIJ"


def found(value: Any) -> list[Secret]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(secrets(read(data)))


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def sarif(tool: str, snippet: str) -> dict[str, Any]:
    region = {"startLine": 3, "snippet": {"text": snippet}}
    result = {"ruleId": "x", "locations": [{"physicalLocation": {"region": region}}]}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": tool}}, "results": [result]}]}


GITLEAKS = {"RuleID": "aws", "File": "a.tf", "Commit": "1"}
HOG = {"SourceMetadata": {}, "DetectorName": "AWS", "Verified": True}
OPA = {"decision_id": "1", "path": "http/allow"}


@pytest.mark.parametrize(
    ("report", "where"),
    [
        ([{**GITLEAKS, "Secret": LIVE, "Match": f"key={LIVE}"}], "/0/Secret"),
        ([{**GITLEAKS, "Secret": "REDACTED", "Match": f"key={LIVE}"}], "/0/Secret"),
        ([{**GITLEAKS, "Secret": "REDACTED", "Match": "key=REDACTED", "Fragment": LIVE}], "/0/Secret"),
        ([{**GITLEAKS, "Secret": LIVE[:4] + "...", "Match": "REDACTED"}], "/0/Secret"),
        ([{"offender": LIVE, "rule": "aws", "line": "REDACTED"}], "/0/offender"),
        ([{"offender": "REDACTED", "rule": "aws", "line": f"x = {LIVE}"}], "/0/line"),
        (sarif("gitleaks", LIVE), "/runs/0/results/0/locations/0/physicalLocation/region/snippet/text"),
        (lines({**HOG, "Raw": LIVE}, {**HOG, "Raw": ""}), "/0/Raw"),
        (lines({**HOG, "Raw": "", "RawV2": LIVE}), "/0/RawV2"),
        (lines({"stringsFound": [LIVE], "commit": "1", "diff": ""}), "/0/stringsFound"),
        (lines({"stringsFound": [], "commit": "1", "diff": f"+{LIVE}"}), "/0/diff"),
        ([{"secret": LIVE, "rule": {"id": "x"}}], "/0/secret"),
        ([{"secret": LIVE, "secret_type": "x", "state": "open"}], "/0/secret"),
        (
            {"scan": {"type": "secret_detection"}, "vulnerabilities": [{"raw_source_code_extract": LIVE}]},
            "/vulnerabilities/0/raw_source_code_extract",
        ),
        (
            {"SchemaVersion": 2, "Results": [{"Secrets": [{"Match": f"key={LIVE}"}]}]},
            "/Results/0/Secrets/0/Match",
        ),
        ([{**OPA, "input": {"headers": {"Authorization": LIVE}}}], "/0/input/headers/Authorization"),
    ],
)  # fmt: skip
def test_a_tool_that_writes_its_find_into_the_report_is_refused_at_that_place(report: Any, where: str) -> None:
    hits = found(report)

    assert where in [hit.where for hit in hits]
    assert all(LIVE not in part for hit in hits for part in hit)
    assert all(hit.mend for hit in hits)


@pytest.mark.parametrize(
    "report",
    [
        [{**GITLEAKS, "Secret": "REDACTED", "Match": "key=REDACTED"}],
        [{**GITLEAKS, "Secret": "REDACT", "Match": "key=REDACT"}],
        [{"offender": "REDACTED", "rule": "aws", "line": "x = REDACTED"}],
        sarif("gitleaks", "REDACTED"),
        sarif("njsscan", "var password = request.body.password"),
        lines({**HOG, "Redacted": "AKIA…", "ExtraData": {"account": "1"}}),
        [{"secret": None, "secret_type": "x", "state": "open"}],
        {"scan": {"type": "sast"}, "vulnerabilities": [{"raw_source_code_extract": "x = 1"}]},
        {"SchemaVersion": 2, "Results": [{"Secrets": [{"Match": "key=*****"}]}]},
        [{**OPA, "input": {"token": "x"}, "masked": ["/input/token"]}],
        {"results": [], "errors": []},
        b"an AWS access key id alone: AKIAIOSFODNN7EXAMPLE is no secret, nor is " + AWS.encode(),
        b"",
    ],
)  # fmt: skip
def test_a_redacted_report_and_one_without_secrets_pass(report: Any) -> None:
    assert found(report) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        (TOKEN, "a GitHub token"),
        ("xoxb" + "-123456789012-abcdef", "a Slack token"),
        ("sk_li" + "ve_" + "4eC39HqLyjWDarjtT1", "a Stripe key"),
        (f"{AWS} {KEY40}", "an AWS access key with its secret"),
    ],
)  # fmt: skip
def test_what_is_a_secret_wherever_it_stands_is_named_with_its_line(text: str, rule: str) -> None:
    (hit,) = found(f"first line\nsecond {text} end\n".encode())

    assert (hit.rule, hit.where) == (rule, "line 2")


def test_a_secret_in_a_packed_report_is_found_too() -> None:
    assert found(gzip.compress(json.dumps([{**GITLEAKS, "Secret": LIVE}]).encode()))


def test_what_unpacks_to_more_than_anybody_reads_is_not_taken() -> None:
    with pytest.raises(TooLarge):
        read(gzip.compress(bytes(READ_LIMIT + 1), 1))


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("gitleaks-secret-in-clear.json", "gitleaks", False), ("semgrep.json", "semgrep", True),
        ("njsscan.sarif", "sarif", True), ("trivy.json", "trivy", True), ("checkov.json", "checkov", True),
        ("gitlab-sast.json", "gitlab", True), ("snyk.json", "snyk", True), ("conftest.json", "conftest", True),
        ("dependabot.json", "dependabot", True), ("LICENSE.txt", "document", True),
    ],
)  # fmt: skip
def test_real_reports_are_known_by_what_stands_in_them(name: str, kind: str, clean: bool) -> None:
    seen = read((DATA / name).read_bytes())

    assert seen.kind == kind
    assert (list(secrets(seen)) == []) is clean


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            "Secret", "RuleID", "runs", "version", "results", "errors", "scan", "vulnerabilities", "SchemaVersion", "Results",
            "Secrets", "Raw", "SourceMetadata", "DetectorName", "input", "decision_id", "path", "offender", "rule", "secret",
            "masked", "data", "tool", "driver", "name",
        ]),
        inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@given(JSON)
def test_no_shape_of_a_report_makes_the_reader_fail(value: Any) -> None:
    list(secrets(read(json.dumps(value).encode())))
