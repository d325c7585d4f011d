"""What the record says of an approval: who, on what, how surely; and that names, logins and reasons stand apart from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.approval.test_access import effective
from tests.approval.world import office
from workflows.approval import WORKFLOW
from workflows.approval.examples import histories
from workflows.approval.model import StepApproved
from workflows.kernel.attestation import detach
from workflows.kernel.model import Event
from workflows.kernel.workflow import Example

PRIVATE = ("@acme.test", "pays out", "on call", "is away", "restarted without", "no seats", "starts in March")


def signed(event: Event) -> dict[str, Any]:
    """The event as the log shows it to everybody."""
    return detach(event)[0]


@pytest.mark.parametrize("example", histories(WORKFLOW), ids=lambda e: e.name)
def test_no_login_and_no_typed_reason_is_in_what_is_signed(example: Example) -> None:
    for recorded in example.history:
        if recorded.event.ATTESTED:
            text = json.dumps(signed(recorded.event)).replace(example.case, "")
            # A case id is a name, and may hold a login; so may a case that another one names.
            text = text.replace("/lena@acme.test/", "//")
            assert not [word for word in PRIVATE if word in text], recorded.event.NAME


def test_a_yes_says_who_on_what_for_whom_how_surely_and_on_which_evidence() -> None:
    acme = office()
    case = acme.ask()
    shown, digest = acme.state(case).digest, acme.state(case).request.digest()

    acme.approve(case, "tom", "She is on call.")

    yes = next(r.event for r in acme.story.histories[case] if isinstance(r.event, StepApproved))
    said = signed(yes)
    assert {k: said[k] for k in ("step", "steps", "role", "last", "approver_id", "requester", "subject")} == {
        "step": 0, "steps": 2, "role": "manager", "last": False, "approver_id": "P-tom", "requester": "P-lena",
        "subject": "P-lena",
    }  # fmt: skip
    assert (said["shown"], said["request_sha256"]) == (shown, digest)
    assert (said["wanted"], said["reached"]) == ("slack", "slack")
    assert [e.kind for e in yes.evidence()] == ["population"]
    assert set(said["request"]) == set(said["reason"]) == {"detached_sha256"}


def test_what_a_pull_showed_is_named_by_the_pulls_certificate() -> None:
    acme = office()

    case = effective(acme)

    seen = acme.story.histories[case][-1].event
    assert seen.NAME == "grant_verified"
    assert [e.sha256 for e in seen.evidence()] == [acme.story.facts.collections["github"].id]


def test_every_event_of_an_approval_stands_in_some_example() -> None:
    told = {type(r.event) for e in histories(WORKFLOW) for r in e.history}

    missing = {k.NAME for k in WORKFLOW.events if k not in told}
    assert missing == set()


def test_every_screen_and_every_standing_has_an_example() -> None:
    standing = set()
    for example in histories(WORKFLOW):
        state = None
        for recorded in example.history:
            state = WORKFLOW.evolve(state, recorded)
        standing.add(WORKFLOW.summary(state).status)

    assert standing >= {
        "collecting", "asked", "approved", "effective", "ending", "ended", "refused", "withdrawn", "lapsed",
        "superseded", "effect_failed", "not_ended", "bypassed", "unguarded", "uncovered", "unproven",
    }  # fmt: skip
