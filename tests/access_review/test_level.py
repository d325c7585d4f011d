"""How surely it must be known who signs: never less than the control asks, more where it says so. Acceptance 18."""

from __future__ import annotations

import pytest

from tests.access_review.people import CONTROL
from tests.access_review.test_verdict import ADMIN, REVIEW, WRITE, mark, opened
from workflows.access_review.model import Settings, SignMarks, VerdictsSigned
from workflows.kernel.model import by_person


def test_a_signature_below_the_level_of_the_control_is_refused() -> None:
    control = CONTROL.model_copy(update={"settings": {**CONTROL.settings, "assurance": "slack+sso"}})
    world = opened(control=control)
    world.act(REVIEW, mark(world, WRITE), "maya")

    refused = world.refusal(REVIEW, SignMarks(), "maya")
    world.act(REVIEW, SignMarks(), by_person(world.who("maya").somebody(), "slack+sso+mfa"))

    assert refused.code == "step_up_needed"
    assert world.events(VerdictsSigned)[0].assurance == "slack+sso+mfa"


def test_keeping_privileged_access_can_want_a_surer_sign_in_than_the_rest() -> None:
    settings = {**CONTROL.settings, "assurance": "slack", "wanted": {"privileged": "slack+sso+mfa"}}
    world = opened(control=CONTROL.model_copy(update={"settings": settings}))
    world.act(REVIEW, mark(world, WRITE), "maya")
    world.act(REVIEW, SignMarks(), "maya")
    world.act(REVIEW, mark(world, ADMIN, reason="He is on call for it."), "maya")

    kept = world.refusal(REVIEW, SignMarks(), "maya")
    world.act(REVIEW, mark(world, ADMIN, "revoke", "Nobody needs this any more."), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    assert kept.code == "step_up_needed"
    assert [e.verdicts[0].verdict for e in world.events(VerdictsSigned)] == ["keep", "revoke"]


@pytest.mark.parametrize(("base", "more", "level"), [("slack", None, "slack"), ("slack+sso", "slack", "slack+sso")])
def test_a_surer_level_is_never_a_weaker_one(base: str, more: str | None, level: str) -> None:
    settings = {**CONTROL.settings, "assurance": base, "wanted": {"privileged": more, "closing": more}}
    read = Settings.model_validate(settings)

    assert (read.level_privileged, read.level_closing) == (level, level)
