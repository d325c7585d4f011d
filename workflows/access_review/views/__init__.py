"""State → cards. Views hold no client and no clock; the examples render them for previews, documentation and tests."""

from __future__ import annotations

from workflows.access_review.model import Campaign, Review
from workflows.access_review.views.campaign import campaign_cards
from workflows.access_review.views.queue import queue_card
from workflows.access_review.views.removal import cosign_cards, reminder_cards, removal_cards, silent_cards
from workflows.kernel.model import Card


def cards(state: Campaign | Review | None) -> tuple[Card, ...]:
    """Every message that this case puts before somebody, as it should look now."""
    if isinstance(state, Campaign):
        return tuple(campaign_cards(state))
    if isinstance(state, Review):
        return (
            queue_card(state),
            *reminder_cards(state),
            *removal_cards(state),
            *silent_cards(state),
            *cosign_cards(state),
        )
    return ()
