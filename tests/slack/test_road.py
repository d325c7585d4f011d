"""The whole road, signed request in, attestation out: decided once, and said only after the commit."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urlencode

from tests.slack.world import ERRAND, World


def test_a_signed_press_becomes_one_attested_decision(both: World) -> None:
    both.open_errand()

    answer = both.press("approve")

    assert (answer.status_code, answer.text) == (200, "")
    assert both.names() == ["errand_opened", "errand_approved"]
    decision = both.record.events(ERRAND)[-1]
    assert decision.attestation is not None
    assert decision.by["person"]["sub"] == "00u-maya"
    assert decision.by["slack"] == {"team": "T0ACME", "user": "U0MAYA"}


def test_the_attestation_names_what_was_shown_and_how_it_reached_us_and_no_secret(world: World) -> None:
    world.open_errand()
    click = world.click("approve")
    body = urlencode({"payload": json.dumps(click)})

    world.send(body)

    said = json.loads(world.payload())["predicate"]
    via = said["via"]
    assert via["interaction"] == "block_actions"
    assert via["container"] == "DU0MAYA/1790000000.000100"
    assert via["body_sha256"] == hashlib.sha256(body.encode()).hexdigest()
    assert via["link"] == click["actions"][0]["value"]
    assert {"requested_at", "received_at", "action_id", "action_ts"} <= set(via)
    assert said["shown"]
    for secret in (click["trigger_id"], click["response_url"], "maya@acme.test"):
        assert secret not in world.payload()


def test_a_press_that_asks_for_a_form_opens_it_and_records_nothing(world: World) -> None:
    world.open_errand()

    answer = world.press("decline")

    assert answer.status_code == 200
    method, trigger, view = world.chat.views[0]
    assert (method, view["callback_id"]) == ("views.open", "attester:decline")
    assert trigger.startswith("1.2.")
    assert world.names() == ["errand_opened"]


def test_a_submitted_form_says_recorded_in_its_answer(both: World) -> None:
    both.open_errand()

    answer = both.interact(both.submission("decline", {"reason": "The shop is closed today."}))

    said = answer.json()
    assert said["response_action"] == "update"
    text = said["view"]["blocks"][0]["text"]["text"]
    attestation = both.record.events(ERRAND)[-1].attestation or ""
    assert text.startswith("Recorded, ")
    assert text.endswith(f"UTC, {attestation[:4]}…{attestation[-2:]}")
    assert both.names()[-1] == "errand_declined"


def test_what_is_only_noted_until_somebody_signs_gets_no_receipt_and_closes_the_form(world: World) -> None:
    world.open_errand()
    form = world.submission("volunteer", {})

    first, second = world.interact(form), world.interact(form | {"trigger_id": "again"})

    assert first.json() == second.json() == {"response_action": "clear"}
    assert world.names() == ["errand_opened", "volunteered"]


def test_two_wrong_fields_each_get_their_sentence(world: World) -> None:
    world.open_errand()

    answer = world.interact(world.submission("decline", {"reason": "no", "instead": "nobody"}))

    assert answer.json() == {
        "response_action": "errors",
        "errors": {"reason": "Say in at least 10 characters why not.", "instead": "Name somebody."},
    }
    assert world.names() == ["errand_opened"]


def test_a_form_with_an_error_may_be_submitted_again(world: World) -> None:
    world.open_errand()
    form = world.submission("decline", {"reason": "no"})
    world.interact(form)

    form["view"]["state"]["values"]["reason"]["typed"]["value"] = "The shop is closed today."
    answer = world.interact(form)

    assert answer.json()["response_action"] == "update"
    assert world.names()[-1] == "errand_declined"


def test_a_choice_of_a_menu_is_a_press(world: World) -> None:
    case = world.open_errand()
    payload = world.click("approve")
    chosen = {"type": "static_select", "action_id": "attester:menu:more", "block_id": "b1", "action_ts": "1.9"}
    chosen["selected_option"] = {"value": world.click("volunteer")["actions"][0]["value"]}
    payload["actions"] = [chosen]

    answer = world.interact(payload)

    assert answer.status_code == 200
    assert world.names(case)[-1] == "volunteered"


def test_a_refusal_by_the_rules_is_whispered_and_recorded(both: World) -> None:
    both.open_errand()
    both.press("approve")

    answer = both.press("approve")

    assert answer.status_code == 200
    assert both.said() == ["Maya Chen has approved this already. Look at the card. Nothing was recorded."]
    assert both.names()[-1] == "attempt_refused"
    assert [r[4] for r in both.refusals.all()] == ["decided"]


def test_a_refused_form_keeps_what_was_typed_under_the_sentence(world: World) -> None:
    world.open_errand()
    world.press("approve")

    answer = world.interact(world.submission("decline", {"reason": "The shop is closed today."}))

    said = answer.json()
    assert said["response_action"] == "push"
    assert "approved this already" in json.dumps(said["view"])
