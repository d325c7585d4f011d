"""Socket Mode: Slack's own client connects, gets what people do, and its acknowledgements count."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.workspace.driver import WorkspaceDriver
from tests.workspace.toy import Toy, build_app, running_toy


@pytest.fixture
def linked() -> Iterator[Toy]:
    """A workspace whose bot is connected through Socket Mode; its HTTP address is never asked."""
    with running_toy(socket_mode=True, ack_seconds=0.5, retry_delays=(0.0,)) as (toy, address):
        app = build_app(toy)
        client = WebClient(base_url=address.api, retry_handlers=[])
        handler: Any = SocketModeHandler(app, toy.space.app_token, logger=logging.getLogger("quiet"), web_client=client)
        handler.connect()
        yield toy
        handler.close()


def test_what_people_do_reaches_the_bot_over_its_own_connection(linked: Toy) -> None:
    driver = WorkspaceDriver(linked.page)
    channel, ts = linked.card()

    pressed = driver.press("U0MAYA", channel, ts, "verdict", "keep")
    helped = driver.command("U0MAYA", "/toy help")
    home = driver.open_home("U0MAYA").home
    view = driver.command("U0MAYA", "/toy form").view
    assert view is not None
    wrong = driver.submit(view["id"], {"why": "bad"})
    slow = driver.command("U0MAYA", "/toy slow")
    driver.close()

    assert pressed.messages[0]["text"] == "Kept by <@U0MAYA>"
    assert "The toy bot" in helped.text
    assert home is not None
    assert wrong.errors == {"why": "Say more than that.", "until": "Choose a day."}
    assert "did not answer" in slow.sentence
    assert [body["type"] for body in linked.seen if "type" in body][:2] == ["block_actions", "event_callback"]


def test_without_a_connection_the_bot_is_not_reached() -> None:
    with running_toy(socket_mode=True) as (toy, _address):
        driver = WorkspaceDriver(toy.page)

        seen = driver.open_home("U0MAYA")
        driver.close()

    assert "could not be reached" in seen.sentence


def test_only_the_app_token_opens_a_connection(toy: Toy) -> None:
    url = f"{toy.client.base_url}apps.connections.open"

    def opened(token: str) -> Any:
        return httpx.post(url, headers={"authorization": f"Bearer {token}"}).json()

    assert opened(toy.space.app_token)["url"].startswith("ws://127.0.0.1:")
    assert opened(toy.space.token)["error"] == "not_allowed_token_type"
    assert opened("xapp-1-real")["error"] == "invalid_auth"
