"""Erasing records and ending keys may want a sign-in of each of the two people, and a no never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.main import Product
from bot.main.keykeeping import propose
from bot.signing import load_signer
from tests.approval.test_road import CONTROL, RAVI
from tests.stepup.world import DANA, running_acme
from workflows.kernel.assured import reached
from workflows.kernel.erasure import AgreeErasure, RefuseErasure
from workflows.kernel.erasure_view import ERASURE
from workflows.kernel.errors import StepUpNeeded
from workflows.kernel.keykeeping import AgreeKey, RefuseKey
from workflows.kernel.keykeeping_view import KEYKEEPING
from workflows.kernel.model import Actor, Command, Facts, by_person
from workflows.kernel.workflow import Example, State, Workflow

CASES = [(ERASURE, "erased", AgreeErasure(), RefuseErasure), (KEYKEEPING, "retired", AgreeKey(), RefuseKey)]
NAMES = ["erasure", "key"]


def asked(workflow: Workflow, name: str) -> tuple[State, Example]:
    """Two people are asked; the company wants two factors for it."""
    example = next(e for e in workflow.examples() if e.name == name)
    state = workflow.evolve(None, example.history[0])
    company = {**example.facts.company, "record_assurance": "slack+sso+mfa"}
    return state, Example(**{**example.__dict__, "facts": example.facts.model_copy(update={"company": company})})


def told(workflow: Workflow, state: State, command: Command, by: Actor, facts: Facts) -> list[str]:
    at = datetime(2034, 2, 1, 10, tzinfo=UTC) + timedelta(hours=1)
    return [event.NAME for event in workflow.decide(state, command, by, at, facts).events]


@pytest.mark.parametrize(("workflow", "name", "agree", "refuse"), CASES, ids=NAMES)
def test_a_press_alone_does_not_suffice_for_a_yes_where_the_company_wants_more(
    workflow: Workflow, name: str, agree: Command, refuse: type[Command]
) -> None:
    state, example = asked(workflow, name)
    dana = example.facts.directory.people["P-dana"]

    for level in ("slack", "slack+sso"):
        with pytest.raises(StepUpNeeded) as caught:
            told(workflow, state, agree, by_person(dana, level), example.facts)
        assert caught.value.level == "slack+sso+mfa"

    assert len(told(workflow, state, agree, by_person(dana, "slack+sso+mfa"), example.facts)) == 1
    no = refuse(reason="A dispute is still open.")
    assert len(told(workflow, state, no, by_person(dana, "slack"), example.facts)) == 1


@pytest.mark.parametrize(("workflow", "name", "agree", "refuse"), CASES, ids=NAMES)
def test_whoever_signs_in_for_it_reads_what_it_does_for_good(
    workflow: Workflow, name: str, agree: Command, refuse: type[Command]
) -> None:
    state, _ = asked(workflow, name)
    assert workflow.confirming is not None

    yes = dict(workflow.confirming(state, agree).facts)
    no = dict(workflow.confirming(state, refuse(reason="A dispute is open.")).facts)

    assert yes["Decision"] == "Agree"
    assert "for good" in yes["It means"] or "cannot be brought back" in yes["It means"]
    assert no["Decision"].startswith("Refuse")


def test_a_level_outside_the_order_is_reached_by_nobody_and_reaches_nothing() -> None:
    dana = by_person(asked(ERASURE, "erased")[1].facts.directory.people["P-dana"], "slack+sso+mfa")

    assert reached("slack+sso+mfa", dana)
    assert not reached("slack+sso+passkey", dana)
    assert not reached("slack", dana.model_copy(update={"assurance": "github"}))


def test_a_key_ends_by_two_sign_ins_that_are_in_the_ledger(tmp_path: Path) -> None:
    with running_acme(tmp_path) as acme:
        acme.rule(CONTROL, "record_assurance: slack+sso+mfa\n")
        product = acme.stage.product
        load_signer(f"file:{tmp_path / 'old.key'}", create=True)
        other = Product(replace(product.settings, signing_key=f"file:{tmp_path / 'old.key'}"), acme.stage.clock)
        assert other.runtime  # it notes its key
        other.close()
        case = propose(product, product.runtime, acme.stage.program.controls[0].id, other.signer.keyid)

        for user in (DANA, RAVI):
            before = len(product.record.events(case))
            address = acme.pressed(user, other.signer.keyid, "agree")
            assert len(product.record.events(case)) == before
            assert "Recorded" in acme.through(address, user, acr="urn:okta:loa:2fa:any")

        events = product.record.events(case)
        assert [e.name for e in events] == ["key_retire_proposed", "key_agreed", "key_agreed", "key_retired"]
        assert {e.by["assurance"] for e in events[1:]} == {"slack+sso+mfa"}
