"""A small bot made with the real Bolt: it proves that the workspace's requests are what Slack's own library expects."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.workspace.people import Member, Room, Setup, Shortcut, SlashCommand, Team
from bot.workspace.server import Address, bound, running_app, running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from tests.workspace.payloads import EVERY_ELEMENT, actions, button, modal, mrkdwn, plain, section, text_input

Json = dict[str, Any]

PEOPLE = (
    Member("U0MAYA", "Maya Chen", "maya@acme.test", "Engineering manager"),
    Member("U0RAVI", "Ravi Patel", "ravi@acme.test", "Engineer", note="Maya's report"),
    Member("U0DANA", "Dana Okafor", "dana@acme.test", "Head of security", owner=True),
    Member("U0LENA", "Lena Fischer", "lena@guest.test", "Contractor", note="guest", restricted=True),
    Member("U0SAM", "Sam Stone", "sam@other.test", note="another company", team="T0OTHER", stranger=True),
    Member("U0TOM", "Tom Left", "tom@acme.test", note="deactivated", deleted=True),
)
ROOMS = (
    Room("C0SEC", "security", ("U0MAYA", "U0DANA"), topic="What is due and what is late"),
    Room("C0SHARED", "acme-other", ("U0MAYA", "U0SAM"), ext_shared=True),
    Room("C0OLD", "old-news", ("U0MAYA",)),
)
COMMANDS = (SlashCommand("/toy", "Try the toy bot", "[help|form|all|slow|bad]"), SlashCommand("/other", "Does nothing"))


@dataclass
class Toy:
    """The running pair: workspace and bot. ``seen`` holds every body that Bolt accepted."""

    space: Workspace
    client: WebClient
    seen: list[Json] = field(default_factory=list)
    page: str = ""
    failures: int = 0

    def card(self, user: str = "U0MAYA", blocks: list[Json] | None = None, text: str = "A card") -> tuple[str, str]:
        """Post a card; returns (channel, ts)."""
        got = self.client.chat_postMessage(channel=user, text=text, blocks=blocks or CARD)
        return got["channel"], got["ts"]


CARD = [
    {"type": "header", "text": plain("Does Ravi keep admin on GitHub?")},
    section(
        block_id="facts",
        text=mrkdwn("*Ravi Patel (ravi-dev)* holds `admin` on <https://example.test/r|acme/payments>."),
        fields=[mrkdwn("*Last used*\n3 Oct, 06:10 UTC"), mrkdwn("*Granted*\nbefore 2024")],
    ),
    actions(
        button(action_id="keep", text=plain("Keep"), style="primary", value="keep"),
        button(action_id="revoke", text=plain("Revoke"), style="danger", value="revoke", confirm={
            "title": plain("Revoke admin?"), "text": mrkdwn("Ravi loses *admin* today."), "confirm": plain("Revoke"),
            "deny": plain("Not now"), "style": "danger"}),
        button(action_id="form", text=plain("Say why…")),
        button(action_id="refuse", text=plain("Not mine")),
        button(action_id="boom", text=plain("Break")),
        block_id="verdict",
    ),
    {"type": "context", "elements": [mrkdwn("CC6.2 · due _2 November_ · sha256 `4f0a…`")]},
]  # fmt: skip


def form(**more: Any) -> Json:
    return modal(
        section(text=mrkdwn("One question a field.")),
        text_input(multiline=True, placeholder=plain("In one sentence")) | {"hint": plain("At most 3,000 characters.")},
        {"type": "input", "block_id": "until", "optional": True, "label": plain("Until"),
         "element": {"type": "datepicker", "action_id": "day"}},
        actions(button(action_id="push", text=plain("More…")), block_id="inside"),
        callback_id="why", title=plain("Say why"), close=plain("Cancel"), notify_on_close=True, **more,
    )  # fmt: skip


def _listen(app: App, toy: Toy) -> None:
    """The bot's listeners; each does what its name says."""

    def keep(ack: Any, body: Json, client: WebClient) -> None:
        toy.seen.append(body)
        text = f"Kept by <@{body['user']['id']}>"
        client.chat_update(
            channel=body["channel"]["id"], ts=body["container"]["message_ts"], text=text,
            blocks=[section(text=mrkdwn(text))],
        )  # fmt: skip
        ack()

    def refuse(ack: Any, body: Json, respond: Any) -> None:
        toy.seen.append(body)
        ack()
        respond(text="This is not yours to answer. Nothing was recorded. Ask Dana.", replace_original=False)

    def open_form(ack: Any, body: Json, client: WebClient) -> None:
        toy.seen.append(body)
        client.views_open(trigger_id=body["trigger_id"], view=form())
        ack()

    def push(ack: Any, body: Json, client: WebClient) -> None:
        toy.seen.append(body)
        client.views_push(trigger_id=body["trigger_id"], view=form(external_id="") | {"title": plain("On top")})
        ack()

    def boom(ack: Any, body: Json) -> None:
        toy.seen.append(body)
        raise RuntimeError("broken on purpose")

    def anything(ack: Any, body: Json) -> None:
        toy.seen.append(body)
        ack()

    app.action("keep")(keep)
    app.action("refuse")(refuse)
    app.action("form")(open_form)
    app.action("push")(push)
    app.action("boom")(boom)
    app.action(re.compile(".*"))(anything)
    app.shortcut("toy_shortcut")(open_form)


