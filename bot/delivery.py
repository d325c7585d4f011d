"""What is delivered, one class per kind of outbox row: cards, Home tabs, copies of evidence, pulls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from bot.store.outbox_values import Claimed, Delivered, Kind, Outcome
from workflows.kernel.jcs import canonical
from workflows.kernel.model import CaseId
from workflows.kernel.ports import Chat, ChatFailure, EvidenceAltered, SourceBusy, SourceFailed, Vault

UNSURE_AGAIN = 30.0
"""Seconds until a message whose outcome is unknown is sent again."""
BUSY_AGAIN = 2.0
"""Seconds until a pull is tried again that another process is making just now."""
MOVED = "This ask is no longer with you. There is nothing left to do here."


class Handler(Protocol):
    """Delivers rows of one kind. Whatever it raises counts as `failed`: tried again, at last a dead letter."""

    @property
    def kind(self) -> Kind:
        """The methods that it calls, for the limits."""
        ...

    @property
    def longest(self) -> float:
        """Seconds after which an attempt is taken for dead, and the row may be tried by somebody else."""
        ...

    def deliver(self, row: Claimed) -> Outcome:
        """Do it, and say how it went."""
        ...


def card_digest(text: str, blocks: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of what a card shows: equal digest, equal card."""
    return hashlib.sha256(canonical({"text": text, "blocks": list(blocks)})).hexdigest()


def card_subject(case: CaseId, key: str) -> str:
    """The name under which a card is superseded and its delivery is kept."""
    return f"card:{case}:{key}"


class Cards:
    """Posts a card the first time and updates it in place from then on.

    ``link`` gives the address of a case's page, for the plain text that stands in where Slack refuses the blocks.
    ``undeliverable(case, key)`` hears of an open card whose person cannot be reached; it may be called more than once.
    """

    kind = Kind(v=1, first="chat.postMessage", again="chat.update")
    longest = 60.0

    def __init__(self, chat: Chat, link: Callable[[CaseId], str], undeliverable: Callable[[CaseId, str], None]) -> None:
        self._chat = chat
        self._link = link
        self._undeliverable = undeliverable

    def deliver(self, row: Claimed) -> Outcome:
        """One call to Slack; two where the card moved to somebody else or the blocks were refused."""
        card = row.payload
        digest = card_digest(card["text"], card["blocks"])
        there = row.delivered
        moved = there is not None and bool(there.ts) and there.slack_user != card["user"]
        if (
            there is not None
            and not moved
            and there.digest == digest
            and there.ts
            and there.status == "sent"
            and not row.doubt
        ):
            return Outcome("sent", "it stood there already")
        try:
            if there is not None and moved:
                self._retire(there)
                there = None
            return self._send(row, there, digest, card["text"], card["blocks"], "sent")
        except ChatFailure as failure:
            if failure.kind != "ours":
                return self._failed(row, there, digest, failure)
            refused = failure.code
        try:
            text = f"{card['text']}\n{self._link(card['case'])}"
            sent = self._send(row, there, digest, text, [], "plain")
        except ChatFailure as failure:
            if failure.kind == "ours":
                return Outcome("dead", f"Slack refused the card ({refused}) and its plain text ({failure.code})")
            return self._failed(row, there, digest, failure)
        alarm = (
            f"Slack refused card {card['key']} of {card['case']} ({refused}); its text and a link were sent instead."
        )
        return Outcome("sent", f"as plain text: {refused}", delivered=sent.delivered, alarm=alarm)

    def _send(
        self,
        row: Claimed,
        there: Delivered | None,
        digest: str,
        text: str,
        blocks: Sequence[Mapping[str, Any]],
        status: str,
    ) -> Outcome:
        card = row.payload
        fresh = there is None or not there.channel or not there.ts
        if there is not None and there.channel and there.ts:
            channel, ts = there.channel, there.ts
            self._chat.update(channel, ts, text, blocks)
        else:
            metadata = {"row": str(row.id), "case": card["case"], "ask": card["key"]}
            channel, ts = self._chat.post(card["user"], text, blocks, metadata)
        # An update that happened twice is one message; a post that happened twice is two.
        return Outcome("sent", delivered=_delivered(row, digest, status, channel, ts, row.doubt and fresh))

    def _failed(self, row: Claimed, there: Delivered | None, digest: str, failure: ChatFailure) -> Outcome:
        if failure.kind == "gone":
            if row.payload.get("open", True):
                self._undeliverable(row.payload["case"], row.payload["key"])
            return Outcome("gone", failure.code, delivered=_delivered(row, digest, "undeliverable", None, None, False))
        if failure.kind == "stale" and there is None:
            return Outcome("failed", failure.code)
        return outcome_of(failure)

    def _retire(self, there: Delivered) -> None:
        """Take the buttons away from who had the card before; a message that is gone has none."""
        try:
            self._chat.update(there.channel or "", there.ts or "", MOVED, [])
        except ChatFailure as failure:
            if failure.kind not in ("gone", "stale", "ours"):
                raise


