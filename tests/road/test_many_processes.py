"""The road over real processes: one web, two workers, a real database, and a click that comes twice at one moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.workspace.driver import Seen
from tests.road.installation import Installation, installation
from tests.road.press import block_of, card_of, press
from workflows.access_review.model import Review

MAYA = "U0ACMEMAYA"
LENA = "U0ACMELENA"
GITHUB = "GitHub access"


@pytest.fixture
def running(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    with installation(tmp_path, postgres_url) as made:
        made.start("web")
        made.start("worker")
        made.start("worker")
        made.wait(made.ready)
        yield made


def newest_review(made: Installation, login: str) -> Review:
    """Somebody's review of GitHub that was opened last."""

    def found() -> Review | None:
        cases = [s.case for s in made.product.record.summaries() if s.case.endswith(f"/github/{login}")]
        state = made.product.runtime.state(cases[-1])[0] if cases else None
        return state if isinstance(state, Review) else None

    review: Review = made.wait(found)
    return review


def removal_asked(made: Installation) -> tuple[str, str]:
    """Maya revokes one access and signs; gives the review's case and the line's ref."""
    review = newest_review(made, "maya@acme.test")
    press(made, MAYA, GITHUB, "attester:page:0")
    line = next(
        x for x in review.queue() if x.assigned.leaver or "orphan" in x.assigned.flags or x.assigned.tier == "flagged"
    )
    form = press(made, MAYA, GITHUB, f"attester:revoke:{line.assigned.ref}")
    assert form.view is not None
    assert made.driver.submit(form.view["id"], {"reason": "Nobody needs this any more."}, MAYA).ok
    form = press(made, MAYA, GITHUB, "attester:sign:")
    assert form.view is not None
    assert made.driver.submit(form.view["id"], {}, MAYA).ok
    return review.case, line.assigned.ref


def test_a_click_sent_twice_at_one_moment_is_one_decision_and_both_attempts_are_seen(running: Installation) -> None:
    case, ref = removal_asked(running)
    action = f"attester:removed:{ref}"
    card = card_of(running, LENA, "Remove access", action)

    def click(_: int) -> Seen:
        return running.driver.press(LENA, card["channel"], card["ts"], block_of(card, action), action)

    def said() -> list[str]:
        talks = running.driver.state(LENA)["conversations"]
        return [text for talk in talks for m in talk["messages"] if "recorded" in (text := json.dumps(m))]

    before = len(said())
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(click, range(2)))

    record = running.product.record
    reported = [e for e in record.events(case) if e.name == "removal_reported"]
    attempts = [e for e in record.events(case) if e.name == "attempt_refused"]
    assert len(reported) == 1
    assert len(attempts) == 1
    assert [a.ok for a in answers] == [True, True]
    # A machine that is slow answers the click first, and says what was recorded when it was.
    assert running.wait(lambda: len(said()) > before or any("recorded" in a.text for a in answers))
    running.wait(lambda: running.product.log.pending() == 0)
    assert running.product.log.check() == []
