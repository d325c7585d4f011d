"""Click or submitted form → command, or a form to open, or what is wrong under which field."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.forms import decision, desk
from workflows.approval.model import Approval, Desk
from workflows.approval.rules import State
from workflows.kernel.errors import Refused
from workflows.kernel.model import FactNeeds, Facts
from workflows.kernel.workflow import Do, Interaction, OpenForm


def form_needs(act: str) -> FactNeeds:
    """The form for a finding lists the open ones; the others need nothing."""
    return FactNeeds(weaknesses=act == desk.FINDING)


def forms(interaction: Interaction, state: State, facts: Facts, at: datetime) -> Do | OpenForm:
    """What the interaction means for this case. Raises FieldErrors or Refused; nothing is recorded by either."""
    if isinstance(state, Desk):
        return desk.answer(interaction, state, facts, at)
    if isinstance(state, Approval):
        return decision.answer(interaction, state, facts, at)
    raise Refused("no_case", "This request does not exist here.", "Use the newest message you have.")
