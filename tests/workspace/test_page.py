"""The page in a real browser: what the app sends is drawn completely, and every press goes the signed road."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from bot.workspace.server import running_workspace
from tests.workspace.desk import card
from tests.workspace.payloads import EVERY_ELEMENT, mrkdwn, plain, section
from tests.workspace.toy import Toy, new_space


def test_the_header_says_that_this_is_not_slack(desk: Page) -> None:
    expect(desk.locator("#strip")).to_contain_text("Local stand-in, not Slack.")
    expect(desk.get_by_text("Press Keep on the card in Attester.").first).to_be_visible()


def test_a_card_arrives_by_itself_and_a_press_changes_it_in_place(desk: Page, toy: Toy) -> None:
    toy.card()

    expect(card(desk)).to_contain_text("Does Ravi keep admin on GitHub?")
    expect(card(desk).get_by_role("link", name="acme/payments")).to_have_attribute("href", "https://example.test/r")
    desk.get_by_role("button", name="Keep").click()

    expect(card(desk)).to_contain_text("Kept by @Maya Chen")
    expect(card(desk)).to_contain_text("edited")
    expect(desk.locator("article")).to_have_count(1)


def test_a_confirmation_asks_first_and_sends_nothing_on_no(desk: Page, toy: Toy) -> None:
    toy.card()
    desk.get_by_role("button", name="Revoke").click()
    dialog = desk.get_by_role("dialog", name="Revoke admin?")

    expect(dialog).to_contain_text("Ravi loses admin today.")
    dialog.get_by_role("button", name="Not now").click()
    expect(dialog).to_be_hidden()
    assert toy.seen == []

    desk.get_by_role("button", name="Revoke").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(dialog).to_be_hidden()
    expect(desk.locator("#strip .chip.ok")).to_be_visible()
    assert [body["actions"][0]["value"] for body in toy.seen] == ["revoke"]


def test_every_element_is_drawn_and_works(desk: Page, toy: Toy) -> None:
    toy.card(blocks=[block | {"block_id": f"b{n}"} for n, block in enumerate(EVERY_ELEMENT)], text="Every element")
    one = card(desk)

    expect(one.locator(".unknown")).to_have_count(0)
    expect(one.get_by_role("heading", name="Review your team's access")).to_be_visible()
    expect(one.locator(".fields > div")).to_have_text(
        ["Account\nravi-dev", "Role\nadmin", "*literal*"], use_inner_text=True
    )
    expect(one.locator("hr")).to_have_count(1)
    expect(one.locator("table")).to_contain_text("Maya")
    expect(one.locator("input[type=date]")).to_have_value("2026-11-02")
    one.locator("select").nth(0).select_option("One")
    one.locator("select").nth(1).select_option(label="Ravi Patel · Engineer")
    one.get_by_label("Two").nth(0).check()
    one.get_by_label("Two").nth(1).check()
    one.get_by_role("button", name="More actions").click()
    one.get_by_role("menuitem", name="Two").click()
    one.get_by_role("button", name="Choose").click()
    one.locator(".multi-list").get_by_label("One").check()
    one.get_by_role("button", name="Done").click()
    one.locator("input[type=date]").fill("2026-12-01")

    expect(one.locator(".failure")).to_have_count(0)
    desk.wait_for_function("() => !document.querySelector('[aria-busy]')")
    chosen = {body["actions"][0]["action_id"] for body in toy.seen}
    assert chosen == {"s", "u", "r", "c", "more", "m", "d"}
    state = toy.seen[-1]["state"]["values"]["b4"]
    assert state["u"]["selected_user"] == "U0RAVI"
    assert [option["value"] for option in state["m"]["selected_options"]] == ["1"]


def test_markup_is_drawn_and_hostile_text_stays_text(desk: Page, toy: Toy) -> None:
    hostile = '<img src=x onerror="document.title=1"> &lt;script&gt;alert(1)&lt;/script&gt; <javascript:alert(1)|go>'
    text = (
        "*bold* _it_ ~no~ `code` snake_case_name <@U0DANA> <#C0SEC> <!date^1790000000^{date_num}|then>\n"
        "> quoted\n• one\n• two\n```a < b```\n:white_check_mark: done :unknown_name:\n✓ signed → kept"
    )
    toy.card(blocks=[section(text=mrkdwn(text)), section(text=mrkdwn(hostile)), section(text=plain("*as is* <b>"))])
    one = card(desk)

    expect(one.locator("strong").first).to_have_text("bold")
    expect(one.locator("em")).to_have_text("it")
    expect(one.locator("s")).to_have_text("no")
    expect(one.locator("blockquote")).to_have_text("quoted")
    expect(one.locator("li")).to_have_text(["one", "two"])
    expect(one.locator("pre")).to_have_text("a < b")
    expect(one.locator(".mention")).to_have_text(["@Dana Okafor", "#security"])
    expect(one.locator("time").last).to_have_text(re.compile(r"2026-09-2\d"))
    expect(one.get_by_role("img", name="white check mark")).to_be_visible()
    expect(one).to_contain_text("snake_case_name")
    expect(one).to_contain_text("✓ signed → kept")
    expect(one.locator(".glyph svg")).to_have_count(2)
    expect(one).to_contain_text("<script>alert(1)</script>")
    expect(one).to_contain_text("*as is* <b>")
    expect(one.locator("img, script, a")).to_have_count(0)


def test_the_inspector_shows_request_answer_time_and_calls(desk: Page, toy: Toy) -> None:
    toy.card()
    desk.get_by_role("button", name="Keep").click()
    expect(card(desk)).to_contain_text("Kept by")
    desk.get_by_role("button", name=re.compile("Inspector")).click()
    side = desk.get_by_role("complementary", name="Inspector")
    entry = side.locator(".entry").first

    expect(entry).to_contain_text("Maya Chen: Keep")
    expect(entry).to_contain_text("200 · answered")
    expect(entry).to_contain_text(re.compile(r"\d+ ms of 0.5 s"))
    expect(entry.locator(".calls")).to_contain_text("chat.update")
    entry.locator(".entry-head").click()
    expect(entry.locator(".entry-more pre")).to_contain_text('"type": "block_actions"')
    entry.get_by_role("tab", name="Headers").click()
    expect(entry.locator(".entry-more pre")).to_contain_text("x-slack-signature: v0=")
    expect(entry.get_by_role("button", name="Copy as curl")).to_be_visible()
    assert toy.space.token not in side.inner_text()


def test_an_unescaped_mass_ping_is_shown_in_red(desk: Page, toy: Toy) -> None:
    toy.client.chat_postMessage(channel="U0MAYA", text="Tom <!channel> asks")

    expect(card(desk).locator(".lint")).to_have_text(
        "<!channel> would notify many people: outside text was not escaped"
    )


def test_a_restart_is_said_and_survived(page: Page, toy: Toy) -> None:
    space = new_space(toy.space.bot_url, toy.space.secret, toy.space.token)
    with running_workspace(space) as address:
        page.goto(address.page)
        expect(page.get_by_text("Nothing is here yet")).to_be_visible()

    expect(page.locator("#strip")).to_contain_text("reconnecting…")
    space.post(space.direct("U0MAYA"), space.written("Posted meanwhile", None, space.direct("U0MAYA")))
    with running_workspace(space, urlsplit(address.page).port or 0):
        expect(card(page)).to_contain_text("Posted meanwhile")
        expect(page.locator("#strip")).not_to_contain_text("reconnecting…")