class CardsThenHome:
    """Delivers a card, and wants the person's Home tab drawn anew after it: the tab lists what the cards ask."""

    kind = Cards.kind
    longest = Cards.longest

    def __init__(self, cards: Cards, enqueue: Callable[..., object]) -> None:
        self._cards = cards
        self._enqueue = enqueue

    def deliver(self, row: Claimed) -> Outcome:
        """As `Cards` does it."""
        outcome = self._cards.deliver(row)
        if outcome.kind == "sent":
            self._enqueue(**home_row(str(row.payload["user"]), str(row.id)))
        return outcome


class Homes:
    """Publishes somebody's Home tab, rendered at the moment of sending; ``render`` gives None for who has none."""

    kind = Kind(v=1, first="views.publish", again="views.publish")
    longest = 60.0

    def __init__(self, chat: Chat, render: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._chat = chat
        self._render = render

    def deliver(self, row: Claimed) -> Outcome:
        """Render and publish."""
        user = str(row.payload["user"])
        view = self._render(user)
        if view is None:
            return Outcome("gone", "nobody to show a Home tab to")
        try:
            self._chat.publish_home(user, view)
        except ChatFailure as failure:
            return outcome_of(failure)
        return Outcome("sent")


class Copies:
    """Copies evidence that was born in a decision from the database to the vault."""

    kind = Kind()
    longest = 300.0

    def __init__(self, evidence: Callable[[str], bytes | None], vault: Vault) -> None:
        self._evidence = evidence
        self._vault = vault

    def deliver(self, row: Claimed) -> Outcome:
        """Copy; the digest is checked on both sides. A vault that is down is tried again for days."""
        sha256 = str(row.payload["sha256"])
        data = self._evidence(sha256)
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            return Outcome("dead", f"the database has no sound evidence {sha256}")
        try:
            self._vault.put(data)
        except (OSError, EvidenceAltered) as error:
            return Outcome("unsure", f"{type(error).__name__}: {error}", UNSURE_AGAIN)
        return Outcome("sent")


class Pulls:
    """Pulls a source because a decision wants it; ``pull(source, reason)`` keeps its own record of how it went."""

    kind = Kind()
    longest = 3600.0

    def __init__(self, pull: Callable[[str, str], object]) -> None:
        self._pull = pull

    def deliver(self, row: Claimed) -> Outcome:
        """Pull."""
        try:
            self._pull(str(row.payload["source"]), str(row.payload["reason"]))
        except SourceBusy as busy:
            return Outcome("later", str(busy), BUSY_AGAIN)
        except SourceFailed as failure:
            return Outcome("failed", str(failure), 60.0)
        return Outcome("sent")


class Alarms(Protocol):
    """What the mender needs of the queue."""

    def stopped(self) -> bool: ...

    def resume(self) -> None: ...


class Mender:
    """Lets sending go on once Slack knows our token again."""

    def __init__(self, queue: Alarms, chat: Chat) -> None:
        self._queue = queue
        self._chat = chat

    def run(self) -> bool:
        """Ask Slack who we are, where sending has stopped; True where it goes on now."""
        if not self._queue.stopped():
            return False
        try:
            self._chat.identity()
        except ChatFailure:
            return False
        self._queue.resume()
        return True


def outcome_of(failure: ChatFailure) -> Outcome:
    """What follows from a failure of Slack."""
    if failure.kind == "later":
        return Outcome("later", failure.code, max(failure.retry_after, 1.0))
    if failure.kind == "unsure":
        return Outcome("unsure", failure.code, UNSURE_AGAIN)
    if failure.kind == "stopped":
        return Outcome(
            "stopped", f"Slack answers {failure.code}. Nothing is sent until this is mended: attester doctor"
        )
    if failure.kind == "stale":
        return Outcome("stale", failure.code)
    return Outcome("gone" if failure.kind == "gone" else "dead", failure.code)


def _delivered(row: Claimed, digest: str, status: str, channel: str | None, ts: str | None, twice: bool) -> Delivered:
    card = row.payload
    return Delivered(card["case"], card["key"], card["user"], channel, ts, digest, status, twice)


def card_row(case: CaseId, key: str, user: str, text: str, blocks: Sequence[Mapping[str, Any]], **more: Any) -> Any:
    """The keywords of `enqueue` for a card."""
    payload = {
        "case": case,
        "key": key,
        "user": user,
        "text": text,
        "blocks": list(blocks),
        "open": more.pop("open", True),
    }
    return {"lane": f"slack:{user}", "kind": "card", "payload": payload, "supersedes": card_subject(case, key)} | more


def home_row(user: str, cause: str) -> dict[str, Any]:
    """The keywords of `enqueue` for publishing somebody's Home tab; ``cause`` is unique for what makes it stale."""
    return {
        "lane": f"home:{user}",
        "kind": "home",
        "payload": {"user": user},
        "supersedes": f"home:{user}",
        "dedupe_key": f"home:{user}:{cause}",
        "priority": 2,
    }