def _listen_more(app: App, toy: Toy) -> None:
    """Submissions, commands and events."""

    def submitted(ack: Any, body: Json) -> None:
        toy.seen.append(body)
        said = body["view"]["state"]["values"]["why"]["say"]["value"]
        answers: dict[str, Json] = {
            "bad": {"response_action": "errors", "errors": {"why": "Say more than that.", "until": "Choose a day."}},
            "stranger": {"response_action": "errors", "errors": {"nowhere": "Who reads this?"}},
            "update": {"response_action": "update", "view": modal(section(text=mrkdwn("Recorded, 14:03 UTC")))},
            "clear": {"response_action": "clear"},
        }
        if said == "slow":
            time.sleep(toy.space.setup.ack_seconds + 0.3)
        ack(**answers.get(said, {}))

    def closed(ack: Any, body: Json) -> None:
        toy.seen.append(body)
        ack()

    def command(ack: Any, body: Json, client: WebClient) -> None:
        toy.seen.append(body)
        word = body["text"]
        if word == "form":
            client.views_open(trigger_id=body["trigger_id"], view=form())
        elif word == "all":
            client.chat_postMessage(channel=body["user_id"], text="Every element", blocks=EVERY_ELEMENT)
        elif word == "slow":
            time.sleep(toy.space.setup.ack_seconds + 0.3)
        ack(**{"form": {}, "all": {}, "bad": {"blocks": [{"type": "x"}], "text": "x"}}.get(word, {"text": HELP}))

    def home(body: Json, event: Json, client: WebClient) -> None:
        toy.seen.append(body)
        if toy.failures:
            toy.failures -= 1
            raise RuntimeError("home is broken on purpose")
        blocks = [*EVERY_ELEMENT, actions(button(action_id="form", text=plain("Open…")), block_id="open")]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    app.view("why")(submitted)
    app.view_closed("why")(closed)
    app.command("/toy")(command)
    app.event("app_home_opened")(home)


HELP = "*The toy bot*\n• `/toy form` opens a form\n• `/toy help` says this"


def build_app(toy: Toy) -> App:
    """The bot: a Bolt app with all its listeners."""
    team = toy.space.team
    known = AuthorizeResult(
        enterprise_id=None, team_id=team.id, bot_token=toy.space.token, bot_id=team.bot_id, bot_user_id=team.bot_user
    )
    app = App(
        signing_secret=toy.space.secret, authorize=lambda **_: known, client=toy.client, process_before_response=True
    )
    _listen(app, toy)
    _listen_more(app, toy)
    return app


def build_toy(space: Workspace, api: str) -> tuple[Toy, Starlette]:
    """The bot and its web app."""
    toy = Toy(space, WebClient(token=space.token, base_url=api, retry_handlers=[]))
    app = build_app(toy)

    async def events(request: Request) -> Response:
        body = (await request.body()).decode()
        headers = {name: [value] for name, value in request.headers.items()}
        got = await anyio.to_thread.run_sync(app.dispatch, BoltRequest(body=body, headers=headers))
        return Response(got.body or "", got.status, headers=got.first_headers())

    return toy, Starlette(routes=[Route("/slack/events", events, methods=["POST"])])


def new_space(bot_url: str, secret: str, token: str, **setup: Any) -> Workspace:
    """A workspace with our people in it, in which nothing has happened."""
    team = Team(scopes=(*Team().scopes, "groups:read", "im:history", "channels:history", "reactions:write"))
    more = Setup(
        rooms=ROOMS, commands=COMMANDS, shortcuts=(Shortcut("Open the form", "toy_shortcut"),),
        tries=("Press *Keep* on the card in Attester.",), first_person="U0MAYA", **setup,
    )  # fmt: skip
    return Workspace(PEOPLE, team, secret, token, bot_url, more)


def start_over(toy: Toy, **setup: Any) -> None:
    """Nothing has happened yet, with the servers kept running: starting them anew would cost half a second a test."""
    key = toy.space.page_key
    space = new_space(toy.space.bot_url, toy.space.secret, toy.space.token, **setup)
    vars(toy.space).update(vars(space))
    toy.space.page_key = key
    toy.seen.clear()
    toy.failures = 0


@contextmanager
def running_toy(**setup: Any) -> Iterator[tuple[Toy, Address]]:
    """A workspace and its bot, both on 127.0.0.1, for as long as the block lasts."""
    listener = bound(0)
    bot_url = f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
    space = new_space(bot_url, fresh_secret(), fresh_token(), **setup)
    with running_workspace(space) as address:
        toy, app = build_toy(space, address.api)
        toy.page = address.page
        with running_app(app, listener):
            yield toy, address
