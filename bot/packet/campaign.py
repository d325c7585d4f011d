"""A campaign as its attestations tell it, and what its reviews add up to. One review is in memory at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.packet.gather import Statement
from bot.packet.review import LineTold, Read, ReviewTold, detached
from workflows.kernel.calendar import period_words

SHOWN = 1_000
"""Rows of a table on the page; the rest stands in the CSV files."""
OF_A_CAMPAIGN = (
    "campaign_planned", "campaign_opened", "campaign_closed", "campaign_missed", "campaign_cancelled", "lines_assigned",
    "source_collected",
)  # fmt: skip


@dataclass
class ReviewRow:
    """One review, in figures."""

    case: str
    reviewer: str
    title: str
    system: str
    lines: int
    verdicts: Counter[str]
    rules: Counter[str]
    care: dict[str, int]
    signals: list[str]
    reminders: int
    escalations: int
    signatures: list[tuple[str, str]]
    assurance: set[str]
    second_of: str
    looks: list[tuple[str, int, int, str]]


@dataclass
class CampaignTold:
    """A campaign and its sums. Lists of lines are cut at `SHOWN`; counts are whole."""

    case: str
    planned: Statement | None = None
    closed: Statement | None = None
    opened: Statement | None = None
    owner: str = ""
    collected: list[Statement] = field(default_factory=list)
    assigned: list[Statement] = field(default_factory=list)
    refused: list[Statement] = field(default_factory=list)
    arrived: list[Statement] = field(default_factory=list)
    moved: list[Statement] = field(default_factory=list)
    marks: list[Statement] = field(default_factory=list)
    exceptions: list[Statement] = field(default_factory=list)
    unassigned: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)
    reviews: list[ReviewRow] = field(default_factory=list)
    lines: list[LineTold] = field(default_factory=list)
    leavers: list[LineTold] = field(default_factory=list)
    removals: list[LineTold] = field(default_factory=list)
    changed: list[LineTold] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """`Quarterly access review, 4th quarter 2026`"""
        told = self.body
        period = str(told.get("period") or self.case.rpartition("/")[2])
        return f"{told.get('title') or 'Access review'}, {period_words(period)}"

    @property
    def body(self) -> dict[str, Any]:
        """What the planning or, where that is not in this packet, the closing says of the campaign."""
        found = self.planned or self.closed
        return found.body if found else {}

    @property
    def status(self) -> str:
        """Where it stands, in a word."""
        if any(one.event == "campaign_cancelled" for one in self.marks):
            return "cancelled"
        if self.closed:
            return "closed with exceptions" if self.closed.body.get("with_exceptions") else "closed"
        return "open" if self.opened else "not opened"

    def called(self, person: Any) -> str:
        """A person's name of that time; the id where no signed file of this packet names them."""
        return self.names.get(str(person or ""), str(person or "nobody"))

    def add(self, told: ReviewTold) -> None:
        """Count a review."""
        row = ReviewRow(
            case=told.case,
            reviewer=told.reviewer or next((x.reviewer for x in told.lines.values() if x.reviewer), "unknown"),
            title=told.reviewer_title,
            system=told.system,
            lines=len(told.lines),
            verdicts=Counter(x.verdict or "undecided" for x in told.lines.values()),
            rules=Counter(x.rule for x in told.lines.values() if x.rule),
            care=told.care[-1] if told.care else {},
            signals=told.signals,
            reminders=told.reminders,
            escalations=len(told.escalations),
            signatures=[(str(one.predicate.get("at", "")), one.id) for one in told.signatures],
            assurance={x.assurance for x in told.lines.values() if x.assurance},
            second_of=told.second_of,
            looks=told.looks,
        )
        self.reviews.append(row)
        self.names.update(told.names)
        self.count["reminders"] += told.reminders
        self.count["escalations"] += len(told.escalations)
        if not told.second_of:  # a second look judges lines that are counted already
            for line in told.lines.values():
                self._count(line)

    def _count(self, line: LineTold) -> None:
        self.count["lines"] += 1
        self.count[f"verdict {line.verdict or 'undecided'}"] += 1
        self.count[f"delta {line.delta}"] += 1
        self.count[f"tier {line.tier}"] += 1
        self.count["cosigned"] += bool(line.cosigned_by)
        self.count["gone"] += bool(line.gone_at)
        self.count["late"] += line.late
        if line.removal:
            self.count[f"removal {line.removal}"] += 1
        for kept, wanted in (
            (self.lines, True), (self.leavers, "leaver" in line.flags), (self.removals, bool(line.requested_at)),
            (self.changed, bool(line.changes)),
        ):  # fmt: skip
            if wanted and len(kept) < SHOWN:
                kept.append(line)
        self.count["leavers"] += "leaver" in line.flags


def fold(case: str, statements: Sequence[Statement], read: Read) -> CampaignTold:
    """Follow a campaign's own attestations in order."""
    told = CampaignTold(case)
    lists = {
        "source_collected": told.collected, "lines_assigned": told.assigned, "source_refused": told.refused,
        "lines_arrived": told.arrived, "lines_moved": told.moved, "campaign_missed": told.marks,
        "campaign_overdue": told.marks, "campaign_cancelled": told.marks, "source_excepted": told.exceptions,
        "exception_granted": told.exceptions, "independence_excepted": told.exceptions,
    }  # fmt: skip
    for one in statements:
        if one.event == "campaign_planned":
            told.planned = one
            _people(told, one, read)
        elif one.event == "campaign_closed":
            told.closed = one
        elif one.event == "campaign_opened":
            told.opened = one
        elif one.event in lists:
            lists[one.event].append(one)
        if one.event in ("lines_assigned", "lines_arrived"):
            told.unassigned += len(detached(one.body, "unassigned", read) or ())
            told.removed.update(str(x.get("how", "")) for x in detached(one.body, "removed", read) or ())
    for one in told.assigned or told.collected:
        sha256 = str((one.body.get("collection") or {}).get("id", ""))
        certificate = read(sha256)
        if isinstance(certificate, dict):
            told.certificates[sha256] = certificate
    return told


def _people(told: CampaignTold, one: Statement, read: Read) -> None:
    for name in ("owner", "deputy"):
        person = detached(one.body, name, read)
        if isinstance(person, dict):
            told.names[str(person.get("id", ""))] = str(person.get("name", ""))
            told.owner = told.owner or str(person.get("name", ""))
