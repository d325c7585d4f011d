"""Scans, wired: what came in as evidence is looked through for findings, and each case of an accepted one is told.

Told by looking: every process may catch up from the record, at any time, and ends at the same place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.evidence.finding import Found, Scan, scans
from bot.evidence.report import TooLarge, read
from bot.facts import NoProgram
from bot.main.pieces import Pieces
from bot.store.finding import Findings, Looked
from bot.store.write import StoredEvent
from workflows.approval.model import Approval, NoteDismissals, SeeScan
from workflows.approval.rules.risk import base_case, dismissal_case, finding_case
from workflows.kernel.arrival import Arrived, EvidenceReceived
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, EvidenceRef, by_system, case_segments
from workflows.kernel.ports import EvidenceAltered, EvidenceMissing
from workflows.kernel.weakness import SEVERITIES, Accepted, Severity, Weakness, accepted_by, mark_of

SCANNER = by_system("scan")
MOST_LINES = 20
"""Findings that a card lists; how many more there are stands behind them."""
SEVERAL = "Several reports of one tool and repository came at once, and none of them is the whole."
LOG = structlog.get_logger("attester.scans")


@dataclass(frozen=True)
class Report:
    """What one report says of one repository by one tool. ``why`` says why it does not show everything; empty if it does."""

    tool: str
    repository: str
    commit: str
    at: datetime
    why: str
    file: EvidenceRef
    found: tuple[Found, ...]

    @property
    def place(self) -> tuple[str, str]:
        """The tool and the repository: what is followed from scan to scan."""
        return self.tool, self.repository

    @property
    def marks(self) -> dict[str, Found]:
        """The findings, by what names them."""
        return {mark_of(f.fingerprint, f.rule, f.place, f.title, self.commit): f for f in self.found}

    def looked(self) -> Looked:
        """For the index."""
        shown = tuple(_weakness(self, mark, found) for mark, found in self.marks.items())
        return Looked(self.tool, self.repository, self.at, not self.why, shown)


class Scans:
    """Looks through what came in."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._findings = Findings(pieces.database)

    def catch_up(self) -> list[Report]:
        """Read what came since the last look: tell the cases, then index it. What cannot be read is left out, with a log line.

        A process that dies in between does it once more, and nothing happens twice: a case hears the same only once.
        """
        done: list[Report] = []
        for case in self._pieces.record.starting("evidence/"):
            for event in self._pieces.record.events(case, self._findings.mark(case)):
                reports = self._reports(event)
                for report in reports:
                    self._tell(report)
                    self._dismissed(report)
                self._findings.note(case, event.n, [r.looked() for r in reports])
                done += reports
        return done

    def again(self) -> int:
        """Make the index anew from everything that ever came; no case is told. Returns how many reports were read."""
        self._findings.forget()
        count = 0
        for case in self._pieces.record.starting("evidence/"):
            for event in self._pieces.record.events(case):
                reports = self._reports(event)
                self._findings.note(case, event.n, [r.looked() for r in reports])
                count += len(reports)
        return count

    def _reports(self, event: StoredEvent) -> list[Report]:
        if event.name != EvidenceReceived.NAME or event.erased:
            return []
        received = EvidenceReceived.model_validate(event.body)
        refs = {ref.sha256: ref for ref in received.evidence()}
        found = [r for file in received.files for r in self._of_file(file, refs[file.sha256], event.at)]
        return alone(found)

    def _of_file(self, file: Arrived, ref: EvidenceRef, at: datetime) -> list[Report]:
        try:
            said = scans(read(self._pieces.evidence(file.sha256)))
        except (EvidenceMissing, EvidenceAltered, TooLarge) as failure:
            LOG.warning("scan_not_read", sha256=file.sha256, why=str(failure))
            return []
        return list(reports_of(said, file.repository, file.commit, ref, at))

    def _tell(self, report: Report) -> None:
        """Every case in which a finding of this tool and repository is accepted hears what the scan says about it."""
        marks = report.marks
        for case in self._pieces.record.starting(finding_case(*report.place, "0").removesuffix("0")):
            state, _ = self._pieces.runtime.state(case)
            finding = state.request.finding if isinstance(state, Approval) else None
            if finding is None or not finding.fingerprint or (finding.tool, finding.repository) != report.place:
                continue
            found = marks.get(mark_of(finding.fingerprint, "", "", "", ""))
            command = SeeScan(
                scan=report.file, complete=not report.why, found=found is not None,
                severity=found.severity if found else None, place=found.place if found else "",
            )  # fmt: skip
            try:
                self._pieces.runtime.act(case, command, SCANNER)
            except Refused as refused:
                LOG.debug("scan_says_nothing", case=case, why=refused.code)

    def _dismissed(self, report: Report) -> None:
        """The control owner is asked about findings that were put aside in the tool, and that nobody accepted here."""
        control = risks_control(self._pieces)
        aside = {mark: f for mark, f in report.marks.items() if f.dismissed}
        uncovered = {m: f for m, f in aside.items() if not self._accepted(report, m, f)}
        if control is None or not uncovered:
            return
        digest = hashlib.sha256(" ".join(sorted(uncovered)).encode()).hexdigest()[:12]
        case = dismissal_case(report.tool, report.repository, digest)
        if self._pieces.record.head(case) is not None:
            return
        worst = sorted(uncovered.values(), key=lambda f: (-_rank(f), f.place, f.rule))
        lines = tuple(f"{f.severity}: {f.title} ({f.place}) — {f.dismissed}"[:300] for f in worst[:MOST_LINES])
        note = NoteDismissals(
            tool=report.tool, repository=report.repository, findings=lines, more=max(0, len(worst) - MOST_LINES),
            scan=report.file,
        )  # fmt: skip
        self._pieces.runtime.act(case, note, SCANNER, control=control)

    def _accepted(self, report: Report, mark: str, found: Found) -> bool:
        return covering(self._pieces, report.place, mark, found.place, found.severity) is not None


