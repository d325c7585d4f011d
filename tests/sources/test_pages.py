"""Reading pages: all of them, in whatever order the links come; or partial, and the token never leaves its host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.sources.http
from bot.sources.okta.connector import OktaConnector
from bot.sources.paging import WrongWay, next_link
from bot.sources.settings import OktaSettings
from tests.sources.okta import Okta, organisation, user
from tests.sources.server import Reply, Request, running
from tests.sources.world import TOKEN, World
from workflows.kernel.identity import Directory, Pull
from workflows.kernel.program import SourceConfig

PEOPLE = SourceConfig(id="okta", kind="okta", system="Okta", directory=True, settings={"reviews": []})


@pytest.fixture
def okta() -> Okta:
    found = Okta()
    found.users = [user(f"00u{n:05}", f"p{n}@acme.test") for n in range(7)]
    found.page = 3
    return found


@pytest.fixture
def base(okta: Okta) -> Iterator[str]:
    with organisation(okta) as url:
        yield url


def pull(world: World, base: str) -> Pull:
    return world.pull(PEOPLE, base, directory=Directory(people={}))


def pages(okta: Okta) -> list[Request]:
    return [r for r in okta.asked if r.path == "/api/v1/users" and "1970" in r.query.get("filter", "")]


def next_first(here: str, following: str | None) -> list[tuple[str, str]]:
    return [*([("Link", f'<{following}>; rel="next"')] if following else []), ("Link", f'<{here}>; rel="self"')]


def one_header(here: str, following: str | None) -> list[tuple[str, str]]:
    after = f', <{following}>; rel="next"; title="a, b"' if following else ""
    return [("Link", f'<{here}>; rel="self"{after}')]


def relative(here: str, following: str | None) -> list[tuple[str, str]]:
    return [("link", f"<{following[following.index('/api') :]}>;rel=next")] if following else []


def with_port_and_words(here: str, following: str | None) -> list[tuple[str, str]]:
    return [("LINK", f'<{following}> ; REL = "last NEXT"')] if following else []


@pytest.mark.parametrize("links", [next_first, one_header, relative, with_port_and_words])
def test_every_page_is_read_however_the_links_are_written(
    world: World, okta: Okta, base: str, links: Callable[[str, str | None], list[tuple[str, str]]]
) -> None:
    okta.links = links

    found = pull(world, base)

    assert found.certificate.verdict == "complete", found.certificate.reasons
    assert len(found.people) == 7
    assert found.certificate.streams[0].pages == 3


def test_ten_thousand_people_are_read_page_by_page(world: World, okta: Okta, base: str) -> None:
    okta.users = [user(f"00u{n:05}", f"p{n}@acme.test") for n in range(10_000)]
    okta.page = 200
    okta.links = next_first

    found = pull(world, base)

    assert (len(found.people), found.certificate.streams[0].pages, found.certificate.verdict) == (
        10_000,
        50,
        "complete",
    )
    # Half of the documented 600 a minute: 0.2 s between two pages.
    assert 0 < max(world.waits) <= 0.2


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.test/api/v1/users?after=3",
        "https://127.0.0.1/api",
        "//evil.test/x",
        "http://127.0.0.1:1/x",
        "http://me@{host}/x",
    ],
)
def test_a_next_page_on_another_host_stops_the_pull_and_gets_no_token(
    world: World, okta: Okta, base: str, elsewhere: str
) -> None:
    target = elsewhere.replace("{host}", base.removeprefix("http://"))
    okta.links = lambda here, following: [("Link", f'<{target}>; rel="next"')]

    found = pull(world, base)

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0].startswith("users: the next page is said to be at ")
    assert found.certificate.reasons[0].endswith("The token was not sent there.")
    assert len(okta.asked) == 1


def test_another_host_really_never_hears_of_us(world: World, okta: Okta, base: str) -> None:
    heard: list[Request] = []

    def listen(request: Request) -> Reply:
        heard.append(request)
        return Reply()

    with running(listen) as elsewhere:
        okta.links = lambda here, following: [("Link", f'<{elsewhere}/api/v1/users?after=3>; rel="next"')]
        found = pull(world, base)

    assert found.certificate.verdict == "partial"
    assert heard == []


def test_pages_that_run_in_a_circle_end_partial(world: World, okta: Okta, base: str) -> None:
    okta.links = lambda here, following: [("Link", f'<{here}&after=3>; rel="next"')]

    found = pull(world, base)

    assert found.certificate.reasons[0] == ("users: the pages run in a circle. Pull again; if it stays so, ask Okta.")
    assert not found.certificate.streams[0].done
    assert len(pages(okta)) < 5


def test_overlapping_pages_repeat_rows_which_are_counted_once(world: World, okta: Okta, base: str) -> None:
    okta.users = [*okta.users, *okta.users[2:4]]

    found = pull(world, base)

    assert (len(found.people), found.certificate.streams[0].duplicates) == (7, 2)
    assert found.certificate.verdict == "complete"


def test_an_empty_page_in_the_middle_is_no_end(world: World, okta: Okta, base: str) -> None:
    def hollow(request: Request) -> Reply | None:
        if request.query.get("after") != "3":
            return None
        return Reply(
            body=b"[]", headers=[("Link", f'<{base}/api/v1/users?limit=200&filter=x1970&after=6>; rel="next"')]
        )

    okta.faults.append(hollow)

    found = pull(world, base)

    assert len(found.people) == 4
    assert found.certificate.streams[0].pages == 3


def test_more_pages_than_can_be_true_end_the_list(world: World, base: str) -> None:
    connector = OktaConnector(
        OktaSettings(reviews=()), base, TOKEN, now=world.clock.now, wait=world.wait, progress=world.heard.append, max_pages=2
    )  # fmt: skip

    collected = connector.collect(world.folder / "raw")

    assert collected.reasons == ("users: more than 2 pages. This cannot be right; nothing more was read.",)
    assert not connector.read(world.folder / "raw", world.clock.now()).streams[0].done


def test_two_different_next_pages_in_one_answer_are_refused() -> None:
    header = '<https://a.test/2>; rel="next", <https://a.test/3>; rel="next"'

    with pytest.raises(WrongWay, match="two different next pages"):
        next_link(header, "https://a.test/1")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", None),
        ('<https://a.test/2>; rel="prev"', None),
        ('<https://a.test/2>; title="next"', None),
        ('<https://a.test:443/2>; rel="next"', "https://a.test:443/2"),
        ("</2?after=x%2Cy>; rel=next", "https://a.test/2?after=x%2Cy"),
        ('<?after=2>; rel="next"', "https://a.test/1?after=2"),
        ('<https://a.test/2#frag>; rel="next"', "https://a.test/2"),
        ('<https://a.test/2,3;x>; rel="next", <https://a.test/1>; rel="self"', "https://a.test/2,3;x"),
        ("rel=next", None),
    ],
)
def test_links_are_read_as_rfc_8288_writes_them(header: str, found: str | None) -> None:
    assert next_link(header, "https://a.test/1") == found


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_link_header_leads_away_or_crashes(header: str) -> None:
    try:
        found = next_link(f'<{header}>; rel="next"', "https://a.test/1")
    except WrongWay:
        return
    if found is not None:
        there = urlsplit(found)
        assert (there.scheme, there.hostname, there.port or 443, there.username) == ("https", "a.test", 443, None)


def test_200_with_an_empty_list_is_partial(world: World, okta: Okta, base: str) -> None:
    okta.users = []

    found = pull(world, base)

    assert found.certificate.reasons == (
        "The directory is empty, so no account can be linked to a person. Pull the directory first.",
        "0 people, and at least 1 are expected. Look at what the credential may read, or set min_rows.",
    )


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            lambda: Reply(body=b"<html>Sign in</html>", content_type="text/html"),
            "users: Okta answered 200, but the answer is no JSON (text/html). Look at the address of the API, then pull again.",
        ),
        (
            lambda: Reply(body=b'{"users": []}'),
            "users: Okta answered 200, but the answer is no list (application/json).",
        ),
        (lambda: Reply(body=b"[1, 2]"), "users: Okta answered 200, but the list holds something that is no row"),
        (lambda: Reply(body=b'[{"id": "1", "login": "\xff"}]'), "users: Okta answered 200, but the answer is no JSON"),
        (lambda: Reply(body=b'[{"id": "00u1"'), "users: Okta answered 200, but the answer is no JSON"),
        (lambda: Reply(body=b"[" * 100_000), "users: Okta answered 200, but the answer is no JSON"),
        (
            lambda: Reply(401, b'{"errorSummary":"Invalid token provided"}'),
            "users: Okta refused the token (“Invalid token provided”). A token ends 30 days after its last use, or with its "
            "creator. Make a new one as a read-only administrator and set OKTA_CLIENT_TOKEN.",
        ),
        (
            lambda: Reply(403, b"no"),
            "users: the token may not read this list. Give its owner the role Read-only Administrator",
        ),
        (lambda: Reply(400, b'{"errorSummary":"bad filter"}'), "users: Okta answered 400 (“bad filter”). Pull again;"),
        (
            lambda: Reply(302, b"", [("Location", "https://evil.test/")]),
            "users: Okta answered with a redirect (302), which is not followed. Check OKTA_CLIENT_ORGURL.",
        ),
    ],
    ids=["html", "object", "numbers", "no UTF-8", "cut off", "deep", "401", "403", "400", "redirect"],
)
def test_what_is_no_list_stops_with_a_sentence_and_is_kept_as_it_came(
    world: World, okta: Okta, base: str, reply: Callable[[], Reply], said: str
) -> None:
    okta.faults.append(lambda request: reply() if "1970" in request.query.get("filter", "") else None)

    found = pull(world, base)

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0].startswith(said)
    entry = world.entries(found)[0]
    body = bytes.fromhex(entry["body_hex"]) if "body_hex" in entry else entry["body"].encode()
    assert body == reply().body


def test_an_answer_larger_than_we_take_stops(
    world: World, okta: Okta, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.sources.http, "MAX_BODY", 500)

    found = pull(world, base)

    assert found.certificate.reasons[0] == "users: one answer has more than 500 bytes. Nothing more was read."


def test_a_list_that_we_may_not_read_leaves_the_others_read(world: World, okta: Okta, base: str) -> None:
    okta.faults.append(lambda r: Reply(403, b"{}") if r.path.startswith("/api/v1/iam") else None)
    okta.members, okta.app_users = {}, {}
    config = SourceConfig(id="okta", kind="okta", system="Okta", directory=True)

    found = world.pull(config, base, directory=Directory(people={}))

    assert [s.name for s in found.certificate.streams if not s.done] == ["admins", "admin_roles"]
    assert found.certificate.reasons[0].startswith("admins: the token may not read this list. Give its owner the role")
    assert len(found.people) == 7
