"""Socket Mode, for the first day: the same app, without a public address. Payloads carry no signature; trust is the app token."""

from __future__ import annotations

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.slack.chat import SlackWeb, silent

CONCURRENCY = 64


class Socket:
    """A connection that Slack sends payloads through; it renews itself when Slack asks for that."""

    def __init__(self, app: App, app_token: str, chat: SlackWeb) -> None:
        self._handler = SocketModeHandler(
            app, app_token, logger=silent(), web_client=chat.tokenless(), concurrency=CONCURRENCY
        )

    def start(self) -> None:
        """Connect and return; payloads are handled in threads of their own."""
        self._handler.connect()  # type: ignore[no-untyped-call]

    def connected(self) -> bool:
        """Whether the connection stands."""
        return bool(self._handler.client.is_connected())

    def stop(self) -> None:
        """Close the connection and end its threads."""
        self._handler.close()  # type: ignore[no-untyped-call]
