"""Whether a verified body has the shape that Slack documents: everything that is read later has its type, or nothing is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl


class Malformed(Exception):
    """A body that is no payload of Slack's; the message is a reason code without content."""


def payload_of(text: str, content_type: str) -> Mapping[str, Any]:
    """The payload in a body: JSON for events, one `payload` field for interactions, the form itself for commands."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _json(text)
    fields = parse_qsl(text, keep_blank_values=True)
    if len({name for name, _ in fields}) != len(fields):
        raise Malformed("field_twice")
    form = dict(fields)
    if "payload" in form:
        return _json(form["payload"])
    if "command" not in form and "ssl_check" not in form:
        raise Malformed("no_payload")
    return form


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("no_json") from None
    if not isinstance(found, dict):
        raise Malformed("no_object")
    return found


TEXTS = (
    "type",
    "api_app_id",
    "team_id",
    "enterprise_id",
    "user_id",
    "trigger_id",
    "response_url",
    "event_id",
    "command",
)
OBJECTS = ("container", "view", "message", "event", "state", "channel")
EITHER = ("team", "enterprise", "user")


def check_shape(payload: Mapping[str, Any]) -> None:
    """Raises Malformed unless everything that is read later has the type that Slack documents for it."""
    _typed(payload, TEXTS, str)
    _typed(payload, OBJECTS, dict)
    for name in ("event", "view"):
        if name in payload and not isinstance(payload[name], dict):
            raise Malformed(f"bad_{name}")  # Slack sends none that is null, and Bolt cannot read one
    for name in EITHER:
        if not isinstance(payload.get(name) or "", (str, dict)):
            raise Malformed(f"bad_{name}")
        if isinstance(payload.get(name), dict):
            _typed(payload[name], ("id", "team_id", "enterprise_id"), str)
    granted = payload.get("authorizations") or []
    if not isinstance(granted, list) or not all(isinstance(found, dict) for found in granted):
        raise Malformed("bad_authorizations")
    if payload.get("type") == "block_actions":
        _check_actions(payload.get("actions"))
    if payload.get("type") in ("view_submission", "view_closed"):
        _check_view(payload.get("view"))
    if payload.get("type") == "event_callback":
        event = payload.get("event")
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise Malformed("bad_event")


def _check_actions(actions: object) -> None:
    if not isinstance(actions, list) or not actions:
        raise Malformed("no_actions")
    for action in actions:
        if not isinstance(action, dict) or not isinstance(action.get("action_id"), str):
            raise Malformed("bad_action")
        _typed(action, ("block_id", "action_ts", "value", "type"), str)


def _check_view(view: object) -> None:
    if not isinstance(view, dict) or not isinstance(view.get("callback_id"), str):
        raise Malformed("bad_view")
    _typed(view, ("id", "private_metadata", "hash", "type", "root_view_id", "previous_view_id"), str)
    _typed(view, ("state",), dict)
    if not isinstance(view.get("blocks") or [], list):
        raise Malformed("bad_view")


def _typed(found: Mapping[str, Any], names: tuple[str, ...], kind: type) -> None:
    for name in names:
        if found.get(name) is not None and not isinstance(found[name], kind):
            raise Malformed(f"bad_{name}")
