"""One suite for everything that answers like Slack: the real adapter against independent peers, and the tests' own twin.

A peer is a running Slack Web API with the members Maya and Lena; another one joins by a fixture of its own and a line in
PEERS. What a peer cannot do is a field of `Peer`, with the page of Slack's documentation that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bot.slack.chat import SlackWeb
from bot.slack.ports import SlackChat
from bot.workspace.people import Member, Setup, Team
from bot.workspace.server import running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from tests.slack.twin import TwinChat
from tests.support.node import running_emulate
from workflows.kernel.blocks import home, modal, section
from workflows.kernel.link import Link
from workflows.kernel.ports import ChatFailure, ChatUser
from workflows.kernel.text import fill

SEED = {
    "slack": {
        "team": {"name": "Acme", "domain": "acme"},
        "strict_scopes": True,
        "users": [
            {"name": "maya", "real_name": "Maya Chen", "email": "maya@acme.test"},
            {"name": "lena", "real_name": "Lena Fischer", "email": "lena@acme.test"},
        ],
        "channels": [{"name": "general"}],
        "tokens": [
            {
                "token": "xoxb-acme",
                "type": "bot",
                "scopes": ["chat:write", "im:write", "users:read", "users:read.email", "commands", "channels:read"],
            },
            {"token": "xoxb-narrow", "type": "bot", "scopes": ["commands"]},
        ],
    }
}
BLOCKS = [section(fill("May it go, {}?", "Tom <!channel>"))]
VIEW = modal("Decline", Link(act="decline", ref="0" * 16), BLOCKS)


@dataclass(frozen=True)
class Peer:
    """Something that answers like Slack. ``trigger`` gives a fresh trigger id for somebody; None where it has no clicks."""

    chat: SlackChat
    maya: str
    trigger: Callable[[str], str] | None
    rejects_used_triggers: bool = True


@pytest.fixture(scope="module")
def emulate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An independent Slack (npm `emulate`)."""
    with running_emulate("slack", SEED, tmp_path_factory.mktemp("emulate")) as running:
        yield f"{running.url}/api/"


def maya_in(chat: SlackChat) -> str:
    return next(u.user for u in chat.users() if u.name == "Maya Chen")


@pytest.fixture
def emulate_peer(emulate: str) -> Peer:
    """The real adapter against emulate; user ids change at each start, so people are found by name."""
    chat = SlackWeb("xoxb-acme", emulate)

    def trigger(user: str) -> str:
        said = httpx.post(
            f"{emulate}views.generateTriggerId", data={"user_id": user}, headers={"authorization": "Bearer xoxb-acme"}
        )
        return str(said.json()["trigger_id"])

    return Peer(chat, maya_in(chat), trigger)


@pytest.fixture
def twin_peer() -> Peer:
    """The twin that other tests use."""
    maya = ChatUser(user="U0MAYA", team="T0ACME", name="Maya Chen", email="maya@acme.test", deleted=False, bot=False)
    lena = ChatUser(user="U0LENA", team="T0ACME", name="Lena Fischer", deleted=False, bot=False)
    return Peer(TwinChat([maya, lena]), "U0MAYA", lambda user: "1.2.3", rejects_used_triggers=False)


@pytest.fixture(scope="module")
def workspace() -> Iterator[tuple[Workspace, str]]:
    """The product's own local workspace; no bot answers behind it."""
    people = [Member("U0MAYA", "Maya Chen", "maya@acme.test"), Member("U0LENA", "Lena Fischer", restricted=True)]
    setup = Setup(tiers=dict.fromkeys((1, 2, 3, 4), 1_000), channel_posts_per_second=100)
    local = Workspace(people, Team(), fresh_secret(), fresh_token(), "http://127.0.0.1:9", setup)
    with running_workspace(local) as address:
        yield local, address.api


@pytest.fixture
def workspace_peer(workspace: tuple[Workspace, str]) -> Peer:
    """The real adapter against the workspace."""
    local, api = workspace
    return Peer(SlackWeb(local.token, api), "U0MAYA", lambda user: local.tickets.trigger(user, 0))


