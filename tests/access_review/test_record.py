"""Every event of a whole campaign can be stated, signed and read back; names and texts that are large stay within limits."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.access_review.people import CAMPAIGN, CONTROL, line
from tests.access_review.test_verdict import mark
from tests.access_review.world import World
from workflows.access_review import WORKFLOW
from workflows.access_review.model import (
    CloseCampaign,
    HandOver,
    NotMine,
    ReportRemoved,
    SignMarks,
    TurnPage,
    VerdictsSigned,
)
from workflows.kernel.attestation import Frame, attach, attestation, born
from workflows.kernel.model import Event, Recorded

LIMIT = 256 * 1024


def told() -> World:
    """A campaign from planning to closing, with a move, a refuted and a verified removal."""
    admin = line("omar", "admin", entitlement={"privileged": True})
    world = World(lines={"github": [line("nina"), admin, line("maya"), line("lena")]})
    world.openings()
    world.pull("okta", verdict="partial")
    world.open()
    maya = f"{CAMPAIGN}/github/maya@acme.test"
    tom = f"{CAMPAIGN}/github/tom@acme.test"
    world.act(maya, TurnPage(page=0), "maya")
    world.act(maya, NotMine(ref=line("nina").ref, reason="Lena runs the web site.", proposed="lena"), "maya")
    world.act(maya, mark(world, admin, "revoke", "Moved to another team."), "maya")
    world.act(maya, SignMarks(), "maya")
    world.act(tom, HandOver(person="ravi", reason="On holiday."), "tom")
    for review in world.reviews():
        for held in review.undecided():
            world.act(review.case, mark(world, held.assigned.line, "keep"), review.reviewer.id)
        if review.undecided():
            world.act(review.case, SignMarks(), review.reviewer.id)
    for gone in (False, True):
        world.act(maya, ReportRemoved(ref=admin.ref), "ravi")
        if gone:
            world.lines["github"].remove(admin)
        world.now += timedelta(hours=1)
        world.pull("github")
    world.act(CAMPAIGN, CloseCampaign(), "dana")
    return world


def stated(recorded: Recorded) -> tuple[bytes, Event]:
    """The statement of an event, and the event as it is read back from it and its files."""
    frame = Frame(
        workflow="access_review", case=recorded.case, seq=1, previous=None, control=CONTROL.id,
        criteria=CONTROL.criteria, program="p" * 64, at=recorded.at, by=recorded.by, origin="attester.test",
        version="1", nonce="AAAAAAAAAAAAAAAAAAAAAA==",
    )  # fmt: skip
    payload, body, files = attestation(recorded.event, frame, born("ask.json", "attester.ask", {}))
    kept = {f.ref.sha256: json.loads(f.data) for f in files}
    return payload, attach(type(recorded.event), body, kept.__getitem__)


def test_every_event_of_a_campaign_is_stated_and_read_back_as_it_was() -> None:
    world = told()

    assert world.campaign().status == "closed"
    for recorded in world.record:
        payload, back = stated(recorded)
        assert back == recorded.event
        assert len(payload) < LIMIT


def test_every_event_and_command_of_the_model_is_registered() -> None:
    world = told()

    assert {type(r.event) for r in world.record} <= set(WORKFLOW.events)
    assert len({(e.NAME, e.VERSION) for e in WORKFLOW.events}) == len(WORKFLOW.events)


def test_the_reasons_of_verdicts_stand_in_a_file_of_their_own_that_may_be_withheld() -> None:
    world = told()

    (signed,) = [r for r in world.record if isinstance(r.event, VerdictsSigned) and r.event.reasons]
    payload, back = stated(signed)

    assert b"Moved to another team." not in payload
    assert isinstance(back, VerdictsSigned)
    assert list(back.reasons.values()) == ["Moved to another team."]


def test_a_signature_over_200_lines_with_the_longest_names_fits_into_one_statement() -> None:
    arn = "arn:aws:iam::123456789012:role/" + "r" * 150
    many = [
        line(
            "nina",
            f"{arn}{n:03}",
            entitlement={"native_id": f"{arn}{n:03}"},
            via=tuple(f"group:{'g' * 100}{i}" for i in range(5)),
        )
        for n in range(200)
    ]
    world = World(lines={"github": many})
    world.open()
    maya = f"{CAMPAIGN}/github/maya@acme.test"
    for each in many:
        world.act(maya, mark(world, each, "revoke", "ü" * 1000), "maya")
    world.act(maya, SignMarks(), "maya")

    (signed,) = [r for r in world.record if isinstance(r.event, VerdictsSigned)]
    payload, _ = stated(signed)

    assert len(signed.event.verdicts) == 200  # type: ignore[attr-defined]
    assert len(payload) < LIMIT
