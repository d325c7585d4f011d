"""A card is a projection: what should be shown is compared with what was sent last, and what differs is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from bot.delivery import card_digest, card_row, card_subject
from bot.store.outbox_values import Delivered
from workflows.kernel.identity import Directory
from workflows.kernel.model import Card, CaseId, CaseSummary
from workflows.kernel.ports import Clock
from workflows.kernel.workflow import State, Workflow

BATCH = 200


@dataclass(frozen=True)
class Shown:
    """A card as it should stand in Slack, before a Slack user."""

    case: CaseId
    card: Card
    slack_user: str


class Sent(Protocol):
    """What the reconciler needs of the queue."""

    def delivered(self, subjects: Sequence[str]) -> dict[str, Delivered]: ...

    def waiting(self, subjects: Sequence[str]) -> set[str]: ...

    def enqueue(self, **row: Any) -> bool: ...


class Cases(Protocol):
    """Where open cases are found."""

    def summaries(self, *, open_only: bool = False) -> list[CaseSummary]: ...


class States(Protocol):
    """Folds a case."""

    def workflow(self, case: CaseId) -> Workflow: ...

    def state(self, case: CaseId) -> tuple[State, int]: ...


class Reconciler:
    """Sends cards whose delivery differs from what should be shown; at most once a day for the same difference.

    A card with a row on its way is left alone, and so is a person who cannot be reached: the ladder goes on without them.
    """

    def __init__(self, queue: Sent, shown: Callable[[], Iterable[Shown]], clock: Clock) -> None:
        self._queue = queue
        self._shown = shown
        self._clock = clock

    def run(self) -> int:
        """Compare all; returns how many cards were enqueued."""
        cards = iter(self._shown())
        count = 0
        while batch := list(islice(cards, BATCH)):
            subjects = [card_subject(item.case, item.card.key) for item in batch]
            delivered = self._queue.delivered(subjects)
            waiting = self._queue.waiting(subjects)
            for item, subject in zip(batch, subjects, strict=True):
                if subject not in waiting and self._differs(item, delivered.get(subject)):
                    count += self._send(item, subject)
        return count

    def _differs(self, item: Shown, there: Delivered | None) -> bool:
        if there is None:
            return item.card.open
        if there.slack_user != item.slack_user:
            return item.card.open
        if there.status == "undeliverable":
            return False
        return there.status == "failed" or there.digest != card_digest(item.card.text, item.card.blocks)

    def _send(self, item: Shown, subject: str) -> bool:
        card = item.card
        digest = card_digest(card.text, card.blocks)
        day = self._clock.now().date().isoformat()
        row = card_row(item.case, card.key, item.slack_user, card.text, card.blocks, open=card.open)
        # The subject may be long: the key is the digest of what differs, the user and the day.
        return self._queue.enqueue(**row, dedupe_key=f"again:{subject}:{item.slack_user}:{digest[:16]}:{day}")


def open_cards(cases: Cases, states: States, directory: Callable[[], Directory]) -> Iterator[Shown]:
    """Every card of every open case whose person can be reached in Slack."""
    people = directory()
    for summary in cases.summaries(open_only=True):
        state, _ = states.state(summary.case)
        if state is None:
            continue
        for card in states.workflow(summary.case).cards(state):
            person = people.get(card.to)
            if person is not None and person.slack_user:
                yield Shown(summary.case, card, person.slack_user)
