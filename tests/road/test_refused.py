"""Who may not decide reads why, nothing is recorded as a decision, and the attempt is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.demo.people import OUTSIDERS
from tests.road.installation import Installation, installation
from tests.road.press import forged, press
from tests.road.test_many_processes import GITHUB, newest_review
from workflows.access_review.forms.field import token
from workflows.kernel.link import Link, case_ref

MAYA, TOM, RAVI = "U0ACMEMAYA", "U0ACMETOM1", "U0ACMERAVI"
GUEST, STRANGER, UNLINKED, GONE = (m.id for m in OUTSIDERS)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data = tmp_path_factory.mktemp("installation")
    with installation(data, f"sqlite:///{data}/attester.db", OUTSIDERS) as made:
        made.start("run")
        made.wait(made.ready)
        newest_review(made, "maya@acme.test")
        yield made


def refusals(made: Installation, user: str) -> set[str]:
    """The reasons for which somebody was refused."""
    return {reason for _, who, _, _, reason, _ in made.product.refusals.all() if who == user}


@pytest.mark.parametrize(
    ("user", "reason", "sentence"),
    [(GUEST, "guest", "guest"), (UNLINKED, "not_linked", "link")],
    ids=["guest", "not linked"],
)
def test_somebody_who_is_no_employee_reads_why_the_command_does_nothing(
    running: Installation, user: str, reason: str, sentence: str
) -> None:
    seen = running.driver.command(user, "/review")

    assert sentence in seen.text.lower()
    assert refusals(running, user) == {reason}


@pytest.mark.parametrize(
    ("user", "home", "reason"),
    [(GUEST, "", "guest"), (STRANGER, "T0ELSE", "stranger"), (UNLINKED, "", "not_linked"), (GONE, "", "deactivated")],
    ids=["guest", "stranger", "not linked", "deactivated"],
)
def test_a_press_by_somebody_from_outside_decides_nothing(
    running: Installation, user: str, home: str, reason: str
) -> None:
    review = newest_review(running, "maya@acme.test")
    before = len(running.product.record.events(review.case))
    line = next(iter(review.lines.values())).assigned

    status = forged(running, user, Link(act="revoke", ref=case_ref(review.case), item=line.ref), home=home)

    assert status == 200
    assert reason in refusals(running, user)
    assert len(running.product.record.events(review.case)) == before


def test_a_press_from_another_workspace_is_not_answered(running: Installation) -> None:
    review = newest_review(running, "maya@acme.test")
    before = len(running.product.record.events(review.case))

    status = forged(running, MAYA, Link(act="page", ref=case_ref(review.case), item="0"), team="T0ELSE")

    assert status in (401, 403)
    assert len(running.product.record.events(review.case)) == before


def test_the_holder_of_an_access_cannot_judge_it(running: Installation) -> None:
    review = newest_review(running, "maya@acme.test")
    own = next(x.assigned for x in review.lines.values() if x.assigned.person and x.assigned.person.slack_user == TOM)

    status = forged(running, TOM, Link(act="keep", ref=case_ref(review.case), item=own.ref, stamp=own.shown()[:8]))

    assert status == 200
    assert "not_yours" in refusals(running, TOM)
    attempts = [e for e in running.product.record.events(review.case) if e.name == "attempt_refused"]
    assert attempts
    state, _ = running.product.runtime.state(review.case)
    assert state.lines[own.ref].mark is None


def test_a_former_reviewer_cannot_use_an_old_button(running: Installation) -> None:
    review = newest_review(running, "maya@acme.test")
    press(running, MAYA, GITHUB, "attester:page:0")
    line = next(x.assigned for x in review.queue() if x.assigned.person and not x.assigned.leaver)
    link = Link(act="hand_over", ref=case_ref(review.case), item=line.ref, stamp=line.shown()[:8])
    form = press(running, MAYA, GITHUB, f"attester:menu:{line.ref}", link.text())
    assert form.view is not None
    ravi = running.product.facts.directory().by_login("ravi@acme.test")
    assert ravi is not None
    sent = running.driver.submit(form.view["id"], {"person": token(ravi.id), "reason": "He leads this team."}, MAYA)
    assert sent.ok, sent.text

    status = forged(running, MAYA, Link(act="revoke", ref=case_ref(review.case), item=line.ref, stamp=line.shown()[:8]))

    assert status == 200
    assert "moved_away" in refusals(running, MAYA)
