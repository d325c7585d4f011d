"""Okta against an independent stand-in (`emulate`), which knows users, groups and assignments, and no limits or counts.

It cannot show: filters, deprovisioned people left out, cursors, `expand=stats`, groups of applications, roles, scopes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sources.certificate import reverify
from tests.sources.world import World
from tests.support.node import running_emulate
from workflows.kernel.identity import Directory, Pull
from workflows.kernel.program import SourceConfig

TOKEN = "ssws_test_token"
STAFF = [f"p{n:03}" for n in range(230)]
SEED = {
    "tokens": {TOKEN: {"login": "dana@acme.test", "scopes": ["okta.users.read"]}},
    "okta": {
        "users": [
            {"okta_id": f"00u{name}", "login": f"{name}@acme.test", "email": f"{name}@acme.test", "first_name": name,
             "last_name": "X", "status": "DEPROVISIONED" if name == "p007" else "ACTIVE"}
            for name in STAFF
        ],
        "groups": [{"okta_id": "00gadm", "name": "aws-prod-admins"}],
        "group_memberships": [
            {"group_okta_id": "00gadm", "user_okta_id": "00up001"}, {"group_okta_id": "00gadm", "user_okta_id": "00up007"},
        ],
        "apps": [{"okta_id": "0oaaws", "name": "amazon_aws", "label": "AWS", "sign_on_mode": "SAML_2_0"}],
        "app_assignments": [{"app_okta_id": "0oaaws", "user_okta_id": "00up001"}],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("emulate")
    with running_emulate("okta", SEED, folder) as emulate:
        yield emulate.url


def pull(world: World, base: str, *reviews: str) -> Pull:
    config = SourceConfig(id="okta", kind="okta", system="Okta", directory=True, settings={"reviews": reviews})
    return world.open(config, base, TOKEN).pull(Directory(people={}), None, "a test")


def test_everybody_is_read_over_its_pages_deprovisioned_people_included(world: World, base: str) -> None:
    found = pull(world, base, "groups")

    people = {p.login: p.employed for p in found.people if p.login.endswith("@acme.test")}
    assert found.certificate.verdict == "complete", found.certificate.reasons
    assert set(people) == {f"{name}@acme.test" for name in STAFF}
    assert people["p007@acme.test"] is False
    # It gives 30 rows a page, whatever was asked for.
    assert found.certificate.streams[0].pages == 8
    assert reverify(found.certificate, world.raw(found)) == []


def test_members_of_groups_are_lines_and_a_leaver_in_a_group_is_counted(world: World, base: str) -> None:
    found = pull(world, base, "groups")

    admins = [x.account.login for x in found.lines if x.entitlement.native_id == "00gadm"]
    assert admins == ["p001@acme.test", "p007@acme.test"]
    assert found.certificate.counts["leavers"] == 1


def test_a_list_that_it_does_not_have_makes_the_pull_partial_and_is_named(world: World, base: str) -> None:
    found = pull(world, base, "apps")

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0].startswith("app_groups: Okta knows no such list (404)")
    assert [x.account.login for x in found.lines if x.entitlement.name == "AWS"] == ["p001@acme.test"]


def test_the_probe_knows_whose_token_it_is(world: World, base: str) -> None:
    config = SourceConfig(id="okta", kind="okta", system="Okta", directory=True)

    assert "the token belongs to " in world.open(config, base, TOKEN).probe()
