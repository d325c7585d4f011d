"""Cards of those who decide, and of whoever asked."""

from __future__ import annotations

from workflows.approval.model import Approval
from workflows.approval.rules.standing import title
from workflows.approval.views import words
from workflows.kernel.blocks import Block, actions, button, context, header, section
from workflows.kernel.identity import Person
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Card
from workflows.kernel.text import Mrkdwn, count, fill, joined, mrkdwn, when


def ask_cards(state: Approval) -> list[Card]:
    """One card for each person who is or was asked; only those who are asked now have buttons."""
    return [_ask_card(state, step, person) for step, person in state.everyone]


def _ask_card(state: Approval, number: int, person: Person) -> Card:
    live = state.now is not None and number == state.step and any(p.id == person.id for p in state.asked)
    heading = "Emergency: please decide" if state.request.emergency else "Please decide"
    heading = heading if live else words.STATUS[state.status]
    text = words.message(heading, title(state))
    blocks: list[Block] = [header(heading), section(words.about(state)), section(words.facts(state))]
    if live:
        blocks += _question(state, number, person)
    else:
        blocks.append(section(words.standing(state)))
    if not live and state.request.pair is not None and state.revocable and person.id in {p.id for p in state.takers}:
        blocks.append(_take_back(state))
    blocks.append(_small_print(state))
    urgent = state.request.emergency or state.request.kind == "deploy"
    return Card(
        key=f"ask:{number}:{person.id}", to=person.id, text=text, blocks=tuple(blocks), open=live, urgent=urgent
    )


def _question(state: Approval, number: int, person: Person) -> list[Block]:
    step, ref = state.steps[number], case_ref(state.case)
    item = str(number)
    who = words.ROLES[step.role]
    lines = [fill("You are asked {}: step {} of {}.", who, number + 1, len(state.steps))]
    if step.needed > 1:
        given = sum(d.step == number for d in state.decisions)
        lines.append(fill("It takes {}; {} said yes.", count(step.needed, "person", "people"), given))
    if (handed := state.handed.get(person.id)) is not None:
        lines.append(fill("Handed over to you until {}: {}", when(handed.until), words.quoted(handed.reason, 200)))
    if state.shortened_by:
        lines.append(Mrkdwn("It was shortened; this is what is asked now."))
    lines += [words.decided(d) for d in state.decisions[:5]]
    lines.append(fill("Answer by {}. Without an answer it lapses.", when(state.frame.lapse_at)))
    # CC8.1: where an author cannot be told apart from whoever decides, nothing but a no is offered.
    told_apart = not (state.request.deploy and state.request.deploy.unknown)
    if not told_apart:
        lines.append(Mrkdwn("It can only be refused: somebody who started or wrote it is not linked to anybody here."))
    yes = button("Approve", Link(act="approve", ref=ref, item=item, stamp=state.stamp), style="primary")
    row = [
        *([yes] if told_apart else []),
        button("Refuse …", Link(act="refuse", ref=ref, item=item, stamp=state.stamp), style="danger"),
    ]
    if state.request.kind != "deploy":
        row.append(button("Shorten …", Link(act="shorten", ref=ref, item=item, stamp=state.stamp)))
    row.append(button("Hand over …", Link(act="hand_over", ref=ref, item=item, stamp=state.stamp)))
    return [section(joined(lines)), actions(*row)]


def _small_print(state: Approval) -> Block:
    first = sorted(state.files, key=lambda f: not f.binding)  # what somebody brought, before what was read
    files = [f"{f.name} sha256 {f.sha256[:8]}…{words.BINDING[f.binding]}" for f in first[:4]]
    evidence = [fill("Evidence: {}", mrkdwn("; ".join(files), 300))] if files else []
    place = fill("Control {} · case {}", mrkdwn(state.frame.control, 40), mrkdwn(state.case, 255))
    return context(*evidence, place)


def reminder_cards(state: Approval) -> list[Card]:
    """A reminder as a message of its own: an update in place would reach nobody. Answered, it says so."""
    cards = []
    for step, person in state.reminded:
        live = state.now is not None and step == state.step and any(p.id == person for p in state.asked)
        word = "Still waiting for you" if live else "Nothing more is wanted of you"
        line = fill("*{}:* {}", word, mrkdwn(title(state), 250))
        if live:
            lapses = fill("It lapses {}. The question is in the message above.", when(state.frame.lapse_at))
            line = joined([line, lapses])
        text = words.message(word, title(state))
        cards.append(Card(key=f"remind:{step}:{person}", to=person, text=text, blocks=(section(line),), open=live))
    return cards


def request_card(state: Approval) -> list[Card]:
    """What whoever asked sees: who is asked, how it stands, and how to take it back."""
    requester = state.request.requester
    if requester is None or state.request.kind == "deploy":
        return []
    text = words.message("Your request", title(state))
    blocks: list[Block] = [header("Your request"), section(words.about(state)), section(words.standing(state))]
    waiting = _waiting(state)
    if waiting:
        blocks.append(section(waiting))
    if state.revocable:
        blocks.append(_take_back(state))
    blocks.append(_small_print(state))
    return [Card(key="request", to=requester.id, text=text, blocks=tuple(blocks), open=not state.over)]


def _take_back(state: Approval) -> Block:
    return actions(button("Take back …", Link(act="withdraw", ref=case_ref(state.case))))


def _waiting(state: Approval) -> Mrkdwn:
    request = state.request
    if state.status == "collecting":
        return fill("Still awaited: {}", mrkdwn("; ".join(state.missing), 400))
    if state.status == "asked":
        people = joined([words.named(p) for p in state.asked], ", ")
        asked = fill("Asked: {}. Answer by {}.", people or Mrkdwn("nobody yet"), when(state.frame.lapse_at))
        if state.shortened_by:
            return joined([fill("It was shortened: {}.", words.until(request)), asked])
        return asked
    if state.status == "approved" and state.grant is not None and state.grant.by_itself and request.access is not None:
        done = "is being added" if state.grant.reported_at is None else "was added"
        return fill("It {} in {}. It counts once a later list shows it.", done, mrkdwn(request.access.system, 60))
    if state.status == "approved" and state.grant is not None:
        return fill("{} is asked to grant it. You hear when it is there.", words.named(state.grant.person))
    if state.status in ("ending", "not_ended") and state.removal is not None and request.access is not None:
        if state.removal.by_itself:
            return fill("It is taken out of {} by itself.", mrkdwn(request.access.system, 60))
        return fill("{} is asked to remove it.", words.named(state.removal.person))
    if state.status == "effective" and request.pair is not None and request.until is not None:
        end = when(request.until)
        return fill("It ends {}. Ask for what is still missing with /access; that may last until then at most.", end)
    if state.status in ("approved", "effective") and request.kind != "deploy":
        return fill("It ends {}.", when(request.until)) if request.until else Mrkdwn("It has no end.")
    return Mrkdwn("")
