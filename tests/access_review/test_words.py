"""What people read is true, complete and leads on: nothing stale, nobody signs blind, no button that can only refuse."""

from __future__ import annotations

from datetime import timedelta

from tests.access_review.people import CAMPAIGN, OPENING, line
from tests.access_review.test_independence import small
from tests.access_review.test_removal import ADMIN, READ, revoked
from tests.access_review.test_verdict import REVIEW, mark
from tests.access_review.world import World
from workflows.access_review.forms import forms
from workflows.access_review.model import (
    CannotRemove,
    Choice,
    Reassign,
    SignMarks,
)
from workflows.access_review.rules.standing import asks
from workflows.access_review.views import cards, words
from workflows.kernel.blocks import texts
from workflows.kernel.errors import FieldErrors
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Card, Facts
from workflows.kernel.workflow import Do, Interaction

LEFT = line("jun", "admin", entitlement={"privileged": True})
PLAIN = line("omar", "read")


def card(world: World, case: str, key: str) -> Card:
    """The card of this key, as it looks now."""
    return next(c for c in cards(world.states[case]) if c.key == key)


def read(found: Card) -> str:
    """Everything that a card says."""
    return "\n".join([found.text, *(text for block in found.blocks for text in texts(block))])


def submitted(world: World, act: str, ref: str, **values: str) -> Do | FieldErrors:
    """What a form leads to."""
    state = world.states[REVIEW]
    link = Link(act=act, ref=case_ref(REVIEW), item=ref, stamp=world.review("maya").lines[ref].digest[:8])
    facts = Facts(directory=world.directory, program="p" * 64, control=world.control)
    try:
        found = forms(Interaction(kind="submit", link=link, values=values), state, facts, world.now)
    except FieldErrors as wrong:
        return wrong
    assert isinstance(found, Do)
    return found


def opened(*lines: object) -> World:
    world = World(lines={"github": list(lines or (ADMIN, READ))})  # type: ignore[arg-type]
    world.open()
    return world


def silent() -> World:
    """Maya has not answered, and her manager Tom was told."""
    world = opened(PLAIN)
    for _ in range(20):
        world.now += timedelta(days=1)
        world.tick()
    return world


def test_a_form_asks_for_as_long_a_reason_as_the_rule_does() -> None:
    world = opened()

    short = submitted(world, "revoke", ADMIN.ref, reason="Has left")
    enough = submitted(world, "revoke", ADMIN.ref, reason="Has left the team.")

    assert isinstance(short, FieldErrors)
    assert "at least 10 characters" in short.errors["reason"]
    assert isinstance(enough, Do)
    world.act(REVIEW, enough.command, "maya")


def test_a_change_is_shown_in_plain_words_and_by_its_exact_name() -> None:
    choices = (Choice(native_id="acme/web:Read-Only", resource="acme/web", name="Read-Only", plain="May only look"),)

    told = words.target(choices, "acme/web:Read-Only")

    assert told == "May only look (Read-Only)"
    assert words.target((), "acme/web:Read-Only") == "acme/web:Read-Only"


def test_a_mark_to_change_names_what_it_becomes_as_the_system_writes_it() -> None:
    world = opened()
    world.act(REVIEW, mark(world, ADMIN, "change", "Needs to look only.", target=READ.entitlement.native_id), "maya")

    said = read(card(world, REVIEW, "queue"))

    assert "*Change to: May read in acme/web (read)*" in said


def test_the_remover_reads_why_the_access_goes_and_what_came_of_a_cannot() -> None:
    world = revoked()
    asked = read(card(world, REVIEW, f"removal:{ADMIN.ref}"))
    world.act(REVIEW, CannotRemove(ref=ADMIN.ref, because="The vendor must do it."), "ravi")

    after = read(card(world, REVIEW, f"removal:{ADMIN.ref}"))

    assert "Why: “Moved to another team.”" in asked
    assert "You said that it cannot be done: “The vendor must do it.” Dana was told and decides." in after


def test_how_an_access_reaches_an_account_is_said_in_words() -> None:
    assert words.path(("direct",)) == "by a direct grant"
    assert words.path(("group:web",)) == "through the group web"
    assert (
        words.path(("direct", "group:web", "role:ops")) == "by a direct grant and through the group web, the role ops"
    )


