"""The only Slack client: everything that we say to Slack goes through here, once, and what went wrong comes back classed.

No retry handlers: the SDK's own would repeat a call whose answer was lost, and so post twice; repeating is the outbox's
business. Calls are POST forms, as the synchronous client of slack_sdk sends them.
"""

from __future__ import annotations

import http.client
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from prometheus_client import Counter
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot.slack.member import read_member
from workflows.kernel.ports import ChatFailure, ChatUser

SLACK_API = "https://slack.com/api/"
SLACK_HOOKS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
TIMEOUT = 10
SHOW_TIMEOUT = 2
PAGE = 200
EVENT_TYPE = "attester_ask"
NAME = re.compile(r"[a-z0-9_]{1,64}")

STOPPED = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope"}
)
STOPPED |= {"org_login_required", "team_access_not_granted", "no_permission", "ekm_access_denied"}
GONE = frozenset(
    {"user_not_found", "users_not_found", "channel_not_found", "is_archived", "not_in_channel", "user_disabled"}
)
GONE |= {"cannot_dm_bot", "messages_tab_disabled", "user_not_in_channel", "restricted_action", "user_is_bot"}
STALE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "hash_conflict", "not_found"})
STALE |= {"expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged", "view_not_found"}
LATER = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded", "accesslimited", "request_timeout"})
UNSURE = frozenset({"fatal_error", "internal_error", "service_unavailable", "team_added_to_org"})
"""Slack's error names by what follows from them; a name in no list is a payload of ours that Slack does not accept."""

FAILED = Counter(
    "attester_slack_failed_total", "Calls to Slack that failed, by what follows and Slack's error", ["kind", "code"]
)
LIMITED = Counter("attester_slack_limited_total", "429 answers, by method", ["method"])


def silent() -> logging.Logger:
    """A logger that says nothing: the libraries' own would write bodies and headers, tokens included, into the log."""
    logger = logging.getLogger("attester.silent")
    logger.disabled = True
    logger.setLevel(logging.CRITICAL)
    return logger


def tokenless_client(base_url: str = SLACK_API) -> WebClient:
    """A client that can post nothing: for libraries that insist on having one."""
    return WebClient(base_url=base_url, timeout=TIMEOUT, retry_handlers=[], logger=silent())


