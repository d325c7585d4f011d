"""State → cards. Views hold no client and no clock; the examples render them for previews, documentation and tests."""

from __future__ import annotations

from workflows.approval.model import Approval
from workflows.approval.rules import State
from workflows.approval.views.ask import ask_cards, reminder_cards, request_card
from workflows.approval.views.effect import (
    bypass_cards,
    end_cards,
    errand_cards,
    owner_cards,
    rate_cards,
    review_cards,
)
from workflows.kernel.model import Card


def cards(state: State) -> tuple[Card, ...]:
    """Every message that this case puts before somebody, as it should look now."""
    if not isinstance(state, Approval):
        return ()
    return (
        *ask_cards(state),
        *reminder_cards(state),
        *request_card(state),
        *rate_cards(state),
        *errand_cards(state),
        *end_cards(state),
        *review_cards(state),
        *bypass_cards(state),
        *owner_cards(state),
    )
