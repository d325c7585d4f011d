"""Sends what a person did to the bot, signed, over real HTTP, and keeps Slack's clock: 3 s, and retries for events."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.workspace.journal import Entry
from bot.workspace.problem import Json
from bot.workspace.socket import envelope
from bot.workspace.state import Workspace

FORM = "application/x-www-form-urlencoded"
ANSWER_KEPT = 20_000


@dataclass(frozen=True)
class Answer:
    """How the bot answered. ``failure`` is what Slack would tell the person; empty where all is well."""

    status: int
    text: str
    failure: str = ""

    @property
    def ok(self) -> bool:
        """Acknowledged in time with a 2xx."""
        return not self.failure

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except (json.JSONDecodeError, RecursionError):
            return None


def signed(space: Workspace, body: str, content_type: str) -> dict[str, str]:
    """The headers of a request that Slack signed: version 0, HMAC-SHA256 over `v0:timestamp:body`."""
    at = str(int(space.wall.now().timestamp()))
    digest = hmac.new(space.secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "content-type": content_type,
        "user-agent": "Slackbot 1.0 (local stand-in)",
        "x-slack-request-timestamp": at,
        "x-slack-signature": f"v0={digest}",
    }


async def _post(space: Workspace, body: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str], str]:
    """Status, text, headers, and what went wrong: `late`, `unreachable` or nothing."""
    try:
        async with asyncio.timeout(space.setup.ack_seconds):
            async with httpx.AsyncClient(trust_env=False, verify=False, timeout=None) as http:  # noqa: S501, S113
                got = await http.post(space.bot_url, content=body.encode(), headers=headers)
            return got.status_code, got.text, dict(got.headers), ""
    except TimeoutError:
        return 0, "", {}, "late"
    except httpx.TransportError:
        return 0, "", {}, "unreachable"


async def _push(space: Workspace, body: str, content_type: str, extra: dict[str, str]) -> tuple[int, str, str]:
    """As `_post`, over Socket Mode."""
    number = int(extra.get("x-slack-retry-num", "0"))
    retry = {"retry_attempt": number, "retry_reason": extra["x-slack-retry-reason"]} if number else {}
    try:
        async with asyncio.timeout(space.setup.ack_seconds):
            return 200, await space.sockets.send(envelope(body, content_type, retry)), ""
    except TimeoutError:
        return 0, "", "late"
    except (ConnectionError, RuntimeError):
        # Starlette raises RuntimeError for a connection that closed between our look and our sending.
        return 0, "", "unreachable"


def _failure(space: Workspace, status: int, wrong: str) -> str:
    if wrong == "late":
        return f"Operation timed out. {space.team.app_name} did not answer within {space.setup.ack_seconds:g} seconds."
    if wrong == "unreachable":
        return f"{space.team.app_name} could not be reached. Is it running?"
    if not 200 <= status < 300:
        return f"{space.team.app_name} answered with status {status}. Please try again."
    return ""


async def deliver(space: Workspace, entry: Entry, body: str, content_type: str, extra: dict[str, str]) -> Answer:
    """Send once, and write request, answer and time into the entry."""
    socket = space.setup.socket_mode
    headers = {} if socket else signed(space, body, content_type) | extra
    entry.url, entry.headers, entry.body = "" if socket else space.bot_url, headers, body
    before = space.entries() if space.entries else 0
    started = space.ticks()
    got: dict[str, str] = {}
    if socket:
        status, text, wrong = await _push(space, body, content_type, extra)
    else:
        status, text, got, wrong = await _post(space, body, headers)
    entry.ms = round((space.ticks() - started) * 1000, 1)
    entry.status, entry.answer = status, text[:ANSWER_KEPT]
    failure = _failure(space, status, wrong)
    entry.verdict = wrong or ("failed" if failure else "ok")
    entry.note = failure
    if space.entries:
        entry.ledger = (before, space.entries())
    if got.get("x-slack-no-retry") == "1":
        entry.note = f"{failure} The app asked for no retry.".strip()
        return Answer(-abs(status), text, failure)
    return Answer(status, text, failure)


async def interaction(space: Workspace, entry: Entry, payload: Json) -> Answer:
    """A click, a submission, a shortcut: JSON in a form field, never retried."""
    entry.payload = copy.deepcopy(payload)
    body = urlencode({"payload": json.dumps(payload, ensure_ascii=False)})
    answer = await deliver(space, entry, body, FORM, {})
    space.journal.finish(entry)
    return answer


async def command(space: Workspace, entry: Entry, form: str, shown: Json) -> Answer:
    """A slash command: a plain form, never retried."""
    entry.payload = shown
    answer = await deliver(space, entry, form, FORM, {})
    space.journal.finish(entry)
    return answer


async def event(space: Workspace, entry: Entry, payload: Json) -> Answer:
    """An event: JSON. Where it fails, it is sent again after the retry delays, in the background."""
    entry.payload = copy.deepcopy(payload)
    body = json.dumps(payload, ensure_ascii=False)
    answer = await deliver(space, entry, body, "application/json", {})
    space.journal.finish(entry)
    if not answer.ok and answer.status >= 0:
        task = asyncio.create_task(_again(space, entry, body, answer))
        space.tasks.add(task)
        task.add_done_callback(space.tasks.discard)
    return answer


async def _again(space: Workspace, first: Entry, body: str, failed: Answer) -> None:
    """Slack's retries: at once, after one minute, after five; with the reason of the last failure."""
    for number, delay in enumerate(space.setup.retry_delays, 1):
        await asyncio.sleep(delay)
        reason = "http_timeout" if failed.status == 0 else "http_error"
        entry = space.journal.start(first.user, first.kind, f"{first.title} (retry {number})")
        entry.payload = first.payload
        extra = {"x-slack-retry-num": str(number), "x-slack-retry-reason": reason}
        failed = await deliver(space, entry, body, "application/json", extra)
        space.journal.finish(entry)
        if failed.ok or failed.status < 0:
            return
