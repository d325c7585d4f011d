"""Block Kit, as far as Attester uses it, within Slack's limits: a block built here is accepted by every client.

Limits are those of docs.slack.dev; where documentation and practice differ the smaller one holds. Ids follow one rule:
`action_id` is `attester:<act>:<item>`, `block_id` of an input is its field's name, a view's `callback_id` is
`attester:<act>` and its `private_metadata` the link. What a button carries is a pointer (`kernel/link.py`), never state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workflows.kernel.link import Link
from workflows.kernel.text import Mrkdwn, clean, cut, units

Block = dict[str, Any]
Element = dict[str, Any]

PREFIX = "attester:"
MESSAGE_BLOCKS = 50
MESSAGE_CHARACTERS = 12_000  # Slack refuses somewhat above 13,000 with msg_blocks_too_long, and documents no figure
VIEW_BLOCKS = 100
SECTION_TEXT = 3_000
FIELD_TEXT = 2_000
HEADER_TEXT = 150
BUTTON_TEXT = 75
OPTION_TEXT = 75
OPTIONS = 100
TITLE_TEXT = 24
LABEL_TEXT = 2_000
PLACEHOLDER_TEXT = 150
INPUT_TEXT = 3_000


def plain(text: str, limit: int) -> Element:
    """A plain_text object: nothing in it is read as formatting, mention or emoji. Never empty: Slack refuses that."""
    return {"type": "plain_text", "text": cut(clean(text), limit) or " ", "emoji": False}


def _mrkdwn(text: Mrkdwn) -> Element:
    # verbatim: Slack makes no links of its own out of what looks like one.
    return {"type": "mrkdwn", "text": text or " ", "verbatim": True}


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": plain(text, HEADER_TEXT)}


def section(text: Mrkdwn, *, fields: Sequence[Mrkdwn] = (), accessory: Element | None = None) -> Block:
    """A paragraph, with up to ten fields in two columns and one element beside it. Raises ValueError over Slack's limits."""
    if units(text) > SECTION_TEXT or len(fields) > 10 or any(units(f) > FIELD_TEXT for f in fields):
        raise ValueError(f"a section holds {SECTION_TEXT} characters and ten fields of {FIELD_TEXT}")
    block: Block = {"type": "section", "text": _mrkdwn(text)}
    if fields:
        block["fields"] = [_mrkdwn(f) for f in fields]
    if accessory:
        block["accessory"] = accessory
    return block


def context(*texts: Mrkdwn) -> Block:
    """Small print: up to ten texts."""
    return {"type": "context", "elements": [_mrkdwn(t) for t in texts[:10]]}


def divider() -> Block:
    """A rule."""
    return {"type": "divider"}


def actions(*elements: Element) -> Block:
    """A row of up to 25 buttons and selects."""
    return {"type": "actions", "elements": list(elements[:25])}


def action_id(link: Link) -> str:
    """The element's id: unique in its block as long as act and item are."""
    return f"{PREFIX}{link.act}:{link.item}"


def confirm(title: str, text: str, yes: str, no: str = "Not now") -> Element:
    """A question before an act that cannot be undone; no rule depends on it, because some clients leave it out."""
    return {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
    }


def button(text: str, link: Link, *, style: str = "", ask: Element | None = None, says: str = "") -> Element:
    """A button; ``style`` is `primary` or `danger`, ``says`` what a screen reader reads instead of the text."""
    element: Element = {
        "type": "button",
        "text": plain(text, BUTTON_TEXT),
        "action_id": action_id(link),
        "value": link.text(),
    }
    if style:
        element["style"] = style
    if ask:
        element["confirm"] = ask
    if says:
        element["accessibility_label"] = cut(clean(says), 75)
    return element


def option(text: str, value: str, detail: str = "") -> Element:
    """One choice of a select or radio group."""
    made: Element = {"text": plain(text, OPTION_TEXT), "value": value}
    if detail:
        made["description"] = plain(detail, OPTION_TEXT)
    return made


def menu(placeholder: str, item: str, choices: Iterable[tuple[str, Link]]) -> Element:
    """A select whose every choice is an act, like a row of buttons that takes less room."""
    return {
        "type": "static_select",
        "action_id": f"{PREFIX}menu:{item}",
        "placeholder": plain(placeholder, PLACEHOLDER_TEXT),
        "options": [option(text, link.text()) for text, link in choices][:OPTIONS],
    }


def text_input(*, long: bool = False, most: int = 1_000, typed: str = "", hint: str = "") -> Element:
    """A field to type in. ``most`` is its limit, checked again by our own rule."""
    element: Element = {"type": "plain_text_input", "action_id": "typed", "multiline": long}
    element["max_length"] = min(most, INPUT_TEXT)
    if typed:
        element["initial_value"] = cut(typed, min(most, INPUT_TEXT))
    if hint:
        element["placeholder"] = plain(hint, PLACEHOLDER_TEXT)
    return element


def select_input(choices: Sequence[tuple[str, str]], *, chosen: str = "", hint: str = "Choose …") -> Element:
    """A field to choose from: (text, value) pairs, at most 100."""
    options = [option(text, value) for text, value in choices[:OPTIONS]]
    element: Element = {
        "type": "static_select",
        "action_id": "typed",
        "placeholder": plain(hint, PLACEHOLDER_TEXT),
        "options": options,
    }
    if first := next((o for o in options if o["value"] == chosen), None):
        element["initial_option"] = first
    return element


def user_input(hint: str = "Choose somebody …") -> Element:
    """A field to choose an account of the workspace from, as Slack lists them: guests, bots and strangers too."""
    return {"type": "users_select", "action_id": "typed", "placeholder": plain(hint, PLACEHOLDER_TEXT)}


def field(name: str, label: str, element: Element, *, hint: str = "", optional: bool = False) -> Block:
    """One question of a form; errors are shown under it by its ``name``."""
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label, LABEL_TEXT),
        "element": element,
        "optional": optional,
    }
    if hint:
        block["hint"] = plain(hint, LABEL_TEXT)
    return block


def modal(title: str, link: Link, blocks: Sequence[Block], *, submit: str = "", close: str = "Cancel") -> Block:
    """A form. ``submit`` names the act (`Revoke 3`); closing it records nothing."""
    view: Block = {
        "type": "modal",
        "callback_id": f"{PREFIX}{link.act}",
        "private_metadata": link.text(),
        "title": plain(title, TITLE_TEXT),
        "close": plain(close, TITLE_TEXT),
        "blocks": list(blocks[:VIEW_BLOCKS]),
    }
    if submit:
        view["submit"] = plain(submit, TITLE_TEXT)
    return view


def home(blocks: Sequence[Block]) -> Block:
    """Somebody's Home tab."""
    return {"type": "home", "blocks": list(blocks[:VIEW_BLOCKS])}


def texts(value: Any) -> Iterable[str]:
    """Every text that a block, message or view shows."""
    if isinstance(value, Mapping):
        if value.get("type") in ("plain_text", "mrkdwn"):
            yield str(value["text"])
            return
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def weight(blocks: Sequence[Block]) -> int:
    """The characters of all texts together: what `msg_blocks_too_long` counts."""
    return sum(units(text) for text in texts(list(blocks)))


def fits(blocks: Sequence[Block]) -> bool:
    """Whether a message may consist of these blocks."""
    return 0 < len(blocks) <= MESSAGE_BLOCKS and weight(blocks) <= MESSAGE_CHARACTERS
