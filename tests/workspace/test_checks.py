"""What Slack would refuse is refused here first, with the block and the property named."""

from __future__ import annotations

import pytest

from bot.workspace.checks import check_message, check_view, lint_message
from tests.workspace.payloads import (
    BAD_MESSAGES,
    BAD_VIEWS,
    EVERY_ELEMENT,
    actions,
    button,
    modal,
    mrkdwn,
    option,
    plain,
    section,
    select,
    text_input,
)


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_bad_message_is_refused_with_block_and_property(name: str) -> None:
    blocks, kind, pointer = BAD_MESSAGES[name]

    problems = check_message(blocks, "A text")

    assert (kind, pointer) in {(problem.kind, problem.pointer) for problem in problems}
    assert {problem.error for problem in problems} <= {"invalid_blocks", "msg_blocks_too_long"}


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_a_bad_view_is_refused_with_block_and_property(name: str) -> None:
    view, kind, pointer = BAD_VIEWS[name]

    problems = check_view(view)

    assert (kind, pointer) in {(problem.kind, problem.pointer) for problem in problems}
    assert {problem.error for problem in problems} == {"invalid_arguments"}


def test_there_are_thirty_five_bad_payloads() -> None:
    assert len(BAD_MESSAGES) + len(BAD_VIEWS) == 35


def test_every_block_and_element_that_we_use_is_accepted() -> None:
    assert check_message(EVERY_ELEMENT, "Review your team's access") == []
    assert check_view({"type": "home", "blocks": EVERY_ELEMENT}) == []
    assert check_view(modal(*EVERY_ELEMENT, text_input(multiline=True), external_id="x" * 255)) == []


@pytest.mark.parametrize("text", [None, "", "  ", 7])
def test_a_message_without_text_is_refused(text: str | None) -> None:
    assert [problem.error for problem in check_message([section()], text)] == ["no_text"]


def test_all_blocks_together_have_at_most_12000_characters() -> None:
    blocks = [section(text=mrkdwn("x" * 3000)) for _ in range(5)]

    assert [problem.error for problem in check_message(blocks, "Long")] == ["msg_blocks_too_long"]
    assert check_message(blocks[:4], "Long") == []


def test_a_text_is_counted_in_utf16_units() -> None:
    """An emoji beyond the basic plane counts two: of the two readings, the one that refuses more."""
    faces = "\N{GRINNING FACE}" * 75

    assert check_message([{"type": "header", "text": plain(faces)}], "Faces") == []
    assert check_message([{"type": "header", "text": plain(faces + "x")}], "Faces")


@pytest.mark.parametrize("element", ["image", "timepicker", "file_input", "email_text_input"])
def test_an_element_that_is_not_on_our_list_is_refused(element: str) -> None:
    problems = check_message([section(accessory={"type": element, "action_id": "a"})], "Text")

    assert ("/blocks/0/accessory/type") in {problem.pointer for problem in problems}


@pytest.mark.parametrize(
    "blocks",
    ["text", 7, {"a": 1}, [None], ["section"], [{"type": 7}], [{"type": "actions", "elements": "no"}], [[[]]]],
)
def test_what_is_no_list_of_blocks_gets_an_answer_not_a_crash(blocks: object) -> None:
    assert check_message(blocks, "Text")
    assert check_view({"type": "modal", "title": plain(), "blocks": blocks})


@pytest.mark.parametrize("view", [None, [], "modal", {}, {"type": "modal"}, {"type": "popup", "blocks": []}])
def test_what_is_no_view_gets_an_answer_not_a_crash(view: object) -> None:
    assert check_view(view)


def test_the_sentence_says_what_to_mend() -> None:
    problems = check_message([section(), actions(button(), select([option("x" * 76)]))], "Text")

    assert [problem.sentence for problem in problems] == [
        "static_select: must be no more than 75 characters; it has 76 "
        "[json-pointer:/blocks/1/elements/1/options/0/text/text]"
    ]


def test_a_mass_ping_out_of_unescaped_text_is_shown() -> None:
    assert lint_message([section(text=mrkdwn("Tom <!channel> asks"))], "Tom asks")
    assert lint_message([section(text=mrkdwn("Tom &lt;!channel&gt; asks"))], "Tom &lt;!channel&gt; asks") == []
