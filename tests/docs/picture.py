"""Makes `docs/slack-page.png` anew: `python -m tests.docs.picture`. The sample company, a real browser, real presses."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bot.demo.act import Somebody, actions_in
from bot.demo.stage import Stage, stage
from bot.demo.story import READING, REASONS, Story
from tests.docs.reference import ROOT
from tests.support.browser import running_browser
from workflows.access_review.model import Review

PICTURE = ROOT / "docs" / "slack-page.png"
WIDTH, HEIGHT = 1280, 940
LOGIN, SYSTEM, DECIDED = "maya@acme.test", "GitHub", 3
TO_THE_TOP = """one => {
  const message = one.closest("article, .message, li");
  let pane = message.parentElement;
  while (pane.scrollHeight <= pane.clientHeight || getComputedStyle(pane).overflowY === "visible") pane = pane.parentElement;
  pane.scrollTop += message.getBoundingClientRect().top - pane.getBoundingClientRect().top;
}"""
"""Scrolls the pane of messages and nothing around it."""


def decide_some(running: Stage, how_many: int) -> Somebody:
    """One reviewer opens her queue and decides its first lines; nothing is signed yet."""
    maya = Somebody(running, LOGIN)
    title = f"{SYSTEM} access"
    card = maya.card(title)
    maya.press(card, next(a for a in actions_in(card) if a.startswith("attester:page:")))
    card = maya.card(title)
    review = next(s for s in states(running) if s.reviewer.login == LOGIN and s.head.system == SYSTEM)
    refs = [a.rpartition(":")[2] for a in actions_in(card) if a.startswith("attester:revoke:")]
    for ref in refs[:how_many]:
        running.clock.advance(READING)
        flags = review.lines[ref].assigned.flags
        cause = next((c for c in ("leaver", "orphan", "unused") if c in flags), None)
        if cause:
            maya.submit(maya.press(card, f"attester:revoke:{ref}"), {"reason": REASONS[cause]})
        elif (seen := maya.press(card, f"attester:keep:{ref}")).view is not None:
            maya.submit(seen, {"reason": REASONS["keep"]})
    return maya


def states(running: Stage) -> list[Review]:
    campaign = running.product.record.summaries(top=True)[0].case
    children = running.product.record.summaries(parent=campaign)
    found = [running.product.runtime.state(c.case)[0] for c in children]
    return [s for s in found if isinstance(s, Review)]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, stage(Path(scratch)) as running:
        for _, act in Story(running, lambda title, said: None).steps()[:2]:
            act()
        maya = decide_some(running, DECIDED)
        running.settle()
        with running_browser() as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            page.goto(running.page.page)
            page.locator(".you").click()
            page.get_by_role("menuitemradio", name=maya.name).click()
            page.get_by_role("button", name="Messages").first.click()
            page.get_by_text(f"{DECIDED} of").first.wait_for()
            page.get_by_role("heading", name=f"{SYSTEM} access").first.evaluate(TO_THE_TOP)
            page.mouse.move(0, 0)
            page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
