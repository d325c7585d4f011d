"""The road of a finding: a report comes in, somebody asks in Slack, a manager accepts, later scans decide, the packet proves it.

Everything people do comes in as signed requests to the real web server, and goes out through the outbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bot.cli.finding import stopping
from bot.demo.stage import MODELS, Stage, stage
from bot.evidence.intake import Brought, Intake, Origin
from bot.main.program import apply_program
from bot.main.relied import relied
from bot.main.scan import Report, Scans
from bot.packet.export import export
from bot.packet.verify import verify
from bot.program.load import load
from bot.sources.settings import SETTINGS
from bot.store.finding import Findings
from bot.store.replay import deviations, folding
from bot.store.restate import unfaithful
from tests.approval.test_road import CONTROL, LENA, RAVI, names, press, state_of
from workflows.approval.forms.field import token

RULE, FIRST, SECOND = "python.sql-injection", "41ab" * 10, "52bc" * 10
WHY = "The export is replaced next month."


def report(*places: str, version: str = "1.69.0", errors: int = 0, ignored: tuple[str, ...] = ()) -> bytes:
    """A report of Semgrep with a finding in each of these files."""
    results = [
        {
            "check_id": RULE, "path": place, "start": {"line": 12}, "end": {"line": 12},
            "extra": {
                "message": f"SQL built from text in {place}.", "severity": "WARNING", "metadata": {},
                "lines": f"query('{place}' + name)", "is_ignored": place in ignored, "fingerprint": "requires login",
            },
        }
        for place in places
    ]  # fmt: skip
    made = {
        "version": version, "results": results, "paths": {"scanned": ["export.py", "report.py"]},
        "errors": [{"type": "SyntaxError", "level": "warn", "message": "x", "path": "a.py"}] * errors,
    }  # fmt: skip
    return json.dumps(made).encode()


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        (made.folder / "controls/approval.yaml").write_text(CONTROL, encoding="utf-8")
        now = made.clock.now()
        apply_program(made.product, load(made.folder, MODELS, SETTINGS, today=now.date()), now)
        made.product.puller.pull("github", "test")
        made.pass_time(timedelta(seconds=1))
        yield made


def pushed(acme: Stage, data: bytes, commit: str = FIRST, repository: str = "acme/payments") -> list[Report]:
    p = acme.product
    intake = Intake(p.vault, p.runtime, p.facts)
    file = Brought("semgrep.json", data, commit=commit, repository=repository)
    intake.take("AP-01", [file], Origin("cli", "attester evidence push"))
    read = Scans(p).catch_up()
    acme.settle()
    return read


def form(acme: Stage, what: str, days: int = 30) -> Any:
    opened = acme.driver.command(LENA, "/access finding")
    assert opened.view is not None, opened.text
    owner = acme.product.facts.directory().by_login("maya@acme.test")
    assert owner is not None
    values = {
        "what": what, "person": token(owner.id), "instead": "It runs with a read-only account.", "reason": WHY,
        "until": (acme.clock.now() + timedelta(days=days)).date().isoformat(),
    }  # fmt: skip
    return acme.driver.submit(opened.view["id"], values, LENA)


def accepted(acme: Stage) -> str:
    """The finding in export.py, asked about by Lena and accepted by Ravi; its case."""
    pushed(acme, report("export.py"))
    (known,) = Findings(acme.product.database).open()
    assert form(acme, known.id).ok
    (case,) = acme.product.record.starting("approval/exception/semgrep/acme/payments/")
    assert press(acme, RAVI, "SQL built from text", "approve").ok
    return case


def test_whoever_decides_a_deploy_reads_what_scans_show_and_what_is_accepted_of_it(acme: Stage) -> None:
    nothing = relied(acme.product, "acme/payments")
    case = accepted(acme)
    acme.pass_time(timedelta(days=1))
    pushed(acme, report("export.py", "report.py"), SECOND)

    day = acme.clock.now().date().isoformat()
    assert nothing == ()
    assert relied(acme.product, "Acme/Payments") == (
        f"Newest scan by semgrep ({day}): 2 medium open, 1 of them accepted for a time",
        f"Accepted for a time: SQL built from text in export.py ({case})",
    )
    assert relied(acme.product, "acme/other") == ()


def test_a_finding_is_accepted_in_slack_followed_by_scans_and_proven_by_the_packet(acme: Stage, tmp_path: Path) -> None:
    case = accepted(acme)
    effective = state_of(acme, case)

    acme.pass_time(timedelta(days=1))
    broken = pushed(acme, report(errors=1), SECOND)
    still = state_of(acme, case).status
    acme.pass_time(timedelta(days=1))
    pushed(acme, report("report.py"), SECOND)
    acme.settle()

    assert (effective.status, effective.request.severity) == ("effective", "medium")
    assert broken[0].why
    assert still == "effective"
    assert names(acme, case)[-2:] == ["exception_started", "finding_gone"]
    assert state_of(acme, case).status == "ended"
    p = acme.product
    packet = tmp_path / "packet.zip"
    until = acme.clock.now() + timedelta(hours=1)
    export(p.packet_source(), out=packet, start=until - timedelta(days=30), end=until)
    verdict = verify(packet)
    assert verdict.fine, verdict.sentence
    assert list(deviations(p.database, folding(p.runtime.workflows))) == []
    assert list(unfaithful(p.database, p.evidence)) == []
    with ZipFile(packet) as box:
        kept = {name.rsplit("/", 1)[-1] for name in box.namelist() if "evidence/sha256/" in name}
    assert {f.sha256 for f in state_of(acme, case).files} <= kept


def test_what_got_into_another_file_or_worse_is_asked_anew_and_the_same_scan_twice_changes_nothing(acme: Stage) -> None:
    case = accepted(acme)

    acme.pass_time(timedelta(hours=1))
    pushed(acme, report("export.py"), SECOND)
    before = names(acme, case)
    pushed(acme, report("export.py"), SECOND)

    assert names(acme, case) == before
    assert state_of(acme, case).status == "effective"


def test_a_scan_of_another_repository_or_of_no_commit_says_nothing_about_a_case(acme: Stage) -> None:
    case = accepted(acme)
    acme.pass_time(timedelta(hours=1))

    pushed(acme, report(), SECOND, repository="acme/web")
    (nameless,) = pushed(acme, report(), commit="")

    assert nameless.why == "It names no commit."
    assert state_of(acme, case).status == "effective"


def test_the_end_passes_with_the_finding_still_there_and_the_gate_is_closed_again(acme: Stage, tmp_path: Path) -> None:
    case = accepted(acme)
    file = tmp_path / "now.json"
    file.write_bytes(report("export.py"))

    let = stopping(acme.product, [file], ("acme/payments", SECOND), 1)
    acme.pass_time(timedelta(days=31))
    stopped = stopping(acme.product, [file], ("acme/payments", SECOND), 1)

    assert let == []
    assert [row["why"] for row in stopped] == [
        "medium: SQL built from text in export.py (export.py), accepted by nobody"
    ]
    assert names(acme, case)[-1] == "exception_lapsed"
    assert state_of(acme, case).status == "not_ended"


def test_what_is_put_aside_in_the_tool_without_an_acceptance_is_put_to_the_control_owner_once(acme: Stage) -> None:
    pushed(acme, report("export.py", "report.py", ignored=("report.py",)))
    first = acme.product.record.starting("approval/dismissal/semgrep/acme/payments/")
    acme.pass_time(timedelta(hours=1))

    pushed(acme, report("export.py", "report.py", ignored=("report.py",)), SECOND)

    again = acme.product.record.starting("approval/dismissal/semgrep/acme/payments/")
    assert (len(first), again) == (1, first)
    assert names(acme, first[0]) == ["dismissal_uncovered"]


def test_the_list_of_findings_is_made_anew_from_the_evidence_and_no_case_hears_of_it(acme: Stage) -> None:
    case = accepted(acme)
    index = Findings(acme.product.database)
    before, events = index.open(), names(acme, case)

    count = Scans(acme.product).again()

    assert count == 1
    assert index.open() == before
    assert names(acme, case) == events
