"""What the README says that `make demo` prints is what it prints."""

from __future__ import annotations

import re
from pathlib import Path

from bot.demo.story import Story
from tests.docs.demo import printed, told

FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
DAY = re.compile(r"\d+ [A-Z][a-z]+ \d{4}")
AGAIN = "Run: python -m tests.docs.demo"


def plain(lines: list[str]) -> list[str]:
    """Without what differs from day to day: dates and figures."""
    return [FIGURE.sub("N", DAY.sub("DAY", line)) for line in lines]


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    lines = printed(tmp_path / "demo")

    assert plain(told()) == plain(lines), AGAIN


def test_the_readme_has_every_step_of_the_story_in_order() -> None:
    titles = [title for title, _ in Story.steps(Story.__new__(Story))]

    shown = [re.sub(r"^✓ \d+\. ", "", line) for line in told() if line.startswith("✓ ")]

    assert shown == titles, AGAIN
