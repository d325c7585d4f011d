"""Acme, its people, and an Attester that runs for them: the real runtime and web server, driven by signed requests."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlmodel import col, select

from bot.clock import SystemClock
from bot.draft import Mill
from bot.runtime import Runtime, fresh_nonce
from bot.signing import load_signer
from bot.slack.app import Office, build_app, office
from bot.slack.door import Door
from bot.slack.ports import Deps
from bot.store.database import Database
from bot.store.people import Refusals, SlackPeople
from bot.store.record import Record
from bot.store.table_ledger import PayloadRow
from bot.web.app import build_web
from bot.web.ports import WebDeps
from bot.web.server import running
from tests.slack.acme import MEMBERS, TEAM, Book
from tests.slack.toy import WORKFLOW, OpenErrand, link
from tests.slack.twin import TwinChat
from workflows.kernel.model import CaseId, by_system

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
HOOK = "https://hooks.slack.com/actions/T0ACME/1/secret"
ERRAND = "errand/2026-Q4/maya"
Json = dict[str, Any]


@dataclass
class World:
    """A running Attester."""

    url: str
    record: Record
    refusals: Refusals
    members: SlackPeople
    runtime: Runtime
    chat: TwinChat
    book: Book
    parts: Office
    door: Door
    http: httpx.Client
    database: Database
    stops: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def open_errand(self, case: CaseId = ERRAND, title: str = "Fetch the report", who: str = "00u-maya") -> CaseId:
        due = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
        self.runtime.act(case, OpenErrand(person=who, title=title, due_at=due), by_system("test"), control="CTL-1")
        return case

    def names(self, case: CaseId = ERRAND) -> list[str]:
        """The names of a case's events."""
        return [e.name for e in self.record.events(case)]

    def payload(self) -> str:
        """The newest attestation's statement."""
        with self.database.read() as session:
            newest = session.exec(select(PayloadRow.payload).order_by(col(PayloadRow.entry_id).desc())).first()
        return (newest or b"").decode()

    def settle(self) -> None:
        """Wait until what is said in the background was said."""
        self.parts.reply.wait(10)

    def said(self) -> list[str]:
        """The private answers, through the response URL."""
        self.settle()
        return [text for _, text in self.chat.answers]

    def send(
        self, body: str | bytes, kind: str = "application/x-www-form-urlencoded", **headers: str
    ) -> httpx.Response:
        """A signed request with these bytes."""
        data = body.encode() if isinstance(body, str) else body
        sent = signed(data) | {"content-type": kind} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.http.post(f"{self.url}/slack/events", content=data, headers=sent)

    def interact(self, payload: Json) -> httpx.Response:
        return self.send(urlencode({"payload": json.dumps(payload)}))

    def press(self, act: str, user: str = "U0MAYA", case: CaseId = ERRAND, **changes: Any) -> httpx.Response:
        return self.interact(self.click(act, user, case, **changes))

    def click(self, act: str, user: str = "U0MAYA", case: CaseId = ERRAND, **changes: Any) -> Json:
        """A press of a button in a direct message, as Slack sends it."""
        number = next(self._numbers)
        action = {
            "type": "button",
            "action_id": f"attester:{act}:",
            "block_id": "b1",
            "value": link(case, act).text(),
            "action_ts": f"1790000001.{number:06d}",
        }
        payload: Json = {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "acme"},
            "user": {"id": user, "username": user.lower(), "team_id": TEAM},
            "api_app_id": "A0ATT",
            "container": {"type": "message", "message_ts": "1790000000.000100", "channel_id": f"D{user}"},
            "channel": {"id": f"D{user}", "name": "directmessage"},
            "message": {"ts": "1790000000.000100", "text": "May it go?"},
            "trigger_id": f"1.2.{number}",
            "response_url": HOOK,
            "actions": [action],
        }
        return payload | changes

    def submission(
        self, act: str, values: Mapping[str, str], user: str = "U0MAYA", case: CaseId = ERRAND, **changes: Any
    ) -> Json:
        """A submitted form, as Slack sends it."""
        number = next(self._numbers)
        state = {name: {"typed": {"type": "plain_text_input", "value": text}} for name, text in values.items()}
        view: Json = {
            "id": f"V{number}",
            "type": "modal",
            "callback_id": f"attester:{act}",
            "private_metadata": link(case, act).text(),
            "hash": f"1.{number}",
            "previous_view_id": None,
            "root_view_id": f"V{number}",
            "blocks": [{"type": "input", "block_id": name} for name in ("reason", "instead")],
            "state": {"values": state},
        }
        return {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "acme"},
            "user": {"id": user, "username": user.lower(), "team_id": TEAM},
            "api_app_id": "A0ATT",
            "trigger_id": f"1.2.{number}",
            "view": view | changes,
            "response_urls": [],
        }

    def command(self, text: str = "", user: str = "U0MAYA", **changes: str) -> httpx.Response:
        form = {
            "command": "/review",
            "text": text,
            "team_id": TEAM,
            "user_id": user,
            "channel_id": "C0GENERAL",
            "api_app_id": "A0ATT",
            "trigger_id": f"1.2.{next(self._numbers)}",
            "response_url": HOOK,
        }
        return self.send(urlencode(form | changes))

    def event(self, event: Json, **changes: Any) -> httpx.Response:
        body: Json = {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": "A0ATT",
            "event_id": f"Ev{next(self._numbers)}",
            "event": event,
            "authorizations": [{"team_id": TEAM, "user_id": "U0ATT", "is_bot": True}],
        }
        return self.send(json.dumps(body | changes), "application/json")


def signed(body: bytes, at: float | None = None) -> dict[str, str]:
    """Slack's two headers for these bytes."""
    stamp = str(int(time.time() if at is None else at))
    mac = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac}"}


class Front:
    """The web server and key that all worlds of a run share; the door behind the guard is the newest world's."""

    def __init__(self, folder: Path) -> None:
        self.signer = load_signer(f"file:{folder / 'signing.key'}", create=True)
        self.door: Door | None = None
        self.url = ""

    def receive(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
        assert self.door is not None
        return self.door.receive(body, headers)


@contextmanager
def running_front(folder: Path) -> Iterator[tuple[Front, httpx.Client]]:
    """The server, listening."""
    front = Front(folder)
    with running(build_web(WebDeps(wall=SystemClock(), slack=front.receive))) as url, httpx.Client(timeout=10) as http:
        front.url = url
        yield front, http


@contextmanager
def running_world(
    database_url: str, served: tuple[Front, httpx.Client], synced: timedelta = timedelta(minutes=5)
) -> Iterator[World]:
    """Acme on this database. Slack's directory was read `synced` ago."""
    front, http = served
    database, clock = Database(database_url), SystemClock()
    record, members, refusals, book = Record(database), SlackPeople(database), Refusals(database), Book()
    members.sync(MEMBERS, clock.now() - synced)
    mill = Mill(front.signer, "attester.acme.test", "0.1.0", fresh_nonce)
    runtime = Runtime(record, [WORKFLOW], mill, clock, book)
    chat, stops = TwinChat(MEMBERS), []
    deps = Deps(
        signing_secret=SECRET,
        installation=lambda: book.installed,
        runtime=runtime,
        cases=record,
        members=members,
        refusals=refusals,
        book=book,
        chat=chat,
        clock=clock,
        stopped=stops.append,
    )
    parts = office(deps)
    door = Door(build_app(deps, parts), SECRET, clock)
    front.door = door
    yield World(front.url, record, refusals, members, runtime, chat, book, parts, door, http, database, stops)
    parts.close()
    database.close()
