"""Blocks and what people put into them: ids that Slack adds, elements by name, values in Slack's shape."""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from bot.workspace.problem import Json, units
from bot.workspace.rules import elements

STATELESS = {"button", "overflow"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ValueRefused(Exception):
    """A value that the element does not offer; the message is for the person."""


def with_ids(blocks: Sequence[Json]) -> list[Json]:
    """The blocks with a `block_id` each and an `action_id` for each element, as Slack adds what the app left out."""
    made = copy.deepcopy(list(blocks))
    for block in made:
        block.setdefault("block_id", secrets.token_urlsafe(4))
    for _, element in elements(made):
        element.setdefault("action_id", secrets.token_urlsafe(4))
    return made


def find(blocks: Sequence[Json], block_id: str, action_id: str) -> tuple[Json, Json] | None:
    """The block and the element with these ids."""
    for block in blocks:
        if block.get("block_id") == block_id:
            for _, element in elements([block]):
                if element.get("action_id") == action_id:
                    return block, element
    return None


def options(element: Json) -> Iterator[Json]:
    """Every option of a choice, grouped or not."""
    yield from element.get("options") or ()
    for group in element.get("option_groups") or ():
        yield from group["options"]


def _choice(element: Json, value: Any) -> Json:
    chosen = next((option for option in options(element) if option.get("value") == value), None)
    if chosen is None:
        raise ValueRefused("That is not one of the options.")
    return chosen


def _many(element: Json, value: Any) -> list[Json]:
    if not isinstance(value, list):
        raise ValueRefused("This is a list of options.")
    return [_choice(element, one) for one in value]


def _day(value: Any) -> str:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise ValueRefused("Write a date as YYYY-MM-DD.")


def initial(element: Json) -> Any:
    """What an element holds before anybody touched it, in the page's plain form: a text, a list, or None."""
    kind = element["type"]
    if kind in {"static_select", "radio_buttons"}:
        return (element.get("initial_option") or {}).get("value")
    if kind in {"multi_static_select", "checkboxes"}:
        return [option.get("value") for option in element.get("initial_options") or ()]
    key = {"users_select": "initial_user", "datepicker": "initial_date"}.get(kind, "initial_value")
    return element.get(key)


def state_of(element: Json, value: Any) -> Json:
    """An element's value in Slack's shape, as `state.values` carries it. Raises ValueRefused."""
    kind = element["type"]
    empty = value is None or value == ""
    if kind in {"static_select", "radio_buttons", "overflow"}:
        return {"type": kind, "selected_option": None if empty else _choice(element, value)}
    if kind in {"multi_static_select", "checkboxes"}:
        return {"type": kind, "selected_options": [] if empty else _many(element, value)}
    if kind == "datepicker":
        return {"type": kind, "selected_date": None if empty else _day(value)}
    if kind == "users_select":
        return {"type": kind, "selected_user": None if empty else str(value)}
    return {"type": kind, "value": None if empty else str(value)}


def filled(state: Json) -> bool:
    """Whether an element's state holds anything."""
    return any(value not in (None, "", []) for key, value in state.items() if key != "type")


def given(values: Mapping[str, Any], block: Json, element: Json) -> Any:
    """What was put into an element: by block and action, by block alone, or what it held at first."""
    inside = values.get(block["block_id"])
    if isinstance(inside, Mapping):
        return inside.get(element["action_id"], initial(element))
    return initial(element) if inside is None else inside


def state_values(blocks: Sequence[Json], values: Mapping[str, Any]) -> Json:
    """`state.values` of a message or view: block id → action id → state. Raises ValueRefused."""
    state: Json = {}
    for block in blocks:
        for _, element in elements([block]):
            if element["type"] not in STATELESS:
                inside = state.setdefault(block["block_id"], {})
                inside[element["action_id"]] = state_of(element, given(values, block, element))
    return state


def _too_short_or_long(element: Json, text: str) -> str | None:
    low, top = element.get("min_length", 0), element.get("max_length", 3_000)
    if units(text) < low:
        return f"Write at least {low} characters."
    return f"Write at most {top} characters." if units(text) > top else None


def field_errors(blocks: Sequence[Json], values: Mapping[str, Any]) -> dict[str, str]:
    """What Slack's own client refuses before it sends a form: block id → sentence."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        try:
            state = state_of(element, given(values, block, element))
        except ValueRefused as refused:
            errors[block["block_id"]] = str(refused)
            continue
        if not filled(state) and not block.get("optional"):
            errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(state.get("value"), str) and (told := _too_short_or_long(element, state["value"])):
            errors[block["block_id"]] = told
    return errors