class SlackWeb:
    """Slack's Web API as the rest of the product uses it (kernel Chat, and the screens and private answers of bot.slack).

    ``base_url`` is another base of the API, for stand-ins. Every method raises ChatFailure and nothing else.
    """

    def __init__(self, token: str, base_url: str = "") -> None:
        base = f"{base_url.rstrip('/')}/" if base_url else SLACK_API
        self._client = WebClient(token, base_url=base, timeout=TIMEOUT, retry_handlers=[], logger=silent())
        # Somebody waits for these: each socket read gets 2 s, and the caller bounds the whole.
        self._quick = WebClient(token, base_url=base, timeout=SHOW_TIMEOUT, retry_handlers=[], logger=silent())
        self._home = urlsplit(base).netloc if base_url else ""

    def post(
        self, to: str, text: str, blocks: Sequence[Mapping[str, Any]], metadata: Mapping[str, str]
    ) -> tuple[str, str]:
        """Post to a user id or channel; ``metadata`` names the row and the ask. Returns (channel, ts)."""
        named = {"event_type": EVENT_TYPE, "event_payload": dict(metadata)} if metadata else None
        form = {"channel": to, "text": text, "blocks": dumps(list(blocks)), "unfurl_links": "0", "unfurl_media": "0"}
        said = self._call("chat.postMessage", form | ({"metadata": dumps(named)} if named else {}))
        return _text(said, "channel"), _text(said, "ts")

    def reply(self, channel: str, thread: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> str:
        """Answer in the thread of a message; returns the answer's ts."""
        form = {"channel": channel, "thread_ts": thread, "text": text, "blocks": dumps(list(blocks))}
        said = self._call("chat.postMessage", form | {"unfurl_links": "0", "unfurl_media": "0"})
        return _text(said, "ts")

    def update(self, channel: str, ts: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Replace one of our messages."""
        self._call("chat.update", {"channel": channel, "ts": ts, "text": text, "blocks": dumps(list(blocks))})

    def whisper(self, channel: str, user: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """An ephemeral message that only this person sees."""
        form = {"channel": channel, "user": user, "text": text, "blocks": dumps(list(blocks))}
        self._call("chat.postEphemeral", form)

    def open_view(self, trigger: str, view: Mapping[str, Any]) -> None:
        """Open a modal; the trigger lives 3 s and works once."""
        self._call("views.open", {"trigger_id": trigger, "view": dumps(dict(view))}, self._quick)

    def push_view(self, trigger: str, view: Mapping[str, Any]) -> None:
        """Put a modal on top of the open one; three are the most."""
        self._call("views.push", {"trigger_id": trigger, "view": dumps(dict(view))}, self._quick)

    def update_view(self, view: str, seen: str, content: Mapping[str, Any]) -> None:
        """Replace a view, unless it changed since ``seen``; an empty ``seen`` replaces whatever is there."""
        guard = {"hash": seen} if seen else {}
        self._call("views.update", {"view_id": view, "view": dumps(dict(content)), **guard}, self._quick)

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Publish somebody's Home tab."""
        self._call("views.publish", {"user_id": user, "view": dumps(dict(view))})

    def respond(self, response_url: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Answer in private through an interaction's own URL; only Slack's hosts, or the stand-in's, are ever called."""
        if not self._is_slacks(response_url):
            raise _failure("ours", "foreign_response_url")
        hook = WebhookClient(response_url, timeout=TIMEOUT, retry_handlers=[], logger=silent())
        try:
            said = hook.send(
                text=text, blocks=[dict(b) for b in blocks] or None, response_type="ephemeral", replace_original=False
            )
        except (OSError, http.client.HTTPException, SlackClientError) as error:
            raise _lost(error) from None
        if said.status_code != 200:
            raise _failure("unsure" if said.status_code >= 500 else "gone", f"response_url_{said.status_code}")

    def users(self) -> Iterator[ChatUser]:
        """Everybody in the workspace, deactivated people included; rows without ids are left out.

        All pages are read before the first row is given: whoever stores them holds no transaction while Slack answers.
        """
        found: list[ChatUser] = []
        cursor = ""
        while True:
            said = self._call("users.list", {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})})
            found += _members(said.get("members"))
            further = str((said.get("response_metadata") or {}).get("next_cursor") or "")
            if not further or further == cursor:
                return iter(found)
            cursor = further

    def user(self, user: str) -> ChatUser:
        """One person's row."""
        said = self._call("users.info", {"user": user})
        for found in _members([said.get("user")]):
            return found
        raise _failure("gone", "user_not_found")

    def identity(self) -> Mapping[str, str]:
        """Who we are: team, enterprise, bot, bot_user, app, workspace. ``app`` stays empty where Slack does not tell it."""
        said = self._call("auth.test", {})
        bot = _text(said, "bot_id")
        app = _text(said, "app_id")
        if bot and not app:
            try:
                app = _text(self._call("bots.info", {"bot": bot}).get("bot") or {}, "app_id")
            except ChatFailure:
                app = ""
        return {
            "team": _text(said, "team_id"),
            "enterprise": _text(said, "enterprise_id"),
            "workspace": _text(said, "team"),
            "bot": bot,
            "bot_user": _text(said, "user_id"),
            "app": app,
            "scopes": str(said.headers.get("x-oauth-scopes", "")),
        }

    def tokenless(self) -> WebClient:
        """A client for the same Slack without a token of its own: Socket Mode asks with it for its connection."""
        return tokenless_client(self._client.base_url)

    def _is_slacks(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.scheme == "https" and parts.hostname in SLACK_HOOKS:
            return True
        return bool(self._home) and parts.netloc == self._home and parts.scheme in ("http", "https")

    def _call(self, method: str, form: Mapping[str, str], client: WebClient | None = None) -> SlackResponse:
        try:
            return (client or self._client).api_call(method, data=dict(form))
        except SlackApiError as error:
            raise _said_no(method, error) from None
        except (OSError, http.client.HTTPException, SlackClientError, ValueError) as error:
            raise _lost(error) from None


def _said_no(method: str, error: SlackApiError) -> ChatFailure:
    """Slack answered, and not with yes."""
    said = error.response
    status = int(getattr(said, "status_code", 0) or 0)
    data = said.data if isinstance(getattr(said, "data", None), dict) else {}
    code = str(data.get("error") or f"http_{status}")
    if not NAME.fullmatch(code):
        # The SDK puts a body that it could not read into the error's name: it goes no further than here.
        return _failure(
            "later" if status == 429 else "unsure", "unreadable_answer", _seconds(getattr(said, "headers", {}))
        )
    if status == 429 or code in LATER:
        LIMITED.labels(method).inc()
        return _failure("later", code, _seconds(getattr(said, "headers", {})))
    if code in STOPPED:
        needed = str(data.get("needed") or "")
        return _failure("stopped", f"{code}:{needed}" if needed else code)
    if status >= 500 or code in UNSURE:
        return _failure("unsure", code)
    if code in GONE:
        return _failure("gone", code)
    return _failure("stale" if code in STALE else "ours", code)


def _lost(error: Exception) -> ChatFailure:
    """No answer that we can read: it may have happened, unless no connection ever came about."""
    reason = error.reason if isinstance(error, URLError) and not isinstance(error, HTTPError) else error
    if isinstance(reason, ConnectionRefusedError):
        return _failure("later", "connection_refused", 1.0)
    return _failure("unsure", type(reason).__name__)


def _failure(kind: Any, code: str, retry_after: float = 0.0) -> ChatFailure:
    FAILED.labels(kind, code.partition(":")[0]).inc()
    return ChatFailure(kind, code, retry_after)


def _seconds(headers: Mapping[str, Any]) -> float:
    found = {str(name).lower(): value for name, value in dict(headers).items()}.get("retry-after", "")
    text = str(found[0] if isinstance(found, list) and found else found)
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1.0


def _members(rows: object) -> Iterator[ChatUser]:
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping) and row.get("id") and row.get("team_id"):
            yield read_member(row)


def _text(said: Any, name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""
