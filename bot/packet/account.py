"""Tells the packet to people: tables for a spreadsheet and one page to read, from signed fields only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.packet import campaign, review
from bot.packet.campaign import CampaignTold
from bot.packet.gather import Gathered, Statement, statement
from bot.packet.page import Recorded, render
from bot.packet.review import DETACHED, LineTold, ReviewTold
from bot.packet.source import Key, PacketSource
from bot.packet.table import Table
from bot.packet.words import ASSURANCE, RULES, THREE, actor, what
from workflows.kernel.ports import EvidenceAltered, EvidenceMissing

FILE_LIMIT = 256 * 1024 * 1024
SHOWN = 2_000
DECISION_COLUMNS = (
    "log_index", "at", "case", "number", "event", "who", "id", "role", "assurance", "what", "reason", "control",
    "criteria", "attestation", "bundle",
)  # fmt: skip
LINE_COLUMNS = (
    "campaign", "review", "second_look_of", "source", "system", "account", "account_name", "person", "person_id",
    "account_owner", "resource", "entitlement", "meaning", "tier", "flags", "delta", "changes", "list_as_of",
    "list_sha256", "reviewer",
    "reviewer_id", "chosen_as", "not_chosen", "shown_sha256", "shown_at", "verdict", "change_to", "reason", "decided_at",
    "assurance", "cosigned_by", "attestation", "removal", "removal_asked_at", "removal_due", "remover", "reported_at",
    "found_still_there", "late", "verified_at", "verified_by_list_sha256", "verified_by_attestation",
)  # fmt: skip


class Account:
    """Hears every statement once, then writes tables and the page."""

    def __init__(self, folder: Path, source: PacketSource, found: Gathered) -> None:
        self._source = source
        self._found = found
        self._decisions = Table(folder / "decisions.csv", DECISION_COLUMNS)
        self._lines = Table(folder / "lines.csv", LINE_COLUMNS)
        self._recorded: list[Recorded] = []
        self._by: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self._assurance: Counter[str] = Counter()
        self._campaigns: dict[str, None] = {}
        self._controls: dict[str, tuple[str, ...]] = {}
        self._read = lru_cache(64)(self._parsed)

    def tell(self, told: Statement) -> None:
        """One more attestation."""
        said = told.predicate
        by = said.get("by") or {}
        who, id_ = actor(by)
        person = by.get("person")
        if person:
            self._names[str(person.get("sub", ""))] = str(person.get("name", ""))
            self._assurance[str(by.get("assurance", ""))] += 1
        self._by["person" if person else "time" if "time" in by else "system"] += 1
        self._controls.setdefault(str(said.get("control", "")), tuple(map(str, said.get("criteria", ()))))
        if told.workflow == "access_review" and told.event in campaign.OF_A_CAMPAIGN:
            self._campaigns[told.case] = None
        row = Recorded(
            idx=told.idx, id=told.id, at=str(said.get("at", "")), case=told.case, number=int(said.get("seq", 0)),
            event=told.event, who=who, who_id=id_, person=bool(person), what=what(told.event, told.body),
            reason=self._reason(told.body), assurance=ASSURANCE.get(str(by.get("assurance", "")), ""),
        )  # fmt: skip
        if len(self._recorded) < SHOWN:
            self._recorded.append(row)
        self._decisions.add(
            (
                row.idx, row.at, row.case, row.number, row.event, row.who, row.who_id, by.get("role", ""), row.assurance,
                row.what, row.reason, said.get("control", ""), " ".join(said.get("criteria", ())), row.id,
                f"bundles/{row.id}.sigstore.json",
            )
        )  # fmt: skip

    def decisions(self) -> Path:
        """`decisions.csv`: one row for each attestation."""
        return self._decisions.close()

    def lines(self) -> Path:
        """`lines.csv`: one row for each access that was reviewed. Complete after `page`."""
        return self._lines.close()

    def close(self) -> None:
        """Give the tables' files back, whatever happened."""
        self._decisions.close()
        self._lines.close()

    def page(self, keys: Sequence[Key]) -> str:
        """`index.html`."""
        campaigns = {case: self._campaign(case) for case in self._campaigns}
        for case in sorted(self._found.cases):
            parent = self._parent(case)
            if self._found.cases[case] == "access_review" and case not in campaigns:
                told = review.fold(case, self._statements(case), self._read)
                if parent is not None:
                    campaigns[parent].add(told)
                self._tell_lines(parent or "", told)
        return render(
            found=self._found, source=self._source, keys=keys, recorded=self._recorded, total=sum(self._by.values()),
            by=self._by, assurance=self._assurance, controls=self._controls, campaigns=list(campaigns.values()),
        )  # fmt: skip

    def _campaign(self, case: str) -> CampaignTold:
        told = campaign.fold(case, self._statements(case), self._read)
        told.names = {**self._names, **told.names}
        return told

    def _parent(self, case: str) -> str | None:
        """The campaign of a review: the longest one that its id starts with."""
        fitting = [one for one in self._campaigns if case.startswith(f"{one}/")]
        return max(fitting, key=len, default=None)

    def _statements(self, case: str) -> list[Statement]:
        """A case's attestations that are in this packet, in order. What lies outside of it is not used."""
        inside = range(self._found.first, self._found.last + 1)
        entries = self._source.ledger.of_case(case)
        return [statement(e) for e in entries if e.idx is not None and e.idx in inside and e.payload is not None]

    def _tell_lines(self, parent: str, told: ReviewTold) -> None:
        for line in sorted(told.lines.values(), key=lambda x: (x.system, x.resource, x.account, x.entitlement, x.ref)):
            self._lines.add(_row(parent, told, line))

    def _reason(self, body: dict[str, Any]) -> str:
        """The reason that was given, where the event has one of its own."""
        reason = body.get("reason") or (body.get("exemption") or {}).get("reason") or ""
        if isinstance(reason, dict) and set(reason) == {DETACHED}:
            reason = self._read(str(reason[DETACHED]))
        return reason if isinstance(reason, str) else ""

    def _parsed(self, sha256: str) -> Any:
        """An evidence file that this packet holds, parsed; None where it is no JSON or not there (the export refuses then)."""
        if sha256 not in self._found.evidence:
            return None
        try:
            with self._source.evidence(sha256) as file:
                return json.loads(file.read(FILE_LIMIT))
        except (EvidenceMissing, EvidenceAltered, ValueError):
            return None


def _row(parent: str, told: ReviewTold, x: LineTold) -> tuple[object, ...]:
    refuted = "; ".join(one.replace("\t", " ") for one in x.refuted)
    late = THREE[x.late] if x.requested_at else ""
    return (
        parent, x.case, told.second_of, x.source, x.system, x.account, x.account_name, x.person, x.person_id, x.owner, x.resource,
        x.entitlement, x.plain, x.tier, " ".join(x.flags), x.delta, x.changes, x.as_of, x.population,
        x.reviewer or told.reviewer, x.reviewer_id or told.reviewer_id, RULES.get(x.rule, x.rule), x.rejected, x.shown,
        x.shown_at, x.verdict or "undecided", x.target, x.reason, x.decided_at, ASSURANCE.get(x.assurance, x.assurance),
        x.cosigned_by, x.attestation, x.removal, x.requested_at, x.removal_due, x.remover, x.reported_at, refuted, late,
        x.verified_at, x.proof, x.proof_attestation,
    )  # fmt: skip
