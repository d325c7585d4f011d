"""`views.*`: triggers that live 3 s and once, a stack of three, hashes."""

from __future__ import annotations

from bot.workspace.problem import Json, SlackError
from bot.workspace.state import Workspace
from bot.workspace.view import read_view


def _known(arguments: Json) -> str | None:
    given = arguments.get("hash")
    return given if isinstance(given, str) and given else None


def open_view(space: Workspace, arguments: Json) -> Json:
    """`views.open`: the trigger is used up even where the view is refused afterwards, as at Slack."""
    trigger = space.tickets.exchange(arguments.get("trigger_id"))
    view = space.views.open(trigger.user, read_view(arguments.get("view"), "modal"))
    space.announce_stack(trigger.user)
    return {"view": view}


def push(space: Workspace, arguments: Json) -> Json:
    """`views.push`: on top of the form in which the person pressed something."""
    trigger = space.tickets.exchange(arguments.get("trigger_id"))
    if trigger.view not in {view["id"] for view in space.views.stack(trigger.user)}:
        raise SlackError("not_found")
    view = space.views.push(trigger.user, read_view(arguments.get("view"), "modal"))
    space.announce_stack(trigger.user)
    return {"view": view}


def update(space: Workspace, arguments: Json) -> Json:
    """`views.update`: by `view_id` or `external_id`, with `hash` to lose no race unseen."""
    name, external = str(arguments.get("view_id") or ""), str(arguments.get("external_id") or "")
    if not name and not external:
        raise SlackError("invalid_arguments")
    old = space.views.get(name, external)
    view = space.views.update(name, external, read_view(arguments.get("view"), old["type"]), _known(arguments))
    user = space.views.owner(view["id"])
    if view["type"] == "home":
        space.announce([user], "home", view=view)
    else:
        space.announce_stack(user)
    return {"view": view}


def publish(space: Workspace, arguments: Json) -> Json:
    """`views.publish`: somebody's Home tab."""
    user = space.member(arguments.get("user_id")).id
    view = space.views.publish(user, read_view(arguments.get("view"), "home"), _known(arguments))
    space.announce([user], "home", view=view)
    return {"view": view}
