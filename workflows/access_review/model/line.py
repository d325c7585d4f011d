"""A line as a reviewer has it: the access, whose it is, what stands out, what changed, and why it is theirs to judge."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any, Literal

import rfc8785
from pydantic import AwareDatetime

from workflows.kernel.approved import ApprovedAccess
from workflows.kernel.duty import Beside
from workflows.kernel.identity import Line, LineKey, Person, PersonId, Value
from workflows.kernel.model import Digest

Tier = Literal["privileged", "flagged", "plain"]
Delta = Literal["new", "changed", "unchanged"]
VerdictWord = Literal["keep", "revoke", "change"]
Flag = Literal[
    "leaver", "employed_unknown", "orphan", "ambiguous", "external", "weak_link", "no_owner",
    "service", "shared", "kind_unknown", "disabled", "active_unknown", "privilege_unknown",
    "no_mfa", "mfa_unknown", "unused", "use_unknown", "grant_date_unknown", "unexplained", "conflict",
]  # fmt: skip
Rule = Literal[
    "entitlement_owner", "app_owner", "manager", "fallback",
    "proposed", "handed_over", "reassigned", "independence_exception",
]  # fmt: skip
RemovedHow = Literal["revoked", "changed", "gone_by_itself"]
Cause = Literal["not_mine", "handed_over", "reassigned", "reviewer_left", "manager_changed", "not_independent"]


class Rejected(Value):
    """A candidate who was not asked, and why. ``person`` is None where the rule led to nobody."""

    rule: Rule
    person: PersonId | None = None
    code: str
    reason: str


class Change(Value):
    """One fact that differs from before, in words."""

    field: str
    before: str
    after: str


class EarlierVerdict(Value):
    """What was decided about this line before."""

    verdict: VerdictWord
    reviewer: str
    at: AwareDatetime


class AssignedLine(Value):
    """A line with everything that is put before its reviewer; frozen when it is assigned.

    ``person`` is the account's person as the directory had them then; ``owner`` answers for a service account.
    ``collection`` is the SHA-256 of the population certificate. ``chain`` names the earlier reviewers of this line;
    ``approved`` is the approval behind the access, where it was asked for and granted here; ``beside`` what the same person
    has that conflicts with it, by the newest complete lists.
    """

    line: Line
    source: str
    collection: Digest
    as_of: AwareDatetime
    person: Person | None = None
    owner: Person | None = None
    tier: Tier
    flags: tuple[Flag, ...] = ()
    delta: Delta = "new"
    changes: tuple[Change, ...] = ()
    earlier: tuple[EarlierVerdict, ...] = ()
    rule: Rule
    rejected: tuple[Rejected, ...] = ()
    chain: tuple[PersonId, ...] = ()
    not_mine: int = 0
    delegations: int = 0
    cosigner: Person | None = None
    exception_reason: str = ""
    approved: ApprovedAccess | None = None
    beside: tuple[Beside, ...] = ()

    @property
    def ref(self) -> str:
        """The line's key as 16 hex digits."""
        return self.line.ref

    @property
    def key(self) -> LineKey:
        """(system, account native id, entitlement native id)"""
        return self.line.key

    @property
    def leaver(self) -> bool:
        """Whether it belongs to somebody who has left."""
        return "leaver" in self.flags

    def shown(self) -> Digest:
        """SHA-256 of all that is shown of this line: facts, tier, flags, what changed; its start is a button's stamp."""
        about: dict[str, Any] = {
            "line": self.line.shown(),
            "person": self.person.id if self.person else None,
            "employed": self.person.employed if self.person else None,
            "ended_on": self.person.ended_on.isoformat() if self.person and self.person.ended_on else None,
            "tier": self.tier,
            "flags": list(self.flags),
            "delta": self.delta,
            "changes": [c.model_dump(mode="json") for c in self.changes],
        }
        if self.approved is not None:
            about["approved"] = self.approved.model_dump(mode="json")
        if self.beside:
            about["beside"] = [b.model_dump(mode="json") for b in self.beside]
        return hashlib.sha256(rfc8785.dumps(about)).hexdigest()

    def urgency(self) -> tuple[int, str, str, str]:
        """The order of a queue: leavers, privileged, flagged, new, changed, the rest; then by resource and name."""
        rank = 5
        if self.leaver:
            rank = 0
        elif self.tier != "plain":
            rank = 1 if self.tier == "privileged" else 2
        elif self.delta != "unchanged":
            rank = 3 if self.delta == "new" else 4
        return (rank, self.line.entitlement.resource, self.line.account.login, self.ref)


class Mark(Value):
    """A verdict that is not signed yet. ``shown`` is the digest it was made on."""

    verdict: VerdictWord
    reason: str = ""
    target: str = ""
    shown: Digest
    marked_at: AwareDatetime
    in_group: str = ""


class SignedVerdict(Value):
    """A verdict as it is signed, per line; the reason is in a file of its own beside it.

    ``approval`` is the attestation of the approval that the access rests on, ``exceptions`` those by which its holder may
    have what conflicts with it.
    """

    ref: str
    key: LineKey
    subject: PersonId | None
    shown: Digest
    shown_at: AwareDatetime | None
    substance: Digest
    tier: Tier
    flags: tuple[Flag, ...]
    delta: Delta
    verdict: VerdictWord
    target: str = ""
    marked_at: AwareDatetime
    in_group: str = ""
    rule: Rule
    chain: tuple[PersonId, ...] = ()
    cosigner: PersonId | None = None
    approval: Digest | None = None
    exceptions: tuple[Digest, ...] = ()


class SecondOpinion(Value):
    """What the second look found about a line that the first reviewer kept."""

    ref: str
    verdict: VerdictWord
    reason: str = ""


class RemovedLine(Value):
    """A line of the last review of a source that is not there any more, reported once."""

    ref: str
    key: LineKey
    how: RemovedHow


class Exemption(Value):
    """An exception with its two signers; ``until`` is its last day."""

    number: int
    kind: Literal["source", "line", "follow_up", "leaver"]
    item: str
    review: str = ""
    reason: str
    until: date
    by: PersonId
    second: PersonId
