"""What tests do on the page again and again."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


def card(page: Page) -> Locator:
    return page.locator("article").last


def become(page: Page, name: str) -> None:
    page.locator(".you").click()
    page.get_by_role("menuitemradio", name=re.compile(name)).click()
    expect(page.locator(".you")).to_contain_text(name)
