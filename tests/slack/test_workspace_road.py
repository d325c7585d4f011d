"""The same road through the product's own Slack page: its presses, forms, answers and Home are what our listeners expect."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from bot.clock import SystemClock
from bot.slack.app import build_app, office
from bot.slack.chat import SlackWeb
from bot.slack.door import Door
from bot.slack.installation import Installed
from bot.web.app import build_web
from bot.web.ports import WebDeps
from bot.web.server import running
from bot.workspace.driver import Seen, WorkspaceDriver
from bot.workspace.people import Member, Setup, SlashCommand, Team
from bot.workspace.problem import Json
from bot.workspace.server import running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from tests.slack.acme import PEOPLE as PERSONS
from tests.slack.toy import cards
from tests.slack.world import ERRAND, World
from workflows.kernel.identity import directory_of

PEOPLE = [
    Member("U0MAYA", "Maya Chen", "maya@acme.test"),
    Member("U0RAVI", "Ravi Patel", "ravi@acme.test"),
    Member("U0DANA", "Dana Okafor", "dana@acme.test"),
    Member("U0LENA", "Lena Fischer", restricted=True),
    Member("U0SAM", "Sam Stone", team="T0OTHER", stranger=True),
]
SETUP = Setup(commands=(SlashCommand("/review"),), channel_posts_per_second=100)


@dataclass
class Acme:
    """An Attester whose Slack is the local workspace."""

    world: World
    chat: SlackWeb
    driver: WorkspaceDriver
    place: tuple[str, str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_acme(world: World) -> Iterator[Acme]:
    """The workspace and the bot behind it; Maya's card is posted."""
    port = free_port()
    local = Workspace(PEOPLE, Team(), fresh_secret(), fresh_token(), f"http://127.0.0.1:{port}/slack/events", SETUP)
    with running_workspace(local) as address:
        chat = SlackWeb(local.token, address.api)
        installed = Installed(chat)
        installed.ask()
        world.members.sync(chat.users(), SystemClock().now())
        deps = replace(world.parts.deps, signing_secret=local.secret, chat=chat, installation=installed)
        parts = office(deps)
        door = Door(build_app(deps, parts), local.secret, SystemClock())
        world.open_errand()
        card = cards(world.runtime.state(ERRAND)[0])[0]
        with running(build_web(WebDeps(wall=SystemClock(), slack=door.receive)), port=port):
            place = chat.post("U0MAYA", card.text, card.blocks, {"case": ERRAND})
            driver = WorkspaceDriver(address.page)
            yield Acme(world, chat, driver, place)
            driver.close()
            parts.close()


@pytest.fixture
def acme(world: World) -> Iterator[Acme]:
    """A running Acme."""
    with running_acme(world) as running_there:
        yield running_there


def press(acme: Acme, user: str, action_id: str, value: str | None = None) -> Seen:
    """Press an element of Maya's card; others than Maya replay her press, as a forger with a Slack account could."""
    channel, ts = acme.place
    message = acme.driver.wait_for_message("U0MAYA", "May the errand go")
    block = next(b["block_id"] for b in message["blocks"] if b["type"] == "actions")
    return acme.driver.press(user, channel, ts, block, action_id, value)


def test_a_form_with_an_error_then_recorded_then_a_refusal_only_one_person_sees(acme: Acme) -> None:
    opened = press(acme, "U0MAYA", "attester:decline:")
    assert opened.ok
    assert opened.view is not None

    wrong = acme.driver.submit(opened.view["id"], {"reason": "no", "instead": "nobody"})
    assert set(wrong.errors) == {"reason", "instead"}
    right = acme.driver.submit(opened.view["id"], {"reason": "The shop is closed.", "instead": ""})
    assert "Recorded, " in right.text
    acme.driver.dismiss("U0MAYA")
    press(acme, "U0MAYA", "attester:approve:")

    refusal = acme.driver.wait_for_message("U0MAYA", "declined this already")
    assert refusal["channel"] == acme.place[0]
    assert acme.world.names() == ["errand_opened", "errand_declined", "attempt_refused"]


def test_home_opens_the_card_whose_buttons_decide_and_which_is_fresh_afterwards(acme: Acme) -> None:
    acme.driver.open_home("U0MAYA")
    home = acme.driver.wait("U0MAYA", lambda state: state["home"])
    item = next(b for b in home["blocks"] if b.get("accessory"))

    opened = acme.driver.press_in_view("U0MAYA", home["id"], item["block_id"], item["accessory"]["action_id"])
    assert opened.view is not None
    row = next(b for b in opened.view["blocks"] if b["type"] == "actions")
    acme.driver.press_in_view("U0MAYA", opened.view["id"], row["block_id"], "attester:approve:")

    def approved(state: Json) -> bool:
        return "Maya Chen approved." in str(state["stack"])

    assert acme.driver.wait("U0MAYA", approved)
    assert acme.world.names()[-1] == "errand_approved"


def test_a_story_is_replaced_in_place_and_pushed_from_another_form(acme: Acme) -> None:
    opened = press(acme, "U0MAYA", "attester:decline:")
    assert opened.view is not None
    row = next(b for b in opened.view["blocks"] if b["type"] == "actions")

    pushed = acme.driver.press_in_view("U0MAYA", opened.view["id"], row["block_id"], "attester:story:")
    assert pushed.view is not None
    more = next(b for b in pushed.view["blocks"] if b["type"] == "actions")
    turned = acme.driver.press_in_view("U0MAYA", pushed.view["id"], more["block_id"], "attester:story:2")

    assert turned.view is not None
    assert turned.view["id"] == pushed.view["id"]
    assert "Page 2" in turned.text


def test_review_answers_in_private(acme: Acme) -> None:
    said = acme.driver.command("U0MAYA", "/review help")

    assert said.ok
    assert "your open reviews" in said.text


@pytest.mark.parametrize(
    ("user", "sentence"),
    [("U0LENA", "Guests of the workspace"), ("U0SAM", "could not check who you are"), ("U0RAVI", "not linked")],
)
def test_home_of_somebody_who_may_not_act_says_why(acme: Acme, user: str, sentence: str) -> None:
    acme.world.book.people = directory_of([p for p in PERSONS if p.slack_user != "U0RAVI"], digest="f" * 64)

    acme.driver.open_home(user)

    assert acme.driver.wait(user, lambda state: sentence in str(state["home"]))
