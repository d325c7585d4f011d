"""Good and bad Block Kit: the bad ones are one change away from good, so each proves exactly one rule."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plain(text: str = "Text") -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text: str = "*Text*") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "go", "text": plain("Go"), "value": "1", **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def option(text: str = "One", value: str = "1") -> Json:
    return {"text": plain(text), "value": value}


def select(options: list[Json]) -> Json:
    return {"type": "static_select", "action_id": "choose", "options": options}


def text_input(**more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "say", **more}
    return {"type": "input", "block_id": "why", "label": plain("Why"), "element": element}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Form"), "submit": plain("Send"), "blocks": list(blocks), **more}


def without(payload: Json, key: str) -> Json:
    return {name: value for name, value in payload.items() if name != key}


BAD_MESSAGES: dict[str, tuple[list[Any], str, str]] = {
    "51 blocks": ([section() for _ in range(51)], "message", "/blocks"),
    "section of 3,001": ([section(text=mrkdwn("x" * 3001))], "section", "/blocks/0/text/text"),
    "empty section": ([section(text=mrkdwn(""))], "section", "/blocks/0/text/text"),
    "11 fields": ([section(fields=[mrkdwn() for _ in range(11)])], "section", "/blocks/0/fields"),
    "field of 2,001": ([section(fields=[mrkdwn("x" * 2001)])], "section", "/blocks/0/fields/0/text"),
    "unknown type": ([section(), {"type": "hologram"}], "hologram", "/blocks/1/type"),
    "no type": ([{"text": mrkdwn()}], "", "/blocks/0/type"),
    "button text of 76": ([actions(button(text=plain("x" * 76)))], "button", "/blocks/0/elements/0/text/text"),
    "button value of 2,001": ([actions(button(value="x" * 2001))], "button", "/blocks/0/elements/0/value"),
    "button of style blue": ([actions(button(style="blue"))], "button", "/blocks/0/elements/0/style"),
    "26 actions": ([actions(*(button(action_id=f"a{n}") for n in range(26)))], "actions", "/blocks/0/elements"),
    "action_id twice": ([actions(button(), button())], "actions", "/blocks/0/elements"),
    "action_id of 256": ([actions(button(action_id="x" * 256))], "button", "/blocks/0/elements/0/action_id"),
    "block_id twice": ([section(block_id="a"), section(block_id="a")], "section", "/blocks/1/block_id"),
    "header in mrkdwn": ([{"type": "header", "text": mrkdwn()}], "header", "/blocks/0/text/type"),
    "header of 151": ([{"type": "header", "text": plain("x" * 151)}], "header", "/blocks/0/text/text"),
    "context of 11": ([{"type": "context", "elements": [mrkdwn()] * 11}], "context", "/blocks/0/elements"),
    "text input in actions": ([actions(text_input()["element"])], "plain_text_input", "/blocks/0/elements/0/type"),
    "alert": ([{"type": "alert", "text": plain()}], "alert", "/blocks/0/type"),
    "markdown of 12,001": ([{"type": "markdown", "text": "x" * 12_001}], "markdown", "/blocks/0/text"),
    "unknown key": ([section(colour="red")], "section", "/blocks/0"),
}

BAD_VIEWS: dict[str, tuple[Json, str, str]] = {
    "101 options": (
        modal(actions(select([option(value=str(n)) for n in range(101)]))),
        "static_select",
        "/blocks/0/elements/0/options",
    ),
    "no option": (modal(actions(select([]))), "static_select", "/blocks/0/elements/0/options"),
    "option text of 76": (
        modal(actions(select([option("x" * 76)]))),
        "static_select",
        "/blocks/0/elements/0/options/0/text/text",
    ),
    "option value of 151": (
        modal(actions(select([option(value="x" * 151)]))),
        "static_select",
        "/blocks/0/elements/0/options/0/value",
    ),
    "title of 25": (modal(section(), title=plain("x" * 25)), "modal", "/title/text"),
    "no title": (without(modal(section()), "title"), "modal", ""),
    "metadata of 3,001": (modal(section(), private_metadata="x" * 3001), "modal", "/private_metadata"),
    "101 blocks": (modal(*(section() for _ in range(101))), "modal", "/blocks"),
    "input without submit": (without(modal(text_input()), "submit"), "modal", "/submit"),
    "markdown": (modal({"type": "markdown", "text": "x"}), "markdown", "/blocks/0/type"),
    "home with submit": ({"type": "home", "blocks": [section()], "submit": plain("Send")}, "home", ""),
    "label of 2,001": (modal({**text_input(), "label": plain("x" * 2001)}), "input", "/blocks/0/label/text"),
    "max_length of 3,001": (modal(text_input(max_length=3001)), "plain_text_input", "/blocks/0/element/max_length"),
    "external_id of 256": (modal(section(), external_id="x" * 256), "modal", "/external_id"),
}

EVERY_ELEMENT: list[Json] = [
    {"type": "header", "text": plain("Review your team's access")},
    section(text=mrkdwn("*GitHub* · due `2 Nov` · <https://example.test/a|evidence>"), accessory=button()),
    section(fields=[mrkdwn("*Account*\nravi-dev"), mrkdwn("*Role*\nadmin"), plain("*literal*")]),
    {"type": "divider"},
    actions(
        button(style="primary"),
        button(action_id="no", style="danger", confirm={"title": plain("Sure?"), "text": mrkdwn("It goes.")}),
        {"type": "overflow", "action_id": "more", "options": [option(), option("Two", "2")]},
        {"type": "static_select", "action_id": "s", "placeholder": plain("Pick"), "options": [option()]},
        {"type": "multi_static_select", "action_id": "m", "options": [option(), option("Two", "2")]},
        {"type": "users_select", "action_id": "u", "placeholder": plain("Somebody")},
        {"type": "radio_buttons", "action_id": "r", "options": [option(), option("Two", "2")]},
        {"type": "checkboxes", "action_id": "c", "options": [option(), option("Two", "2")]},
        {"type": "datepicker", "action_id": "d", "initial_date": "2026-11-02"},
    ),
    {"type": "context", "elements": [mrkdwn("CC6.2 · _quarterly_"), plain("due soon")]},
    {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": "Who"}], [{"type": "raw_text", "text": "Maya"}]],
    },
]
"""Every block and element that the product may use (feature page, 26), as a message."""
