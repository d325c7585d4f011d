"""Small views of our own: a case's card opened from the Home tab, and a notice."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.kernel.blocks import VIEW_BLOCKS, Block, modal, section
from workflows.kernel.errors import Refused
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Card, CaseId
from workflows.kernel.text import fill, mrkdwn, weblink

OPEN_CARD = "open_card"
NOTICE = "notice"


def open_link(case: CaseId) -> Link:
    """What an *Open* button carries: the case, to be shown to whoever presses if it expects them."""
    return Link(act=OPEN_CARD, ref=case_ref(case))


def card_view(case: CaseId, cards: Sequence[Card], person: str) -> Block:
    """This person's cards of a case as one view; their buttons work as in the message. Refused where there is none."""
    mine = [c for c in cards if c.to == person]
    shown = [c for c in mine if c.open] or mine
    if not shown:
        raise Refused("no_card", "There is nothing of this for you to see.", "Open the Home tab for what is waiting.")
    blocks = [block for card in shown for block in card.blocks]
    return modal("Waiting for you", open_link(case), _own_ids(blocks)[:VIEW_BLOCKS], close="Close")


def notice_view(text: str, title: str = "Attester") -> Block:
    """A sentence in a view of its own; closing it changes nothing."""
    return modal(title, Link(act=NOTICE, ref="0" * 16), [section(mrkdwn(text, 2_900))], close="Close")


def confirm_blocks(address: str) -> list[Block]:
    """The way to confirm a decision by a sign-in; for the eyes of whoever pressed alone."""
    link = weblink(address, "Confirm with Okta")
    said = "This decision wants a fresh sign-in. Nothing is recorded yet. The link is for you alone and good for 5 minutes: "
    return [section(fill("{}{}", said, link))]


def confirm_view(address: str) -> Block:
    """The same in a view of its own."""
    return modal("Confirm", Link(act=NOTICE, ref="0" * 16), confirm_blocks(address), close="Close")


def _own_ids(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without a `block_id` that another one already has: Slack refuses a view with two."""
    taken: set[str] = set()
    made = []
    for block in blocks:
        name = block.get("block_id", "")
        made.append({k: v for k, v in block.items() if k != "block_id"} if name in taken else dict(block))
        taken.add(name or "")
    return made
