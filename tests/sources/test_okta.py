"""Okta: everybody, deprovisioned people included; groups reconciled with Okta's own counts; unknown stays unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.sources.certificate import reverify
from bot.sources.certified import renormalised
from bot.sources.okta.connector import OktaConnector
from bot.sources.settings import OktaSettings
from tests.sources.okta import Okta, organisation, user
from tests.sources.world import NOW, TOKEN, World
from workflows.kernel.identity import Directory, Pull
from workflows.kernel.ports import SourceFailed
from workflows.kernel.program import SourceConfig


def config(**settings: Any) -> SourceConfig:
    return SourceConfig(id="okta", kind="okta", system="Okta", directory=True, settings=settings)


@pytest.fixture
def okta() -> Okta:
    return Okta()


@pytest.fixture
def base(okta: Okta) -> Iterator[str]:
    with organisation(okta) as url:
        yield url


def pull(world: World, base: str, **settings: Any) -> Pull:
    return world.pull(config(**settings), base, directory=Directory(people={}))


def test_everybody_and_every_access_is_read_and_certified(world: World, okta: Okta, base: str) -> None:
    found = pull(world, base)

    assert found.certificate.verdict == "complete", found.certificate.reasons
    assert [(p.id, p.employed, p.ended_on) for p in found.people] == [
        ("00umaya", True, None), ("00utom", False, date(2026, 9, 15)),
    ]  # fmt: skip
    assert [(x.account.native_id, x.entitlement.name, x.entitlement.resource, x.via) for x in found.lines] == [
        ("00umaya", "aws-prod-admins", "AWS", ("direct",)),
        ("00umaya", "AWS", "AWS", ("direct",)),
        ("00umaya", "Super Administrator", "Okta administration", ("direct",)),
        ("00utom", "aws-prod-admins", "AWS", ("direct",)),
    ]
    assert {(s.name, s.rows, s.expected, s.done) for s in found.certificate.streams} == {
        ("users", 2, None, True), ("groups", 1, None, True), ("group_users", 2, 2, True), ("apps", 1, None, True),
        ("app_users", 2, None, True), ("app_groups", 1, None, True), ("admins", 1, None, True),
        ("admin_roles", 1, None, True), ("users_changed", 0, None, True),
    }  # fmt: skip
    assert found.certificate.counts["leavers"] == 1


def test_the_raw_file_alone_gives_the_same_digests_again_and_holds_no_token(world: World, base: str) -> None:
    found = pull(world, base)

    connector = OktaConnector(
        OktaSettings(), base, TOKEN, now=lambda: NOW, wait=lambda _: None, progress=lambda _: None
    )
    assert reverify(found.certificate, world.raw(found)) == []
    assert renormalised(found.certificate, world.raw(found), config(), connector, Directory(people={})) == []
    assert not [digest for digest, data in world.vault.kept.items() if TOKEN.encode() in data]
    assert all(TOKEN not in json.dumps(entry) for entry in world.entries(found))
    assert TOKEN not in " ".join(world.heard)


def test_a_flipped_byte_or_another_configuration_is_named_when_it_is_read_again(world: World, base: str) -> None:
    found = pull(world, base)
    connector = OktaConnector(
        OktaSettings(expand_groups=True), base, TOKEN, now=lambda: NOW, wait=lambda _: None, progress=lambda _: None
    )

    said = renormalised(
        found.certificate, world.raw(found), config(expand_groups=True), connector, Directory(people={})
    )

    assert said == [
        "The source is configured otherwise than when it was pulled.",
        "lines.jsonl, made again from the raw file, is not the one that the certificate names.",
    ]


def test_an_application_held_through_a_group_is_a_line_where_the_program_wants_it(world: World, base: str) -> None:
    found = pull(world, base, reviews=["apps"], expand_groups=True)

    assert found.certificate.verdict == "complete"
    assert [(x.account.native_id, x.entitlement.name, x.via) for x in found.lines] == [
        ("00umaya", "AWS", ("direct", "group:aws-prod-admins")),
        ("00utom", "AWS", ("group:aws-prod-admins",)),
    ]


def test_a_directory_alone_asks_for_users_only(world: World, okta: Okta, base: str) -> None:
    found = pull(world, base, reviews=[])

    assert found.certificate.verdict == "complete"
    assert {r.path for r in okta.asked} == {"/api/v1/users"}
    assert (len(found.people), found.lines) == (2, ())


def test_the_managers_key_and_the_slack_user_are_profile_attributes(world: World, okta: Okta, base: str) -> None:
    okta.users = [
        user("1", "dana@acme.test", employeeNumber="007", slackId="U0DANA"),
        user("2", "maya@acme.test", boss="007", department="Eng", title="Lead", timezone="Europe/Berlin"),
    ]
    okta.members, okta.roles, okta.app_users = {}, {}, {}

    found = pull(world, base, reviews=[], manager="boss", manager_by="number", slack_user="slackId")

    dana, maya = found.people
    assert (maya.manager, dana.slack_user, maya.slack_user) == ("1", "U0DANA", None)
    assert (maya.department, maya.title, maya.time_zone) == ("Eng", "Lead", "Europe/Berlin")
    assert (maya.issuer, maya.name) == (base, "Maya X")


@pytest.mark.parametrize(
    ("status", "active", "employed"),
    [
        ("ACTIVE", True, True), ("LOCKED_OUT", True, True), ("PASSWORD_EXPIRED", True, True), ("RECOVERY", True, True),
        ("PROVISIONED", True, True), ("STAGED", False, None), ("SUSPENDED", False, None), ("DEPROVISIONED", False, False),
        ("HIBERNATING", None, None), (None, None, None), (7, None, None),
    ],
)  # fmt: skip
def test_a_status_is_read_word_for_word_and_a_new_one_is_unknown(
    world: World, okta: Okta, base: str, status: Any, active: bool | None, employed: bool | None
) -> None:
    okta.users[0]["status"] = status

    found = pull(world, base, reviews=["groups"])

    maya = next(a for a in found.accounts if a.native_id == "00umaya")
    assert found.certificate.verdict == "complete"
    assert (maya.active, found.people[0].employed) == (active, employed)
    assert maya.unknown.get("active") == ("absent" if active is None else None)


def test_strange_rows_are_kept_and_nothing_is_guessed(world: World, okta: Okta, base: str) -> None:
    okta.users = [
        {"id": "00unull", "profile": None},
        {
            "id": "00uodd",
            "status": ["ACTIVE"],
            "profile": {"login": 12345, "email": None, "firstName": {"a": 1}},
            "new": {},
        },
        user("00ubot", "Tom <!channel>", firstName='=HYPERLINK("http://x")', displayName="\u202e" + "x" * 499),
        user("00usur", "\ud83d broken"),
    ]
    okta.members = {"00gadm": ["00unull", "00uodd", "00ubot", "00usur"]}
    okta.app_users, okta.roles = {}, {}

    found = pull(world, base, reviews=["groups"])

    logins = {a.native_id: a.login for a in found.accounts}
    assert found.certificate.verdict == "complete", found.certificate.reasons
    assert logins == {"00unull": "", "00uodd": "12345", "00ubot": "Tom <!channel>", "00usur": "? broken"}
    assert len(found.lines) == 4
    assert next(p for p in found.people if p.id == "00unull").name == "00unull"
    assert next(a for a in found.accounts if a.native_id == "00unull").unknown["email"] == "absent"


@pytest.mark.parametrize("nameless", [{"profile": {"login": "ghost@acme.test"}}, {"id": ""}, {"id": 7}, {"id": "a\0b"}])
def test_a_row_without_a_usable_id_is_rejected_and_the_pull_partial(
    world: World, okta: Okta, base: str, nameless: dict[str, Any]
) -> None:
    okta.users.append(nameless)

    found = pull(world, base, reviews=["groups"])

    assert found.certificate.reasons == (
        "1 rows cannot be used: users: a row without a usable id. Mend them at the source.",
    )
    assert found.certificate.streams[0].rejected == 1


def test_a_group_whose_members_are_not_as_many_as_okta_says_is_partial_and_the_next_pull_heals_it(
    world: World, okta: Okta, base: str
) -> None:
    okta.counts = {"00gadm": 3}
    torn = pull(world, base)
    okta.counts = {}
    healed = pull(world, base)

    assert torn.certificate.reasons[0] == (
        "group_users: the group aws-prod-admins has 2 members here, Okta reports 3. "
        "It may have changed while it was read: pull again."
    )
    assert torn.certificate.reasons[1].startswith(
        "group_users: 2 rows, but 3 expected (usersCount of groups?expand=stats"
    )
    assert healed.certificate.verdict == "complete"


def test_two_wrong_counts_that_cancel_out_are_found_all_the_same(world: World, okta: Okta, base: str) -> None:
    okta.groups["00gdev"] = "dev"
    okta.members["00gdev"] = ["00umaya"]
    okta.counts = {"00gadm": 1, "00gdev": 2}

    found = pull(world, base)

    assert len(found.certificate.reasons) == 2
    assert found.certificate.verdict == "partial"


def test_a_member_whom_the_list_of_users_lacks_is_partial(world: World, okta: Okta, base: str) -> None:
    okta.members["00gadm"].append("00unew")

    found = pull(world, base)

    assert found.certificate.reasons == (
        "An access of account 00unew to 00gadm names an account or entitlement that the source did not list. Pull again.",
    )


def test_whoever_came_or_changed_while_the_pull_ran_is_read_once_more(world: World, okta: Okta, base: str) -> None:
    okta.members["00gadm"].append("00unew")
    okta.changed = [user("00unew", "lena@acme.test"), user("00umaya", "maya@acme.test", "SUSPENDED")]

    found = pull(world, base)

    assert found.certificate.verdict == "complete"
    assert {a.native_id: a.active for a in found.accounts} == {"00umaya": False, "00utom": False, "00unew": True}
    again = [r for r in okta.asked if r.path == "/api/v1/users"][-1]
    assert again.query["filter"] == 'lastUpdated gt "2026-10-03T06:10:00.000Z"'


def test_an_administrator_role_is_privileged_whatever_the_program_says(world: World, okta: Okta, base: str) -> None:
    okta.roles["00umaya"].append(
        {"id": "cr1", "type": "CUSTOM", "role": "cr0x", "label": "Help desk", "assignmentType": "GROUP"}
    )
    ruled = SourceConfig(
        id="okta", kind="okta", system="Okta", directory=True, ordinary=("role:*", "aws-*"),
        settings={"reviews": ["admin_roles", "groups"]},
    )  # fmt: skip

    found = world.pull(ruled, base, directory=Directory(people={}))

    rights = {x.entitlement.native_id: (x.entitlement.name, x.entitlement.privileged, x.via) for x in found.lines}
    assert rights == {
        "role:SUPER_ADMIN": ("Super Administrator", True, ("direct",)),
        "role:cr0x": ("Help desk", True, ("group",)),
        "00gadm": ("aws-prod-admins", False, ("direct",)),
    }


def test_the_group_of_everybody_is_not_privileged(world: World, okta: Okta, base: str) -> None:
    okta.groups = {"00gall": "Everyone"}
    okta.members = {"00gall": ["00umaya"]}

    (line,) = pull(world, base, reviews=["groups"]).lines

    assert line.entitlement.privileged is False


def test_facts_that_okta_does_not_list_are_unknown_with_the_reason(world: World, base: str) -> None:
    maya = pull(world, base).accounts[0]

    assert (maya.mfa, maya.unknown) == (None, {"email_verified": "not_offered", "mfa": "not_fetched"})
    assert maya.last_used.at == datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert (maya.link, maya.person) == ("certain", "00umaya")


def test_the_probe_says_who_the_token_is_and_how_to_mend_a_bad_one(world: World, okta: Okta, base: str) -> None:
    good = world.open(config(), base).probe()

    assert good == f"{base} answers; the token belongs to maya@acme.test and may list users."
    with pytest.raises(SourceFailed, match=r"Okta refused the token .*Make a new one"):
        world.open(config(), base, "00other").probe()
    with pytest.raises(SourceFailed, match="does not answer"):
        world.open(config(), "http://127.0.0.1:1").probe()


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("http://acme.okta.com", TOKEN, "is not https, and a token must not travel in the clear"),
        ("https://acme.okta.com/api/v1", TOKEN, "is no address of an Okta organisation"),
        ("https://user:pass@acme.okta.com", TOKEN, "is no address of an Okta organisation"),
        ("acme.okta.com", TOKEN, "is no address of an Okta organisation"),
        (None, TOKEN, "has no address. Set OKTA_CLIENT_ORGURL"),
        ("https://acme.okta.com", None, "has no token. Set OKTA_CLIENT_TOKEN"),
    ],
)
def test_an_address_that_a_token_must_not_be_sent_to_is_refused_before(
    world: World, url: str | None, token: str | None, said: str
) -> None:
    with pytest.raises(SourceFailed, match=said):
        world.open(config(), url, token)