def test_days_of_facts_are_the_same_for_every_reader() -> None:
    world = opened(line("nina", granted_at=OPENING.replace(hour=0) - timedelta(days=30)))

    facts = words.facts(next(iter(world.review("maya").lines.values())).assigned)

    assert "granted 7 Sep 2026" in facts
    assert "<!date" not in facts


def test_the_manager_who_is_asked_can_give_the_lines_to_somebody_else() -> None:
    world = silent()
    told = [c for c in cards(world.review("maya")) if c.key == "silent:manager"]

    world.act(REVIEW, Reassign(person="lena", reason="Maya is ill."), "tom")

    assert [c.to for c in told] == ["tom"]
    assert list(world.review("lena").lines) == [PLAIN.ref]
    closed = card(world, REVIEW, "silent:manager")
    assert not closed.open
    assert "nothing is open with Maya any more" in closed.text
    assert world.refusal(REVIEW, Reassign(person="lena", reason="Why not."), "nina").code == "not_yours"


def test_a_late_reminder_says_that_it_was_due_and_an_older_one_asks_for_nothing() -> None:
    world = silent()

    sent = [c for c in cards(world.review("maya")) if c.key.startswith("reminder:")]

    assert [c.open for c in sent] == [False] * (len(sent) - 1) + [True]
    assert "It was due" in read(sent[-1])
    assert all("There is a newer reminder below." in c.text for c in sent[:-1])


def test_rungs_passed_at_once_after_an_outage_are_one_reminder_and_it_is_the_highest() -> None:
    world = opened(PLAIN)
    world.now += timedelta(days=16)
    world.tick()

    sent = [c for c in cards(world.review("maya")) if c.key.startswith("reminder:")]

    assert [c.key for c in sent] == ["reminder:manager"]
    assert "It was due" in read(sent[0])


def test_no_reminder_still_asks_once_everything_is_decided() -> None:
    world = silent()
    world.act(REVIEW, mark(world, PLAIN), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    sent = [c for c in cards(world.review("maya")) if c.key.startswith("reminder:")]

    assert sent
    assert not any(c.open for c in sent)
    assert all("Nothing is open any more." in c.text for c in sent)


def test_for_somebody_who_has_left_only_revoking_is_offered() -> None:
    people = [p.model_copy(update={"employed": False}) if p.id == "nina" else p for p in World().people]
    world = World(people=people, lines={"github": [ADMIN]})
    world.open()
    world.act(REVIEW, mark(world, ADMIN, "revoke", "Has left the company."), "maya")
    undone = submitted_press(world, "withdraw", ADMIN.ref)
    world.act(REVIEW, undone.command, "maya")
    world.act(REVIEW, submitted_press(world, "page", "0").command, "maya")

    said = read(card(world, REVIEW, "queue"))

    assert "Revoke" in said
    assert "Keep" not in said
    assert "Change …" not in said


def submitted_press(world: World, act: str, item: str) -> Do:
    """What a press leads to."""
    link = Link(act=act, ref=case_ref(REVIEW), item=item)
    facts = Facts(directory=world.directory, program="p" * 64, control=world.control)
    found = forms(Interaction(kind="action", link=link), world.states[REVIEW], facts, world.now)
    assert isinstance(found, Do)
    return found


def test_the_control_owner_reads_how_far_the_review_is() -> None:
    world = revoked()

    said = read(card(world, CAMPAIGN, "campaign"))

    assert "*2 of 2 lines settled* · 1 removal not verified yet" in said


def test_counts_in_lists_are_in_the_singular_where_there_is_one() -> None:
    world = opened(PLAIN)

    details = [a.detail for a in asks(world.review("maya")) if a.open]

    assert details == ["1 of 1 line to decide"]


def test_why_nobody_was_found_is_said_in_whole_sentences() -> None:
    world = small()

    said = read(card(world, CAMPAIGN, "campaign"))

    assert "_The directory names no manager of Dana. It is Dana's own access._" in said
    assert "*0 of 1 line settled*" in said
