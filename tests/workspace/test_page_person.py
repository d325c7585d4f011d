"""Several people on one page: who sees what, who must be refused, what is private."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.workspace.desk import become, card
from tests.workspace.toy import Toy


def test_help_is_private_and_gone_after_a_reload(desk: Page, toy: Toy) -> None:
    box = desk.get_by_role("textbox")
    box.fill("/")
    expect(desk.get_by_role("option")).to_have_count(2)
    box.press("Tab")
    expect(box).to_have_value("/toy ")
    expect(desk.get_by_role("option")).to_contain_text("[help|form|all|slow|bad]")
    box.type("help")
    box.press("Enter")

    expect(card(desk)).to_contain_text("Only visible to you")
    expect(card(desk).locator("li")).to_have_count(2)
    desk.reload()
    expect(desk.locator(".messages")).to_be_attached()
    expect(desk.locator("article")).to_have_count(0)


def test_an_answer_is_scrolled_to_but_news_take_nobodys_place(desk: Page, toy: Toy) -> None:
    for _ in range(4):
        toy.card()
    expect(desk.locator("article")).to_have_count(4)
    desk.locator(".scroll").evaluate("(node) => node.scrollTo(0, 0)")

    toy.card()
    expect(desk.locator("article")).to_have_count(5)
    assert desk.locator(".scroll").evaluate("(node) => node.scrollTop") == 0
    desk.get_by_role("textbox").fill("/toy help")
    desk.get_by_role("textbox").press("Enter")
    expect(card(desk)).to_contain_text("Only visible to you")
    expect(card(desk)).to_be_in_viewport()


def test_an_unknown_command_says_which_there_are(desk: Page, toy: Toy) -> None:
    box = desk.get_by_role("textbox")
    box.fill("/nothing at all")
    box.press("Enter")

    expect(desk.locator(".composer .failure")).to_have_text("/nothing is not a valid command. There are: /other, /toy.")
    expect(box).to_have_value("/nothing at all")
    assert toy.seen == []


def test_a_refusal_is_private_and_a_failure_stands_beside_the_button(desk: Page, toy: Toy) -> None:
    toy.card()
    desk.get_by_role("button", name="Not mine").click()
    expect(card(desk)).to_contain_text("This is not yours to answer. Nothing was recorded. Ask Dana.")

    desk.get_by_role("button", name="Break").click()
    expect(desk.locator(".card + .failure, .card .failure")).to_contain_text("status 500")
    expect(desk.get_by_role("button", name="Break")).to_be_enabled()


@pytest.mark.parametrize(
    ("name", "user", "why"),
    [
        ("Lena Fischer", "U0LENA", "a guest here"),
        ("Sam Stone", "U0SAM", "of another workspace"),
        ("Tom Left", "U0TOM", "whose account is deactivated"),
    ],
)
def test_one_can_act_as_somebody_who_must_be_refused(desk: Page, toy: Toy, name: str, user: str, why: str) -> None:
    become(desk, name)

    expect(desk.locator(".acting")).to_contain_text(why)
    if user != "U0TOM":
        toy.card(user)
        desk.get_by_role("button", name="Not mine").click()
        expect(card(desk)).to_contain_text("Nothing was recorded.")
        assert toy.seen[-1]["user"]["id"] == user
    if user == "U0SAM":
        desk.get_by_role("textbox").fill("/toy help")
        desk.get_by_role("textbox").press("Enter")
        expect(desk.locator(".composer .failure")).to_contain_text("do not work for people of another workspace")


def test_each_person_sees_their_own_and_unread_is_marked(desk: Page, toy: Toy) -> None:
    toy.client.chat_postMessage(channel="C0SEC", text="For the channel")
    toy.card("U0RAVI")

    expect(desk.get_by_label("1 unread")).to_be_visible()
    expect(desk.locator("article")).to_have_count(0)
    desk.get_by_role("button", name="security").click()
    expect(card(desk)).to_contain_text("For the channel")
    expect(desk.get_by_label("1 unread")).to_have_count(0)
    become(desk, "Ravi Patel")
    expect(card(desk)).to_contain_text("Does Ravi keep admin")


def test_a_thread_opens_beside_and_takes_replies(desk: Page, toy: Toy) -> None:
    parent = toy.client.chat_postMessage(channel="U0MAYA", text="Incident 7")
    toy.client.chat_postMessage(channel="U0MAYA", text="First reply", thread_ts=parent["ts"])
    desk.get_by_role("button", name="1 reply").click()
    thread = desk.get_by_role("complementary", name="Thread")

    thread.get_by_role("textbox").fill("I take it, @dana.okafor")
    thread.get_by_role("textbox").press("Enter")

    expect(thread.locator("article")).to_have_count(3)
    expect(thread.locator(".mention")).to_have_text("@Dana Okafor")
    expect(desk.get_by_role("button", name="2 replies")).to_be_visible()
    expect(desk.locator("#pane article")).to_have_count(1)
