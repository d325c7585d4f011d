"""A request as sentences. What is not known is said to be unknown; names and logins come from the directory."""

from __future__ import annotations

from workflows.approval.model import Approval, Completed, Decision, Pairing, Request, Role, Status
from workflows.approval.rules.standing import title
from workflows.kernel.identity import Person
from workflows.kernel.text import Mrkdwn, count, cut, day, fill, joined, mrkdwn, weblink, when

ROLES: dict[Role, str] = {
    "manager": "as the manager",
    "entitlement_owner": "as the owner of this access",
    "emergency": "as an approver of emergencies",
    "release": "as a release approver",
    "risk": "as an approver of this risk",
    "second": "as the second approver",
    "control_owner": "because you answer for this control, or stand in for who does",
}
BINDING = {"": "", "signed": " · signed by the run", "claimed": " · claimed"}
"""Who says what a file is about."""
STATUS: dict[Status, str] = {
    "collecting": "Waiting for evidence",
    "asked": "Waiting for an answer",
    "approved": "Approved",
    "effective": "In effect",
    "ending": "Over; waiting until it is gone",
    "ended": "Ended",
    "refused": "Refused",
    "withdrawn": "Taken back",
    "lapsed": "Lapsed: nobody answered in time",
    "superseded": "No longer counts: what was asked about has changed",
    "effect_failed": "Granted otherwise than approved",
    "not_ended": "Over, and not gone",
    "bypassed": "Went out without an approval",
    "unguarded": "Can go out without an approval",
    "unproven": "Approved at GitHub, and not shown to be by another person",
    "uncovered": "Put aside, and accepted by nobody",
}


def message(start: str, about: str) -> str:
    """The text of a message, for notifications and screen readers: inert, because Slack reads mentions in it too."""
    return mrkdwn(f"{start}: {about}", 250)


def about(state: Approval) -> Mrkdwn:
    """What the case is about, in bold."""
    return fill("*{}*", mrkdwn(title(state), 250))


def named(person: Person | None, limit: int = 80) -> Mrkdwn:
    """`*Maya Chen* (maya@acme.test)`"""
    if person is None:
        return Mrkdwn("nobody")
    if not person.login:
        return fill("*{}*", mrkdwn(person.name, limit))
    return fill("*{}* ({})", mrkdwn(person.name, limit), mrkdwn(person.login, limit))


def quoted(reason: str, limit: int = 400) -> Mrkdwn:
    """A reason as somebody typed it, on one line."""
    text = cut(" ".join(reason.split()), limit)
    return fill("“{}”", text) if text else Mrkdwn("")


def until(request: Request) -> Mrkdwn:
    """Until when it is wanted."""
    if request.kind == "deploy":
        return Mrkdwn("")
    return fill("until {}", when(request.until)) if request.until else Mrkdwn("with no end (standing access)")


def facts(state: Approval) -> Mrkdwn:
    """What is asked for, by whom, for whom, why, on what."""
    request = state.request
    if request.access is not None:
        return _access(request)
    if request.pair is not None:
        return _pair(request, request.pair)
    return _deploy(request) if request.deploy is not None else _exception(request)


def _access(request: Request) -> Mrkdwn:
    access = request.access
    lines = [fill("{} asks for *{}* {}.", named(request.requester), mrkdwn(request.title, 80), until(request))]
    if request.subject and request.requester and request.subject.id != request.requester.id:
        lines.append(fill("It is for {}.", named(request.subject)))
    place = access.system if access else ""
    lines.append(fill("{} (in {})", mrkdwn(request.plain, 220), mrkdwn(place, 60)))
    lines.append(fill("Why: {}", quoted(request.reason, 800)))
    subject = request.subject
    if subject is not None and (subject.title or subject.department):
        about = ", ".join(t for t in (subject.title, subject.department) if t)
        lines.append(fill("In the directory: {}", mrkdwn(about, 160)))
    if access is not None:
        lines.append(_held(access.held, access.system))
        lines.append(mrkdwn("This access is privileged." if access.privileged else ""))
        lines += [completes(c) for c in access.completes]
        if access.earlier:
            lines.append(fill("It extends access that is in effect: {}", mrkdwn(access.earlier, 160)))
    return joined(lines)


