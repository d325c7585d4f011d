"""The whole road in a real browser over https, against an independent Okta (`emulate`).

That stand-in knows no `acr`, no `amr` and no `max_age`, so it shows the road and not the levels; those are tested with an
issuer of our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from bot.store.database import Database
from bot.web.app import build_web
from bot.web.ports import WebDeps
from bot.web.server import running
from tests.signin.front import Front, running_front
from tests.signin.issuer import CLIENT, MAYA, TOM, Issuer, Loopback
from tests.signin.world import TEAM, Late, World, made_world, revoke, somebody
from tests.support.node import running_emulate


class Emulated(Issuer):
    """`emulate` in our own issuer's place."""

    def transport(self) -> Loopback:
        """Leads its https name to its port."""
        return Loopback({urlsplit(self.url).netloc: self.base})


def seed(base: str) -> dict[str, object]:
    """Two people of Acme, and Attester as a public client."""
    people = [("00umaya", "maya"), ("00utom", "tom")]
    return {
        "okta": {
            "users": [
                {"okta_id": sub, "login": f"{name}@acme.test", "email": f"{name}@acme.test", "first_name": name.title(),
                 "last_name": "Acme", "status": "ACTIVE"}
                for sub, name in people
            ],
            "authorization_servers": [{"id": "default", "name": "default", "audiences": ["api://default"]}],
            "oauth_clients": [
                {"client_id": CLIENT, "client_secret": "", "name": "Attester", "redirect_uris": [f"{base}/login/callback"],
                 "token_endpoint_auth_method": "none", "auth_server_id": "default"}
            ],
        }
    }  # fmt: skip


@dataclass(frozen=True)
class Acme:
    """The running world with a browser's page in it; `address` is our own over https."""

    world: World
    page: Page
    address: str


@pytest.fixture(scope="module")
def okta(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulated, Front]]:
    """The stand-in behind https, and a front for our own pages under the address that it has registered."""
    folder: Path = tmp_path_factory.mktemp("signin")
    with (
        running_front(folder) as before_okta,
        running_front(folder) as before_us,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("EMULATE_BASE_URL", f"https://localhost:{before_okta.port}")
        with running_emulate("okta", seed(f"https://attester.localhost:{before_us.port}"), folder) as emulate:
            before_okta.target = int(emulate.url.rpartition(":")[2])
            issuer = Emulated(base=emulate.url, url=f"https://localhost:{before_okta.port}/oauth2/default")
            yield issuer, before_us


@pytest.fixture
def acme(okta: tuple[Emulated, Front], sqlite_url: str, browser: Browser) -> Iterator[Acme]:
    issuer, front = okta
    address = f"https://attester.localhost:{front.port}"
    with closing(Database(sqlite_url)) as database:
        world = made_world(database, issuer)
        for sub, name in ((MAYA, "Maya"), (TOM, "Tom")):
            world.people[sub] = somebody(sub, name)
        pages = Late()
        pages.site = world.start(address)
        with running(build_web(WebDeps(wall=world.clock, sign_in=pages))) as url:
            front.target = int(url.rpartition(":")[2])
            context = browser.new_context(ignore_https_errors=True)
            context.set_default_timeout(10_000)
            yield Acme(world, context.new_page(), address)
            context.close()


def sign_in(page: Page, who: str) -> None:
    """Choose a person at the stand-in."""
    page.get_by_role("button", name=f"{who}@acme.test").click()


def test_maya_confirms_a_decision_in_her_browser(acme: Acme) -> None:
    page, opened = acme.page, acme.world.ask(revoke("line-1"), revoke("line-2"), level="slack+sso")

    page.goto(opened.address)
    title, shown = (
        page.get_by_role("heading", level=1).inner_text(),
        page.get_by_role("heading", level=2).all_inner_texts(),
    )
    page.get_by_role("button", name="Confirm with Okta").click()
    sign_in(page, "maya")
    page.get_by_role("heading", name="Recorded").wait_for()

    assert title == "Confirm 2 decisions"
    assert shown == ["1. Revoke admin of acme/payments (line-1)", "2. Revoke admin of acme/payments (line-2)"]
    assert "Recorded, 14:03 UTC" in page.get_by_role("status").inner_text()
    [(ticket, proof)] = acme.world.decided
    assert (proof.sub, proof.level, len(ticket.decisions)) == (MAYA, "slack+sso", 2)
    cookies = acme.page.context.cookies(acme.address)
    assert [(c["name"], c["secure"], c["httpOnly"], c["sameSite"]) for c in cookies] == [
        ("__Host-attester-browser", True, True, "Lax")
    ]


def test_tom_cannot_confirm_for_maya(acme: Acme) -> None:
    page, opened = acme.page, acme.world.ask(level="slack+sso")

    page.goto(opened.address)
    page.get_by_role("button", name="Confirm with Okta").click()
    sign_in(page, "tom")
    page.get_by_role("heading", name="Not confirmed").wait_for()

    assert "Somebody else is signed in" in page.get_by_role("status").inner_text()
    assert acme.world.decided == []


def test_a_stand_in_without_a_second_factor_reaches_no_second_factor(acme: Acme) -> None:
    page, opened = acme.page, acme.world.ask(level="slack+sso+mfa")

    page.goto(opened.address)
    page.get_by_role("button", name="Confirm with Okta").click()
    sign_in(page, "maya")
    page.get_by_role("heading", name="Not confirmed").wait_for()

    assert "second factor" in page.get_by_role("status").inner_text()
    assert acme.world.decided == []


def test_maya_links_her_slack_account_signs_in_and_takes_the_link_back(acme: Acme) -> None:
    page, world = acme.page, acme.world
    opened = world.ask_link("U0MAYA", "Maya Chen")

    page.goto(opened.address)
    page.get_by_role("button", name="Confirm with Okta").click()
    sign_in(page, "maya")
    page.get_by_role("heading", name="Recorded").wait_for()
    linked = world.linking.person(TEAM, "U0MAYA")
    page.goto(f"{acme.address}/login")
    page.get_by_role("button", name="Sign in with Okta").click()
    sign_in(page, "maya")
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Remove this link").click()
    page.get_by_role("heading", name="Link removed").wait_for()

    assert linked == world.people[MAYA]
    assert world.linking.person(TEAM, "U0MAYA") is None
    page.goto(f"{acme.address}/login")
    assert "signed in as Maya" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Signed out").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_in_light_and_dark_and_runs_no_script(scheme: str, acme: Acme) -> None:
    page, hostile = acme.page, "</dd><script>document.title='taken'</script>\u202egnp.exe"
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 360, "height": 740})

    page.goto(acme.world.ask(revoke(reason=hostile), level="slack+sso").address)

    colours = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert colours == (
        ["rgb(29, 32, 38)", "rgb(255, 255, 255)"] if scheme == "light" else ["rgb(232, 234, 237)", "rgb(22, 24, 29)"]
    )
    assert page.title() == "Confirm with Okta · Attester"
    assert "<script>document.title='taken'</script>gnp.exe" in page.get_by_role("main").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= 360")
    assert troubles == []
