"""Clicks and forms of the reviewer, line by line, up to the signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workflows.access_review.forms.detail import about_line, details, line_of
from workflows.access_review.forms.field import Reader, colleagues, person_field, reason_field, token
from workflows.access_review.model import (
    Choice,
    HandOver,
    KeepGroup,
    MarkLine,
    NotMine,
    OpenGroup,
    Review,
    ReviewLine,
    SignMarks,
    TurnPage,
    WithdrawMark,
)
from workflows.access_review.rules.grouping import remaining
from workflows.access_review.views import words
from workflows.kernel.blocks import Block, context, field, modal, section, select_input
from workflows.kernel.errors import Refused
from workflows.kernel.model import Facts
from workflows.kernel.text import Mrkdwn, count, fill, joined, mrkdwn
from workflows.kernel.workflow import Do, Interaction, OpenForm

TARGET = "target"
SIGNED_IN_FULL = 12

Answer = Do | OpenForm


def _mark(i: Interaction, line: ReviewLine, verdict: str, reason: str = "", target: str = "") -> Do:
    command = MarkLine(ref=line.assigned.ref, verdict=verdict, shown=i.link.stamp, reason=reason, target=target)
    return Do(command=command)


def _least(review: Review, line: ReviewLine) -> int:
    """How long a reason must be: the rule's own measure, so that a form never lets through what the rule refuses."""
    return review.head.reason_min if line.assigned.tier != "plain" else 1


def _enough(review: Review, line: ReviewLine) -> str:
    least = _least(review, line)
    return f"One sentence of at least {least} characters." if least > 1 else "One sentence is enough."


def _follows(review: Review, lines: Sequence[ReviewLine]) -> Mrkdwn:
    """Who is asked for what after a revoke or a change, as the rules have it."""
    if review.head.second_of:
        return Mrkdwn("The first reviewer is asked again")
    if any(x.assigned.cosigner for x in lines):
        return fill("The second signer is asked, and then {}", mrkdwn(review.head.remover.name, 60))
    return fill("{} is asked to do this", mrkdwn(review.head.remover.name, 60))


def _page(i: Interaction, review: Review, facts: Facts) -> Answer:
    return Do(command=TurnPage(page=int(i.link.item) if i.link.item.isdigit() else 0))


def _keep(i: Interaction, review: Review, facts: Facts) -> Answer:
    line = line_of(i, review)
    if line.assigned.tier == "plain" or line.assigned.leaver:
        return _mark(i, line, "keep")
    label = f"Why does {words.plainly(line.assigned)} still need this?"
    why = "is privileged" if line.assigned.tier == "privileged" else "stands out"
    hint = f"At least {count(review.head.reason_min, 'character')}. This access {why}, so a reason is recorded."
    return OpenForm(
        view=modal("Keep this access", i.link, [about_line(line), reason_field(label, hint)], submit="Mark: keep")
    )


def _keep_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    line = line_of(i, review)
    form = Reader(i.values)
    reason = form.reason(_least(review, line))
    form.done()
    return _mark(i, line, "keep", reason)


def _revoke(i: Interaction, review: Review, facts: Facts) -> Answer:
    line = line_of(i, review)
    reads = "The first reviewer" if review.head.second_of else "Whoever removes the access"
    hint = f"{_enough(review, line)} {reads} reads it, and it is recorded."
    about = reason_field("Why should it go?", hint)
    small = context(fill("{} once you have signed.", _follows(review, [line])))
    return OpenForm(view=modal("Revoke this access", i.link, [about_line(line), about, small], submit="Mark: revoke"))


def _revoke_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    line = line_of(i, review)
    form = Reader(i.values)
    reason = form.reason(_least(review, line))
    form.done()
    return _mark(i, line, "revoke", reason)


def _choices(review: Review, line: ReviewLine) -> list[Choice]:
    e = line.assigned.line.entitlement
    return [c for c in review.choices.get(e.resource, ()) if c.native_id != e.native_id]


def _change(i: Interaction, review: Review, facts: Facts) -> Answer:
    line = line_of(i, review)
    choices = _choices(review, line)
    if not choices:
        raise Refused(
            "no_other_access",
            "The list names no other access here that it could become.",
            "Keep it or revoke it; whoever removes it reads your reason.",
        )
    wanted = select_input(
        [(c.plain or c.name, token(c.native_id)) for c in choices], hint="Choose what it should become"
    )
    blocks = [
        about_line(line),
        field(
            TARGET, "It should become", wanted, hint="Choose less than it allows now; more has to be asked for apart."
        ),
        reason_field("Why?", _enough(review, line)),
    ]
    return OpenForm(view=modal("Change this access", i.link, blocks, submit="Mark: change"))


def _change_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    line = line_of(i, review)
    form = Reader(i.values)
    target = next((c.native_id for c in _choices(review, line) if token(c.native_id) == form.text(TARGET)), "")
    if not target:
        form.errors[TARGET] = "Please choose what it should become."
    reason = form.reason(_least(review, line))
    form.done()
    return _mark(i, line, "change", reason, target)


def _not_mine(i: Interaction, review: Review, facts: Facts) -> Answer:
    line = line_of(i, review)
    people = colleagues(
        facts.directory, [review.reviewer.id, line.assigned.person.id if line.assigned.person else None]
    )
    blocks = [
        about_line(line),
        reason_field("Why is this not yours to decide?", "“I do not know this access” is a good reason."),
        person_field(
            people,
            "Who could decide it?",
            "You need not name anybody. Whoever it is must be independent of it.",
            optional=True,
        ),
    ]
    return OpenForm(view=modal("Not mine", i.link, blocks, submit="Pass it on"))


