"""A line's facts as sentences. What is not known is said to be unknown, with the reason; nothing is guessed or left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from workflows.access_review.model import AssignedLine, Change, Choice, Flag, VerdictWord
from workflows.kernel.approved import ApprovedAccess
from workflows.kernel.duty import Beside
from workflows.kernel.identity import LastUse, LinkRule, Person, Why
from workflows.kernel.text import Mrkdwn, count, cut, fill, joined, mrkdwn

FLAGS: dict[Flag, str] = {
    "leaver": "has left the company",
    "employed_unknown": "employment unknown",
    "orphan": "account of nobody we know",
    "ambiguous": "two people could own this account",
    "external": "address of another company",
    "weak_link": "matched to the person by login only",
    "no_owner": "nobody answers for this account",
    "service": "service account",
    "shared": "shared account",
    "kind_unknown": "kind of account unknown",
    "disabled": "account disabled",
    "active_unknown": "unknown whether active",
    "privilege_unknown": "privilege unknown",
    "no_mfa": "no MFA",
    "mfa_unknown": "MFA unknown",
    "unused": "not used lately",
    "use_unknown": "last use unknown",
    "grant_date_unknown": "grant date unknown",
    "unexplained": "nobody approved this access",
    "conflict": "conflicts with another access of the same person",
}
LOUD: tuple[Flag, ...] = (
    "leaver", "orphan", "ambiguous", "external", "no_owner", "unexplained", "conflict", "no_mfa", "unused", "weak_link",
)  # fmt: skip
"""Flags that are shown in bold; the others stand among the facts."""

CONFLICTS_SHOWN = 3

QUIET: tuple[Flag, ...] = ("service", "shared", "kind_unknown", "employed_unknown")

WHY: dict[Why, str] = {
    "not_offered": "the system does not say",
    "not_permitted": "we may not read it",
    "not_fetched": "not read",
    "absent": "the list does not say",
}
RULES: dict[str, str] = {
    "entitlement_owner": "you own this entitlement",
    "app_owner": "you own the application",
    "manager": "you are the holder's manager",
    "fallback": "the program names you where nobody else can be asked",
    "proposed": "the reviewer before you proposed you",
    "handed_over": "it was handed over to you",
    "reassigned": "it was given to you",
    "independence_exception": "two people chose you, because nobody independent was found",
}
"""Why somebody is asked, by the rule that chose them."""

LINKS: dict[LinkRule, str] = {
    "certain": "matched to a person",
    "strong": "matched to a person",
    "signed": "matched to a person by a signed correction",
    "weak": "matched to a person by login only",
    "ambiguous": "two people could own it",
    "external": "of another company",
    "orphan": "matched to nobody",
}
VERDICTS: dict[VerdictWord, str] = {"keep": "Keep", "revoke": "Revoke", "change": "Change"}
DONE: dict[VerdictWord, str] = {"keep": "kept", "revoke": "revoked", "change": "to be changed"}


def period(name: str) -> str:
    """`2026-Q4` → `4th quarter 2026`; other periods as they are."""
    year, _, part = name.partition("-")
    ordinal = {"Q1": "1st", "Q2": "2nd", "Q3": "3rd", "Q4": "4th"}.get(part)
    return f"{ordinal} quarter {year}" if ordinal else name


def minutes(lines: int) -> str:
    """An honest estimate: about 13 seconds a line, never under a minute."""
    return count(max(1, round(lines * 13 / 60)), "minute")


def who(line: AssignedLine, limit: int = 80) -> Mrkdwn:
    """Whose access it is: the person, or the account where no person is known."""
    if line.person is not None:
        return named(line.person, limit)
    account = line.line.account
    if account.name and account.name != account.login:
        return fill("*{}* ({})", mrkdwn(account.name, limit), mrkdwn(account.login, limit))
    return fill("*{}*", mrkdwn(account.login or account.native_id, limit))


def named(person: Person, limit: int = 80) -> Mrkdwn:
    """`*Maya Chen* (maya@acme.test)`"""
    if not person.login:
        return fill("*{}*", mrkdwn(person.name, limit))
    return fill("*{}* ({})", mrkdwn(person.name, limit), mrkdwn(person.login, limit))


def plainly(line: AssignedLine) -> str:
    """Whose access it is, for headings and fields that take no formatting."""
    if line.person is not None:
        return line.person.name
    return line.line.account.name or line.line.account.login or line.line.account.native_id


def what(line: AssignedLine, limit: int = 240) -> Mrkdwn:
    """What the access allows: the plain sentence, or the raw name and the fact that nobody wrote one."""
    e = line.line.entitlement
    place = "" if e.resource in ("", e.name, e.system) else f" · {e.resource}"
    if e.plain:
        return fill("{}{}", mrkdwn(e.plain, limit), mrkdwn(place, limit // 2))
    return fill(
        "`{}`{} — nobody has described this in plain words yet", mrkdwn(e.name, limit), mrkdwn(place, limit // 2)
    )


def short(line: AssignedLine) -> str:
    """What the access allows, for headings and lists."""
    return line.line.entitlement.plain or line.line.entitlement.name


def last_use(used: LastUse, why: Why | None) -> Mrkdwn:
    """When it was used; never "never": no source knows that."""
    if used.at is not None:
        return fill("last used {}", written(used.at))
    if used.none_since is not None:
        return fill("no use seen since {}", written(used.none_since))
    return fill("last use unknown{}", because(why))


def path(via: tuple[str, ...]) -> str:
    """`by a direct grant`, `through the group web`: how the access reaches the account."""
    groups = [f"the {kind} {name}" if name else kind for kind, _, name in (v.partition(":") for v in via)]
    through = ", ".join(g for g in groups if g != "direct")
    parts = (["by a direct grant"] if "direct" in via else []) + ([f"through {through}"] if through else [])
    return " and ".join(parts)


def target(choices: Sequence[Choice], native_id: str) -> str:
    """What an access should become, in plain words and by its name in the system."""
    found = next((c for c in choices if c.native_id == native_id), None)
    if found is None:
        return native_id
    return f"{found.plain} ({found.name})" if found.plain else found.name


def because(why: Why | None) -> str:
    """` (the system does not say)`, or nothing where no reason is recorded."""
    return f" ({WHY[why]})" if why else ""


def written(when: date | datetime) -> str:
    """`3 Oct 2026`"""
    if isinstance(when, datetime):
        when = when.astimezone(UTC).date()
    return f"{when:%-d %b %Y}"


def facts(line: AssignedLine) -> Mrkdwn:
    """Use, grant, path, MFA and state of the account, each with `unknown` where it is."""
    account, unknown = line.line.account, line.line.account.unknown
    used = line.line.last_used if line.line.last_used != LastUse() else account.last_used
    parts = [last_use(used, unknown.get("last_used"))]
    granted = line.line.granted_at
    parts.append(
        fill("granted {}", written(granted))
        if granted
        else fill("grant date unknown{}", because(unknown.get("granted_at")))
    )
    if line.approved is not None:
        parts.append(approval(line.approved, line.as_of))
    parts.append(mrkdwn(path(line.line.via), 110))
    parts.append(_three("MFA on", "MFA off", "MFA unknown", account.mfa, unknown.get("mfa")))
    if account.active is not True:
        parts.append(_three("", "account disabled", "unknown whether active", account.active, unknown.get("active")))
    if line.owner is not None and account.kind != "human":
        parts.append(fill("answered for by {}", mrkdwn(line.owner.name, 60)))
    return joined(parts, " · ")


def approval(behind: ApprovedAccess, as_of: datetime) -> Mrkdwn:
    """`approved by Maya Chen on 3 Oct 2026 until 9 Oct 2026 (7f3a…c1)`: the yes that an access rests on."""
    said = fill("approved by {} on {}", mrkdwn(" and ".join(behind.by_names), 80), written(behind.at))
    if behind.until is not None:
        over = ", *which is over*" if behind.until <= as_of else ""
        said = fill("{} until {}{}", said, written(behind.until), Mrkdwn(over))
    return fill("{} ({})", said, short_id(behind.attestation)) if behind.attestation else said


def _three(yes: str, no: str, neither: str, value: bool | None, why: Why | None) -> Mrkdwn:
    if value is None:
        return fill("{}{}", neither, because(why))
    return mrkdwn(yes if value else no)


def standing_out(line: AssignedLine) -> Mrkdwn:
    """What a reviewer must not overlook, in bold."""
    words = [_flag(line, f) for f in LOUD if f in line.flags]
    if line.tier == "privileged":
        words.insert(1 if line.leaver else 0, "privileged")
    elif "privilege_unknown" in line.flags:
        words.append(FLAGS["privilege_unknown"])
    words += [FLAGS[quiet] for quiet in QUIET if quiet in line.flags]
    if line.delta == "changed":
        words.append("changed since the last review")
    return Mrkdwn(" · ".join(f"*{mrkdwn(w)}*" for w in words))


def _flag(line: AssignedLine, flag: Flag) -> str:
    if flag == "leaver" and line.person is not None and line.person.ended_on is not None:
        return f"left the company on {written(line.person.ended_on)}"
    if flag == "conflict" and line.beside:
        return _conflicts(line.beside)
    return FLAGS[flag]


def _conflicts(beside: tuple[Beside, ...]) -> str:
    """`conflicts with “Sign releases”, which the same person has; an exception allows it until 3 Dec 2026 (7f3a…c1)`"""
    told = []
    for b in beside[:CONFLICTS_SHOWN]:
        said = f"conflicts with “{cut(b.duty.title, 75)}”, which the same person has; "
        if b.allowed is None:
            told.append(f"{said}no exception allows it")
            continue
        proof = f" ({short_id(b.allowed.attestation)})" if b.allowed.attestation else ""
        told.append(f"{said}an exception allows it until {written(b.allowed.until)}{proof}")
    more = len(beside) - CONFLICTS_SHOWN
    return "; ".join([*told, *([f"and with {count(more, 'other access', 'other accesses')}"] if more > 0 else [])])


def changed(changes: tuple[Change, ...]) -> Mrkdwn:
    """What differs from before."""
    return joined(
        (
            fill(
                "{}: {} → *{}*",
                c.field.replace("_", " "),
                mrkdwn(c.before or "nothing", 60),
                mrkdwn(c.after or "nothing", 60),
            )
            for c in changes
        ),
        "; ",
    )


def quoted(reason: str, limit: int = 120) -> Mrkdwn:
    """A reason as somebody typed it, on one line."""
    text = cut(" ".join(reason.split()), limit)
    return fill("“{}”", text) if text else Mrkdwn("")


def short_id(digest: str | None) -> str:
    """`7f3a…c1`: enough to recognise an attestation."""
    return f"{digest[:4]}…{digest[-2:]}" if digest else ""
