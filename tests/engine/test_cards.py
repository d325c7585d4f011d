"""Cards through the outbox into a Slack that remembers: posted once, updated in place, mended when Slack says no."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bot.outbox import Deliverer
from bot.store.database import Database
from bot.store.outbox_queue import Queue
from tests.engine.twin import RememberingChat, StillClock, cards, failing, put_card, settled, skip_pauses, wait_until
from workflows.kernel.ports import ChatFailure

Delivers = Callable[[RememberingChat], Deliverer]


@pytest.fixture
def lost() -> list[tuple[str, str]]:
    """Asks whose person could not be reached."""
    return []


@pytest.fixture
def deliver(queue: Queue, lost: list[tuple[str, str]]) -> Iterator[Delivers]:
    """A deliverer of cards to a Slack; stopped at the end."""
    made: list[Deliverer] = []

    def make(chat: RememberingChat) -> Deliverer:
        made.append(Deliverer(queue, {"card": cards(chat, lost)}, StillClock(), threads=4))
        return made[-1]

    yield make
    for deliverer in made:
        deliverer.stop(1)


def test_a_card_is_posted_once_and_then_updated_in_place(database: Database, deliver: Delivers) -> None:
    chat = RememberingChat()
    deliverer = deliver(chat)

    put_card(database, "UMAYA", "12 lines wait for you", version=1)
    deliverer.drain()
    put_card(database, "UMAYA", "11 lines wait for you", version=2)
    deliverer.drain()

    assert chat.methods() == ["chat.postMessage", "chat.update"]
    assert chat.texts() == ["11 lines wait for you"]
    metadata = next(iter(chat.messages.values())).metadata
    assert (metadata["case"], metadata["ask"]) == ("toy/1", "ask")


def test_of_several_pending_states_of_a_card_only_the_latest_is_sent(
    database: Database, queue: Queue, deliver: Delivers
) -> None:
    chat = RememberingChat()

    for version in range(1, 6):
        put_card(database, "UMAYA", f"state {version}", version=version)
    put_card(database, "UMAYA", "another card", key="other")
    deliver(chat).drain()

    assert sorted(chat.texts()) == ["another card", "state 5"]
    assert queue.counts() == {"sent": 2, "superseded": 4}


def test_the_same_row_twice_is_one_row(database: Database, queue: Queue, deliver: Delivers) -> None:
    chat = RememberingChat()

    put_card(database, "UMAYA", "once")
    put_card(database, "UMAYA", "once")
    deliver(chat).drain()

    assert chat.texts() == ["once"]
    assert queue.counts() == {"sent": 1}


def test_a_transaction_that_fails_sends_nothing(database: Database, queue: Queue, deliver: Delivers) -> None:
    chat = RememberingChat()

    with pytest.raises(TypeError):
        put_card(database, "UMAYA", "never", payload={"not": object()})
    deliver(chat).drain()

    assert chat.calls == []
    assert queue.counts() == {}


def test_a_card_that_shows_the_same_already_is_not_sent_again(database: Database, deliver: Delivers) -> None:
    chat = RememberingChat()
    deliverer = deliver(chat)

    put_card(database, "UMAYA", "as it was", version=1)
    deliverer.drain()
    put_card(database, "UMAYA", "as it was", version=2)
    deliverer.drain()

    assert chat.methods() == ["chat.postMessage"]


def test_a_deleted_message_is_posted_afresh(database: Database, queue: Queue, deliver: Delivers) -> None:
    chat = RememberingChat()
    deliverer = deliver(chat)
    put_card(database, "UMAYA", "first", version=1)
    deliverer.drain()
    chat.messages.clear()

    put_card(database, "UMAYA", "second", version=2)
    deliverer.drain()

    assert chat.texts() == ["second"]
    assert queue.delivered(["card:toy/1:ask"])["card:toy/1:ask"].ts == "2.000100"


def test_who_cannot_be_reached_is_reported_and_not_tried_again(
    database: Database, queue: Queue, deliver: Delivers, lost: list[tuple[str, str]]
) -> None:
    chat = RememberingChat()
    chat.fail = failing(ChatFailure("gone", "user_not_found"))

    put_card(database, "UGONE", "hello?")
    deliver(chat).drain()

    assert lost == [("toy/1", "ask")]
    assert queue.counts() == {"gone": 1}
    assert queue.delivered(["card:toy/1:ask"])["card:toy/1:ask"].status == "undeliverable"


def test_blocks_that_slack_refuses_become_a_text_with_a_link_and_an_alarm(
    database: Database, queue: Queue, deliver: Delivers
) -> None:
    chat = RememberingChat()
    chat.fail = failing(ChatFailure("ours", "invalid_blocks"), times=1)

    put_card(database, "UMAYA", "3 lines wait for you")
    deliver(chat).drain()

    assert chat.texts() == ["3 lines wait for you\nhttps://attester.test/cases/toy/1"]
    assert next(iter(chat.messages.values())).blocks == []
    assert [a.name for a in queue.alarms()] == ["refused: card"]
    assert "invalid_blocks" in queue.alarms()[0].detail


def test_a_card_that_moves_to_somebody_else_loses_its_buttons_at_the_first(
    database: Database, deliver: Delivers
) -> None:
    chat = RememberingChat()
    deliverer = deliver(chat)
    put_card(database, "UMAYA", "yours, Maya", version=1)
    deliverer.drain()

    put_card(database, "URAVI", "yours, Ravi", version=2)
    deliverer.drain()

    assert chat.texts("URAVI") == ["yours, Ravi"]
    assert chat.texts("UMAYA") == ["This ask is no longer with you. There is nothing left to do here."]
    assert next(iter(chat.messages.values())).blocks == []


def test_a_revoked_token_stops_all_sending_until_it_is_mended(
    database: Database, queue: Queue, deliver: Delivers
) -> None:
    chat = RememberingChat()
    chat.fail = failing(ChatFailure("stopped", "token_revoked"), times=1)
    deliverer = deliver(chat)
    put_card(database, "UMAYA", "for Maya")
    deliverer.tick()
    wait_until(lambda: settled(deliverer))
    put_card(database, "URAVI", "for Ravi", case="toy/2")
    deliverer.tick()
    sent_while_stopped = list(chat.messages)
    alarms = queue.alarms()

    queue.clear("slack_stopped")
    deliverer.drain()

    assert sent_while_stopped == []
    assert [a.name for a in alarms] == ["slack_stopped"]
    assert "token_revoked" in alarms[0].detail
    assert sorted(chat.texts()) == ["for Maya", "for Ravi"]


def test_an_outcome_that_is_unknown_is_sent_again_and_marked(
    database: Database, queue: Queue, deliver: Delivers, clock: StillClock
) -> None:
    chat = RememberingChat()
    chat.fail = failing(ChatFailure("unsure", "timeout"), times=1)
    deliverer = deliver(chat)

    put_card(database, "UMAYA", "did it arrive?")
    deliverer.drain()
    before = chat.methods()
    skip_pauses(database, clock)
    deliverer.drain()

    assert before == ["chat.postMessage"]
    assert chat.texts() == ["did it arrive?"]
    assert queue.delivered(["card:toy/1:ask"])["card:toy/1:ask"].possible_duplicate


def test_an_update_that_happened_twice_is_no_duplicate(
    database: Database, queue: Queue, deliver: Delivers, clock: StillClock
) -> None:
    chat = RememberingChat()
    deliverer = deliver(chat)
    put_card(database, "UMAYA", "first", version=1)
    deliverer.drain()
    chat.fail = failing(ChatFailure("unsure", "timeout"), times=1)

    put_card(database, "UMAYA", "second", version=2)
    deliverer.drain()
    skip_pauses(database, clock)
    deliverer.drain()

    assert chat.texts() == ["second"]
    assert not queue.delivered(["card:toy/1:ask"])["card:toy/1:ask"].possible_duplicate
