"""The README has every step of the story; that it shows what is printed is checked in `tests/road/test_demo.py`."""

from __future__ import annotations

import re

from bot.demo.story import Story
from tests.docs.demo import AGAIN, told


def test_the_readme_has_every_step_of_the_story_in_order() -> None:
    titles = [title for title, _ in Story.steps(Story.__new__(Story))]

    shown = [re.sub(r"^✓ \d+\. ", "", line) for line in told() if line.startswith("✓ ")]

    assert shown == titles, AGAIN
