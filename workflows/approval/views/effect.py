"""Cards of what follows: grant and remove, the end that comes, what went wrong, emergencies and bypasses afterwards."""

from __future__ import annotations

from workflows.approval.model import AROUND, Approval, Errand, Task
from workflows.approval.rules.standing import title
from workflows.approval.views import words
from workflows.kernel.blocks import Block, actions, button, context, header, section
from workflows.kernel.identity import Person
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Card
from workflows.kernel.text import Mrkdwn, fill, joined, mrkdwn, when


def errand_cards(state: Approval) -> list[Card]:
    """What somebody must do in another system, and the control owner's card where that is stuck."""
    cards = []
    if state.grant is not None and not state.grant.by_itself:
        wanted = state.status in ("approved", "effect_failed")
        cards.append(_errand_card(state, "grant", state.grant, wanted=wanted))
    if state.removal is not None and not state.removal.by_itself:
        wanted = state.status in ("ending", "not_ended")
        cards.append(_errand_card(state, "remove", state.removal, wanted=wanted))
    return cards


def _errand_card(state: Approval, task: Task, errand: Errand, *, wanted: bool) -> Card:
    access, subject = state.request.access, state.request.subject
    verb = "Grant" if task == "grant" else "Remove"
    text = words.message(verb, title(state))
    system = access.system if access else ""
    what = fill("*{}* (`{}`)", mrkdwn(state.request.title, 80), mrkdwn(access.entitlement if access else "", 120))
    where, whose = mrkdwn(system, 60), words.named(subject)
    if task == "grant":
        order = fill("Please give {} in {} to {}, {}.", what, where, whose, words.until(state.request))
    else:
        order = fill("Please take {} in {} away from {}. Its time is over.", what, where, whose)
    blocks: list[Block] = [header(f"{verb} access"), section(order)]
    if errand.stopped and wanted:
        blocks.append(section(fill("It could not be done by itself: {}", words.quoted(errand.stopped, 600))))
    if errand.refuted and wanted:
        word = "Not there yet" if task == "grant" else "Still there"
        blocks.append(section(fill("*{}.* Last seen: {}", word, mrkdwn(errand.refuted, 300))))
    if wanted and errand.reported_at is None:
        seen = "shows it" if task == "grant" else "no longer shows it"
        how = "Give exactly this and nothing more." if task == "grant" else "Take away every path to it."
        blocks.append(section(fill("{} Then press *Done*; the next list of {} {}.", how, mrkdwn(system, 60), seen)))
        ref = case_ref(state.case)
        blocks.append(
            actions(
                button("Done", Link(act="done", ref=ref, item=task), style="primary"),
                button("Cannot, because …", Link(act="cannot", ref=ref, item=task)),
            )
        )
    else:
        blocks.append(section(_standing(state, errand, wanted=wanted)))
    blocks.append(context(fill("Due {} · case {}", when(errand.due_at), mrkdwn(state.case, 255))))
    return Card(key=task, to=errand.person.id, text=text, blocks=tuple(blocks), open=wanted)


def _standing(state: Approval, errand: Errand, *, wanted: bool) -> Mrkdwn:
    if wanted and errand.reported_at is not None:
        return fill("Reported done, {}. The next complete list shows whether it is so.", when(errand.reported_at))
    return words.standing(state)


def end_cards(state: Approval) -> list[Card]:
    """What the holder of an access, or the owner of a risk, is told about its end."""
    subject, until = state.request.subject, state.request.until
    if subject is None or until is None or not state.announced:
        return []
    rung = max(state.announced, key=lambda name: state.announced[name])
    over = rung == "end" or state.status in ("ending", "ended", "not_ended")
    state_of_it = "Over" if over else "Ends soon"
    text = words.message(state_of_it, title(state))
    again = "Still needed? Ask again with /access before it ends." if state.request.access else "Still there? Ask anew."
    line = fill("It {} {}.", "ended" if over else "ends", when(until))
    lines = [line] if over else [line, mrkdwn(again)]
    block = section(fill("*{}:* {}\n{}", state_of_it, mrkdwn(title(state), 250), joined(lines, " ")))
    return [Card(key=f"end:{rung}", to=subject.id, text=text, blocks=(block,), open=not over)]


def owner_cards(state: Approval) -> list[Card]:
    """What the control owner must know: granted otherwise, not ended, stuck, not reviewed; settled, it says so."""
    return [_trouble_card(state, key, line) for key, line in _troubles(state).items()]


