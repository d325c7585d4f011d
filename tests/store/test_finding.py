"""The index of findings: what the newest scans show, whatever the order in which they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.store.database import Database
from bot.store.finding import Findings, Looked
from workflows.kernel.weakness import Severity, Weakness

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CASE = "evidence/CHG-1"


@pytest.fixture
def findings(database_url: str) -> Iterator[Findings]:
    database = Database(database_url)
    yield Findings(database)
    database.close()


def weakness(mark: str, at: datetime = MONDAY, severity: Severity = "medium", **more: Any) -> Weakness:
    told: dict[str, Any] = {
        "tool": "semgrep", "repository": "acme/payments", "mark": mark, "rule": "sql", "title": "SQL from text",
        "text": "A name reaches a query.", "place": "export.py", "severity": severity, "fingerprint": mark,
        "scan_name": "s.sarif", "scan_sha256": "9c1f" * 16, "scan_kind": "sarif",
        "scan_media_type": "application/sarif+json", "scan_at": at, "first_seen": at,
    }  # fmt: skip
    return Weakness(**{**told, **more})


def scan(*shown: Weakness, at: datetime = MONDAY, complete: bool = True, tool: str = "semgrep") -> Looked:
    return Looked(tool, "acme/payments", at, complete, tuple(w.model_copy(update={"scan_at": at}) for w in shown))


def marks(findings: Findings) -> list[str]:
    return [one.mark for one in findings.open()]


def test_the_worst_come_first_and_what_is_known_longest_before_the_rest(findings: Findings) -> None:
    later = MONDAY + timedelta(days=1)
    findings.note(CASE, 1, [scan(weakness("aa"), weakness("bb", severity="critical"))])
    findings.note(CASE, 2, [scan(weakness("aa"), weakness("cc", later), weakness("bb", severity="low"), at=later)])

    assert marks(findings) == ["aa", "cc", "bb"]
    assert findings.open()[0].first_seen == MONDAY
    assert findings.open()[0].scan_at == later
    assert findings.mark(CASE) == 2


def test_a_whole_scan_without_it_ends_a_finding_a_broken_one_and_another_tools_do_not(findings: Findings) -> None:
    findings.note(CASE, 1, [scan(weakness("aa"), weakness("bb"))])

    findings.note(CASE, 2, [scan(weakness("aa"), at=MONDAY + timedelta(hours=1), complete=False)])
    broken = marks(findings)
    findings.note(CASE, 3, [scan(at=MONDAY + timedelta(hours=2), tool="grype")])
    other = marks(findings)
    findings.note(CASE, 4, [scan(weakness("aa"), at=MONDAY + timedelta(hours=3))])

    assert (broken, other, marks(findings)) == (["aa", "bb"], ["aa", "bb"], ["aa"])
    gone = findings.get(weakness("bb").id)
    assert gone is not None
    assert gone.gone


def test_what_comes_back_is_open_again_and_known_since_it_was_first_seen(findings: Findings) -> None:
    findings.note(CASE, 1, [scan(weakness("aa"))])
    findings.note(CASE, 2, [scan(at=MONDAY + timedelta(hours=1))])

    findings.note(CASE, 3, [scan(weakness("aa"), at=MONDAY + timedelta(hours=2))])

    assert [(w.mark, w.first_seen) for w in findings.open()] == [("aa", MONDAY)]


def test_a_scan_that_is_looked_at_late_changes_nothing_that_a_newer_one_has_shown(findings: Findings) -> None:
    newer = MONDAY + timedelta(hours=2)
    findings.note(CASE, 1, [scan(weakness("aa", newer, severity="high"), at=newer)])

    findings.note("evidence/OTHER", 1, [scan(weakness("aa"))])
    findings.note("evidence/OTHER", 2, [scan(at=MONDAY + timedelta(hours=1))])

    assert [(w.mark, w.severity, w.scan_at) for w in findings.open()] == [("aa", "high", newer)]


def test_the_same_event_looked_at_twice_changes_nothing_and_the_mark_never_goes_back(findings: Findings) -> None:
    findings.note(CASE, 2, [scan(weakness("aa"))])
    before = findings.open()

    findings.note(CASE, 2, [scan(weakness("aa"))])
    findings.note(CASE, 1, [])

    assert (findings.open(), findings.mark(CASE)) == (before, 2)


def test_it_can_be_emptied_to_be_made_anew(findings: Findings) -> None:
    findings.note(CASE, 1, [scan(weakness("aa"))])

    findings.forget()

    assert (findings.open(), findings.mark(CASE), findings.get(weakness("aa").id)) == ([], 0, None)
