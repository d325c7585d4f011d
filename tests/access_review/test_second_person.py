"""What a second person reads before they sign or look again: whose access it is, until when, and what follows."""

from __future__ import annotations

from datetime import timedelta

from tests.access_review.people import CAMPAIGN
from tests.access_review.test_independence import independence, small
from tests.access_review.test_removal import ADMIN, READ, revoked
from tests.access_review.test_verdict import REVIEW, mark
from tests.access_review.test_words import card, opened, read
from tests.access_review.world import World
from workflows.access_review.forms import forms
from workflows.access_review.model import CoSign, MarkLine, Propose, Review, SignMarks, TurnPage, VerdictWord
from workflows.kernel.blocks import texts
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Facts
from workflows.kernel.workflow import Do, Interaction


def test_the_second_signer_sees_whose_access_is_left_in_place() -> None:
    world = revoked()
    until = world.now.date() + timedelta(days=20)
    wanted = Propose(
        kind="follow_up", second="tom", reason="The vendor removes it in November.", item=ADMIN.ref, review=REVIEW,
        until=until,
    )  # fmt: skip

    world.act(CAMPAIGN, wanted, "dana")
    said = read(card(world, CAMPAIGN, "proposal:1"))
    world.act(CAMPAIGN, CoSign(number=1), "tom")

    assert "*Nina* (nina@acme.test) — May admin in acme/web" in said
    assert "*privileged*" in said
    assert "You signed. It holds now." in read(card(world, CAMPAIGN, "proposal:1"))


def test_the_second_signer_sees_which_line_and_who_shall_decide_although_not_independent() -> None:
    world = small()

    world.act(CAMPAIGN, independence("tom"), "dana")

    said = read(card(world, CAMPAIGN, "proposal:1"))
    assert "*Dana* (dana@acme.test) — May write in acme/web" in said
    assert "Who shall decide: *Ravi* (ravi@acme.test)" in said


def test_a_removal_for_somebody_who_has_left_is_excepted_for_30_days_at_most() -> None:
    world = revoked_leaver()
    day = world.now.date()
    ref = next(iter(world.review("maya").follow_ups))

    def wanted(days: int) -> Propose:
        reason = "Their account runs the nightly export."
        until = day + timedelta(days=days)
        return Propose(kind="follow_up", second="ravi", reason=reason, item=ref, review=REVIEW, until=until)

    refused = world.refusal(CAMPAIGN, wanted(31), "dana")
    world.act(CAMPAIGN, wanted(30), "dana")

    assert refused.code == "too_long_an_exception"


def revoked_leaver() -> World:
    """Nina has left; the removal of her access was asked for."""
    people = [p.model_copy(update={"employed": False}) if p.id == "nina" else p for p in World().people]
    world = World(people=people, lines={"github": [ADMIN]})
    world.open()
    world.act(REVIEW, mark(world, ADMIN, "revoke", "Has left the company."), "maya")
    world.act(REVIEW, SignMarks(), "maya")
    return world


def test_a_second_look_promises_no_removal_and_tells_its_answer_in_words() -> None:
    world = looked_at_again()
    second = next(r for r in world.reviews() if r.head.second_of)
    ref = next(iter(second.lines))
    revoke = Link(act="revoke", ref=case_ref(second.case), item=ref)
    facts = Facts(directory=world.directory, program="p" * 64, control=world.control)
    form = forms(Interaction(kind="action", link=revoke), second, facts, world.now)

    for each in second.lines:
        verdict: VerdictWord = "revoke" if each == ref else "keep"
        world.act(second.case, marked(second, each, verdict, "Should use the smaller role."), second.reviewer.id)
    world.act(second.case, SignMarks(), second.reviewer.id)

    assert not isinstance(form, Do)
    promised = "\n".join(texts(dict(form.view)))
    assert "The first reviewer is asked again once you have signed." in promised
    assert "Ravi" not in promised
    assert "the first reviewer is asked again with your reason" in read(card(world, second.case, "queue"))
    assert "*Revoke* “Should use the smaller role.”" in read(card(world, REVIEW, "queue"))


def marked(review: Review, ref: str, verdict: VerdictWord, reason: str) -> MarkLine:
    """A mark on what was shown."""
    return MarkLine(ref=ref, verdict=verdict, reason=reason, shown=review.lines[ref].digest)


def looked_at_again() -> World:
    """Maya kept a privileged line within a second of seeing it, so somebody else looks at it again."""
    world = opened()
    world.act(REVIEW, TurnPage(page=0), "maya")
    world.now += timedelta(seconds=1)
    world.act(REVIEW, mark(world, ADMIN, "keep", "Needs it for the work on call."), "maya")
    world.act(REVIEW, mark(world, READ), "maya")
    world.act(REVIEW, SignMarks(), "maya")
    return world
