"""A review as its attestations tell it: every line, who judged it, what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.packet.gather import Statement

Read = Callable[[str], Any]
"""SHA-256 → the parsed evidence file; None where it cannot be read."""

DETACHED = "detached_sha256"


@dataclass
class LineTold:
    """One access and its way through the review. Texts are empty where nothing is known yet."""

    ref: str
    case: str
    source: str = ""
    system: str = ""
    account: str = ""
    account_name: str = ""
    person: str = ""
    person_id: str = ""
    owner: str = ""
    resource: str = ""
    entitlement: str = ""
    plain: str = ""
    tier: str = ""
    flags: Sequence[str] = ()
    delta: str = ""
    changes: str = ""
    rule: str = ""
    rejected: str = ""
    population: str = ""
    as_of: str = ""
    shown: str = ""
    shown_at: str = ""
    verdict: str = ""
    target: str = ""
    reason: str = ""
    reviewer: str = ""
    reviewer_id: str = ""
    assurance: str = ""
    decided_at: str = ""
    attestation: str = ""
    cosigned_by: str = ""
    requested_at: str = ""
    removal_due: str = ""
    remover: str = ""
    reported_at: str = ""
    refuted: list[str] = field(default_factory=list)
    late: bool = False
    verified_at: str = ""
    proof: str = ""
    proof_attestation: str = ""
    gone_at: str = ""
    reappeared_at: str = ""

    @property
    def removal(self) -> str:
        """Where the removal stands, in a word."""
        if self.reappeared_at:
            return "there again"
        if self.verified_at:
            return "verified gone"
        if self.refuted:
            return "still there"
        if self.reported_at:
            return "reported, not verified"
        return "asked for" if self.requested_at else ""


@dataclass
class ReviewTold:
    """One reviewer's lines of one source."""

    case: str
    reviewer: str = ""
    reviewer_id: str = ""
    reviewer_title: str = ""
    source: str = ""
    system: str = ""
    due_at: str = ""
    second_of: str = ""
    began_before: bool = False
    lines: dict[str, LineTold] = field(default_factory=dict)
    care: list[dict[str, int]] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    reminders: int = 0
    escalations: list[str] = field(default_factory=list)
    signatures: list[Statement] = field(default_factory=list)
    looks: list[tuple[str, int, int, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def fold(case: str, statements: Sequence[Statement], read: Read) -> ReviewTold:
    """Follow a review's attestations in order."""
    told = ReviewTold(case, began_before=bool(statements) and statements[0].predicate.get("seq") != 1)
    for one in statements:
        act = ACTS.get(one.event)
        if act is not None:
            act(told, one, read)
    return told


def detached(body: dict[str, Any], name: str, read: Read) -> Any:
    """A field that travels as a file of its own; the field itself where it stands in the body."""
    value = body.get(name)
    if isinstance(value, dict) and set(value) == {DETACHED}:
        return read(str(value[DETACHED]))
    return value


def _line(told: ReviewTold, ref: str) -> LineTold:
    return told.lines.setdefault(ref, LineTold(ref, told.case, source=told.source, system=told.system))


def _taken(told: ReviewTold, one: Statement, read: Read) -> None:
    head = detached(one.body, "head", read)
    if isinstance(head, dict):
        reviewer = head.get("reviewer") or {}
        told.reviewer, told.reviewer_id = str(reviewer.get("name", "")), str(reviewer.get("id", ""))
        told.reviewer_title = str(reviewer.get("title", ""))
        told.source, told.system = str(head.get("source", "")), str(head.get("system", ""))
        told.due_at, told.second_of = str(head.get("due_at", "")), str(head.get("second_of", ""))
        people = [value for value in head.values() if isinstance(value, dict) and "id" in value]
        told.names.update({str(p["id"]): str(p.get("name", "")) for p in people})
    for line in detached(one.body, "lines", read) or ():
        _describe(told, line)


def _describe(told: ReviewTold, line: dict[str, Any]) -> None:
    access = line.get("line") or {}
    account, entitlement = access.get("account") or {}, access.get("entitlement") or {}
    person, ref = line.get("person") or {}, _ref(line)
    found = _line(told, ref)
    found.account, found.account_name = str(account.get("login", "")), str(account.get("name", ""))
    found.person, found.person_id = str(person.get("name", "")), str(person.get("id", ""))
    found.owner = str((line.get("owner") or {}).get("name", ""))
    found.resource, found.entitlement = str(entitlement.get("resource", "")), str(entitlement.get("name", ""))
    found.plain, found.system = str(entitlement.get("plain", "")), str(account.get("system", told.system))
    found.tier, found.flags = str(line.get("tier", "")), tuple(map(str, line.get("flags", ())))
    found.delta, found.rule = str(line.get("delta", "")), str(line.get("rule", ""))
    found.changes = "; ".join(
        f"{c.get('field')}: {c.get('before')} → {c.get('after')}" for c in line.get("changes", ())
    )
    found.rejected = " ".join(str(r.get("reason", "")) for r in line.get("rejected", ()))
    found.population, found.as_of = str(line.get("collection", "")), str(line.get("as_of", ""))


def _ref(line: dict[str, Any]) -> str:
    """The line's key as 16 hex digits, as the events name it."""
    access = line.get("line") or {}
    account, entitlement = access.get("account") or {}, access.get("entitlement") or {}
    key = (str(account.get("system", "")), str(account.get("native_id", "")), str(entitlement.get("native_id", "")))
    return hashlib.sha256("\x00".join(key).encode("utf-8", "replace")).hexdigest()[:16]


def _released(told: ReviewTold, one: Statement, read: Read) -> None:
    for ref in one.body.get("refs", ()):
        told.lines.pop(ref, None)


def _voided(told: ReviewTold, one: Statement, read: Read) -> None:
    line = detached(one.body, "line", read)
    if isinstance(line, dict):
        _describe(told, line)


def _signed(told: ReviewTold, one: Statement, read: Read) -> None:
    reasons = detached(one.body, "reasons", read)
    by = one.predicate.get("by") or {}
    person = by.get("person") or {}
    told.signatures.append(one)
    told.care.append({str(k): int(v) for k, v in (one.body.get("care") or {}).items()})
    told.signals.extend(map(str, one.body.get("signals", ())))
    for verdict in one.body.get("verdicts", ()):
        line = _line(told, str(verdict.get("ref", "")))
        key = (*verdict.get("key", ()), "", "", "")[:3]
        line.system, line.account = line.system or key[0], line.account or key[1]
        line.entitlement, line.person_id = (
            line.entitlement or key[2],
            line.person_id or str(verdict.get("subject") or ""),
        )
        line.tier, line.flags = str(verdict.get("tier", "")), tuple(map(str, verdict.get("flags", ())))
        line.delta, line.rule = str(verdict.get("delta", "")), str(verdict.get("rule", ""))
        line.shown, line.shown_at = str(verdict.get("shown", "")), str(verdict.get("shown_at") or "")
        line.verdict, line.target = str(verdict.get("verdict", "")), str(verdict.get("target", ""))
        line.reason = str((reasons or {}).get(line.ref, "")) if isinstance(reasons, dict) else ""
        line.reviewer, line.reviewer_id = str(person.get("name", "")), str(person.get("sub", ""))
        line.assurance = str(by.get("assurance", ""))
        line.decided_at, line.attestation = str(one.predicate.get("at", "")), one.id


def _corrected(told: ReviewTold, one: Statement, read: Read) -> None:
    line = _line(told, str(one.body.get("ref", "")))
    line.verdict, line.target = str(one.body.get("verdict", "")), str(one.body.get("target", ""))
    line.reason, line.attestation = str(detached(one.body, "reason", read) or ""), one.id
    line.decided_at = str(one.predicate.get("at", ""))


def _cosigned(told: ReviewTold, one: Statement, read: Read) -> None:
    person = (one.predicate.get("by") or {}).get("person") or {}
    for ref in one.body.get("refs", ()):
        _line(told, ref).cosigned_by = str(person.get("name", ""))


def _refused(told: ReviewTold, one: Statement, read: Read) -> None:
    line = _line(told, str(one.body.get("ref", "")))
    line.verdict = line.reason = line.decided_at = line.attestation = ""


def _requested(told: ReviewTold, one: Statement, read: Read) -> None:
    line = _line(told, str(one.body.get("ref", "")))
    remover = detached(one.body, "remover", read)
    line.requested_at, line.removal_due = str(one.predicate.get("at", "")), str(one.body.get("due_at", ""))
    line.remover = str(remover.get("name", "")) if isinstance(remover, dict) else ""
    line.verified_at = line.proof = line.reported_at = ""


def _reported(told: ReviewTold, one: Statement, read: Read) -> None:
    _line(told, str(one.body.get("ref", ""))).reported_at = str(one.predicate.get("at", ""))


def _verified(told: ReviewTold, one: Statement, read: Read) -> None:
    line = _line(told, str(one.body.get("ref", "")))
    line.verified_at, line.proof_attestation = str(one.predicate.get("at", "")), one.id
    line.proof = str((one.body.get("collection") or {}).get("id", ""))


def _refuted(told: ReviewTold, one: Statement, read: Read) -> None:
    line = _line(told, str(one.body.get("ref", "")))
    line.refuted.append(f"{one.predicate.get('at', '')}\t{one.body.get('cause', '')}")
    line.reported_at = ""


def _reappeared(told: ReviewTold, one: Statement, read: Read) -> None:
    _line(told, str(one.body.get("ref", ""))).reappeared_at = str(one.predicate.get("at", ""))


def _late(told: ReviewTold, one: Statement, read: Read) -> None:
    _line(told, str(one.body.get("ref", ""))).late = True


def _gone(told: ReviewTold, one: Statement, read: Read) -> None:
    for ref in one.body.get("refs", ()):
        _line(told, ref).gone_at = str(one.predicate.get("at", ""))


def _looked(told: ReviewTold, one: Statement, read: Read) -> None:
    """A second person's blind judgement: who, on how many lines they agreed and disagreed, and the attestation."""
    disagreed = detached(one.body, "disagreed", read) or ()
    told.looks.append((str(one.body.get("by", "")), len(one.body.get("agreed", ())), len(disagreed), one.id))


def _reminded(told: ReviewTold, one: Statement, read: Read) -> None:
    told.reminders += 1


def _escalated(told: ReviewTold, one: Statement, read: Read) -> None:
    told.escalations.append(str(one.body.get("rung", "")))


ACTS: dict[str, Callable[[ReviewTold, Statement, Read], None]] = {
    "lines_taken": _taken, "lines_released": _released, "line_voided": _voided, "line_gone": _gone,
    "verdicts_signed": _signed, "verdict_corrected": _corrected, "verdicts_cosigned": _cosigned,
    "verdict_refused": _refused, "removal_requested": _requested, "removal_reported": _reported,
    "removal_verified": _verified, "removal_refuted": _refuted, "access_reappeared": _reappeared,
    "second_look_given": _looked, "follow_up_late": _late, "reviewer_reminded": _reminded, "review_escalated": _escalated,
}  # fmt: skip
"""What each event means for the lines; an event that is not here changes none."""
