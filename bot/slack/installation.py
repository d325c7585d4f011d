"""Where the app is installed: asked of Slack once, kept, so that the process starts and serves while Slack is down."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock, Thread
from time import monotonic

import structlog
from pydantic import ValidationError

from bot.slack.ports import Installation
from workflows.kernel.ports import Chat, ChatFailure

AGAIN_SECONDS = 10.0
LOG = structlog.get_logger("attester.slack")


class Installed:
    """Gives the installation, or None before Slack ever told it; then asks again in the background, at most every 10 s."""

    def __init__(self, chat: Chat, kept: Path | None = None) -> None:
        self._chat = chat
        self._kept = kept
        self._lock = Lock()
        self._asked = -AGAIN_SECONDS
        self._found = _read(kept)

    def __call__(self) -> Installation | None:
        """Who we are, without waiting for Slack."""
        if self._found is None and self._may_ask():
            Thread(target=self._ask_quietly, name="slack-installation", daemon=True).start()
        return self._found

    def ask(self) -> Installation:
        """Ask Slack now and keep the answer. Raises ChatFailure."""
        said = self._chat.identity()
        names = ("team", "enterprise", "workspace", "app", "bot", "bot_user")
        found = Installation(**{name: said.get(name, "") for name in names})
        self._found = found
        if self._kept is not None:
            unfinished = self._kept.with_suffix(".unfinished")
            unfinished.write_text(found.model_dump_json(), encoding="utf-8")
            os.replace(unfinished, self._kept)
        return found

    def _may_ask(self) -> bool:
        with self._lock:
            if monotonic() - self._asked < AGAIN_SECONDS:
                return False
            self._asked = monotonic()
            return True

    def _ask_quietly(self) -> None:
        try:
            self.ask()
        except ChatFailure as failure:
            LOG.warning("installation_unknown", reason=failure.code)


def _read(kept: Path | None) -> Installation | None:
    try:
        return Installation.model_validate_json(kept.read_bytes()) if kept is not None else None
    except (FileNotFoundError, ValidationError):
        return None
