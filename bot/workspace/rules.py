"""Eleven rules that Slack's types do not state. Each is a function with the rule's name.

The limits are those of Slack's documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from bot.workspace.problem import Json, Problem, units

Surface = Literal["message", "modal", "home"]
Rule = Callable[[Sequence[Any], Surface], Iterator[Problem]]

ALL_TEXT = 12_000
"""Our budget for one message; Slack cuts at about 13,200 without documenting it (slackapi/bolt-js #2509)."""

BLOCKS = frozenset({"header", "section", "divider", "context", "actions", "input", "table"})
ELEMENTS = frozenset(
    {
        "button", "overflow", "static_select", "multi_static_select", "users_select", "radio_buttons", "checkboxes",
        "datepicker", "plain_text_input",
    }
)  # fmt: skip


def error_name(surface: Surface) -> str:
    """Slack's name for a malformed payload: messages and views differ."""
    return "invalid_blocks" if surface == "message" else "invalid_arguments"


def objects(blocks: Sequence[Any]) -> Iterator[tuple[str, Json]]:
    """The blocks that are objects, each with its pointer."""
    yield from ((f"/blocks/{n}", block) for n, block in enumerate(blocks) if isinstance(block, dict))


def elements(blocks: Sequence[Any]) -> Iterator[tuple[str, Json]]:
    """Every interactive element, each with its pointer; malformed neighbours are stepped over."""
    for pointer, block in objects(blocks):
        found: list[tuple[str, Any]] = []
        if block.get("type") == "actions" and isinstance(block.get("elements"), list):
            found = [(f"{pointer}/elements/{n}", element) for n, element in enumerate(block["elements"])]
        elif block.get("type") == "section" and "accessory" in block:
            found = [(f"{pointer}/accessory", block["accessory"])]
        elif block.get("type") == "input" and "element" in block:
            found = [(f"{pointer}/element", block["element"])]
        yield from ((at, element) for at, element in found if isinstance(element, dict))


def texts(value: Any) -> Iterator[str]:
    """Every text in a payload, wherever it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def _problem(surface: Surface, pointer: str, block: Json, reason: str) -> Problem:
    return Problem(error_name(surface), pointer, str(block.get("type", "")), reason)


def field_text_within_2000(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """A field of a section has at most 2,000 characters."""
    for pointer, block in objects(blocks):
        fields = block.get("fields")
        for n, field in enumerate(fields if isinstance(fields, list) else ()):
            text = field.get("text") if isinstance(field, dict) else None
            if isinstance(text, str) and units(text) > 2_000:
                reason = f"a field has {units(text):,} characters; at most 2,000"
                yield _problem(surface, f"{pointer}/fields/{n}/text", block, reason)


def action_id_once_in_a_block(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """An `action_id` stands once in its block: else nobody knows which button was pressed."""
    for pointer, block in objects(blocks):
        ids = Counter(e["action_id"] for _, e in elements([block]) if isinstance(e.get("action_id"), str))
        for name in (name for name, count in ids.items() if count > 1):
            yield _problem(surface, f"{pointer}/elements", block, f"the action_id {name!r} stands here more than once")


def block_id_once(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """A `block_id` stands once in a message or view."""
    seen: set[str] = set()
    for pointer, block in objects(blocks):
        name = block.get("block_id")
        if isinstance(name, str) and name in seen:
            yield _problem(surface, f"{pointer}/block_id", block, f"the block_id {name!r} stands here more than once")
        if isinstance(name, str):
            seen.add(name)


def alert_in_modals_only(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """An `alert` block is for modals."""
    for pointer, block in objects(blocks):
        if block.get("type") == "alert" and surface != "modal":
            yield _problem(surface, f"{pointer}/type", block, f"an alert block cannot stand in a {surface}")


def markdown_in_messages_only(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """A `markdown` block is for messages."""
    for pointer, block in objects(blocks):
        if block.get("type") == "markdown" and surface != "message":
            yield _problem(surface, f"{pointer}/type", block, f"a markdown block cannot stand in a {surface}")


def options_not_empty(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """A choice has at least one option."""
    for pointer, element in elements(blocks):
        for key in ("options", "option_groups"):
            if element.get(key) == []:
                yield _problem(surface, f"{pointer}/{key}", element, f"{key} is empty; at least one is needed")
        if element.get("type") in {"static_select", "multi_static_select"} and not (
            "options" in element or "option_groups" in element
        ):
            yield _problem(surface, f"{pointer}/options", element, "options or option_groups is needed")


def max_length_within_3000(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """A text input takes at most 3,000 characters."""
    for pointer, element in elements(blocks):
        top = element.get("max_length")
        if isinstance(top, int) and not 0 < top <= 3_000:
            yield _problem(surface, f"{pointer}/max_length", element, f"max_length is {top}; from 1 to 3,000")


def block_types_are_ours(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """Only blocks and elements that the product has agreed to use: they work in every client."""
    for pointer, block in objects(blocks):
        if isinstance(block.get("type"), str) and block["type"] not in BLOCKS:
            yield _problem(surface, f"{pointer}/type", block, "this block type is not one that we use")
        if block.get("type") == "context" and isinstance(block.get("elements"), list):
            for n, inner in enumerate(block["elements"]):
                if isinstance(inner, dict) and inner.get("type") not in {"mrkdwn", "plain_text"}:
                    yield _problem(surface, f"{pointer}/elements/{n}/type", block, "only text may stand here")
    for pointer, element in elements(blocks):
        if element.get("type") not in ELEMENTS:
            yield _problem(surface, f"{pointer}/type", element, "this element type is not one that we use")


def all_text_within_12000(blocks: Sequence[Any], surface: Surface) -> Iterator[Problem]:
    """The texts of all blocks of one message have at most 12,000 characters."""
    total = sum(units(text) for text in texts(list(blocks)))
    if surface == "message" and total > ALL_TEXT:
        yield Problem("msg_blocks_too_long", "/blocks", "message", f"the blocks have {total:,} characters of text")


def submit_where_something_is_asked(view: Json) -> Iterator[Problem]:
    """A modal with an input block has a submit button."""
    blocks = view.get("blocks")
    asks = isinstance(blocks, list) and any(block.get("type") == "input" for _, block in objects(blocks))
    if view.get("type") == "modal" and asks and "submit" not in view:
        yield Problem("invalid_arguments", "/submit", "modal", "submit is needed where there is an input block")


def external_id_within_255(view: Json) -> Iterator[Problem]:
    """A view's `external_id` has at most 255 characters."""
    name = view.get("external_id")
    if isinstance(name, str) and units(name) > 255:
        yield Problem("invalid_arguments", "/external_id", str(view.get("type")), "external_id is over 255 characters")


BLOCK_RULES: tuple[Rule, ...] = (
    alert_in_modals_only,
    markdown_in_messages_only,
    block_types_are_ours,
    block_id_once,
    action_id_once_in_a_block,
    field_text_within_2000,
    options_not_empty,
    max_length_within_3000,
    all_text_within_12000,
)
VIEW_RULES: tuple[Callable[[Json], Iterator[Problem]], ...] = (
    submit_where_something_is_asked,
    external_id_within_255,
)
