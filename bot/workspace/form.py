"""What an app's answer to a submitted form means: field errors, another view, a view on top, or the end."""

from __future__ import annotations

from typing import Any

from bot.workspace.deliver import Answer
from bot.workspace.problem import Json, SlackError
from bot.workspace.state import Workspace
from bot.workspace.view import read_view

TROUBLE = "We had some trouble connecting. Try again?"
"""What a person reads in Slack where the app's answer makes no sense; the inspector says what was wrong."""


def take_answer(space: Workspace, user: str, view: Json, answer: Answer) -> tuple[dict[str, str], str]:
    """Do what the answer asks. Returns (errors under fields, sentence where the answer was no good)."""
    if not answer.text.strip():
        _close(space, user, view)
        return {}, ""
    body = answer.json()
    if not isinstance(body, dict):
        return {}, f"{TROUBLE} (The app answered with something that is not JSON.)"
    action = body.get("response_action")
    if action is None:
        _close(space, user, view)
        return {}, ""
    if action == "errors":
        return _errors(view, body.get("errors"))
    if action == "clear":
        space.views.clear(user)
    elif action in {"update", "push"}:
        try:
            made = read_view(body.get("view"), "modal")
            if action == "push":
                space.views.push(user, made)
            else:
                space.views.update(view["id"], "", made, None)
        except SlackError as error:
            why = "; ".join(error.more.get("errors", [])) or error.code
            return {}, f"{TROUBLE} ({why})"
    else:
        return {}, f"{TROUBLE} (response_action {action!r} does not exist.)"
    space.announce_stack(user)
    return {}, ""


def _close(space: Workspace, user: str, view: Json) -> None:
    stack = space.views.stack(user)
    if stack and stack[-1]["id"] == view["id"]:
        space.views.pop(user)
        space.announce_stack(user)


def _errors(view: Json, errors: Any) -> tuple[dict[str, str], str]:
    inputs = {block["block_id"] for block in view["blocks"] if block.get("type") == "input"}
    if not isinstance(errors, dict) or not errors or not all(isinstance(text, str) for text in errors.values()):
        return {}, f"{TROUBLE} (errors must map a block_id to a sentence.)"
    if strangers := sorted(set(errors) - inputs):
        return {}, f"{TROUBLE} (errors name blocks that are no input of this form: {', '.join(strangers)}.)"
    return errors, ""
