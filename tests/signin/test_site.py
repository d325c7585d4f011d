"""The pages against hostile requests: nothing is done without the browser's cookie and the page's own token."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from bot.clock import ShiftedClock
from bot.signin.flow import sha256
from bot.signin.site import LET_IN, Site
from tests.signin.issuer import MAYA, TOM
from tests.signin.world import TEAM, Browser, World


def sign_in(world: World, sub: str) -> Browser:
    """A browser in which somebody has signed in to read."""
    world.issuer.signs_in = sub
    browser = world.browser()
    done = browser.client.get(browser.at_okta(browser.confirm("/login", act="in")))
    assert "You are signed in as" in done.text
    return browser


def csrf(page: httpx.Response) -> str:
    return page.text.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.mark.parametrize(
    "how", ["no cookie", "no token", "wrong token", "token of another page", "foreign origin", "null"]
)
def test_a_form_that_is_not_ours_starts_nothing(how: str, small_world: World) -> None:
    opened, other = small_world.ask(), small_world.ask()
    maya = small_world.browser().client
    token = csrf(maya.get(opened.address))
    headers = {"foreign origin": {"origin": "https://evil.test"}, "null": {"origin": "null"}}.get(how, {})
    if how == "no cookie":
        maya.cookies.clear()
    if how == "token of another page":
        token = csrf(maya.get(other.address))
    form = {"no token": {}, "wrong token": {"csrf": "0" * 64}}.get(how, {"csrf": token})

    refused = maya.post(opened.address, data=form, headers=headers)

    assert refused.status_code == 403
    assert "Load the page again" in refused.text
    assert maya.get(opened.address).status_code == 200


def test_the_pages_are_closed_in_by_their_headers(small_world: World) -> None:
    opened = small_world.ask()

    page = small_world.browser().client.get(opened.address)

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    cookie = page.headers["set-cookie"]
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_over_https_cookies_belong_to_this_host_alone(small_world: World) -> None:
    world = small_world
    site = Site(world.flow, world.linking, world.book, world.directory, ShiftedClock(), "https://attester.acme.test")

    name, value = site._cookie(site._session_cookie, "secret", 60)

    assert (name, value) == (
        "set-cookie",
        "__Host-attester-session=secret; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60",
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/step-up/short", b"", 404),
        ("GET", f"/step-up/{'x' * 43}", b"", 404),
        ("GET", "/step-up/%F0%9F%92%A5", b"", 404),
        ("GET", "/step-up/..%2F..%2Flogin", b"", 404),
        ("PUT", f"/step-up/{'x' * 43}", b"", 405),
        ("POST", "/login/callback", b"", 405),
        ("POST", "/login", b"csrf=" + b"x" * 20_000, 413),
        ("POST", "/login", b"&".join(b"a%d=1" % n for n in range(40)), 403),
        ("POST", "/login", b"csrf=%ff%fe&act=in", 403),
        ("GET", "/login/callback?" + "&".join(f"a{n}=1" for n in range(40)), b"", 403),
        ("GET", "/login/callback?state=%ed%a0%80", b"", 404),
    ],
)
def test_requests_that_are_none_of_ours_end_in_a_plain_no(
    method: str, path: str, body: bytes, status: int, small_world: World
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}

    answer = small_world.browser().client.request(method, path, content=body, headers=headers)

    assert answer.status_code == status
    assert small_world.decided == []


def test_another_content_type_is_turned_away(small_world: World) -> None:
    answer = small_world.browser().client.post("/login", json={"csrf": "x"})

    assert answer.status_code == 415


def test_a_cookie_that_came_twice_counts_as_none(small_world: World) -> None:
    opened = small_world.ask()
    maya = small_world.browser()
    back = maya.at_okta(maya.confirm(opened.address))
    mine = maya.client.cookies["attester-browser"]

    tossed = httpx.get(back, headers={"cookie": f"attester-browser={'x' * 43}; attester-browser={mine}"})

    assert tossed.status_code == 403
    assert "Recorded" in maya.client.get(back).text


def test_who_signs_in_to_read_has_a_session_that_decides_nothing_and_ends(small_world: World) -> None:
    world = small_world
    maya = sign_in(world, MAYA)
    secret = maya.client.cookies["attester-session"]
    reader = [pages_reader(world, secret)]

    world.clock.advance(timedelta(hours=8, seconds=1))
    reader.append(pages_reader(world, secret))

    assert reader == [MAYA, None]
    assert world.decided == []
    assert world.book.session(secret, world.clock.now()) is None


def pages_reader(world: World, secret: str) -> str | None:
    site = Site(world.flow, world.linking, world.book, world.directory, world.clock, world.base)
    return site.reader(f"attester-session={secret}")


def test_a_crowd_at_the_login_page_is_held_back_for_a_minute(small_world: World) -> None:
    browser = small_world.browser()
    form = {"csrf": csrf(browser.client.get("/login")), "act": "in"}

    begun = [browser.client.post("/login", data=form).status_code for _ in range(LET_IN + 1)]
    small_world.later(seconds=61)

    assert begun == [303] * LET_IN + [429]
    assert browser.client.post("/login", data=form).status_code == 303


def test_signing_out_ends_the_session_and_so_does_leaving_the_company(small_world: World) -> None:
    world = small_world
    maya, tom = sign_in(world, MAYA), sign_in(world, TOM)
    secrets_of = [b.client.cookies["attester-session"] for b in (maya, tom)]

    maya.client.post("/login", data={"csrf": csrf(maya.client.get("/login")), "act": "out"})
    world.people[TOM] = world.people[TOM].model_copy(update={"employed": False})

    assert [pages_reader(world, secret) for secret in secrets_of] == [None, None]
    assert "Sign in to see" in tom.client.get("/login").text


def test_a_link_is_taken_back_by_its_own_person_only(small_world: World) -> None:
    world = small_world
    world.issuer.signs_in = MAYA
    world.browser().through(world.ask_link("U0MAYA", "Maya").address)
    maya, tom = sign_in(world, MAYA), sign_in(world, TOM)

    def unlink(browser: Browser) -> httpx.Response:
        token = csrf(browser.client.get("/login"))
        return browser.client.post("/login", data={"csrf": token, "act": "unlink", "team": TEAM, "user": "U0MAYA"})

    by_tom, still = unlink(tom), world.linking.person(TEAM, "U0MAYA")
    by_maya = unlink(maya)

    assert (by_tom.status_code, still) == (409, world.people[MAYA])
    assert "The link is removed" in by_maya.text
    assert world.linking.person(TEAM, "U0MAYA") is None


def test_what_has_run_out_is_forgotten_and_links_stay(world: World) -> None:
    world.issuer.signs_in = MAYA
    linked = world.ask_link("U0MAYA", "Maya")
    world.browser().through(linked.address)
    maya = sign_in(world, MAYA)
    open_still = world.ask()
    session = sha256(maya.client.cookies["attester-session"])

    early = world.book.forget(world.clock.now())
    world.clock.advance(timedelta(days=2))
    late = world.book.forget(world.clock.now())

    assert (early, late) == (0, 3)
    assert world.book.find(open_still.ticket.id) is None
    assert world.book.session(session, world.clock.now()) is None
    assert world.linking.person(TEAM, "U0MAYA") is not None
