"""Forms in a real browser: errors under their fields, a stack, Escape; and Home, whose buttons open them."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.workspace.toy import Toy


def test_two_field_errors_stand_under_their_fields_with_the_text_kept(desk: Page, toy: Toy) -> None:
    toy.card()
    desk.get_by_role("button", name="Say why…").click()
    form = desk.get_by_role("dialog", name="Say why")
    expect(form.get_by_label("Why")).to_be_focused()

    form.get_by_role("button", name="Send").click()
    expect(form.locator(".error")).to_have_text("Please complete this required field.")
    form.get_by_label("Why").fill("bad")
    form.get_by_role("button", name="Send").click()

    expect(form.locator(".error")).to_have_text(["Say more than that.", "Choose a day."])
    expect(form.get_by_label("Why")).to_have_value("bad")
    expect(form.get_by_label("Why")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Why").fill("She runs payments.")
    form.get_by_label("Until").fill("2026-12-31")
    form.get_by_role("button", name="Send").click()
    expect(form).to_be_hidden()
    assert toy.seen[-1]["view"]["state"]["values"]["until"]["day"]["selected_date"] == "2026-12-31"


def test_submit_waits_and_a_late_answer_keeps_the_form(desk: Page, toy: Toy) -> None:
    toy.card()
    desk.get_by_role("button", name="Say why…").click()
    form = desk.get_by_role("dialog", name="Say why")
    form.get_by_label("Why").fill("slow")
    form.get_by_role("button", name="Send").click()

    expect(form.locator("button[type=submit]")).to_be_disabled()
    expect(form.locator(".failure")).to_contain_text("did not answer within 0.5 seconds")
    expect(form.get_by_label("Why")).to_have_value("slow")
    expect(form.locator("button[type=submit]")).to_be_enabled()


def test_forms_stack_and_escape_closes_the_one_on_top(desk: Page, toy: Toy) -> None:
    toy.card()
    desk.get_by_role("button", name="Say why…").click()
    form = desk.locator("#modal")
    form.get_by_label("Why").fill("typed below")
    form.get_by_role("button", name="More…").click()

    expect(form.locator(".trail li")).to_have_text(["Say why", "On top"])
    desk.keyboard.press("Escape")
    expect(form.get_by_role("heading")).to_have_text("Say why")
    expect(form.get_by_label("Why")).to_have_value("typed below")
    desk.keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(desk.locator("#strip .chip.ok")).to_be_visible()
    assert toy.seen[-1]["type"] == "view_closed"


def test_home_is_asked_for_and_its_buttons_work(desk: Page, toy: Toy) -> None:
    desk.get_by_role("button", name="Home").first.click()

    expect(desk.locator(".home").get_by_role("heading", name="Review your team's access")).to_be_visible()
    expect(desk.locator(".home .unknown")).to_have_count(0)
    desk.get_by_role("button", name="Open…").click()
    expect(desk.get_by_role("dialog", name="Say why")).to_be_visible()
    assert toy.seen[-1]["container"]["type"] == "view"


def test_a_shortcut_is_in_the_menu_beside_the_box(desk: Page, toy: Toy) -> None:
    desk.get_by_role("button", name="Commands and shortcuts").click()
    desk.get_by_role("menuitem", name=re.compile("Open the form")).click()

    expect(desk.get_by_role("dialog", name="Say why")).to_be_visible()
    assert toy.seen[-1]["type"] == "shortcut"
