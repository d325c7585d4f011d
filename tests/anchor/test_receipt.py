"""Whoever decided gets, in the thread of their card, where their decision stands in the log: once, and nobody else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.outbox import Deliverer
from bot.receipt import ReceiptsInThreads, rendered
from bot.signing import load_log_key
from bot.slack.chat import SlackWeb
from bot.store.outbox_queue import Queue
from bot.store.receipt import Receipts
from bot.store.table_case import EventRow
from bot.store.table_outbox import DeliveryRow
from bot.workspace.people import Member, Setup, Team
from bot.workspace.server import running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from tests.anchor.outside import Watch
from tests.proof.ledger import ORIGIN, Acme
from workflows.kernel.attestation import spoken
from workflows.kernel.checkpoint import Checkpoint, signed, verified
from workflows.kernel.identity import Person
from workflows.kernel.model import Actor, by_system

CASE = "access_review/2026-Q4/github/maya@acme.test"


def maya(user: str = "U0MAYA") -> Actor:
    person = Person(id="00u1", issuer="https://acme.okta.com", login="maya@acme.test", name="Maya Chen")
    return Actor(kind="person", person=person, role="reviewer", slack_team="T0ACME", slack_user=user)


class Desk:
    """A ledger whose attestations have events, and the outbox."""

    def __init__(self, url: str, folder: Path) -> None:
        self.acme = Acme(url, folder)
        self.watch = Watch()
        self.queue = Queue(self.acme.database, self.watch, "test:1", limits={})
        self.receipts = Receipts(self.acme.database)

    def decides(self, by: Actor, case: str = CASE, at: datetime | None = None) -> str:
        """Record one attested event of a case, and have it logged."""
        at = at or self.watch.at
        (name,) = self.acme.decide(case, at)
        seq = self.acme.heads[case][0]
        said = {"by": json.dumps(spoken(by)), "actor": by.id, "body": "{}"}
        with self.acme.database.write() as session:
            session.add(
                EventRow(
                    case_id=case, n=seq, seq=seq, name="verdicts_signed", version=1, at=at, attestation=name, **said
                )
            )
        return name

    def logged(self) -> int:
        """Cover everything with a checkpoint and look for receipts."""
        self.acme.log.integrate(self.acme.key, self.watch.at)
        return self.receipts.enqueue(self.watch.at)

    def has_card(self, user: str, channel: str, ts: str, case: str = CASE) -> None:
        """Somebody's card of a case stands in Slack."""
        with self.acme.database.write() as session:
            session.add(
                DeliveryRow(
                    subject=f"card:{case}:queue",
                    case_id=case,
                    key="queue",
                    slack_user=user,
                    channel=channel,
                    ts=ts,
                    digest="0" * 64,
                    status="sent",
                    sent_at=self.watch.at,
                )
            )


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database_url, tmp_path)
    yield made
    made.acme.close()


@pytest.fixture(scope="module")
def slack() -> Iterator[tuple[Workspace, SlackWeb]]:
    """The local workspace in Slack's place; no bot answers behind it."""
    people = [Member("U0MAYA", "Maya Chen", "maya@acme.test")]
    local = Workspace(people, Team(), fresh_secret(), fresh_token(), "http://127.0.0.1:9", Setup())
    with running_workspace(local) as address:
        yield local, SlackWeb(local.token, address.api)


def deliver(desk: Desk, chat: SlackWeb) -> None:
    """Send what the outbox holds."""
    deliverer = Deliverer(desk.queue, {"receipt": ReceiptsInThreads(chat, desk.receipts.card)}, desk.watch)
    assert deliverer.drain(10)
    deliverer.stop()


def test_a_receipt_comes_in_the_thread_of_the_card(desk: Desk, slack: tuple[Workspace, SlackWeb]) -> None:
    space, chat = slack
    channel, ts = chat.post("U0MAYA", "Your queue: 3 lines", [], {"row": "1"})
    desk.has_card("U0MAYA", channel, ts)
    name = desk.decides(maya())

    assert desk.logged() == 1
    deliver(desk, chat)

    assert desk.queue.counts() == {"sent": 1}
    answers = [m["text"] for m in space.conversations[channel].messages if m.get("thread_ts") == ts and m["ts"] != ts]
    assert answers == [f"Receipt: {name[:4]}…{name[-2:]} is in the ledger, entry 0 of 1."]


def test_a_signing_of_several_attestations_is_one_receipt(desk: Desk) -> None:
    desk.decides(maya())
    desk.decides(maya(), CASE + "/second")
    desk.decides(by_system("okta"), CASE + "/pull")
    desk.watch.forward(seconds=1)
    desk.decides(maya("U0LENA"))

    assert desk.logged() == 2
    assert desk.logged() == 0
    assert desk.queue.counts() == {"pending": 2}


def test_what_a_system_or_time_did_has_no_receipt(desk: Desk) -> None:
    desk.decides(by_system("okta"))
    desk.decides(Actor(kind="time", due_at=desk.watch.at))
    desk.acme.decide("access_review/without-event", desk.watch.at)

    assert desk.logged() == 0
    assert desk.queue.counts() == {}


def test_what_is_older_than_a_day_has_no_receipt(desk: Desk) -> None:
    desk.decides(maya(), at=desk.watch.at - timedelta(days=2))

    assert desk.logged() == 0


def test_a_receipt_holds_the_checkpoint_as_it_was_signed(tmp_path: Path) -> None:
    key = load_log_key(f"file:{tmp_path / 'log.key'}", create=True)
    checkpoint = signed(Checkpoint(ORIGIN, 1778, bytes(32)), key)

    text, blocks = rendered(
        {"attestation": "7f3a" + "0" * 58 + "c1", "first": 1774, "last": 1777, "checkpoint": checkpoint.note}
    )

    assert text == "Receipt: 7f3a…c1 is in the ledger, entries 1,774 to 1,777 of 1,778."
    block = blocks[0]["text"]["text"].split("```")[1]
    assert verified(block, ORIGIN, key.public, key.verify) == checkpoint
    assert len(block) < 250


def test_with_a_public_address_a_receipt_links_to_the_proof_file(tmp_path: Path) -> None:
    key = load_log_key(f"file:{tmp_path / 'log.key'}", create=True)
    note = signed(Checkpoint(ORIGIN, 1778, bytes(32)), key).note
    payload = {"attestation": "7f" * 32, "first": 1774, "last": 1774, "checkpoint": note}

    _, one = rendered(payload, "https://attester.acme.test")
    _, several = rendered({**payload, "last": 1777}, "https://attester.acme.test")
    _, without = rendered(payload)
    _, insecure = rendered(payload, "http://attester.acme.test")

    address = f"https://attester.acme.test/log/proof/{'7f' * 32}"
    assert one[-1]["elements"][-1]["text"] == f"<{address}|Download the proof>"
    assert several[-1]["elements"][-1]["text"] == f"<{address}|Download the proof of the first>"
    assert "log/proof" not in str(without) + str(insecure)


def test_without_a_card_there_is_no_thread_and_nothing_is_sent(desk: Desk, slack: tuple[Workspace, SlackWeb]) -> None:
    desk.decides(maya())
    desk.logged()

    deliver(desk, slack[1])

    assert desk.queue.counts() == {"gone": 1}


def test_a_card_that_is_gone_ends_it(desk: Desk, slack: tuple[Workspace, SlackWeb]) -> None:
    desk.has_card("U0MAYA", "D0NOBODY", "1790000000.000001")
    desk.decides(maya())
    desk.logged()

    deliver(desk, slack[1])

    assert desk.queue.counts() == {"gone": 1}