def completes(found: Completed) -> Mrkdwn:
    """That an access completes a pair which one person may not hold, and what allows it."""
    pair = fill("*It completes a conflict of duties* with “{}”", mrkdwn(found.duty.title, 80))
    return fill("{}. An exception allows it until {}: {}", pair, when(found.until), mrkdwn(found.exception, 255))


def _pair(request: Request, pair: Pairing) -> Mrkdwn:
    one, other = (mrkdwn(side.title, 80) for side in pair.sides)
    whose = named(request.subject)
    lines = [
        fill(
            "{} asks that {} may have both *{}* and *{}* {}.",
            named(request.requester),
            whose,
            one,
            other,
            until(request),
        ),
        Mrkdwn("The program lists these two as a conflict of duties: one person may not have both."),
    ]
    if pair.held is None:
        lines.append(Mrkdwn("What they have could not be looked at: a complete list is missing."))
    else:
        lines.append(
            fill(
                "When this was asked, the lists showed: {}.",
                mrkdwn(" and ".join(pair.held) or "neither of the two", 170),
            )
        )
    lines.append(fill("What is done instead: {}", quoted(pair.compensating, 600)))
    lines.append(fill("Why: {}", quoted(request.reason, 800)))
    lines.append(
        Mrkdwn("A yes gives no access. Each access is asked for by itself, and ends with the exception at the latest.")
    )
    if pair.renewals:
        lines.append(fill("It was allowed {} before.", count(pair.renewals, "time")))
    return joined(lines)


def _held(held: tuple[str, ...] | None, system: str) -> Mrkdwn:
    if held is None:
        return fill("What is held in {} was not looked at.", mrkdwn(system, 60))
    if not held:
        return fill("Nothing is held in {} now.", mrkdwn(system, 60))
    more = f" and {len(held) - 8} more" if len(held) > 8 else ""
    return fill("Held in {} now: {}{}", mrkdwn(system, 60), mrkdwn(", ".join(held[:8]), 400), more)


def _deploy(request: Request) -> Mrkdwn:
    deploy = request.deploy
    if deploy is None:
        return Mrkdwn("")
    place = fill("*{}* to *{}*", mrkdwn(deploy.repository, 120), mrkdwn(deploy.environment, 60))
    if not deploy.commit:
        return joined([place, *(mrkdwn(f"· {fact}", 300) for fact in deploy.facts[:8])])
    lines = [
        place,
        fill("Commit `{}`: {}", mrkdwn(deploy.commit[:12], 12), mrkdwn(request.title, 200)),
        fill("Started by {}, run {}, attempt {}", _starter(request), mrkdwn(deploy.run, 40), deploy.attempt),
    ]
    if deploy.author_names:
        lines.append(fill("Written by {}", mrkdwn(", ".join(deploy.author_names[:8]), 300)))
    if deploy.unknown:
        lines.append(fill("Not linked to anybody here: {}", mrkdwn(", ".join(deploy.unknown[:8]), 200)))
    lines += [mrkdwn(f"· {fact}", 160) for fact in deploy.facts[:10]]
    if deploy.link:
        lines.append(weblink(deploy.link, "What changes"))
    return joined(lines)


def _starter(request: Request) -> Mrkdwn:
    """Who started a deploy: a person, or whatever the pipeline names where it is nobody of the directory."""
    if request.requester is not None or request.deploy is None or not request.deploy.started_by:
        return named(request.requester)
    return mrkdwn(request.deploy.started_by, 80)


