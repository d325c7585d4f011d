"""The page that an auditor opens: from disk, without a network, whatever is written in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.packet.company import FORMULA, IMAGE, SCRIPT, Acme
from tests.packet.damage import unpacked, written

QUESTIONS = (
    "Which systems, and why not others?", "How was the list made?", "Is it complete?", "Is it unaltered?", "As of when?",
    "Who reviewed, and how are they related to the holder?", "What did they see?", "What was decided, when and why?",
    "Were leavers caught?", "What was removed, when, and how is that proven?", "Was it on time?",
    "What changed between reviews?", "Can I do it again?",
)  # fmt: skip


@pytest.fixture
def folder(packet: Path, tmp_path: Path) -> Path:
    """The packet, unpacked."""
    return written(unpacked(packet), tmp_path / "packet")


@pytest.fixture
def opened(folder: Path, page: Page) -> tuple[Page, list[str]]:
    """The page in a browser, and everything that went wrong or reached for the network."""
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request", lambda request: troubles.append(request.url) if request.url[:5] not in ("file:", "data:") else None
    )
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.goto((folder / "index.html").as_uri())
    return page, troubles


def test_the_page_opens_from_disk_without_network_or_complaint(opened: tuple[Page, list[str]]) -> None:
    page, troubles = opened

    assert page.locator("h1").inner_text() == "Quarterly access review, 4th quarter 2026"
    assert page.locator("script").count() == 0
    assert page.locator("img").count() == 0
    assert troubles == []


def test_all_thirteen_questions_are_answered_from_named_fields(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    articles = page.locator("article")

    asked = articles.locator("h3").evaluate_all("heads => heads.map(head => head.lastChild.textContent)")

    assert tuple(asked) == QUESTIONS
    assert all(text.strip() for text in articles.locator(".answer").all_inner_texts())
    assert articles.locator(".fields", has_text="From ").count() >= len(QUESTIONS)


def test_every_decision_is_shown_and_every_link_leads_to_a_file(
    opened: tuple[Page, list[str]], review: Acme, folder: Path
) -> None:
    page, _ = opened
    hrefs = page.locator("a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")

    files = {href for href in hrefs if not href.startswith("#")}
    assert {f"bundles/{id_}.sigstore.json" for id_ in review.ids} <= files
    assert [href for href in files if not (folder / href).is_file()] == []
    assert [href for href in hrefs if href.startswith("#") and page.locator(href).count() != 1] == []


def test_hostile_names_and_reasons_stay_text(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    text = page.locator("body").inner_text()

    assert page.title().startswith("Evidence packet")
    assert SCRIPT in text
    assert FORMULA in text
    assert IMAGE.split()[0] in text


def test_what_did_not_go_as_planned_stands_on_the_first_page(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    cover = page.locator("header.cover").inner_text()

    assert "2 removals were late" in cover or "No exception" in cover
    assert "13 lines, 11 kept, 2 revoked or changed, 2 verified gone" in cover
    assert "Slack session only" in page.locator("#what").inner_text()


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_overflows_on_any_screen(opened: tuple[Page, list[str]], width: int) -> None:
    page, _ = opened
    page.set_viewport_size({"width": width, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_table_that_is_wider_than_the_screen_can_be_scrolled_with_the_keyboard(
    opened: tuple[Page, list[str]],
) -> None:
    page, _ = opened

    assert page.locator(".scroll").count() == page.locator(".scroll[tabindex='0'][role='region'][aria-label]").count()
    assert page.locator("table").count() == page.locator(".scroll > table").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_schemes(opened: tuple[Page, list[str]], scheme: str) -> None:
    page, _ = opened
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    script = (Path(__file__).parents[1] / "workspace" / "contrast.js").read_text(encoding="utf-8")

    assert page.evaluate(script) == []


def test_it_prints_on_paper_without_navigation(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened

    paper = page.pdf(format="A4")
    page.emulate_media(media="print")

    assert paper.startswith(b"%PDF")
    assert not page.locator("nav").is_visible()
