"""Two people end a key in Slack: proposed, asked, pressed, recorded; in a real browser on the local Slack page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.demo.stage import Stage, stage
from bot.demo.story import Story
from bot.main import Product
from bot.main.keykeeping import propose, settle
from bot.signing import load_signer
from bot.store.keys import Keys
from workflows.kernel.model import CaseId

OLD = "old.key"


@pytest.fixture
def slack(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1200})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def ended(running: Stage, folder: Path) -> tuple[str, CaseId, list[str]]:
    """A key that another process used is proposed to be retired: its id, the case, and the names of the two."""
    key = f"file:{folder / OLD}"
    load_signer(key, create=True)
    other = Product(replace(running.product.settings, signing_key=key), running.clock)
    assert other.runtime  # it notes its key
    other.close()
    product, ruled = running.product, running.program.controls[0].id
    case = propose(product, product.runtime, ruled, other.signer.keyid)
    state, _ = product.runtime.state(case)
    running.settle()
    return other.signer.keyid, case, [p.name for p in state.asked]


def test_two_people_press_agree_and_the_key_has_ended(slack: Page, tmp_path: Path) -> None:
    with stage(tmp_path) as running:
        for _, act in Story(running, lambda title, said: None).steps()[:1]:
            act()
        keyid, case, names = ended(running, tmp_path)
        slack.goto(running.page.page)

        for name in names:
            slack.get_by_role("button", name="You are").click()
            slack.get_by_text(name, exact=True).first.click()
            card = slack.locator("article, .message, [role=article]").filter(has_text=keyid).last
            expect(card).to_contain_text("It takes two people.")
            card.get_by_role("button", name="Agree").click()
            slack.get_by_role("dialog").get_by_role("button", name="Agree").click()
            expect(card).not_to_contain_text("Please decide")
        running.settle()
        expect(card).to_contain_text("Key retired: both agreed")
        expect(card).to_contain_text("It ended ")

        settle(running.product, running.product.runtime)
        assert [e.name for e in running.product.record.events(case)][-1] == "key_retired"
        assert Keys(running.product.database).ended(keyid)[0] is not None