def _told(state: Approval) -> Mrkdwn:
    """Whether the pipeline has heard of the decision. Decided and told are two things."""
    deploy = state.request.deploy
    untold = state.status in ("collecting", "asked", "bypassed", "unguarded") or state.reviewed is not None
    if deploy is None or not deploy.system or untold:
        return Mrkdwn("")
    who = "GitHub" if deploy.system == "github" else "the pipeline"
    if state.outcome:
        return fill("How it ended: {}", mrkdwn(state.outcome, 60))
    if state.told:
        word = "it may go" if state.told == "approved" else "it may not go"
        return fill("{} was told: {}.", who[0].upper() + who[1:], word)
    return fill("Decided; {} is not told yet.", who) if state.status != "superseded" else Mrkdwn("")


def _exception(request: Request) -> Mrkdwn:
    finding = request.finding
    if finding is None:
        return Mrkdwn("")
    if not finding.compensating:  # nothing is asked for: findings were put aside around us
        listed = joined(mrkdwn(f"• {line}", 300) for line in finding.text.splitlines())
        return joined([mrkdwn(request.plain, 300), listed])
    lines = [
        fill("{} asks to accept *{}* {}.", named(request.requester), mrkdwn(request.title, 120), until(request)),
        mrkdwn(request.plain, 600),
        fill("Severity: *{}*. Owner: {}", mrkdwn(request.severity or "not said yet", 20), named(request.subject)),
    ]
    if finding.tool:
        places = [p for p in (finding.repository, finding.place) if p]
        where = f" in {', '.join(places)}" if places else ""
        found = fill("Found by {}, rule {}{}", mrkdwn(finding.tool, 40), mrkdwn(finding.rule, 80), mrkdwn(where, 300))
        since = fill(". Known since {}.", day(finding.known_since)) if finding.known_since else Mrkdwn("")
        lines.append(fill("{}{}", found, since))
    lines.append(fill("What is done instead: {}", quoted(finding.compensating, 600)))
    lines.append(fill("Why: {}", quoted(request.reason, 800)))
    if finding.renewals:
        lines.append(fill("It was accepted {} times before.", finding.renewals))
    return joined(lines)


def decided(decision: Decision) -> Mrkdwn:
    """`Ana Ruiz said yes, 4 Dec, 14:02.`"""
    said = fill("{} said yes, {}.", named(decision.person), when(decision.at))
    return joined([said, quoted(decision.reason, 200)], " ")


def standing(state: Approval) -> Mrkdwn:
    """How it stands, in a line or two."""
    lines = [fill("*{}*", STATUS[state.status])]
    if state.closed_by is not None and state.status == "refused":
        lines.append(fill("{} said no, {}: {}", named(state.closed_by), _at(state), quoted(state.because, 300)))
    elif state.status in ("withdrawn", "superseded") and state.because:
        lines.append(quoted(state.because, 300))
    lines.append(outside(state))
    lines += [decided(d) for d in state.decisions[:5]]
    lines.append(_told(state))
    if state.cause and state.status == "not_ended":
        lines.append(fill("Last seen: {}", mrkdwn(state.cause, 300)))
    return joined(lines)


def outside(state: Approval) -> Mrkdwn:
    """Who decided at GitHub, and that nobody was asked here; empty where it was decided here."""
    review = state.reviewed
    if review is None:
        return Mrkdwn("")
    who = fill("{} at GitHub", mrkdwn(review.login, 60))
    if review.person is not None:
        who = fill("{}, {} at GitHub,", named(review.person), mrkdwn(review.login, 60))
    word = "approved" if review.verdict == "approved" else "rejected"
    said = fill("{} {} it. Recorded {}.", who, word, when(state.requested_at))
    doubts = [mrkdwn(f"• {doubt}", 300) for doubt in review.doubts]
    return joined([said, *doubts, Mrkdwn("Attester asked nobody here: this rests on the sign-in at GitHub.")])


def _at(state: Approval) -> Mrkdwn:
    return day(state.closed_at) if state.closed_at else Mrkdwn("")