def alone(found: Sequence[Report]) -> list[Report]:
    """The reports of one push: of several of one tool and repository none is the whole."""
    places = [report.place for report in found]
    return [replace(r, why=r.why or SEVERAL) if places.count(r.place) > 1 else r for r in found]


def reports_of(said: Sequence[Scan], repository: str, commit: str, ref: EvidenceRef, at: datetime) -> Iterator[Report]:
    """What a file says of each repository by each tool; runs of one tool over one repository are one report.

    What whoever brought the file says of it comes first; a scan of no known repository is followed nowhere.
    """
    together: dict[tuple[str, str], Report] = {}
    for scan in said:
        place = (repository or scan.repository).lower()
        if not place:
            continue
        about = commit or scan.commit
        why = scan.why if not scan.complete else "" if about else "It names no commit."
        one = Report(scan.tool, place, about, at, why, ref, scan.findings)
        before = together.get(one.place)
        together[one.place] = one if before is None else replace(
            before, why=before.why or one.why, found=(*before.found, *one.found)
        )  # fmt: skip
    yield from together.values()


def covering(pieces: Pieces, at: tuple[str, str], mark: str, place: str, severity: Severity) -> CaseId | None:
    """The case by which a finding of a tool and repository is accepted now, in this place and as severe as it is, or None."""
    return accepted_by(acceptances(pieces, finding_case(*at, mark)), at, mark, place, severity, pieces.clock.now())


def acceptances(pieces: Pieces, start: str) -> Iterator[Accepted]:
    """The findings of scanners that are accepted, of the cases whose ids start so."""
    for case in pieces.record.starting(start):
        state, _ = pieces.runtime.state(case)
        if not isinstance(state, Approval) or state.status != "effective" or state.request.finding is None:
            continue
        until, severity, finding = state.request.until, state.request.severity, state.request.finding
        if until is not None and severity is not None and finding.tool:
            yield Accepted(
                tool=finding.tool, repository=finding.repository, mark=case_segments(base_case(case))[-1],
                rule=finding.rule, place=finding.place, fingerprint=finding.fingerprint, severity=severity, until=until,
                case=case, attestations=tuple(d.attestation for d in state.decisions if d.attestation),
            )  # fmt: skip


def risks_control(pieces: Pieces) -> str | None:
    """The control under which weaknesses are accepted; None where the program has none."""
    try:
        controls = pieces.facts.program().controls
    except NoProgram:
        return None
    return next((c.id for c in controls if c.workflow == "approval" and c.settings.get("risks")), None)


def _rank(found: Found) -> int:
    return SEVERITIES.index(found.severity)


def _weakness(report: Report, mark: str, found: Found) -> Weakness:
    return Weakness(
        tool=report.tool, repository=report.repository, mark=mark, rule=found.rule, title=found.title, text=found.text,
        place=found.place, severity=found.severity, fingerprint=found.fingerprint, commit=report.commit,
        live_secret=found.live_secret, dismissed=found.dismissed, scan_name=report.file.name,
        scan_sha256=report.file.sha256, scan_kind=report.file.kind, scan_media_type=report.file.media_type,
        scan_at=report.at, first_seen=report.at,
    )  # fmt: skip
