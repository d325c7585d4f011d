"""A person who has two accesses that one person may not have at once: both lines say so to their reviewers. CC6.3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.access_review.people import line
from tests.access_review.test_delta import NEXT, lines_of, reviewed
from tests.access_review.world import World
from workflows.access_review.model import (
    AssignedLine,
    MarkLine,
    Review,
    SeeCollection,
    SignMarks,
    TurnPage,
    VerdictsSigned,
)
from workflows.access_review.rules.grouping import groupable
from workflows.access_review.views import cards
from workflows.access_review.views.words import standing_out
from workflows.kernel.approved import Approvals
from workflows.kernel.blocks import texts
from workflows.kernel.duty import Allowed, Duties, Duty, Pair, duties_in
from workflows.kernel.identity import Collection, Line
from workflows.kernel.model import by_system

DEPLOY, REVIEW, OTHERS = line("omar", "deploy"), line("omar", "review"), line("nina", "deploy")
PAIR = Pair(
    control="AP-01",
    sides=tuple(
        Duty(entry=n, source="github", entitlement=x.entitlement.native_id, title=n.title())
        for n, x in (("deploy", DEPLOY), ("review", REVIEW))
    ),
)
YES = Allowed(
    case="approval/pair/deploy/review/omar@acme.test/2026-12-20", attestation="7f3a" + "0" * 58 + "c1", control="AP-01",
    person="omar", entries=("deploy", "review"), until=datetime(2027, 2, 1, 9, 0, tzinfo=UTC),
)  # fmt: skip


def pulled(*lines: Line, source: str = "github") -> tuple[Collection, tuple[Line, ...]]:
    """A complete list, as the newest one of a source."""
    at = datetime(2027, 1, 8, 8, 0, tzinfo=UTC)
    told = {
        "id": "c" * 64, "source": source, "system": "GitHub", "number": 9, "as_of": at, "ended_at": at,
        "verdict": "complete", "lines": len(lines), "lines_sha256": "c" * 64, "raw_sha256": "c" * 64,
    }  # fmt: skip
    return Collection.model_validate(told), lines


def quarter(duties: Duties, *allowed: Allowed) -> World:
    """The next review of GitHub, in which Omar has both and Nina one of the two."""
    world = reviewed(DEPLOY, REVIEW, OTHERS)
    world.duties, world.approvals = duties, Approvals(allowed=allowed)
    world.open()
    return world


def both(*allowed: Allowed) -> World:
    return quarter(duties_in((PAIR,), {"github": pulled(DEPLOY, REVIEW, OTHERS)}), *allowed)


def asked(world: World, wanted: Line) -> AssignedLine:
    found = lines_of(world, NEXT)[wanted.ref]
    assert isinstance(found, AssignedLine)
    return found


def test_both_lines_have_the_flag_and_say_which_pair_and_nobody_elses_has() -> None:
    world = both()

    first, second, other = (asked(world, x) for x in (DEPLOY, REVIEW, OTHERS))

    assert ("conflict" in first.flags, "conflict" in second.flags, "conflict" in other.flags) == (True, True, False)
    assert (first.tier, second.tier, other.tier) == ("flagged", "flagged", "plain")
    assert "conflicts with “Review”, which the same person has; no exception allows it" in standing_out(first)
    assert "conflicts with “Deploy”, which the same person has; no exception allows it" in standing_out(second)


def test_an_exception_in_force_stands_in_the_flag_with_its_end_and_its_attestation() -> None:
    found = standing_out(asked(both(YES), DEPLOY))

    assert (
        "conflicts with “Review”, which the same person has; an exception allows it until 1 Feb 2027 (7f3a…c1)" in found
    )


@pytest.mark.parametrize(
    "other",
    [
        {"until": datetime(2027, 1, 2, tzinfo=UTC)}, {"person": "nina"}, {"entries": ("deploy", "other")},
        {"control": "AP-02"},
    ],
    ids=["over", "another person", "another pair", "another control"],
)  # fmt: skip
def test_an_exception_that_is_over_or_of_something_else_allows_nothing(other: dict[str, object]) -> None:
    assert "no exception allows it" in standing_out(asked(both(YES.model_copy(update=other)), DEPLOY))


def test_the_reviewer_sees_it_on_the_card_and_may_not_keep_it_within_a_group() -> None:
    world = both()
    review = next(
        s for s in world.states.values() if isinstance(s, Review) and s.head.campaign == NEXT and DEPLOY.ref in s.lines
    )

    world.act(review.case, TurnPage(page=0), review.reviewer.id)
    told = "".join(text for c in cards(world.states[review.case]) for text in texts(list(c.blocks)))

    assert "no exception allows it" in told
    assert not groupable(review.lines[DEPLOY.ref])


def test_what_became_a_conflict_since_it_was_signed_reads_changed() -> None:
    found = asked(both(), DEPLOY)

    assert found.delta == "changed"
    assert [(c.field, c.before, c.after) for c in found.changes] == [("conflict of duties", "no", "yes")]


def test_the_other_side_may_be_in_another_system_and_without_its_list_nothing_is_said() -> None:
    far = Duty(entry="review", source="signer", entitlement=REVIEW.entitlement.native_id, title="Review")
    pair = PAIR.model_copy(update={"sides": (PAIR.sides[0], far)})
    lists = {"github": pulled(DEPLOY, OTHERS)}

    without = asked(quarter(duties_in((pair,), lists)), DEPLOY)
    seen = asked(quarter(duties_in((pair,), {**lists, "signer": pulled(REVIEW, source="signer")})), DEPLOY)

    assert ("conflict" in without.flags, "conflict" in seen.flags) == (False, True)


def test_the_signed_verdict_carries_the_flag_and_names_the_exception() -> None:
    world = both(YES)
    review = next(
        s for s in world.states.values() if isinstance(s, Review) and s.head.campaign == NEXT and DEPLOY.ref in s.lines
    )
    for ref, held in review.lines.items():
        mark = MarkLine(ref=ref, verdict="keep", shown=held.assigned.shown(), reason="Needed for the work.")
        world.act(review.case, mark, review.reviewer.id)
    world.act(review.case, SignMarks(), review.reviewer.id)

    signed = [r.event for r in world.record if isinstance(r.event, VerdictsSigned) and r.case == review.case]
    (verdict,) = [v for event in signed for v in event.verdicts if v.ref == DEPLOY.ref]
    assert "conflict" in verdict.flags
    assert verdict.exceptions == (YES.attestation,)
    assert asked(both(YES), DEPLOY).shown() != asked(both(), DEPLOY).shown()


def test_a_later_list_keeps_the_flag_while_the_account_is_the_same_persons_and_drops_it_where_it_is_not() -> None:
    for person, still in (("omar", True), ("nina", False)):
        world = both()
        review = next(
            s
            for s in world.states.values()
            if isinstance(s, Review) and s.head.campaign == NEXT and DEPLOY.ref in s.lines
        )
        account = DEPLOY.account.model_copy(update={"person": person, "login": "renamed"})
        changed = DEPLOY.model_copy(update={"account": account})
        world.now += timedelta(days=1)
        later = world.latest["github"].model_copy(
            update={"id": "e" * 64, "number": 50, "as_of": world.now, "ended_at": world.now}
        )
        world.snapshots[later.id] = (changed, REVIEW, OTHERS)

        world.act(review.case, SeeCollection(collection=later), by_system("identity pull"))

        found = world.states[review.case].lines[DEPLOY.ref].assigned
        assert ("conflict" in found.flags, bool(found.beside)) == (still, still)
