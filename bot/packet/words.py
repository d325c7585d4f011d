"""Signed fields as sentences that an auditor reads. A field that is not there is said to be unknown, never guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

ASSURANCE = {
    "slack": "Slack session",
    "slack+sso": "Slack session and sign-in at the identity provider",
    "slack+sso+mfa": "Slack session, sign-in and second factor",
    "sso": "sign-in at the identity provider",
    "mail-link": "link sent by e-mail",
    "mail-link+code": "link sent by e-mail and a code",
}
RULES = {
    "entitlement_owner": "owner of the entitlement",
    "app_owner": "owner of the application",
    "manager": "manager of the holder",
    "fallback": "fallback named in the program",
    "proposed": "proposed by the reviewer before",
    "handed_over": "handed over by the reviewer before",
    "reassigned": "assigned by the control owner",
    "independence_exception": "independence exception, co-signed",
    "second_look": "second look",
}
DELTAS = {"new": "new", "changed": "changed", "unchanged": "unchanged since the last review"}
THREE = {True: "yes", False: "no", None: "unknown"}


def count(number: int, one: str, many: str = "") -> str:
    """`1 line`, `2 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(text: Any) -> str:
    """`7 Oct 2026, 07:05 UTC` for an RFC 3339 text; the text itself where it is none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text or "")
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC" if at.tzinfo else f"{at:%-d %b %Y}"


def seconds(text: Any) -> str:
    """As `moment`, to the second: for the times of decisions."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text or "")
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M:%S}" if at.tzinfo else f"{at:%-d %b %Y}"


def spoken(name: str) -> str:
    """`lines_assigned` → `Lines assigned`."""
    return name.replace("_", " ").capitalize()


def listed(parts: Mapping[str, int] | Counter[str], words: Mapping[str, str] | None = None) -> str:
    """`3 manager, 2 fallback`, the most frequent first."""
    ordered = sorted(parts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(
        f"{number:,} {(words or {}).get(name, name.replace('_', ' '))}" for name, number in ordered if number
    )


def shares(parts: Mapping[str, int] | Counter[str], words: Mapping[str, str]) -> str:
    """`manager of the holder (16), owner of the application (11)`, the most frequent first."""
    ordered = sorted(parts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{words.get(name, name.replace('_', ' '))} ({number:,})" for name, number in ordered if number)


def actor(by: Mapping[str, Any]) -> tuple[str, str]:
    """Who caused an event, and by what id: a person of an identity provider, time alone, or a system of ours."""
    person = by.get("person")
    if isinstance(person, dict):
        return str(person.get("name", "")), f"{person.get('sub', '')} at {person.get('issuer', '')}"
    if "time" in by:
        return "Time alone", f"due {moment(by['time'])}" if by["time"] else ""
    return "Attester", str(by.get("system", ""))


def verdicts(body: Mapping[str, Any]) -> Counter[str]:
    """How many lines got which verdict in a signature."""
    return Counter(str(one.get("verdict", "")) for one in body.get("verdicts", ()))


def _collection(body: Mapping[str, Any]) -> str:
    told = body.get("collection") or {}
    return f"{told.get('system', '')} list {told.get('number', '')} of {moment(told.get('as_of'))}"


def _access(body: Mapping[str, Any]) -> str:
    system, account, entitlement = (*(body.get("key") or ()), "", "", "")[:3]
    return f"{entitlement} of account {account} in {system}"


def _signed(body: Mapping[str, Any]) -> str:
    return f"Signed {count(len(body.get('verdicts', ())), 'verdict')}: {listed(verdicts(body))}"


def _assigned(body: Mapping[str, Any]) -> str:
    counts = body.get("counts") or {}
    lines, reviews = count(int(counts.get("lines", 0)), "line"), count(int(counts.get("reviews", 0)), "reviewer")
    return f"{lines} of {body.get('source', '')} put before {reviews}"


def _exempt(body: Mapping[str, Any]) -> str:
    told = body.get("exemption") or {}
    return f"Exception for a {told.get('kind', '')} until {moment(told.get('until'))}"


WHAT: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "campaign_planned": lambda b: (
        f"{b.get('title', '')}, {b.get('period', '')}: planned, due {moment(b.get('due_at'))}"
    ),
    "source_collected": lambda b: (
        f"{_collection(b)}: {count(int((b.get('collection') or {}).get('lines', 0)), 'line')}"
    ),
    "source_refused": lambda b: f"{_collection(b)} was not accepted: {'; '.join(b.get('reasons', ()))}",
    "source_excepted": _exempt,
    "campaign_opened": lambda b: "The review opened" + (", late" if b.get("late") else ""),
    "lines_assigned": _assigned,
    "lines_taken": lambda b: f"{count(len(b.get('refs', ())), 'line')} entered this review",
    "lines_released": lambda b: f"{count(len(b.get('refs', ())), 'line')} left this review: {b.get('reason', '')}",
    "verdicts_signed": _signed,
    "verdict_corrected": lambda b: f"Corrected a verdict from {b.get('before', '')} to {b.get('verdict', '')}",
    "verdicts_cosigned": lambda b: f"Co-signed {count(len(b.get('refs', ())), 'verdict')}",
    "second_look_sought": lambda b: f"Second look asked of {count(len(b.get('looks', ())), 'person', 'people')}",
    "second_look_given": lambda b: f"Second look: {count(len(b.get('agreed', ())), 'line')} agreed",
    "removal_requested": lambda b: f"Removal asked for: {_access(b)}, due {moment(b.get('due_at'))}",
    "removal_reported": lambda b: "Removal reported as done (a report, not a proof)",
    "removal_blocked": lambda b: f"Removal cannot be done: {b.get('because', '')}",
    "removal_verified": lambda b: f"Verified gone: {_access(b)}, by {_collection(b)}",
    "removal_refuted": lambda b: f"Still there: {_access(b)}, by {_collection(b)}: {b.get('cause', '')}",
    "access_reappeared": lambda b: f"There again: {_access(b)}, by {_collection(b)}",
    "follow_up_late": lambda b: f"A removal is late; it was due {moment(b.get('was_due_at'))}",
    "reviewer_reminded": lambda b: f"Reviewer reminded of {count(int(b.get('open_lines', 0)), 'open line')}",
    "review_escalated": lambda b: f"Escalated ({b.get('rung', '')}): {count(int(b.get('open_lines', 0)), 'open line')}",
    "exception_granted": _exempt,
    "exception_lapsed": lambda b: "An exception ended: " + _exempt(b),
    "campaign_closed": lambda b: "Closed the review" + (" with exceptions" if b.get("with_exceptions") else ""),
    "campaign_missed": lambda b: f"The review was not opened in time; it was due {moment(b.get('was_due_at'))}",
    "campaign_overdue": lambda b: f"The review is overdue; it was due {moment(b.get('was_due_at'))}",
    "review_sealed": lambda b: "This review is sealed; nothing more is decided in it",
    "attempt_refused": lambda b: f"An attempt was refused: {b.get('sentence', '')}",
}
"""What events say, in a sentence from their own signed fields; an event that is not here is named as it is."""


def what(event: str, body: Mapping[str, Any]) -> str:
    """What happened, from the signed body. A body of an unexpected shape is named by its event."""
    say = WHAT.get(event)
    if say is None:
        return spoken(event)
    try:
        return say(body)
    except (AttributeError, TypeError, ValueError):
        return spoken(event)
