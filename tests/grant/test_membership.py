"""Both adapters keep one promise, against stand-ins that are not ours (`emulate`) and against ours, which also break."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.clock import SystemClock
from bot.github.client import GitHub
from bot.github.team import GitHubTeam
from bot.github.token import Tokens
from bot.sources.okta.membership import OktaGroup
from tests.deploy.github import APP, GitHubTwin, running_github
from tests.sources.okta import GROUPS_TOKEN, Okta, organisation, user
from tests.sources.server import Reply, Request, running
from tests.sources.world import TOKEN
from tests.support.node import running_emulate
from workflows.kernel.granting import Membership, NotNow, Unwilling
from workflows.kernel.ports import SourceFailed

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Team = Callable[[str, str, str], GitHubTeam]
GROUP, MEMBER, STRANGER = "00goncall", "00ulena", "00unobody"


@dataclass
class System:
    """A system with one group, who is in it, and somebody it knows and somebody it does not."""

    group: Membership
    members: Callable[[], set[str]]
    member: str
    stranger: str


def now() -> datetime:
    return NOW


@pytest.fixture
def github() -> Iterator[GitHubTwin]:
    with running_github() as twin:
        twin.repository.teams["writers"] = set()
        twin.repository.organisation = {"lena-novak", "mayachen"}
        yield twin


@pytest.fixture
def okta() -> Iterator[Okta]:
    made = Okta()
    made.users = [user(MEMBER, "lena@acme.test")]
    made.groups, made.members = {GROUP: "oncall"}, {GROUP: []}
    with organisation(made):
        yield made


@pytest.fixture(scope="module")
def foreign_okta(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    person = {
        "okta_id": MEMBER,
        "login": "lena@acme.test",
        "email": "lena@acme.test",
        "first_name": "L",
        "last_name": "N",
    }
    seed = {
        "tokens": {GROUPS_TOKEN: {"login": "dana@acme.test", "scopes": ["okta.groups.manage"]}},
        "okta": {"users": [person], "groups": [{"okta_id": GROUP, "name": "oncall"}]},
    }
    with running_emulate("okta", seed, tmp_path_factory.mktemp("okta")) as emulate:
        yield emulate.url


@pytest.fixture
def foreign_github(github: GitHubTwin, tmp_path: Path) -> Iterator[str]:
    installed = {
        "installation_id": 4711, "account": "acme", "repository_selection": "all", "permissions": {"members": "write"}
    }  # fmt: skip
    app = {
        "app_id": int(APP), "slug": "attester", "name": "Attester", "private_key": github.pem,
        "permissions": {"members": "write"}, "installations": [installed],
    }  # fmt: skip
    people = [{"login": "lena-novak"}, {"login": "mayachen"}]
    acme = {"login": "acme", "members": [{"login": "mayachen"}]}
    with running_emulate("github", {"github": {"users": people, "orgs": [acme], "apps": [app]}}, tmp_path) as emulate:
        yield emulate.url


@pytest.fixture
def team() -> Iterator[Team]:
    with ExitStack() as after:

        def made(url: str, pem: str, name: str) -> GitHubTeam:
            github = GitHub(url, Tokens(APP, pem, SystemClock()))
            after.callback(github.close)
            return GitHubTeam(github, name, now)

        yield made


@pytest.fixture(params=["okta", "okta by emulate", "github", "github by emulate"])
def system(request: pytest.FixtureRequest, team: Team) -> System:
    if request.param == "okta":
        ours: Okta = request.getfixturevalue("okta")
        return System(
            OktaGroup(ours.base, GROUPS_TOKEN, GROUP, now), lambda: set(ours.members[GROUP]), MEMBER, STRANGER
        )
    if request.param == "okta by emulate":
        url = request.getfixturevalue("foreign_okta")
        return System(OktaGroup(url, GROUPS_TOKEN, GROUP, now), lambda: emulated_group(url), MEMBER, STRANGER)
    twin: GitHubTwin = request.getfixturevalue("github")
    if request.param == "github":
        members = twin.repository.teams["writers"]
        return System(team(twin.url, twin.pem, "acme/writers"), lambda: set(members), "lena-novak", "nobody")
    url = request.getfixturevalue("foreign_github")
    return System(team(url, twin.pem, "acme/members"), lambda: emulated_team(url), "lena-novak", "nobody")


def emulated_group(url: str) -> set[str]:
    return {row["id"] for row in fetched(f"{url}/api/v1/groups/{GROUP}/users", f"SSWS {GROUPS_TOKEN}")}


def emulated_team(url: str) -> set[str]:
    return {row["login"] for row in fetched(f"{url}/orgs/acme/teams/members/members", "")} - {"mayachen"}


def fetched(url: str, authorization: str) -> Any:
    return httpx.get(url, headers={"authorization": authorization} if authorization else {}).json()


def test_who_is_added_is_in_it_and_who_is_removed_is_not_and_a_second_time_changes_nothing(system: System) -> None:
    first = system.group.add(system.member)
    added = system.members()
    again = system.group.add(system.member)
    still = system.members()
    out = system.group.remove(system.member)
    gone = system.members()
    system.group.remove(system.member)

    assert (added, still, gone, system.members()) == ({system.member}, {system.member}, set(), set())
    for said in (first, again, out):
        file = json.loads(said.raw)
        assert system.member in file["asked"]
        assert file["at"] == NOW.isoformat()
        assert "authorization" not in said.raw.decode().lower()


def test_it_says_what_it_is_called_where_it_can_be_seen(system: System) -> None:
    assert system.group.look() in ("oncall", "acme/writers", "acme/members")


def test_a_group_that_okta_does_not_rule_and_a_team_that_is_not_there_are_said(
    okta: Okta, github: GitHubTwin, team: Team
) -> None:
    okta.groups["00geveryone"] = "Everyone"

    for group, why in (
        (OktaGroup(okta.base, GROUPS_TOKEN, "00geveryone", now), "not Okta's to change"),
        (OktaGroup(okta.base, GROUPS_TOKEN, "00gnone", now), "no such group"),
        (team(github.url, github.pem, "acme/none"), "no team acme/none"),
    ):
        with pytest.raises(Unwilling, match=why) as caught:
            group.look()
        assert caught.value.ours


def test_somebody_whom_the_system_does_not_know_is_a_no(system: System) -> None:
    with pytest.raises(Unwilling):
        system.group.add(system.stranger)

    assert system.members() == set()


@pytest.mark.parametrize("name", ["../../users/00ulena", "a/b?x=1#y", "..", "%2e%2e", "lena novak\r\nX-Evil: 1", ""])
def test_a_name_never_leads_anywhere_else(okta: Okta, github: GitHubTwin, team: Team, name: str) -> None:
    for group in (OktaGroup(okta.base, GROUPS_TOKEN, GROUP, now), team(github.url, github.pem, "acme/writers")):
        for act in (group.add, group.remove):
            try:
                act(name)
            except Unwilling:
                continue

    changed = [r.path for r in okta.asked if r.method != "GET"]
    assert all(path.startswith(f"/api/v1/groups/{GROUP}/users/") for path in changed)
    asked = [path for method, path in github.asked if method in ("PUT", "DELETE")]
    assert all(path.startswith("/orgs/acme/teams/writers/memberships/") for path in asked)
    assert okta.members[GROUP] == []


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [(429, [("Retry-After", "7")], 7.0), (500, [], 60.0), (503, [("Retry-After", "30")], 30.0), (504, [], 60.0)],
)
def test_an_okta_that_is_busy_or_down_is_asked_again_when_it_says(
    status: int, headers: list[tuple[str, str]], seconds: float
) -> None:
    with running(lambda _: Reply(status, b"", list(headers))) as base, pytest.raises(NotNow) as caught:
        OktaGroup(base, GROUPS_TOKEN, GROUP, now).add(MEMBER)

    assert caught.value.seconds == seconds


@pytest.mark.parametrize(
    ("reply", "says", "ours"),
    [
        (
            Reply(403, b'{"errorSummary":"You do not have permission"}'),
            "does not let the token change this group",
            True,
        ),
        (Reply(401, b'{"errorSummary":"Invalid token provided"}'), "refused the token", True),
        (Reply(404, b"<html>"), "knows no such group or user.", False),
        (
            Reply(400, b'{"errorSummary":"Api validation failed","errorCauses":[{"errorSummary":"A rule rules it."}]}'),
            "A rule rules it.",
            False,
        ),
        (Reply(302, b"", [("Location", "http://127.0.0.1:1/")]), "answered 302", False),
        (Reply(200, b"{}"), "answered 200", False),
        (Reply(400, b'{"errorSummary":["x"],"errorCauses":5}'), "answered 400.", False),
    ],
)
def test_an_okta_that_says_no_is_quoted(reply: Reply, says: str, ours: bool) -> None:
    with running(lambda _: reply) as base, pytest.raises(Unwilling, match=says) as caught:
        OktaGroup(base, GROUPS_TOKEN, GROUP, now).add(MEMBER)

    assert caught.value.ours is ours


def test_an_okta_that_is_not_there_is_waited_for() -> None:
    with pytest.raises(NotNow, match="could not be reached"):
        OktaGroup("http://127.0.0.1:1", GROUPS_TOKEN, GROUP, now).remove(MEMBER)


@pytest.mark.parametrize("url", ["http://acme.okta.com", "https://user@acme.okta.com", "https://acme.okta.com/path"])
def test_the_token_is_sent_to_no_address_that_is_not_an_organisations(url: str) -> None:
    with pytest.raises(SourceFailed):
        OktaGroup(url, GROUPS_TOKEN, GROUP, now)


def test_the_reading_token_cannot_change_anything(okta: Okta) -> None:
    with pytest.raises(Unwilling, match="does not let"):
        OktaGroup(okta.base, TOKEN, GROUP, now).add(MEMBER)


def test_whoever_is_outside_the_organisation_is_invited_and_counts_as_not_added(github: GitHubTwin, team: Team) -> None:
    with pytest.raises(Unwilling, match="was invited") as caught:
        team(github.url, github.pem, "acme/writers").add("outsider")

    assert not caught.value.ours
    assert github.repository.teams["writers"] == set()


def test_a_maintainer_who_is_in_the_team_is_left_one(github: GitHubTwin, team: Team) -> None:
    github.repository.teams["writers"] = {"mayachen"}

    team(github.url, github.pem, "acme/writers").add("mayachen")

    assert [method for method, path in github.asked if "memberships" in path] == ["GET"]


@pytest.mark.parametrize(
    ("fault", "kind"), [(500, NotNow), (502, NotNow), ("cut", NotNow), (403, Unwilling), (422, Unwilling)]
)
def test_a_github_that_breaks_or_says_no_is_told_apart(
    github: GitHubTwin, team: Team, fault: int | str, kind: type[Exception]
) -> None:
    github.faults = [0, fault]  # the first answer is to the question whether they are in it

    with pytest.raises(kind):
        team(github.url, github.pem, "acme/writers").add("lena-novak")


def test_a_team_that_the_app_may_not_see_is_never_taken_for_one_without_them(github: GitHubTwin, team: Team) -> None:
    with pytest.raises(Unwilling, match="no team acme/secret") as caught:
        team(github.url, github.pem, "acme/secret").remove("lena-novak")

    assert caught.value.ours


def test_an_organisation_without_the_app_is_a_no(github: GitHubTwin, team: Team) -> None:
    with pytest.raises(Unwilling, match="installation answered 40"):
        team(github.url, github.pem, "other/writers").add("lena-novak")


def test_a_request_is_one_and_to_one_host(okta: Okta) -> None:
    seen: list[Request] = []
    okta.faults.append(lambda request: seen.append(request))

    OktaGroup(okta.base, GROUPS_TOKEN, GROUP, now).add(MEMBER)

    assert [(r.method, r.path) for r in seen] == [("PUT", f"/api/v1/groups/{GROUP}/users/{MEMBER}")]
