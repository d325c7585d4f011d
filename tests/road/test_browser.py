"""A review in a real browser: the sample company's people click through the local Slack page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.demo.stage import Stage, stage
from bot.demo.story import READING, Story
from workflows.access_review.model import Review


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("demo")) as made:
        story = Story(made, lambda title, said: None)
        for _, act in story.steps()[:2]:
            act()
        yield made


@pytest.fixture
def slack(running: Stage, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1200})
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto(running.page.page)
    yield page
    context.close()
    assert problems == []


def become(page: Page, name: str) -> None:
    """Choose who one is."""
    page.get_by_role("button", name="You are").click()
    page.get_by_text(name, exact=True).first.click()
    expect(page.get_by_role("button", name="You are")).to_contain_text(name)


def card(page: Page, title: str):  # type: ignore[no-untyped-def]
    """The message with this headline."""
    return page.locator("article, .message, [role=article]").filter(has=page.get_by_role("heading", name=title)).last


def state_of(running: Stage, login: str, source: str) -> Review:
    case = next(s.case for s in running.product.record.summaries() if s.case.endswith(f"/{source}/{login}"))
    state = running.product.runtime.state(case)[0]
    assert isinstance(state, Review)
    return state


def test_a_reviewer_decides_signs_and_gets_a_receipt(running: Stage, slack: Page) -> None:
    become(slack, "Maya Chen")
    queue = card(slack, "AWS production access")
    queue.get_by_role("button", name="Start").click()
    expect(queue).to_contain_text("0 of 2 decided")

    running.clock.advance(READING)
    queue.get_by_role("button", name="Keep").first.click()
    form = slack.get_by_role("dialog")
    form.get_by_role("textbox").fill("too short")
    form.get_by_role("button", name="Mark: keep").click()
    expect(form).to_contain_text("at least 10 characters")
    expect(form.get_by_role("textbox")).to_have_value("too short")
    form.get_by_role("textbox").fill("Deploys to production every week.")
    form.get_by_role("button", name="Mark: keep").click()
    expect(form).to_be_hidden()
    expect(queue).to_contain_text("1 of 2 decided")
    queue.get_by_role("button", name="Revoke").last.click()
    slack.get_by_role("dialog").get_by_role("textbox").fill("The contract ends this month.")
    slack.get_by_role("dialog").get_by_role("button", name="Mark: revoke").click()
    queue.get_by_role("button", name="Sign 2 decided").click()
    expect(slack.get_by_role("dialog")).to_contain_text("The contract ends this month.")
    slack.get_by_role("dialog").get_by_role("button", name="Sign 2").click()

    expect(slack.get_by_role("dialog")).to_contain_text("Recorded")
    review = state_of(running, "maya@acme.test", "aws")
    assert [x.status for x in review.lines.values()] == ["signed", "signed"]
    assert len(review.follow_ups) == 1
    assert review.signatures
    slack.keyboard.press("Escape")
    expect(queue).to_contain_text("All decided and signed")


def test_the_remover_reports_and_the_card_claims_no_more_than_that(running: Stage, slack: Page) -> None:
    become(slack, "Lena Novak")
    ask = card(slack, "Remove access in AWS production")

    ask.get_by_role("button", name="Done").click()

    expect(ask).to_contain_text("The next list will show whether it is")
    expect(ask).not_to_contain_text("Verified")


def test_the_home_tab_shows_what_waits_and_what_the_control_owner_owns(running: Stage, slack: Page) -> None:
    become(slack, "Dana Okafor")

    slack.get_by_role("tab", name="Home").or_(slack.get_by_role("button", name="Home")).first.click()

    expect(slack.get_by_text("You own")).to_be_visible()
    expect(slack.get_by_text("Quarterly access review", exact=False).first).to_be_visible()


def test_a_guest_reads_why_the_command_does_nothing(running: Stage, slack: Page) -> None:
    become(slack, "Gita Guest")

    slack.get_by_role("textbox").last.fill("/review")
    slack.get_by_role("textbox").last.press("Enter")

    expect(slack.get_by_role("log", name="Messages")).to_contain_text("Guests of the workspace cannot act here")
    assert ("U0GUEST001", "guest") in {(user, reason) for _, user, _, _, reason, _ in running.product.refusals.all()}