def _trouble_card(state: Approval, key: str, line: Mrkdwn | None) -> Card:
    word = "Needs you" if line else "Settled"
    heading = "This needs you" if line else "Settled"
    blocks: list[Block] = [header(heading), section(words.about(state)), section(line or words.standing(state))]
    if line:
        blocks.append(section(words.facts(state)))
    text = words.message(word, title(state))
    return Card(key=f"trouble:{key}", to=state.frame.owner.id, text=text, blocks=tuple(blocks), open=line is not None)


def _troubles(state: Approval) -> dict[str, Mrkdwn | None]:
    """Everything that went wrong at some time; None where it is settled."""
    found: dict[str, Mrkdwn | None] = {}
    if state.failed_at is not None:
        what = "*Granted otherwise than approved.* Beside what was approved there is: {}. Have it taken away."
        found["extra"] = fill(what, mrkdwn(", ".join(state.extra), 400)) if state.status == "effect_failed" else None
    if state.not_ended_at is not None:
        cause = state.cause or "the weakness may still be there, and is no longer accepted"
        still = state.status == "not_ended"
        found["not_ended"] = fill("*Over, and not gone:* {}.", mrkdwn(cause, 400)) if still else None
    live = {"grant": ("approved", "effect_failed"), "removal": ("ending", "not_ended")}
    for name, errand in (("grant", state.grant), ("removal", state.removal)):
        if errand is not None and errand.blocked:
            said = fill("{} says: {}", words.named(errand.person), words.quoted(errand.blocked, 600))
            found[name] = said if state.status in live[name] and errand.reported_at is None else None
    if state.review is not None and state.review.overdue:
        late = Mrkdwn("*An emergency was not reviewed in time.*")
        found["review"] = None if state.review.by else late
    return found


def review_cards(state: Approval) -> list[Card]:
    """The look at an emergency afterwards, one card for each who may take it."""
    review = state.review
    return [] if review is None else [_review_card(state, person) for person in review.people]


def _review_card(state: Approval, person: Person) -> Card:
    review = state.review
    text = words.message("Please review", title(state))
    blocks: list[Block] = [header("Review an emergency"), section(words.about(state))]
    blocks += [section(words.facts(state)), section(words.standing(state))]
    live = review is not None and not review.by
    if review is not None and live:
        ref = case_ref(state.case)
        blocks.append(section(fill("Was it justified? Please say so by {}.", when(review.due_at))))
        blocks.append(
            actions(
                button("It was …", Link(act="justified", ref=ref), style="primary"),
                button("It was not …", Link(act="unjustified", ref=ref), style="danger"),
            )
        )
    elif review is not None:
        verdict = "justified" if review.justified else "not justified"
        blocks.append(section(fill("Reviewed: *{}*. {}", verdict, words.quoted(review.reason, 400))))
    return Card(key=f"review:{person.id}", to=person.id, text=text, blocks=tuple(blocks), open=live, urgent=True)


def rate_cards(state: Approval) -> list[Card]:
    """The owner of a declared risk says how severe it is."""
    owner, finding = state.request.subject, state.request.finding
    if owner is None or finding is None or finding.tool:
        return []
    live = state.status == "collecting" and state.request.severity is None
    text = words.message("Your risk", state.request.title)
    blocks: list[Block] = [header("Your risk"), section(words.facts(state))]
    if live:
        blocks.append(section(Mrkdwn("You answer for this risk. How severe is it? Who is asked follows from that.")))
        link = Link(act="rate", ref=case_ref(state.case))
        blocks.append(actions(button("Say how severe …", link, style="primary")))
    else:
        blocks.append(section(words.standing(state)))
    return [Card(key="rate", to=owner.id, text=text, blocks=tuple(blocks), open=live)]


def bypass_cards(state: Approval) -> list[Card]:
    """The control owner is asked how a deployment went out without an approval, or why it can; or why findings were put aside."""
    if state.status not in AROUND:
        return []
    heading = words.STATUS[state.status]
    text = words.message(heading, title(state))
    blocks: list[Block] = [header(heading), section(words.facts(state))]
    if state.reviewed is not None:
        blocks.append(section(words.outside(state)))
    if state.explained:
        blocks.append(section(fill("Explained: {}", words.quoted(state.explained, 600))))
    else:
        link = Link(act="explain", ref=case_ref(state.case))
        word = "Say how …" if state.status in ("bypassed", "unproven") else "Say why …"
        blocks.append(actions(button(word, link, style="primary")))
    blocks.append(context(fill("Control {} · case {}", mrkdwn(state.frame.control, 40), mrkdwn(state.case, 255))))
    owner = state.frame.owner
    return [Card(key="bypass", to=owner.id, text=text, blocks=tuple(blocks), open=not state.explained, urgent=True)]
