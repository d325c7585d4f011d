"""Clicks and forms of a campaign: of the control owner and of second signers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from workflows.access_review.forms.field import Reader, colleagues, person_field, reason_field, until_field
from workflows.access_review.model import (
    AssignedLine,
    AssignLine,
    Campaign,
    CloseCampaign,
    CoSign,
    Decline,
    ProposalKind,
    Propose,
)
from workflows.access_review.views import words
from workflows.kernel.blocks import Block, field, modal, section, select_input
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.model import Facts
from workflows.kernel.text import Mrkdwn, fill, mrkdwn
from workflows.kernel.workflow import Do, Interaction, OpenForm

SECOND_HINT = "They are asked to sign; nothing changes before they do."
LONGEST = 365
LONGEST_LEAVER = 30
SECOND = "second"

Answer = Do | OpenForm


def answer(interaction: Interaction, campaign: Campaign, facts: Facts, today: date) -> Answer:
    """What a click or a submitted form means. Raises FieldErrors, or Refused for what is not there any more."""
    table = SUBMITTED if interaction.kind == "submit" else PRESSED
    act = table.get(interaction.link.act)
    if act is None:
        raise Refused("outdated", "This button is from an older version.", "Use the newest message of this review.")
    return act(interaction, campaign, facts, today)


def _line(i: Interaction, campaign: Campaign) -> AssignedLine:
    line = campaign.unassigned.get(i.link.item)
    if line is None:
        raise Refused(
            "already_assigned", "This line has a reviewer by now.", "Look at the card: it shows what is left."
        )
    return line


def _about(line: AssignedLine) -> Block:
    return section(fill("{} — {}\n{}", words.who(line), words.what(line), words.facts(line)))


def _holder(line: AssignedLine) -> str | None:
    return line.person.id if line.person else None


def _assign(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    line = _line(i, c)
    people = colleagues(facts.directory, [_holder(line)])
    blocks = [_about(line), person_field(people, "Who decides?", "They must be independent of this access.")]
    return OpenForm(view=modal("Name a reviewer", i.link, blocks, submit="Ask them"))


def _assign_submitted(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    form = Reader(i.values)
    person = form.person(facts.directory)
    form.done()
    return Do(command=AssignLine(refs=(i.link.item,), person=person.id if person else ""))


def _seconds(facts: Facts, without: list[str | None]) -> list[Person]:
    return colleagues(facts.directory, [facts.owner, *without])


def _propose(
    title: str,
    i: Interaction,
    facts: Facts,
    about: list[Block],
    *,
    until: str = "",
    without: list[str | None] | None = None,
) -> OpenForm:
    blocks = [*about, reason_field("Why?", "An auditor reads this.")]
    if until:
        blocks.append(until_field(until))
    blocks.append(person_field(_seconds(facts, without or []), "Second signer", SECOND_HINT))
    return OpenForm(view=modal(title, i.link, blocks, submit="Ask for signature"))


def _proposed(i: Interaction, facts: Facts, kind: ProposalKind, *, days: int = 0, today: date, **more: object) -> Do:
    form = Reader(i.values)
    reason, second = form.reason(10), form.person(facts.directory)
    until = form.until(today, days) if days else None
    form.done()
    about = {"kind": kind, "second": second.id if second else "", "reason": reason, "until": until, **more}
    return Do(command=Propose.model_validate(about))


def _leave_out(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    source = _source(i, c)
    held = c.sources[source]
    system = held.collection.system if held.collection else source
    about = section(
        fill("*{}* is then not reviewed this time. The auditor reads that on the first page.", mrkdwn(system, 60))
    )
    hint = f"At most {LONGEST} days, for example {today + timedelta(days=90)}."
    return _propose("Leave a source out", i, facts, [about], until=hint)


def _leave_out_submitted(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    return _proposed(i, facts, "source", days=LONGEST, today=today, item=_source(i, c))


def _source(i: Interaction, c: Campaign) -> str:
    names = sorted(c.sources)
    number = int(i.link.item) if i.link.item.isdigit() else -1
    if not 0 <= number < len(names):
        raise Refused("outdated", "This source is not in the review.", "Use the newest message of this review.")
    return names[number]


def _except(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    about = section(
        Mrkdwn(
            "The access stays in place until the day that you choose, although it should go. Then it is asked for again."
        )
    )
    return _propose(
        "Ask for an exception",
        i,
        facts,
        [about],
        until=f"At most {LONGEST} days; for somebody who has left at most {LONGEST_LEAVER}.",
    )


def _except_submitted(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    home = c.homes.get(i.link.item)
    if home is None or home.review is None:
        raise Refused("outdated", "This line is not in the review.", "Use the newest message of this review.")
    return _proposed(i, facts, "follow_up", days=LONGEST, today=today, item=i.link.item, review=home.review)


def _independence(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    line = _line(i, c)
    people = [(f"{p.name} ({p.login})", p.login) for p in colleagues(facts.directory, [_holder(line)])][:100]
    judge = field("judge", "Who decides, although not independent?", select_input([(t, _fits(v)) for t, v in people]))
    about = [
        _about(line),
        section(Mrkdwn("The best available person decides, and the second signer signs each verdict as well.")),
        judge,
    ]
    return _propose("Nobody is independent", i, facts, about, without=[_holder(line)])


def _fits(login: str) -> str:
    return login[:75]


def _independence_submitted(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    login = i.values.get("judge", "")
    judge = next((p for p in facts.directory.people.values() if login and _fits(p.login) == login), None)
    form = Reader(i.values)
    if judge is None:
        form.errors["judge"] = "Please choose a person."
    form.reason(10)
    form.person(facts.directory)
    form.done()
    return _proposed(i, facts, "independence", today=today, refs=(i.link.item,), reviewer=judge.id if judge else None)


def _close(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    return Do(command=CloseCampaign())


def _close_two(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    about = section(
        Mrkdwn("This is needed only where you were the only reviewer: then a second person signs the closing with you.")
    )
    return _propose("Close with a second", i, facts, [about])


def _close_two_submitted(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    return _proposed(i, facts, "close", today=today)


def _cancel(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    about = section(
        Mrkdwn("A cancelled review counts as *not performed*. Once a verdict is signed, it cannot be cancelled.")
    )
    return _propose("Cancel the review", i, facts, [about])


def _cancel_submitted(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    return _proposed(i, facts, "cancel", today=today)


def _number(i: Interaction) -> int:
    return int(i.link.item) if i.link.item.isdigit() else -1


def _cosign(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    return Do(command=CoSign(number=_number(i)))


def _decline(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    return OpenForm(view=modal("Decline", i.link, [reason_field("Why not?", "It is recorded.")], submit="Decline"))


def _decline_submitted(i: Interaction, c: Campaign, facts: Facts, today: date) -> Answer:
    form = Reader(i.values)
    reason = form.reason()
    form.done()
    return Do(command=Decline(number=_number(i), reason=reason))


Act = Callable[[Interaction, Campaign, Facts, date], Answer]
PRESSED: dict[str, Act] = {
    "assign": _assign, "leave_out": _leave_out, "except": _except, "independence": _independence, "close": _close,
    "close_two": _close_two, "cancel": _cancel, "cosign": _cosign, "decline": _decline,
}  # fmt: skip
SUBMITTED: dict[str, Act] = {
    "assign": _assign_submitted, "leave_out": _leave_out_submitted, "except": _except_submitted,
    "independence": _independence_submitted, "close_two": _close_two_submitted, "cancel": _cancel_submitted,
    "decline": _decline_submitted,
}  # fmt: skip
