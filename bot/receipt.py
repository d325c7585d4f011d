"""The receipt: in the thread of the card that somebody decided on, where their decision stands in the log.

It says what a log that was rewritten later could not say again. Who holds the app's token can edit the message; a copy
that its reader keeps cannot be edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from bot.delivery import outcome_of
from bot.store.outbox_values import Claimed, Kind, Outcome
from workflows.kernel.ports import ChatFailure
from workflows.kernel.text import weblink

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

    def __init__(self, chat: Threads, card: Card, public_url: str = "") -> None:
        self._chat = chat
        self._public_url = public_url.rstrip("/")
        self._card = card

    def deliver(self, row: Claimed) -> Outcome:
        """One message. A second one after an unknown outcome does no harm."""
        found = self._card(row.payload["cases"], str(row.payload["user"]))
        if found is None:
            return Outcome("gone", "no card to answer to")
        text, blocks = rendered(row.payload, self._public_url)
        try:
            self._chat.reply(*found, text, blocks)
        except ChatFailure as failure:
            return Outcome("gone", failure.code) if failure.kind == "stale" else outcome_of(failure)
        return Outcome("sent")


def rendered(payload: Mapping[str, Any], public_url: str = "") -> tuple[str, list[dict[str, Any]]]:
    """The receipt's text, and its blocks: short id, place in the log, and the checkpoint as it was signed.

    With a public address, a link to the proof file: a plain link, because a button's press would have to be answered.
    """
    name, first, last = str(payload["attestation"]), int(payload["first"]), int(payload["last"])
    where = f"entry {first:,}" if first == last else f"entries {first:,} to {last:,}"
    size = int(str(payload["checkpoint"]).split("\n")[1])
    said = f"Receipt: {name[:4]}…{name[-2:]} is in the ledger, {where} of {size:,}."
    keep = "A log that left your decision out later would contradict this checkpoint. Keep a copy outside Slack."
    small: list[dict[str, Any]] = [{"type": "plain_text", "text": keep}]
    if public_url:
        words = "Download the proof" if first == last else "Download the proof of the first"
        with suppress(ValueError):  # plain http to another machine: Slack gets no such link from us
            link = weblink(f"{public_url}/log/proof/{name}", words)
            small.append({"type": "mrkdwn", "text": link, "verbatim": True})
    return said, [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{said}\n```{payload['checkpoint']}```"}},
        {"type": "context", "elements": small},
    ]