PEERS = ["emulate_peer", "workspace_peer", "twin_peer"]


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> Peer:
    """Each peer in turn."""
    found: Peer = request.getfixturevalue(request.param)
    return found


def test_who_we_are_names_the_team_and_the_bot(peer: Peer) -> None:
    said = peer.chat.identity()

    assert said["team"].startswith("T")
    assert said["bot_user"].startswith("U")


def test_everybody_is_listed_with_their_team_and_name(peer: Peer) -> None:
    people = list(peer.chat.users())

    assert {"Maya Chen", "Lena Fischer"} <= {p.name for p in people}
    assert len({p.team for p in people if p.name in ("Maya Chen", "Lena Fischer")}) == 1


def test_one_person_is_found_and_an_unknown_one_is_gone(peer: Peer) -> None:
    assert peer.chat.user(peer.maya).name == "Maya Chen"
    with pytest.raises(ChatFailure) as failure:
        peer.chat.user("U0NOBODY")
    assert failure.value.kind == "gone"


def test_a_message_to_a_person_is_posted_and_updated_in_place(peer: Peer) -> None:
    channel, ts = peer.chat.post(peer.maya, "May it go?", BLOCKS, {"row": "7", "ask": "errand"})

    peer.chat.update(channel, ts, "It went.", BLOCKS)

    assert channel
    assert ts


def test_updating_what_is_not_there_is_stale(peer: Peer) -> None:
    channel, _ = peer.chat.post(peer.maya, "May it go?", BLOCKS, {})

    with pytest.raises(ChatFailure) as failure:
        peer.chat.update(channel, "1.000001", "It went.", BLOCKS)
    assert (failure.value.kind, failure.value.code) == ("stale", "message_not_found")


def test_a_message_to_nobody_is_gone(peer: Peer) -> None:
    with pytest.raises(ChatFailure) as failure:
        peer.chat.post("D0NOWHERE", "May it go?", BLOCKS, {})
    assert (failure.value.kind, failure.value.code) == ("gone", "channel_not_found")


def test_a_home_tab_is_published(peer: Peer) -> None:
    peer.chat.publish_home(peer.maya, home(BLOCKS))


def test_a_form_opens_once_for_a_trigger(peer: Peer) -> None:
    assert peer.trigger is not None
    trigger = peer.trigger(peer.maya)

    peer.chat.open_view(trigger, VIEW)

    if peer.rejects_used_triggers:
        with pytest.raises(ChatFailure) as failure:
            peer.chat.open_view(trigger, VIEW)
        assert failure.value.kind == "stale"


@pytest.fixture
def narrow(emulate: str) -> SlackWeb:
    """An adapter whose token lacks every scope but one."""
    return SlackWeb("xoxb-narrow", emulate)


def test_a_missing_scope_stops_everything_and_is_named(narrow: SlackWeb) -> None:
    with pytest.raises(ChatFailure) as failure:
        narrow.post("U0MAYA", "May it go?", BLOCKS, {})

    assert failure.value.kind == "stopped"
    assert failure.value.code.startswith("missing_scope")


def test_an_invented_trigger_is_refused(emulate_peer: Peer) -> None:
    with pytest.raises(ChatFailure) as failure:
        emulate_peer.chat.open_view("1.2.3", VIEW)

    assert failure.value.kind in ("ours", "stale")


def test_what_was_posted_is_what_emulate_holds(emulate_peer: Peer, emulate: str) -> None:
    channel, ts = emulate_peer.chat.post(emulate_peer.maya, "May it go?", BLOCKS, {"row": "7"})

    said: Mapping[str, Any] = httpx.post(
        f"{emulate}conversations.history", data={"channel": channel}, headers={"authorization": "Bearer xoxb-acme"}
    ).json()

    mine = [m for m in said.get("messages", []) if m["ts"] == ts]
    assert not mine or mine[0]["blocks"] == BLOCKS
