"""Presses inside a form: replaced, stacked up to three, and fresh after a decision."""

from __future__ import annotations

from typing import Any

from bot.slack.card import open_link
from tests.slack.toy import link
from tests.slack.world import ERRAND, World


def inside(world: World, act: str, around: str, depth: int = 1, user: str = "U0MAYA") -> dict[str, Any]:
    """A press of a button inside a modal that is the nth on the stack."""
    payload = world.click(act, user)
    for name in ("message", "channel", "response_url"):
        del payload[name]
    view = {
        "id": "V9",
        "type": "modal",
        "callback_id": f"attester:{around}",
        "private_metadata": (open_link(ERRAND) if around == "open_card" else link(ERRAND, around)).text(),
        "hash": "9.9",
        "root_view_id": "V1" if depth > 1 else "V9",
        "previous_view_id": {1: None, 2: "V1", 3: "V2"}[depth],
        "state": {"values": {}},
    }
    return payload | {"view": view, "container": {"type": "view", "view_id": "V9"}}


def test_the_same_form_is_replaced_in_place_unless_it_changed(world: World) -> None:
    world.open_errand()

    world.interact(inside(world, "story", "story"))

    method, view, _ = world.chat.views[0]
    assert (method, view) == ("views.update", "V9")


def test_another_form_is_put_on_top(world: World) -> None:
    world.open_errand()

    world.interact(inside(world, "story", "decline"))

    assert world.chat.views[0][0] == "views.push"


def test_a_fourth_form_is_not_pushed(world: World) -> None:
    world.open_errand()

    answer = world.interact(inside(world, "story", "decline", depth=3))

    world.settle()
    assert answer.status_code == 200
    assert world.chat.views == []


def test_a_refusal_inside_a_form_is_a_window_on_top(world: World) -> None:
    world.open_errand()

    world.interact(inside(world, "approve", "story", user="U0RAVI"))

    world.settle()
    method, _, view = world.chat.views[0]
    assert method == "views.push"
    assert "for Maya Chen" in view["blocks"][0]["text"]["text"]


def test_a_refused_form_at_the_top_of_the_stack_shows_the_sentence_under_its_first_field(world: World) -> None:
    world.open_errand()
    world.press("approve")
    stacked = {"root_view_id": "V1", "previous_view_id": "V2"}

    answer = world.interact(world.submission("decline", {"reason": "The shop is closed."}, **stacked))

    assert "approved this already" in answer.json()["errors"]["reason"]


def test_the_card_opened_from_home_is_fresh_after_its_button_was_pressed(world: World) -> None:
    world.open_errand()

    world.interact(inside(world, "approve", "open_card"))

    world.settle()
    method, view, content = world.chat.views[0]
    assert (method, view) == ("views.update", "V9")
    assert "Maya Chen approved." in str(content)
    assert "button" not in str(content)
    assert "Nothing is waiting for you." in str(world.chat.homes["U0MAYA"])


def test_the_card_is_opened_from_home_only_for_whom_it_is(world: World) -> None:
    world.open_errand()
    click = world.click("open_card")
    click["actions"][0]["value"] = open_link(ERRAND).text()
    home = {"container": {"type": "view", "view_id": "V0"}, "view": {"id": "V0", "type": "home", "hash": "1"}}
    for name in ("message", "channel", "response_url"):
        del click[name]

    world.interact(click | home)
    world.interact(click | home | {"user": {"id": "U0RAVI", "team_id": "T0ACME"}})
    world.settle()

    assert [v[0] for v in world.chat.views] == ["views.open", "views.open"]
    assert "Approve" in str(world.chat.views[0][2])
    assert "for Maya Chen" in str(world.chat.views[1][2])
