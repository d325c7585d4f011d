"""How the page looks and is used: keyboard alone, any width, contrast, colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.workspace.driver import WorkspaceDriver
from tests.workspace.desk import become, card
from tests.workspace.payloads import EVERY_ELEMENT, mrkdwn, section
from tests.workspace.toy import Toy


def test_everything_can_be_done_with_the_keyboard(desk: Page, toy: Toy) -> None:
    toy.card()
    expect(card(desk)).to_be_visible()
    desk.keyboard.press("k")
    expect(card(desk)).to_be_focused()
    for _ in range(20):
        desk.keyboard.press("Tab")
        if desk.evaluate("document.activeElement.textContent") == "Say why…":
            break
    desk.keyboard.press("Enter")
    form = desk.get_by_role("dialog", name="Say why")
    expect(form.get_by_label("Why")).to_be_focused()
    desk.keyboard.type("By keyboard")
    for _ in range(20):
        desk.keyboard.press("Tab")
        if desk.evaluate("document.activeElement.type") == "submit":
            break
    desk.keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(desk.get_by_role("button", name="Say why…")).to_be_focused()

    desk.locator(".you").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("menuitemradio", name=re.compile("Maya Chen"))).to_be_focused()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(desk.locator(".you")).to_contain_text("Ravi Patel")
    assert toy.seen[-1]["view"]["state"]["values"]["why"]["say"]["value"] == "By keyboard"


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_is_cut_off_at_any_width(desk: Page, toy: Toy, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 720})
    toy.card(blocks=[*EVERY_ELEMENT, section(text=mrkdwn("longword" * 60))], text="Every element")
    expect(card(desk)).to_be_visible()

    wide = """() => [...document.querySelectorAll('#pane *, #strip *')].filter((node) =>
        node.getBoundingClientRect().right > innerWidth + 1 && !node.closest('.table')).map((node) => node.className)"""
    assert desk.evaluate(wide) == []
    if width <= 760:
        expect(desk.locator("#sidebar")).to_be_hidden()
        desk.get_by_role("button", name="Conversations").click()
        expect(desk.locator("#sidebar")).to_be_visible()
        become(desk, "Ravi Patel")


def test_colours_follow_the_system_or_the_choice(desk: Page) -> None:
    def paper() -> str:
        return str(desk.evaluate("getComputedStyle(document.getElementById('pane')).backgroundColor"))

    desk.emulate_media(color_scheme="light")
    light = paper()
    desk.emulate_media(color_scheme="dark")
    dark = paper()
    desk.get_by_role("button", name=re.compile("Colours")).click()
    assert (light != dark, paper()) == (True, light)
    desk.reload()
    expect(desk.get_by_role("button", name="Colours: light. Change")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(desk: Page, toy: Toy, driver: WorkspaceDriver, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1."""
    measure = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
    desk.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    channel, ts = toy.card()
    driver.press("U0MAYA", channel, ts, "verdict", "boom")
    toy.client.chat_postMessage(
        channel="U0MAYA", text="Tom <!channel> asks <@U0DANA> at <https://example.test|a place>"
    )
    toy.card(blocks=EVERY_ELEMENT, text="Every element")
    toy.client.chat_postMessage(channel="C0SEC", text="Unread")
    driver.command("U0MAYA", "/toy help")
    desk.get_by_role("button", name=re.compile("Inspector")).click()
    desk.locator(".entry-head").first.click()
    desk.locator(".you").click()

    assert desk.evaluate(measure) == []
    desk.keyboard.press("Escape")
    become(desk, "Lena Fischer")
    assert desk.evaluate(measure) == []
    become(desk, "Maya Chen")
    desk.get_by_role("button", name="Say why…").click()
    desk.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(desk.locator(".error")).to_be_visible()
    assert desk.evaluate(measure) == []
