"""One suite for two Slacks that know nothing of each other: npm `emulate`, and our workspace.

Where they differ stands in TOO_KIND, each with the page of Slack's documentation that decides. The client is Slack's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from bot.workspace.people import Member, Room, Setup, Team
from bot.workspace.server import running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from tests.support.node import running_emulate
from tests.workspace.call import refused
from tests.workspace.payloads import BAD_MESSAGES, BAD_VIEWS, actions, button, modal, section

SCOPES = [
    "chat:write", "im:write", "users:read", "users:read.email", "channels:manage", "channels:read", "groups:write",
    "pins:write",
]  # fmt: skip
SEED = {
    "slack": {
        "team": {"name": "Acme", "domain": "acme"},
        "strict_scopes": True,
        "users": [{"name": "maya", "real_name": "Maya Chen", "email": "maya@acme.test"}],
        "channels": [{"name": "general"}],
        "tokens": [{"token": "xoxb-acme", "type": "bot", "scopes": SCOPES}],
    }
}


@dataclass(frozen=True)
class Slack:
    """Something that answers like Slack; ``trigger(view)`` is what a press by Maya gives, in a form or not."""

    client: WebClient
    trigger: Callable[..., str]
    maya: str

    def direct(self) -> str:
        """Maya's direct messages."""
        return str(self.client.conversations_open(users=self.maya)["channel"]["id"])


@pytest.fixture(scope="module")
def emulate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slack]:
    """The independent one; its user ids change at each start, so people are found by e-mail."""
    with running_emulate("slack", SEED, tmp_path_factory.mktemp("emulate")) as running:
        client = WebClient(token="xoxb-acme", base_url=f"{running.url}/api/", retry_handlers=[])
        maya = client.users_lookupByEmail(email="maya@acme.test")["user"]["id"]
        headers = {"authorization": "Bearer xoxb-acme"}

        def trigger(view: str = "") -> str:
            given = httpx.post(
                f"{running.url}/api/views.generateTriggerId", data={"user_id": maya, "view_id": view}, headers=headers
            )
            return str(given.json()["trigger_id"])

        yield Slack(client, trigger, maya)


@pytest.fixture(scope="module")
def workspace() -> Iterator[Slack]:
    """Ours, without limits: this suite is about answers."""
    people = [Member("U0MAYA", "Maya Chen", "maya@acme.test")]
    setup = Setup(rooms=(Room("C0GENERAL", "general", ("U0MAYA",)),), tiers={})
    space = Workspace(people, Team(), fresh_secret(), fresh_token(), "http://127.0.0.1:9", setup)
    with running_workspace(space) as address:
        client = WebClient(token=space.token, base_url=address.api, retry_handlers=[])
        yield Slack(client, lambda view="": space.tickets.trigger("U0MAYA", 0, view), "U0MAYA")


@pytest.fixture(params=["emulate", "workspace"])
def slack(request: pytest.FixtureRequest) -> Slack:
    """Each of the two in turn."""
    found: Slack = request.getfixturevalue(request.param)
    return found


def test_a_direct_message_is_posted_and_changed(slack: Slack) -> None:
    channel = slack.direct()

    posted = slack.client.chat_postMessage(channel=channel, text="A card", blocks=[section(), actions(button())])
    changed = slack.client.chat_update(channel=channel, ts=posted["ts"], text="Decided", blocks=[section()])

    assert posted["channel"] == changed["channel"] == channel
    assert posted["ts"] == changed["ts"]
    assert posted["message"]["text"] == "A card"
    assert changed["text"] == "Decided"


def test_what_is_not_there_has_the_same_name(slack: Slack) -> None:
    client, channel = slack.client, slack.direct()
    trigger = slack.trigger()
    client.views_open(trigger_id=trigger, view=modal(section()))

    errors = [
        refused(lambda: client.chat_postMessage(channel="C0NOWHERE", text="x")),
        refused(lambda: client.chat_update(channel=channel, ts="1.000001", text="x")),
        refused(lambda: client.api_call("chat.postMessage", json={"channel": channel})),
        refused(lambda: client.users_lookupByEmail(email="nobody@acme.test")),
        refused(lambda: client.users_info(user="U0NOBODY")),
        refused(lambda: client.views_open(trigger_id=trigger, view=modal(section()))),
        refused(lambda: client.conversations_create(name="general")),
    ]

    assert [error["error"] for error in errors] == [
        "channel_not_found", "message_not_found", "no_text", "users_not_found", "user_not_found",
        "exchanged_trigger_id", "name_taken",
    ]  # fmt: skip


