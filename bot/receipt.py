"""The receipt: in the thread of the card that somebody decided on, where their decision stands in the log.

It says what a log that was rewritten later could not say again. Who holds the app's token can edit the message; a copy
that its reader keeps cannot be edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from bot.delivery import outcome_of
from bot.store.outbox_values import Claimed, Kind, Outcome
from workflows.kernel.ports import ChatFailure

Card = Callable[[Sequence[str], str], tuple[str, str] | None]
"""(cases, Slack user) → channel and time stamp of the card that they decided on."""


class Threads(Protocol):
    """Slack, as far as a receipt needs it."""

    def reply(self, channel: str, thread: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> str:
        """Answer in the thread of a message. Raises ChatFailure."""
        ...


class ReceiptsInThreads:
    """Delivers receipts; nothing to somebody who has no card, because there is no thread to answer in."""

    kind = Kind(v=1, first="chat.postMessage", again="chat.postMessage")
    longest = 60.0

    def __init__(self, chat: Threads, card: Card) -> None:
        self._chat = chat
        self._card = card

    def deliver(self, row: Claimed) -> Outcome:
        """One message. A second one after an unknown outcome does no harm."""
        found = self._card(row.payload["cases"], str(row.payload["user"]))
        if found is None:
            return Outcome("gone", "no card to answer to")
        text, blocks = rendered(row.payload)
        try:
            self._chat.reply(*found, text, blocks)
        except ChatFailure as failure:
            return Outcome("gone", failure.code) if failure.kind == "stale" else outcome_of(failure)
        return Outcome("sent")


def rendered(payload: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The receipt's text, and its blocks: short id, place in the log, and the checkpoint as it was signed."""
    name, first, last = str(payload["attestation"]), int(payload["first"]), int(payload["last"])
    where = f"entry {first:,}" if first == last else f"entries {first:,} to {last:,}"
    size = int(str(payload["checkpoint"]).split("\n")[1])
    said = f"Receipt: {name[:4]}…{name[-2:]} is in the ledger, {where} of {size:,}."
    keep = "A log that left your decision out later would contradict this checkpoint. Keep a copy outside Slack."
    return said, [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{said}\n```{payload['checkpoint']}```"}},
        {"type": "context", "elements": [{"type": "plain_text", "text": keep}]},
    ]
