"""What stands out about a line: its flags, its tier, and what changed since it was last signed. Unknown raises the tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from workflows.access_review.model import (
    AssignedLine,
    Change,
    Delta,
    EarlierVerdict,
    Flag,
    FollowUp,
    RemovedHow,
    RemovedLine,
    Review,
    ReviewLine,
    Tier,
)
from workflows.kernel.identity import Directory, LastUse, Line, Person
from workflows.kernel.model import CaseId

RAISES: frozenset[Flag] = frozenset(
    {
        "leaver", "employed_unknown", "orphan", "ambiguous", "external", "no_owner",
        "kind_unknown", "active_unknown", "privilege_unknown", "no_mfa", "mfa_unknown", "unused", "unexplained",
        "conflict",
    }
)  # fmt: skip
WORDS: Mapping[Any, str] = {True: "yes", False: "no", None: "unknown"}
EARLIER_SHOWN = 5


def flags_of(
    line: Line,
    person: Person | None,
    unused_days: int,
    now: datetime,
    *,
    unexplained: bool = False,
    conflict: bool = False,
) -> tuple[Flag, ...]:
    """What stands out, in a fixed order; derived, never stored as truth.

    ``unexplained``: it could have been asked for, and neither an approval nor a signed review stands behind it.
    ``conflict``: the same person has another access that no one person may have with it.
    """
    a, e = line.account, line.entitlement
    machine = a.kind in ("service", "shared")
    last = line.last_used if line.last_used.at or line.last_used.none_since else a.last_used
    found: dict[Flag, bool] = {
        "leaver": person is not None and person.employed is False,
        "employed_unknown": person is not None and person.employed is None,
        "orphan": person is None and a.link not in ("ambiguous", "external") and not machine,
        "ambiguous": person is None and a.link == "ambiguous",
        "external": a.link == "external" or a.kind == "external",
        "weak_link": person is not None and a.link == "weak",
        "no_owner": machine and a.owner is None,
        "service": a.kind == "service",
        "shared": a.kind == "shared",
        "kind_unknown": a.kind == "unknown" and person is None,
        "disabled": a.active is False,
        "active_unknown": a.active is None,
        "privilege_unknown": e.privileged is None,
        "no_mfa": a.mfa is False and not machine,
        "mfa_unknown": a.mfa is None and not machine,
        "unused": _unused(last, unused_days, now),
        "use_unknown": last.at is None and last.none_since is None,
        "grant_date_unknown": line.granted_at is None,
        "unexplained": unexplained,
        "conflict": conflict,
    }
    return tuple(flag for flag, here in found.items() if here)


def _unused(last: LastUse, days: int, now: datetime) -> bool:
    """Whether no use was seen for so many days: the last one is older, or the source was asked that far back."""
    if last.at is not None:
        return now - last.at >= timedelta(days=days)
    return last.none_since is not None and (now.date() - last.none_since).days >= days


def tier_of(line: Line, flags: Iterable[Flag]) -> Tier:
    """Privileged, flagged (something raises it) or plain."""
    if line.entitlement.privileged:
        return "privileged"
    return "flagged" if RAISES & set(flags) else "plain"


def changes_between(
    before: AssignedLine, line: Line, person: Person | None, flags: Iterable[Flag]
) -> tuple[Change, ...]:
    """Every difference that counts since the line was last signed."""
    old, a, e = before.line, line.account, line.entitlement
    earlier = before.person
    left = person is not None and person.employed is False
    had_left = earlier is not None and earlier.employed is False
    pairs = [
        ("access", old.entitlement.name, e.name),
        ("privileged", WORDS[old.entitlement.privileged], WORDS[e.privileged]),
        ("meaning", old.entitlement.plain or "no plain sentence", e.plain or "no plain sentence"),
        ("MFA", WORDS[old.account.mfa], WORDS[a.mfa]),
        ("path", ", ".join(sorted(old.via)), ", ".join(sorted(line.via))),
        ("person", earlier.called() if earlier else "nobody", person.called() if person else "nobody"),
        ("manager", (earlier.manager if earlier else None) or "none", (person.manager if person else None) or "none"),
        ("owner", old.account.owner or "none", a.owner or "none"),
        ("employed", "left" if had_left else "not left", "left" if left else "not left"),
        ("active", WORDS[old.account.active], WORDS[a.active]),
        ("kind", old.account.kind, a.kind),
        ("unused", _yes("unused" in before.flags), _yes("unused" in set(flags))),
        ("conflict of duties", _yes("conflict" in before.flags), _yes("conflict" in set(flags))),
    ]
    return tuple(Change(field=f, before=b, after=n) for f, b, n in pairs if b != n)


def _yes(there: bool) -> str:
    return "yes" if there else "no"


def substance_changes(before: AssignedLine, now: Line, directory: Directory) -> tuple[Change, ...]:
    """What differs between a line as it was asked and as a later pull has it, in words. Last use does not count."""
    old, a, e = before.line, now.account, now.entitlement

    def name(person: str | None) -> str:
        known = directory.get(person)
        return known.called() if known else person or "nobody"

    pairs = [
        ("login", old.account.login, a.login),
        ("person", name(old.account.person), name(a.person)),
        ("link", old.account.link, a.link),
        ("kind", old.account.kind, a.kind),
        ("active", WORDS[old.account.active], WORDS[a.active]),
        ("owner", name(old.account.owner), name(a.owner)),
        ("resource", old.entitlement.resource, e.resource),
        ("access", old.entitlement.name, e.name),
        ("meaning", old.entitlement.plain or "no plain sentence", e.plain or "no plain sentence"),
        ("privileged", WORDS[old.entitlement.privileged], WORDS[e.privileged]),
        ("path", ", ".join(sorted(old.via)), ", ".join(sorted(now.via))),
    ]
    return tuple(Change(field=f, before=b, after=n) for f, b, n in pairs if b != n)


class Baseline:
    """The last signed verdicts on the lines of one source, whatever campaign they were in."""

    def __init__(self, reviews: Mapping[str, Any], source: str) -> None:
        self._signed: dict[str, list[ReviewLine]] = {}
        self._reviews = [
            r for r in reviews.values() if isinstance(r, Review) and r.head.source == source and not r.head.second_of
        ]
        for review in self._reviews:
            for ref, held in review.lines.items():
                if held.status == "signed" and held.verdict and held.signed_at:
                    self._signed.setdefault(ref, []).append(held)
        for found in self._signed.values():
            found.sort(key=_when, reverse=True)

    @property
    def first(self) -> bool:
        """Whether this source was never reviewed before."""
        return not self._signed

    def signed(self, line: Line) -> bool:
        """Whether a review of this line was ever signed."""
        return line.ref in self._signed

    def of(
        self, line: Line, person: Person | None, flags: Iterable[Flag]
    ) -> tuple[Delta, tuple[Change, ...], tuple[EarlierVerdict, ...]]:
        """New, changed or unchanged since the last signed review of this line, what changed, and its last verdicts."""
        signed = self._signed.get(line.ref, [])
        if not signed:
            return "new", (), ()
        earlier = tuple(
            EarlierVerdict(verdict=x.verdict.verdict, reviewer=x.signed_by.name if x.signed_by else "", at=x.signed_at)
            for x in signed[:EARLIER_SHOWN]
            if x.verdict and x.signed_at
        )
        changes = changes_between(signed[0].assigned, line, person, flags)
        return ("changed" if changes else "unchanged"), changes, earlier

    def watching(self) -> list[CaseId]:
        """Earlier reviews of this source that still watch what was removed."""
        return [r.case for r in self._reviews if r.sealed and r.watched and r.follow_ups]

    def removed(self, refs: Iterable[str]) -> tuple[RemovedLine, ...]:
        """Lines of the last campaign that reviewed this source and that are not among these, with how they went."""
        here = set(refs)
        last = max(self._reviews, key=lambda r: r.head.due_at).head.campaign if self._reviews else ""
        found = {
            ref: RemovedLine(ref=ref, key=held.assigned.key, how=_how(held, review.follow_ups.get(ref)))
            for review in self._reviews
            if review.head.campaign == last
            for ref, held in review.lines.items()
            if ref not in here
        }
        return tuple(found[ref] for ref in sorted(found))


def _how(held: ReviewLine, follow_up: FollowUp | None) -> RemovedHow:
    if follow_up is not None and follow_up.verdict == "revoke":
        return "revoked"
    return "changed" if follow_up is not None else "gone_by_itself"


def _when(held: ReviewLine) -> datetime:
    if held.signed_at is None:
        raise ValueError("a signed line has a time")
    return held.signed_at
