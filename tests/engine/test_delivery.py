"""The other kinds of row: Home tabs, copies of evidence, pulls; a 429 over real HTTP; sending that goes on once mended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.delivery import Cards, Copies, Homes, Mender, Pulls, home_row
from bot.outbox import Deliverer
from bot.store.database import Database
from bot.store.outbox import enqueue_copy
from bot.store.outbox_queue import Queue
from bot.store.outbox_values import Claimed
from bot.vault import open_vault
from tests.engine.slackish import Answer, Call, HttpChat, Slackish, serving
from tests.engine.twin import (
    START,
    RememberingChat,
    StillClock,
    cards,
    failing,
    put_card,
    settled,
    skip_pauses,
    wait_until,
)
from workflows.kernel.ports import ChatFailure, SourceBusy, SourceFailed

DATA = b'{"shown":"to Maya"}'
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def slack() -> Iterator[Slackish]:
    with serving(Slackish()) as running:
        yield running


def row(kind: str, **payload: Any) -> Claimed:
    """A row as the queue hands it to a handler."""
    return Claimed(
        id=1,
        lane="a",
        kind=kind,
        v=1,
        subject=None,
        payload=payload,
        attempts=1,
        doubt=False,
        method="",
        first_at=START,
        claimed_at=START,
    )


def test_a_home_tab_is_rendered_when_it_is_sent_and_only_the_latest_wish_counts(queue: Queue) -> None:
    chat = RememberingChat()
    rendered: list[str] = []

    def render(user: str) -> dict[str, Any]:
        rendered.append(user)
        return {"type": "home", "blocks": []}

    for cause in ("event 1", "event 2", "event 3"):
        queue.enqueue(**home_row("UMAYA", cause))
    deliverer = Deliverer(queue, {"home": Homes(chat, render)}, SystemClock(), threads=2)
    deliverer.drain()
    deliverer.stop(1)

    assert rendered == ["UMAYA"]
    assert chat.homes == {"UMAYA": {"type": "home", "blocks": []}}


def test_evidence_born_in_a_decision_reaches_the_vault(database: Database, queue: Queue, tmp_path: Path) -> None:
    vault = open_vault(f"file://{tmp_path / 'vault'}")
    with database.write() as session:
        enqueue_copy(session, SHA256)
        enqueue_copy(session, SHA256)

    deliverer = Deliverer(queue, {"copy": Copies({SHA256: DATA}.get, vault)}, SystemClock(), threads=2)
    deliverer.drain()
    deliverer.stop(1)

    assert vault.get(SHA256) == DATA
    assert queue.counts() == {"sent": 1}


def test_evidence_that_the_database_does_not_have_or_has_altered_is_never_copied(tmp_path: Path) -> None:
    vault = open_vault(f"file://{tmp_path / 'vault'}")

    missing = Copies({}.get, vault).deliver(row("copy", sha256=SHA256))
    altered = Copies({SHA256: b"something else"}.get, vault).deliver(row("copy", sha256=SHA256))

    assert (missing.kind, altered.kind) == ("dead", "dead")
    assert not vault.has(SHA256)


def test_a_pull_that_fails_is_made_again(database: Database, queue: Queue, clock: StillClock) -> None:
    pulled: list[tuple[str, str]] = []

    def pull(source: str, reason: str) -> None:
        pulled.append((source, reason))
        if len(pulled) == 1:
            raise SourceFailed("okta does not answer. Try again later.")

    payload = {"source": "okta", "reason": "campaign"}
    queue.enqueue(lane="source:okta", kind="pull", payload=payload, dedupe_key="pull:1")
    deliverer = Deliverer(queue, {"pull": Pulls(pull)}, SystemClock(), threads=2)
    deliverer.drain()
    skip_pauses(database, clock, 61)
    deliverer.drain()
    deliverer.stop(1)

    assert pulled == [("okta", "campaign"), ("okta", "campaign")]
    assert queue.counts() == {"sent": 1}


def test_a_pull_that_another_process_is_making_is_waited_for_and_costs_no_attempt(
    database: Database, queue: Queue, clock: StillClock
) -> None:
    pulled: list[str] = []

    def pull(source: str, reason: str) -> None:
        pulled.append(source)
        if len(pulled) <= 10:
            raise SourceBusy("github is being pulled by another process. Wait until it is done, then look again.")

    payload = {"source": "github", "reason": "campaign"}
    queue.enqueue(lane="source:github", kind="pull", payload=payload, dedupe_key="pull:1")
    deliverer = Deliverer(queue, {"pull": Pulls(pull)}, SystemClock(), threads=2)
    for _ in range(11):
        deliverer.drain()
        skip_pauses(database, clock, 3)
    deliverer.stop(1)

    assert len(pulled) == 11
    assert queue.counts() == {"sent": 1}


def test_a_429_over_http_is_waited_for_as_long_as_it_says_while_other_lanes_go_on(
    database: Database, slack: Slackish
) -> None:
    limited: list[Call] = []

    def mood(call: Call) -> Answer | None:
        if call.channel == "UMAYA" and not limited:
            limited.append(call)
            return 429, {"Retry-After": "1"}, {"ok": False, "error": "ratelimited"}
        return None

    slack.mood = mood
    queue = Queue(database, SystemClock(), "worker-1", limits={})
    for number in range(3):
        put_card(database, "UMAYA", f"Maya {number}", case=f"toy/m{number}")
        put_card(database, "URAVI", f"Ravi {number}", case=f"toy/r{number}")
    deliverer = Deliverer(queue, {"card": Cards(HttpChat(slack.port), str, lambda case, key: None)}, SystemClock())

    wait_until(lambda: bool(deliverer.tick() or 1) and queue.counts() == {"sent": 6}, 20)
    deliverer.stop(2)

    first_to_maya = next(call.at for call in slack.posted if call.channel == "UMAYA")
    assert first_to_maya - limited[0].at >= 1.0
    assert [call.text for call in slack.posted if call.channel == "UMAYA"] == ["Maya 0", "Maya 1", "Maya 2"]
    assert max(call.at for call in slack.posted if call.channel == "URAVI") < first_to_maya


def test_sending_goes_on_once_slack_knows_us_again(database: Database, queue: Queue) -> None:
    chat = RememberingChat()
    chat.fail = failing(ChatFailure("stopped", "invalid_auth"), times=2)
    deliverer = Deliverer(queue, {"card": cards(chat)}, SystemClock(), threads=2)
    put_card(database, "UMAYA", "for Maya")
    deliverer.tick()
    wait_until(lambda: settled(deliverer))
    mender = Mender(queue, chat)

    still = mender.run()
    mended = mender.run()
    deliverer.drain()
    deliverer.stop(1)

    assert (still, mended, queue.stopped()) == (False, True, False)
    assert chat.texts() == ["for Maya"]
    assert mender.run() is False