def test_views_are_opened_updated_and_pushed_up_to_three(slack: Slack) -> None:
    client = slack.client

    first = client.views_open(trigger_id=slack.trigger(), view=modal(section(), callback_id="one"))["view"]
    second = client.views_update(view_id=first["id"], hash=first["hash"], view=modal(section(), callback_id="two"))[
        "view"
    ]
    stale = refused(lambda: client.views_update(view_id=first["id"], hash=first["hash"], view=modal(section())))
    pushed = [client.views_push(trigger_id=slack.trigger(first["id"]), view=modal(section()))["view"] for _ in range(2)]
    over = refused(lambda: client.views_push(trigger_id=slack.trigger(pushed[-1]["id"]), view=modal(section())))

    assert (first["type"], first["callback_id"], second["callback_id"]) == ("modal", "one", "two")
    assert (first["id"], first["hash"] == second["hash"]) == (second["id"], False)
    assert stale["error"] == "hash_conflict"
    assert [view["root_view_id"] for view in pushed] == [first["id"]] * 2
    assert over["error"] == "push_limit_reached"


def test_a_home_tab_is_published_with_a_hash(slack: Slack) -> None:
    view = {"type": "home", "blocks": [section()]}

    first = slack.client.views_publish(user_id=slack.maya, view=view)["view"]
    slack.client.views_publish(user_id=slack.maya, view=view, hash=first["hash"])
    stale = refused(lambda: slack.client.views_publish(user_id=slack.maya, view=view, hash=first["hash"]))

    assert first["type"] == "home"
    assert stale["error"] == "hash_conflict"


def test_a_channel_is_made_filled_and_archived(slack: Slack) -> None:
    client = slack.client
    made = client.conversations_create(name="inc-1")["channel"]

    client.conversations_invite(channel=made["id"], users=slack.maya)
    client.conversations_setTopic(channel=made["id"], topic="Payments")
    posted = client.chat_postMessage(channel=made["id"], text="Roles")
    client.pins_add(channel=made["id"], timestamp=posted["ts"])
    client.conversations_archive(channel=made["id"])

    assert slack.maya in client.conversations_members(channel=made["id"])["members"]
    assert refused(lambda: client.chat_postMessage(channel=made["id"], text="x"))["error"] == "is_archived"


BLOCK_REFERENCE = "docs.slack.dev/reference/block-kit/blocks"
VIEW_REFERENCE = "docs.slack.dev/reference/views"
TOO_KIND: dict[str, tuple[str, str]] = {
    "51 blocks": ("chat.postMessage", "docs.slack.dev/reference/methods/chat.postMessage"),
    "section of 3,001": ("chat.postMessage", f"{BLOCK_REFERENCE}/section-block"),
    "unknown type": ("chat.postMessage", BLOCK_REFERENCE),
    "no type": ("chat.postMessage", BLOCK_REFERENCE),
    "button text of 76": ("chat.postMessage", "docs.slack.dev/reference/block-kit/block-elements/button-element"),
    "action_id twice": ("chat.postMessage", "docs.slack.dev/reference/block-kit/block-elements/button-element"),
    "block_id twice": ("chat.postMessage", BLOCK_REFERENCE),
    "alert": ("chat.postMessage", f"{BLOCK_REFERENCE}/alert-block"),
    "101 blocks": ("views.open", VIEW_REFERENCE),
    "metadata of 3,001": ("views.open", VIEW_REFERENCE),
    "title of 25": ("views.open", VIEW_REFERENCE),
    "input without submit": ("views.open", VIEW_REFERENCE),
}
"""What `emulate` takes and Slack's pages say no to: payload → (method, the page that decides). Ours says no."""


@pytest.mark.parametrize("name", TOO_KIND)
def test_where_the_two_differ_slacks_page_decides_for_ours(emulate: Slack, workspace: Slack, name: str) -> None:
    def send(slack: Slack) -> Any:
        if TOO_KIND[name][0] == "views.open":
            return slack.client.views_open(trigger_id=slack.trigger(), view=BAD_VIEWS[name][0])
        return slack.client.chat_postMessage(channel=slack.direct(), text="x", blocks=BAD_MESSAGES[name][0])

    assert send(emulate)["ok"]
    assert refused(lambda: send(workspace))["error"] in {"invalid_blocks", "invalid_arguments"}
