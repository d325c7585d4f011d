"""Clicks and forms of everybody around a review: the remover, the manager who was told, the second signer."""

from __future__ import annotations

from workflows.access_review.forms.detail import about_line, line_of
from workflows.access_review.forms.field import Reader, colleagues, person_field, reason_field
from workflows.access_review.forms.review import Act, Answer
from workflows.access_review.model import CannotRemove, CoSignVerdicts, Reassign, RefuseVerdict, ReportRemoved, Review
from workflows.access_review.views import words
from workflows.kernel.blocks import modal, section
from workflows.kernel.model import Facts
from workflows.kernel.text import count, fill
from workflows.kernel.workflow import Do, Interaction, OpenForm


def _reassign(i: Interaction, review: Review, facts: Facts) -> Answer:
    open_lines = len(review.undecided())
    blocks = [
        section(fill("{} has *{}* undecided.", words.named(review.reviewer), count(open_lines, "line"))),
        person_field(
            colleagues(facts.directory, [review.reviewer.id]),
            "Who decides instead?",
            "They must be independent of every line.",
        ),
        reason_field("Why?", "It is recorded."),
    ]
    return OpenForm(view=modal("Give to somebody else", i.link, blocks, submit="Give to them"))


def _reassign_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    form = Reader(i.values)
    person, reason = form.person(facts.directory), form.reason()
    form.done()
    return Do(command=Reassign(person=person.id if person else "", reason=reason))


def _removed(i: Interaction, review: Review, facts: Facts) -> Answer:
    return Do(command=ReportRemoved(ref=i.link.item))


def _cannot(i: Interaction, review: Review, facts: Facts) -> Answer:
    why = reason_field("Why can it not be done?", f"{review.head.owner.name} reads this and decides what happens.")
    return OpenForm(view=modal("It cannot be done", i.link, [why], submit="Send"))


def _cannot_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    form = Reader(i.values)
    because = form.reason()
    form.done()
    return Do(command=CannotRemove(ref=i.link.item, because=because))


def _agree(i: Interaction, review: Review, facts: Facts) -> Answer:
    return Do(command=CoSignVerdicts(refs=(i.link.item,)))


def _disagree(i: Interaction, review: Review, facts: Facts) -> Answer:
    why = reason_field("Why do you disagree?", f"{review.reviewer.name} reads this and decides again.")
    return OpenForm(view=modal("Disagree", i.link, [about_line(line_of(i, review)), why], submit="Send back"))


def _disagree_submitted(i: Interaction, review: Review, facts: Facts) -> Answer:
    form = Reader(i.values)
    reason = form.reason()
    form.done()
    return Do(command=RefuseVerdict(ref=i.link.item, reason=reason))


PRESSED: dict[str, Act] = {
    "removed": _removed, "cannot": _cannot, "reassign": _reassign, "agree": _agree, "disagree": _disagree,
}  # fmt: skip
SUBMITTED: dict[str, Act] = {
    "cannot": _cannot_submitted, "reassign": _reassign_submitted, "disagree": _disagree_submitted,
}  # fmt: skip
