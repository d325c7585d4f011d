"""Click or submitted form → command, or a form to open, or what is wrong under which field."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from workflows.access_review.forms import campaign, follow, review
from workflows.access_review.model import Campaign, Review
from workflows.kernel.errors import Refused
from workflows.kernel.model import Facts
from workflows.kernel.workflow import Do, Interaction, OpenForm


def forms(interaction: Interaction, state: Campaign | Review | None, facts: Facts, at: datetime) -> Do | OpenForm:
    """What the interaction means for this case. Raises FieldErrors or Refused; nothing is recorded by either."""
    if isinstance(state, Review):
        pressed, submitted = {**review.PRESSED, **follow.PRESSED}, {**review.SUBMITTED, **follow.SUBMITTED}
        act = (submitted if interaction.kind == "submit" else pressed).get(interaction.link.act)
        if act is None:
            raise Refused("outdated", "This button is from an older version.", "Use the newest message of this review.")
        return act(interaction, state, facts)
    if isinstance(state, Campaign):
        return campaign.answer(interaction, state, facts, at.astimezone(ZoneInfo(state.time_zone)).date())
    raise Refused("no_case", "This review does not exist here.", "Use the newest message you have.")
