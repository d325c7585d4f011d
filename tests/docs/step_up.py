"""Makes `docs/step-up/*.png` anew: `python -m tests.docs.step_up`. A real browser, real presses, an issuer of our own."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from bot.packet.export import export
from tests.approval.test_road import RAVI, WHY
from tests.docs.reference import ROOT
from tests.packet.damage import unpacked, written
from tests.stepup.world import Acme, running_acme
from tests.support.browser import running_browser

FOLDER = ROOT / "docs" / "step-up"
WIDTH, HEIGHT = 960, 720


def slack(browser: Browser, acme: Acme, name: str, shot: str, text: str) -> None:
    """What one person sees in the local Slack page."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(acme.stage.page.page)
    page.locator(".you").click()
    page.get_by_role("menuitemradio", name=name).click()
    page.get_by_role("button", name="Messages").first.click()
    page.get_by_text(text).last.scroll_into_view_if_needed()
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / shot)
    page.close()


def web(page: Page, shot: str) -> None:
    page.screenshot(path=FOLDER / shot)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, running_acme(Path(scratch)) as acme, running_browser() as browser:
        acme.asked(WHY)
        acme.stage.settle()
        slack(browser, acme, "Ravi", "1-asked.png", "Write in acme/platform")
        address = acme.pressed(RAVI)
        slack(browser, acme, "Ravi", "2-pressed.png", "Confirm with Okta")
        acme.issuer.signs_in = acme.sub(RAVI)
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, ignore_https_errors=True)
        page = context.new_page()
        page.goto(address)
        web(page, "3-confirm.png")
        page.get_by_role("button").first.click()
        page.get_by_text("You can close this page").first.wait_for()
        web(page, "4-recorded.png")
        acme.stage.settle()
        slack(browser, acme, "Ravi", "5-decided.png", "Write in acme/platform")
        packet, now = Path(scratch) / "packet.zip", acme.stage.clock.now() + timedelta(seconds=1)
        export(acme.stage.product.packet_source(), out=packet, start=now - timedelta(days=200), end=now)
        page.goto((written(unpacked(packet), Path(scratch) / "packet") / "index.html").as_uri())
        page.get_by_text("second factor").first.scroll_into_view_if_needed()
        web(page, "6-packet.png")
        context.close()


if __name__ == "__main__":
    main()
