"""A busy or broken server: waited for by its own clock, tried again, and given up with a sentence that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.sources.okta import Okta, organisation, user
from tests.sources.server import Reply, Request
from tests.sources.world import NOW, World
from workflows.kernel.identity import Directory, Pull
from workflows.kernel.program import SourceConfig

PEOPLE = SourceConfig(id="okta", kind="okta", system="Okta", directory=True, settings={"reviews": []})
OUR_CLOCK_IS_WRONG_BY = 600


@pytest.fixture
def okta() -> Okta:
    found = Okta()
    found.users = [user(f"00u{n}", f"p{n}@acme.test") for n in range(5)]
    found.page = 2
    return found


@pytest.fixture
def base(okta: Okta) -> Iterator[str]:
    with organisation(okta) as url:
        yield url


def pull(world: World, base: str) -> Pull:
    return world.pull(PEOPLE, base, directory=Directory(people={}))


def sometimes(okta: Okta, times: int, reply: Callable[[], Reply]) -> None:
    """The second page answers so, this many times."""
    left = [times]

    def fault(request: Request) -> Reply | None:
        if request.query.get("after") != "2" or left[0] == 0:
            return None
        left[0] -= 1
        return reply()

    okta.faults.append(fault)


def long_waits(world: World) -> list[float]:
    """Waits that are not the usual pace."""
    return [seconds for seconds in world.waits if seconds > 0.25]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("Retry-After", "23")], 23.0),
        ([("Retry-After", "Sat, 03 Oct 2026 06:10:30 GMT")], 31.0),
        ([("X-Rate-Limit-Reset", str(int(NOW.timestamp()) + 12))], 13.0),
        ([("Retry-After", "5"), ("X-Rate-Limit-Reset", str(int(NOW.timestamp()) + 50))], 5.0),
    ],
    ids=["seconds", "date", "reset", "both"],
)
def test_a_limited_server_is_waited_for_by_its_own_clock(
    world: World, okta: Okta, base: str, headers: list[tuple[str, str]], seconds: float
) -> None:
    world.clock.wait(OUR_CLOCK_IS_WRONG_BY)
    sometimes(okta, 1, lambda: Reply(429, b'{"errorCode":"E0000047"}', list(headers)))

    found = pull(world, base)

    assert found.certificate.verdict == "complete", found.certificate.reasons
    assert (len(found.people), found.certificate.retries) == (5, 1)
    assert long_waits(world) == [seconds]
    assert f"users: it answered 429; waiting {seconds:.0f} s" in world.heard


def test_a_server_that_says_429_for_ever_is_given_up_after_two_minutes(world: World, okta: Okta, base: str) -> None:
    sometimes(okta, 1_000, lambda: Reply(429, b"{}", [("Retry-After", "50")]))

    found = pull(world, base)

    assert found.certificate.reasons[0] == "users: Okta could not be read: it answered 429, 3 times. Pull again later."
    assert sum(long_waits(world)) <= 120
    assert not found.certificate.streams[0].done


def test_a_server_that_asks_for_an_hour_is_not_waited_for(world: World, okta: Okta, base: str) -> None:
    sometimes(okta, 1_000, lambda: Reply(429, b"{}", [("Retry-After", "3600")]))

    found = pull(world, base)

    assert found.certificate.verdict == "partial"
    assert long_waits(world) == []


@pytest.mark.parametrize(("times", "status"), [(3, 503), (1, 500), (2, 502)])
def test_a_server_that_stumbles_is_asked_again(world: World, okta: Okta, base: str, times: int, status: int) -> None:
    sometimes(okta, times, lambda: Reply(status, b"oops"))

    found = pull(world, base)

    assert (found.certificate.verdict, len(found.people), found.certificate.retries) == ("complete", 5, times)
    assert [e["status"] for e in world.entries(found)].count(status) == times
    assert long_waits(world) == sorted(long_waits(world))


def test_a_page_that_is_cut_off_is_asked_for_again(world: World, okta: Okta, base: str) -> None:
    sometimes(okta, 2, lambda: Reply(200, b'[{"id": "00u2", "status": "ACTIVE"}]', cut=10))

    found = pull(world, base)

    assert (found.certificate.verdict, len(found.people), found.certificate.retries) == ("complete", 5, 2)


def test_a_page_that_is_always_cut_off_makes_the_pull_partial(world: World, okta: Okta, base: str) -> None:
    sometimes(okta, 1_000, lambda: Reply(200, b"[{}]", cut=2))

    found = pull(world, base)

    assert found.certificate.reasons[0] == (
        "users: Okta could not be read: the connection failed (RemoteProtocolError), 8 times. Pull again later."
    )
    assert found.certificate.streams[0].rows == 2


def test_nobody_there_is_partial_and_nothing_is_raised(world: World) -> None:
    found = pull(world, "http://127.0.0.1:1")

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0].startswith(
        "users: Okta could not be read: the connection failed (ConnectError)"
    )
    assert [s.done for s in found.certificate.streams] == [False, False]


def test_little_left_of_the_limit_slows_the_pull_down(world: World, okta: Okta, base: str) -> None:
    def nearly_out(here: str, following: str | None) -> list[tuple[str, str]]:
        limits = {"Limit": "600", "Remaining": "10", "Reset": str(int(NOW.timestamp()) + 39)}
        more = [("Link", f'<{following}>; rel="next"')] if following else []
        return more + [(f"X-Rate-Limit-{name}", value) for name, value in limits.items()]

    okta.links = nearly_out

    found = pull(world, base)

    # 39 s and one more until the limit is new, for ten calls that are left: 4 s between two.
    assert found.certificate.verdict == "complete"
    assert 2.0 < max(world.waits) <= 4.0


def test_what_was_answered_before_a_failure_is_kept(world: World, okta: Okta, base: str) -> None:
    sometimes(okta, 1_000, lambda: Reply(500, b"gone"))

    found = pull(world, base)

    assert [e["status"] for e in world.entries(found)] == [200, *[500] * 8]
    assert found.certificate.verdict == "partial"
