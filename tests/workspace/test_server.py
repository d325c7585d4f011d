"""The page can be driven by its own address only, and the workspace can never stand in for a real Slack."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from bot.workspace.driver import WorkspaceDriver
from bot.workspace.people import Team
from bot.workspace.server import WorkspaceNotStarted, bound, running_workspace
from bot.workspace.state import Workspace, fresh_secret, fresh_token
from tests.architecture.tree import code, imports
from tests.workspace.toy import PEOPLE, Toy

LOCAL = "http://127.0.0.1:9/slack/events"


@pytest.mark.parametrize(
    ("token", "secret", "bot_url"),
    [
        ("xoxb-123-456-abcdef", fresh_secret(), LOCAL),
        ("", fresh_secret(), LOCAL),
        (fresh_token(), "0123456789abcdef0123456789abcdef", LOCAL),
        (fresh_token(), fresh_secret(), "https://bot.acme.test/slack/events"),
    ],
    ids=["token", "no token", "secret", "address"],
)
def test_a_real_token_secret_or_bot_is_never_taken(token: str, secret: str, bot_url: str) -> None:
    with pytest.raises(ValueError, match="local workspace"):
        Workspace(PEOPLE, Team(), secret, token, bot_url)


def test_only_the_demo_can_start_it() -> None:
    """It must never be part of what serves a real workspace: `run`, `web` and `worker` cannot even import it."""
    users = {
        name
        for name, module in code().items()
        for _, imported in imports(module)
        if imported.startswith("bot.workspace") and not name.startswith("bot/workspace/")
    }

    assert {name for name in users if not name.startswith("bot/demo/")} == set()


def test_tokens_secrets_and_keys_are_new_at_each_start() -> None:
    spaces = [Workspace(PEOPLE, Team(), fresh_secret(), fresh_token(), LOCAL) for _ in range(2)]

    assert spaces[0].token != spaces[1].token
    assert spaces[0].secret != spaces[1].secret
    assert spaces[0].page_key != spaces[1].page_key


def at(toy: Toy, path: str) -> str:
    parts = urlsplit(toy.page)
    return f"{parts.scheme}://{parts.netloc}{path}"


def test_without_the_key_there_is_no_page(toy: Toy) -> None:
    for path in ("/", "/p//", "/p/wrong/", "/p/wrong/state?user=U0MAYA", "/p/é/"):
        assert httpx.get(at(toy, path)).status_code == 404
    assert httpx.post(at(toy, "/p/wrong/do/say"), json={}).status_code == 404
    assert httpx.get(toy.page).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.test"},
        {"host": "127.0.0.1.evil.test"},
        {"origin": "http://evil.test"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
    ],
)
def test_another_host_or_origin_is_refused(toy: Toy, headers: dict[str, str]) -> None:
    got = httpx.post(f"{toy.page}do/say", json={"user": "U0MAYA", "channel": "C0SEC", "text": "x"}, headers=headers)

    assert got.status_code == 403
    assert httpx.post(f"{toy.client.base_url}auth.test", headers=headers).status_code == 403


def test_the_page_may_load_only_its_own_files(toy: Toy) -> None:
    got = httpx.get(toy.page)

    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert got.headers["referrer-policy"] == "no-referrer"
    for name in ("..%2Fapp.py", "%2e%2e/app.py", "nothing.js"):
        assert httpx.get(f"{toy.page}static/{name}").status_code == 404
    assert httpx.get(f"{toy.page}static/main.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("say", {"user": "U0MAYA", "channel": "C0SEC", "text": ""}),
        ("say", {"user": "U0MAYA", "channel": "C0SEC", "text": "x" * 4001}),
        ("say", {"user": "U0RAVI", "channel": "C0SEC", "text": "x"}),
        ("say", {"user": "U0ATTESTER", "channel": "C0SEC", "text": "x"}),
        ("say", {"user": ["U0MAYA"], "channel": "C0SEC", "text": "x"}),
        ("press", {"user": "U0MAYA", "channel": "C0SEC", "ts": "1", "block_id": "a", "action_id": "b"}),
        ("press", {"user": "U0MAYA", "view": "V0", "block_id": "a", "action_id": "b"}),
        ("submit", {"user": "U0MAYA", "view": "V0"}),
        ("command", {"user": "U0MAYA", "channel": "C0SEC", "text": "/toy", "thread_ts": "1"}),
        ("shortcut", {"user": "U0MAYA", "callback_id": "nothing"}),
        ("home", {"user": "U0NOBODY"}),
        ("close", {}),
        ("read", {"user": "U0MAYA", "channel": 7}),
    ],
)
def test_an_act_that_makes_no_sense_is_refused_with_a_sentence(toy: Toy, act: str, data: dict[str, Any]) -> None:
    got = httpx.post(f"{toy.page}do/{act}", json=data)

    assert got.status_code == 400
    assert got.json()["sentence"].endswith((".", "none."))
    assert toy.seen == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"user": ' + b"[" * 100_000])
def test_a_broken_body_is_refused_with_a_sentence(toy: Toy, content: bytes) -> None:
    headers = {"content-type": "application/json"}

    assert httpx.post(f"{toy.page}do/say", content=content, headers=headers).status_code == 400
    assert httpx.post(f"{toy.page}do/say", data={"user": "U0MAYA"}).status_code == 400
    assert httpx.post(f"{toy.page}do/dance", json={}).status_code == 404


def test_a_bot_that_is_not_there_is_an_error_on_the_screen() -> None:
    space = Workspace(PEOPLE, Team(), fresh_secret(), fresh_token(), LOCAL)
    with running_workspace(space) as address:
        driver = WorkspaceDriver(address.page)

        seen = driver.open_home("U0MAYA")
        driver.close()

    assert not seen.ok
    assert seen.sentence == "Attester could not be reached. Is it running?"


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with bound(0) as taken:
        taken.listen()
        with pytest.raises(WorkspaceNotStarted, match="is taken"):
            bound(taken.getsockname()[1])


def test_an_account_changes_as_an_administrator_changes_it(toy: Toy, driver: WorkspaceDriver) -> None:
    driver.change_person("U0RAVI", deleted=True)

    assert toy.client.users_info(user="U0RAVI")["user"]["deleted"]
    assert httpx.post(f"{toy.page}change/person", json={"user": "U0", "deleted": True}).status_code == 400
    assert httpx.post(f"{toy.page}change/person", json={"user": "U0MAYA", "wings": True}).status_code == 400
