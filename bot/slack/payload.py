"""What Slack sent, read: an interaction without its secrets, and the secrets apart.

Shapes are those of docs.slack.dev (block_actions, view_submission, slash commands, Events API). A payload reaches this
module with its signature verified and its shape checked, and still nothing in it is believed beyond that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from workflows.kernel.identity import Value
from workflows.kernel.jcs import canonical
from workflows.kernel.link import Link
from workflows.kernel.model import Via
from workflows.kernel.workflow import Interaction

Chosen = str | tuple[str, ...]


class Where(Value):
    """Who did something, and in which workspace, as the payload says it."""

    app: str = ""
    team: str = ""
    enterprise: str = ""
    user: str = ""
    user_team: str = ""
    user_enterprise: str = ""


class Incoming(Value):
    """A click, a submitted form or a command. ``claim`` is the key under which it has its effect at most once."""

    kind: Literal["action", "submit", "command", "event"]
    where: Where
    link: Link | None = None
    values: dict[str, Chosen] = {}
    via: Via = Via()
    claim: str = ""
    depth: int = 0
    """How many views are open: 0 for a message or the Home tab, at most 3 (Slack's limit)."""
    around: Link | None = None
    """The link of the form it came from, where it came from one."""
    fields: tuple[str, ...] = ()
    """The inputs' block ids of the submitted form: where an error can be shown."""

    def interaction(self) -> Interaction:
        """The part that a workflow's forms read. Only for a payload with a link."""
        assert self.link is not None  # noqa: S101 - asked for after the link was checked
        kind: Literal["action", "submit"] = "submit" if self.kind == "submit" else "action"
        return Interaction(kind=kind, link=self.link, values=self.values, via=self.via)


@dataclass(frozen=True)
class Handles:
    """Bearer secrets of one interaction, valid for seconds to minutes; never logged, never stored, never shown."""

    trigger: str = field(default="", repr=False)
    response_url: str = field(default="", repr=False)
    channel: str = ""
    user: str = ""
    view: str = ""
    view_hash: str = field(default="", repr=False)
    in_view: bool = False


def key_of(*parts: str) -> str:
    """A claim's key: what makes two requests the same one, hashed."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def read_where(body: Mapping[str, Any]) -> Where:
    """Who and where. For a command or an event Slack names no team of the user: only the installed team's members reach
    it, so the payload's team is taken.
    """
    user, team, enterprise = body.get("user"), body.get("team"), body.get("enterprise")
    event = _mapping(body.get("event"))
    if grants := body.get("authorizations"):
        # In shared channels the payload's own team may be the other one; the first authorization is ours.
        body = {**body, "team_id": _mapping(grants[0]).get("team_id") or body.get("team_id")}
    if isinstance(user, Mapping):
        who, of, org = _text(user.get("id")), _text(user.get("team_id")), _text(user.get("enterprise_id"))
    else:
        subject = event.get("user")
        named = _mapping(subject).get("id") if isinstance(subject, Mapping) else subject
        who, of, org = _text(body.get("user_id") or named), _text(body.get("team_id")), ""
    return Where(
        app=_text(body.get("api_app_id")),
        team=_text(_mapping(team).get("id")) or _text(body.get("team_id")) or _text(_mapping(user).get("team_id")),
        enterprise=_text(_mapping(enterprise).get("id")) or _text(body.get("enterprise_id")),
        user=who,
        user_team=of,
        user_enterprise=org,
    )


def read_action(body: Mapping[str, Any], via: Via) -> Incoming:
    """A press of a button or a choice: its link is the pressed value, the chosen option, or that of the form around it."""
    where, action = read_where(body), body["actions"][0]
    view, container = _mapping(body.get("view")), _mapping(body.get("container"))
    around = Link.parse(_text(view.get("private_metadata")))
    fired = _chosen(action)
    link = (
        next((found for text in _texts(fired) if (found := Link.parse(text))), None)
        or Link.parse(_text(action.get("block_id")))
        or around
    )
    values = _values(view.get("state") or body.get("state"))
    if (block := _text(action.get("block_id"))) and fired:
        values[block] = fired
    message = _text(container.get("message_ts")) or _text(_mapping(body.get("message")).get("ts"))
    place = _text(view.get("id")) or f"{_text(container.get('channel_id'))}/{message}"
    action_id, ts = _text(action.get("action_id")), _text(action.get("action_ts"))
    return Incoming(
        kind="action",
        where=where,
        link=link,
        values=values,
        via=via.model_copy(
            update={
                "interaction": "block_actions",
                "action_id": action_id,
                "container": place,
                "action_ts": ts,
                "link": link.text() if link else "",
            }
        ),
        claim=key_of("click", where.team, where.user, action_id, place, ts),
        depth=_depth(view),
        around=around if view.get("type") == "modal" else None,
    )


def read_submission(body: Mapping[str, Any], via: Via) -> Incoming:
    """A submitted form: its link is in the view's private metadata; one view has its effect once."""
    where, view = read_where(body), _mapping(body.get("view"))
    link = Link.parse(_text(view.get("private_metadata")))
    inputs = [b for b in view.get("blocks") or [] if isinstance(b, Mapping) and b.get("type") == "input"]
    return Incoming(
        kind="submit",
        where=where,
        link=link,
        values=_values(view.get("state")),
        via=via.model_copy(
            update={
                "interaction": "view_submission",
                "action_id": _text(view.get("callback_id")),
                "container": _text(view.get("id")),
                "link": link.text() if link else "",
            }
        ),
        claim=key_of("view", where.team, where.user, _text(view.get("id")), link.act if link else ""),
        depth=_depth(view),
        around=link,
        fields=tuple(_text(b.get("block_id")) for b in inputs),
    )


def read_command(body: Mapping[str, Any], via: Via) -> Incoming:
    """A slash command; Slack's trigger makes two of them different."""
    where = read_where(body)
    return Incoming(
        kind="command",
        where=where,
        via=via.model_copy(update={"interaction": "command", "action_id": _text(body.get("command"))}),
        claim=key_of("command", where.team, where.user, _text(body.get("trigger_id"))),
    )


def read_handles(body: Mapping[str, Any]) -> Handles:
    """The secrets and addresses by which this one person can be answered now."""
    view, container = _mapping(body.get("view")), _mapping(body.get("container"))
    channel = _text(_mapping(body.get("channel")).get("id")) or _text(container.get("channel_id"))
    return Handles(
        trigger=_text(body.get("trigger_id")),
        response_url=_text(body.get("response_url")),
        channel=channel or _text(body.get("channel_id")),
        user=read_where(body).user,
        view=_text(view.get("id")),
        view_hash=_text(view.get("hash")),
        in_view=view.get("type") == "modal",
    )


def read_via(body: Mapping[str, Any], raw: str, timestamp: str, socket: bool, now: datetime) -> Via:
    """How it reached us. In Socket Mode there are no exact bytes: the digest is that of the payload's canonical JSON."""
    data = raw.encode() if raw else canonical(dict(body))
    asked = datetime.fromtimestamp(int(timestamp), UTC) if timestamp.isascii() and timestamp.isdigit() else None
    return Via(
        transport="socket" if socket else "http",
        requested_at=asked,
        received_at=now,
        body_sha256=hashlib.sha256(data).hexdigest(),
    )


def _depth(view: Mapping[str, Any]) -> int:
    if view.get("type") != "modal":
        return 0
    before, root = view.get("previous_view_id"), view.get("root_view_id")
    if not before:
        return 1
    return 2 if before == root else 3


def _values(state: object) -> dict[str, Chosen]:
    found: dict[str, Chosen] = {}
    for block, elements in _mapping(_mapping(state).get("values")).items():
        for element in _mapping(elements).values():
            if isinstance(element, Mapping) and (chosen := _chosen(element)) is not None:
                found[str(block)] = chosen
    return found


def _chosen(element: Mapping[str, Any]) -> Chosen | None:
    """What an element holds: typed text, a date, an id, or option values; None where nothing was chosen."""
    for name in ("selected_options", "selected_users"):
        if isinstance(several := element.get(name), list):
            return tuple(_text(o.get("value")) if isinstance(o, Mapping) else _text(o) for o in several)
    if isinstance(one := element.get("selected_option"), Mapping):
        return _text(one.get("value"))
    for name in ("selected_user", "selected_date", "selected_time", "value"):
        if isinstance(text := element.get(name), str):
            return text
    return None


def _texts(chosen: Chosen | None) -> tuple[str, ...]:
    return chosen if isinstance(chosen, tuple) else (chosen,) if chosen else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