def _not_mine_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    form = Reader(i.values)
    reason, person = form.reason(), form.person(facts.directory, optional=True)
    form.done()
    return Do(command=NotMine(ref=i.link.item, reason=reason, proposed=person.id if person else None))


def _hand_over(i: Interaction, review: Review, facts: Facts) -> Answer:
    lines = [line_of(i, review)] if i.link.item else review.undecided()
    if not lines:
        raise Refused(
            "nothing_open", "Nothing here is still to be decided.", "Sign what you marked, or take a mark back first."
        )
    what = (
        about_line(lines[0])
        if i.link.item
        else section(
            fill(
                "You hand over *{}* that {} not decided yet.",
                count(len(lines), "line"),
                "is" if len(lines) == 1 else "are",
            )
        )
    )
    blocks = [
        what,
        person_field(
            colleagues(facts.directory, [review.reviewer.id]),
            "To whom?",
            "They must be independent of it." if i.link.item else "They must be independent of every line.",
        ),
        reason_field("Why?", "It is recorded."),
    ]
    return OpenForm(view=modal("Hand over", i.link, blocks, submit="Hand over"))


def _hand_over_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    form = Reader(i.values)
    person, reason = form.person(facts.directory), form.reason()
    form.done()
    refs = (i.link.item,) if i.link.item else ()
    return Do(command=HandOver(person=person.id if person else "", reason=reason, refs=refs))


def _group(i: Interaction, review: Review, facts: Facts) -> Answer:
    return Do(command=OpenGroup(group=i.link.item))


def _keep_group(i: Interaction, review: Review, facts: Facts) -> Answer:
    group = review.groups.get(i.link.item)
    lines = remaining(review, group) if group else []
    if group is None or not lines:
        raise Refused("group_gone", "This group is not there any more.", "Look at the card: it shows what is left.")
    about = section(
        fill("You keep *{}* of `{}` for everybody on the list.", count(len(lines), "line"), mrkdwn(group.name, 80))
    )
    why = reason_field("Why do they all still need it?", "One reason for all of them. It is recorded with each.")
    return OpenForm(view=modal("Keep a group", i.link, [about, why], submit=f"Mark {len(lines)}: keep"))


def _keep_group_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    form = Reader(i.values)
    reason = form.reason(review.head.reason_min)
    form.done()
    return Do(command=KeepGroup(group=i.link.item, reason=reason))


def _withdraw(i: Interaction, review: Review, facts: Facts) -> Answer:
    return Do(command=WithdrawMark(ref=i.link.item))


def _sign(i: Interaction, review: Review, facts: Facts) -> Answer:
    marked = review.marked()[: review.head.lines_per_signature]
    if not marked:
        raise Refused("nothing_marked", "There is nothing to sign.", "Decide a line first.")
    tally = {word: [x for x in marked if x.mark and x.mark.verdict == word] for word in words.VERDICTS}
    told = ", ".join(f"{word} {len(lines):,}" for word, lines in tally.items() if lines)
    blocks: list[Block] = [section(fill("*You {}.*", told))]
    harmful = tally["revoke"] + tally["change"]
    for line in harmful[:SIGNED_IN_FULL]:
        blocks.append(section(_summed(review, line)))
    if len(harmful) > SIGNED_IN_FULL:
        blocks.append(context(fill("… and {}.", count(len(harmful) - SIGNED_IN_FULL, "more"))))
    if harmful:
        blocks.append(section(fill("{} once you have signed.", _follows(review, harmful))))
    blocks.append(
        context(
            Mrkdwn(
                "Signing records your verdicts, with your name and the list you saw. Afterwards you cannot change them here."
            )
        )
    )
    return OpenForm(view=modal("Sign your verdicts", i.link, blocks, submit=f"Sign {len(marked)}"))


def _summed(review: Review, line: ReviewLine) -> Mrkdwn:
    a, mark = line.assigned, line.mark
    rows = [fill("*Revoke*: {} — {}", words.who(a), words.what(a, 160))]
    if mark and mark.verdict == "change":
        new = words.target(review.choices.get(a.line.entitlement.resource, ()), mark.target)
        rows = [fill("*Change*: {} — {}", words.who(a), words.what(a, 160)), fill("It becomes: {}", mrkdwn(new, 200))]
    return joined([*rows, words.quoted(mark.reason if mark else "", 160)])


def _sign_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    return Do(command=SignMarks())


Act = Callable[[Interaction, Review, Facts], Answer]
PRESSED: dict[str, Act] = {
    "page": _page, "keep": _keep, "revoke": _revoke, "change": _change, "not_mine": _not_mine, "hand_over": _hand_over,
    "details": details, "withdraw": _withdraw, "sign": _sign, "group": _group, "keep_group": _keep_group,
}  # fmt: skip
SUBMITTED: dict[str, Act] = {
    "keep": _keep_submitted, "revoke": _revoke_submitted, "change": _change_submitted, "not_mine": _not_mine_submitted,
    "hand_over": _hand_over_submitted, "sign": _sign_submitted,
    "keep_group": _keep_group_submitted,
}  # fmt: skip
