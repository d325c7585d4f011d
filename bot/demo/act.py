"""People at work on the local Slack page: each press is a signed request to the real endpoint, as Slack would send it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.demo.stage import Stage
from bot.workspace.driver import ActFailed, Seen


class DemoBroke(Exception):
    """The demo did not go as it should; the message says where."""


class Somebody:
    """One person of the sample company, in front of Slack."""

    def __init__(self, stage: Stage, login: str) -> None:
        person = stage.product.facts.directory().by_login(login)
        if person is None or not person.slack_user:
            raise DemoBroke(f"The sample company has nobody with the login {login}.")
        self._stage = stage
        self.name = person.name
        self.person = person
        self.user = person.slack_user

    def message(self, text: str) -> dict[str, Any]:
        """The newest message that this person sees and that holds this text."""
        self._stage.settle()
        return self._stage.driver.wait_for_message(self.user, text)

    def card(self, title: str) -> dict[str, Any]:
        """The newest message of this headline, as it looks now."""
        self._stage.settle()

        def newest(state: dict[str, Any]) -> dict[str, Any] | None:
            found = [
                {**m, "channel": c["id"]}
                for c in state["conversations"]
                for m in c["messages"]
                if any(b["type"] == "header" and b["text"]["text"].startswith(title) for b in m.get("blocks") or ())
            ]
            return max(found, key=lambda m: str(m["ts"]), default=None)

        return dict(self._stage.driver.wait(self.user, newest))

    def press(self, message: Mapping[str, Any], action: str) -> Seen:
        """Press the button with this action id in a message."""
        return self.choose(message, action, None)

    def choose(self, message: Mapping[str, Any], action: str, value: str | None) -> Seen:
        """Choose from a menu in a message, as it looks at this moment."""
        channel, ts = message["channel"], message["ts"]
        for last in (False, False, True):
            try:
                block = self._block(self._now(channel, ts)["blocks"], action)
                return self._checked(self._stage.driver.press(self.user, channel, ts, block, action, value), action)
            except ActFailed:  # the card was drawn anew between the look and the press
                if last:
                    raise
        raise DemoBroke(f"{self.name} could not press {action}.")

    def _now(self, channel: str, ts: str) -> dict[str, Any]:
        state = self._stage.driver.state(self.user)
        for conversation in state["conversations"]:
            for message in conversation["messages"]:
                if (conversation["id"], message["ts"]) == (channel, ts):
                    return dict(message)
        raise DemoBroke(f"{self.name} does not see that message any more.")

    def submit(self, seen: Seen, values: Mapping[str, Any]) -> Seen:
        """Fill in the form on top and send it."""
        if seen.view is None:
            raise DemoBroke(f"{self.name} expected a form and saw: {seen.text[:300]}")
        sent = self._checked(self._stage.driver.submit(seen.view["id"], values, self.user), "submit")
        if sent.view is not None:
            self._stage.driver.dismiss(self.user)
        return sent

    def _checked(self, seen: Seen, what: str) -> Seen:
        if not seen.ok or seen.errors:
            raise DemoBroke(f"{self.name}: {what} was answered with: {seen.sentence or dict(seen.errors)}")
        return seen

    def _block(self, blocks: list[dict[str, Any]], action: str) -> str:
        for block in blocks:
            if any(e.get("action_id") == action for e in block.get("elements", ())):
                return str(block["block_id"])
        raise DemoBroke(f"{self.name} sees no {action} in this message.")


def actions_in(message: Mapping[str, Any]) -> Iterator[str]:
    """The action ids in a message, top down."""
    for block in message["blocks"]:
        for element in block.get("elements", ()):
            if "action_id" in element:
                yield str(element["action_id"])
