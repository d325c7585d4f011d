"""State → cards. Views hold no client and no clock; the examples render them for previews, documentation and tests."""

from __future__ import annotations

from workflows.access_review.model import Campaign, Review
from workflows.access_review.views.campaign import campaign_cards
from workflows.access_review.views.queue import queue_card
from workflows.access_review.views.removal import cosign_cards, reminder_cards, removal_cards, silent_cards
from workflows.kernel.model import Card
from workflows.kernel.text import mrkdwn


def cards(state: Campaign | Review | None) -> tuple[Card, ...]:
    """Every message that this case puts before somebody, as it should look now.

    Slack reads a message's own text as mrkdwn too, in notifications and for screen readers: names in it are made inert.
    """
    return tuple(c.model_copy(update={"text": mrkdwn(c.text)}) for c in _cards(state))


def _cards(state: Campaign | Review | None) -> list[Card]:
    if isinstance(state, Campaign):
        return campaign_cards(state)
    if isinstance(state, Review):
        return [
            queue_card(state),
            *reminder_cards(state),
            *removal_cards(state),
            *silent_cards(state),
            *cosign_cards(state),
        ]
    return []
