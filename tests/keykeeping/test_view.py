"""What the two people see of a key, and what their presses mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.workspace.checks import check_message, check_view
from tests.keykeeping.office import FACTS, example, folded
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.keykeeping import AgreeKey, RefuseKey
from workflows.kernel.keykeeping_view import KEYKEEPING
from workflows.kernel.link import Link, case_ref
from workflows.kernel.workflow import Do, Example, Interaction, OpenForm

NO = RefuseKey(reason="A server still signs with it.")


@pytest.mark.parametrize("named", KEYKEEPING.examples(), ids=lambda e: e.name)
def test_every_card_fits_slack_and_says_what_would_follow(named: Example) -> None:
    for until in range(1, len(named.history) + 1):
        state = folded(named, until)
        for card in KEYKEEPING.cards(state):
            said = json.dumps(card.blocks)
            assert check_message(list(card.blocks), card.text) == []
            assert state.keyid in said
            assert "1,778 attestations" in said
            assert ("Agree" in said and "danger" in said) is card.open
        asked = state.status == "asked"
        assert all(("If you both agree" in json.dumps(c.blocks)) is asked for c in KEYKEEPING.cards(state))
        assert sum(a.open for a in KEYKEEPING.asks(state)) == sum(c.open for c in KEYKEEPING.cards(state))
    assert KEYKEEPING.summary(folded(named)).open is False


def test_a_press_means_a_command_and_a_no_needs_its_reason() -> None:
    state = folded(example("compromised"), 1)
    agree, refuse = (Link(act=act, ref=case_ref(state.case), item="1") for act in ("agree", "refuse"))

    def forms(link: Link, **more: Any) -> Do | OpenForm:
        return KEYKEEPING.forms(Interaction(link=link, **more), state, FACTS, example("compromised").at)

    assert forms(agree, kind="action") == Do(command=AgreeKey(round=1))
    view = forms(refuse, kind="action")
    assert isinstance(view, OpenForm)
    assert check_view(view.view) == []
    assert forms(refuse, kind="submit", values={"reason": NO.reason}) == Do(command=NO)
    with pytest.raises(FieldErrors):
        forms(refuse, kind="submit", values={"reason": "no"})
    with pytest.raises(Refused):
        forms(agree.model_copy(update={"item": "x"}), kind="action")
