"""AWS IAM: every page, every path, the root user; reconciled with the account's own count."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import pytest

from bot.sources.aws.connector import AwsConnector
from bot.sources.certificate import reverify
from bot.sources.certified import renormalised
from bot.sources.settings import AwsSettings
from tests.sources.iam import MADE, Iam, inline_xml, tags_xml, user_xml
from tests.sources.world import MAYA, NOW, RAVI, STAFF, World
from workflows.kernel.identity import LastUse, Line, Pull
from workflows.kernel.program import SourceConfig

AWS = SourceConfig(id="aws", kind="aws", system="AWS")


def attached(*names: str) -> str:
    """Managed policies of AWS's own, attached."""
    rows = (f"<PolicyName>{n}</PolicyName><PolicyArn>arn:aws:iam::aws:policy/{n}</PolicyArn>" for n in names)
    return f"<AttachedManagedPolicies>{''.join(f'<member>{row}</member>' for row in rows)}</AttachedManagedPolicies>"


READ = attached("ReadOnlyAccess")
EVERYTHING = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def pull(world: World, aws_base: str, **settings: Any) -> Pull:
    return world.pull(AWS.model_copy(update={"settings": settings}), aws_base)


def held(found: Pull) -> list[tuple[str, str, bool | None, tuple[str, ...]]]:
    return [(x.account.login, x.entitlement.name, x.entitlement.privileged, x.via) for x in found.lines]


def test_policies_are_read_by_every_path(world: World, iam: Iam, aws_base: str) -> None:
    groups = "<GroupList><member>ops</member><member>empty</member></GroupList>"
    own = inline_xml("UserPolicyList", "all", EVERYTHING)
    iam.users = [
        user_xml("maya", "AIDAMAYA", tags_xml(email="maya@acme.test") + groups + attached("AdministratorAccess") + own)
    ]
    iam.groups = "".join(
        f"<member><GroupName>{name}</GroupName><GroupId>{key}</GroupId>{more}</member>"
        for name, key, more in (
            ("ops", "AGPAOPS", attached("AdministratorAccess", "ReadOnlyAccess")), ("empty", "AGPAEMPTY", ""),
        )
    )  # fmt: skip

    found = pull(world, aws_base)

    assert found.certificate.verdict == "complete", found.certificate.reasons
    assert sorted(held(found)) == [
        ("maya", "AdministratorAccess", True, ("direct", "group:ops")),
        ("maya", "ReadOnlyAccess", None, ("group:ops",)),
        ("maya", "all", True, ("direct",)),
        ("maya", "console password", None, ("direct",)),
        ("maya", "empty", None, ("direct",)),
    ]


def test_a_policy_of_the_companys_own_is_judged_by_its_document_and_kept_by_its_id(
    world: World, iam: Iam, aws_base: str
) -> None:
    arn = "arn:aws:iam::123456789012:policy/deploy"
    iam.users = [user_xml("maya", "AIDAMAYA", attached("x").replace("arn:aws:iam::aws:policy/x", arn))]
    versions = (
        f"<member><Document>{quote(EVERYTHING)}</Document><VersionId>v2</VersionId>"
        "<IsDefaultVersion>true</IsDefaultVersion></member>"
    )
    named = f"<PolicyId>ANPADEPLOY</PolicyId><Arn>{arn}</Arn>"
    iam.policies = f"<member>{named}<PolicyVersionList>{versions}</PolicyVersionList></member>"

    rights = {x.entitlement.native_id: x.entitlement.privileged for x in pull(world, aws_base).lines}

    assert rights["ANPADEPLOY"] is True


def test_all_pages_are_read_and_reconciled_with_the_accounts_own_count(world: World, iam: Iam, aws_base: str) -> None:
    iam.users = [user_xml(f"u{n}", f"AIDA{n:04}", READ) for n in range(7)]
    iam.report = []
    iam.generated = "2025-01-01T00:00:00Z"
    iam.page = 3

    found = pull(world, aws_base)

    users = found.certificate.streams[0]
    assert (users.pages, users.rows, users.expected, users.expected_from) == (3, 7, 7, "Users of get_account_summary")
    assert found.certificate.verdict == "complete"
    assert [a.get("Marker") for a in iam.asked if a["Action"] == "GetAccountAuthorizationDetails"] == [None, "3", "6"]


def test_a_count_that_differs_is_partial(world: World, iam: Iam, aws_base: str) -> None:
    iam.count = 2

    found = pull(world, aws_base)

    assert found.certificate.reasons[0].startswith("users: 1 rows, but 2 expected (Users of get_account_summary).")


def test_a_user_older_than_the_report_and_not_in_it_is_partial(world: World, iam: Iam, aws_base: str) -> None:
    iam.report = []
    iam.users = [user_xml("maya", "AIDAMAYA", READ)]

    found = pull(world, aws_base)

    assert found.certificate.reasons == (
        "report: maya is older than the credential report and not in it. Pull again in four hours.",
    )


def test_the_report_says_who_is_alive_and_when_used_and_how_old_it_all_is(
    world: World, iam: Iam, aws_base: str
) -> None:
    (maya,) = pull(world, aws_base).accounts

    assert (maya.active, maya.mfa, maya.person, maya.link) == (True, True, MAYA.id, "weak")
    assert maya.last_used.at == datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert pull(world, aws_base).certificate.as_of == datetime(2026, 10, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "active", "mfa", "used"),
    [
        ("false,N/A,false,false,N/A,false,N/A", False, False, LastUse(none_since=date(2026, 1, 2))),
        ("false,N/A,false,true,2026-05-05T00:00:00+00:00,false,N/A", True, False, LastUse(at=datetime(2026, 5, 5, tzinfo=UTC))),
        ("not_supported,not_supported,not_supported,false,N/A,false,N/A", None, None, LastUse()),
        ("true,no_information,true,false,N/A,false,N/A", True, True, LastUse(none_since=date(2026, 1, 2))),
    ],
)  # fmt: skip
def test_what_the_report_does_not_say_is_unknown(
    world: World, iam: Iam, aws_base: str, row: str, active: bool | None, mfa: bool | None, used: LastUse
) -> None:
    iam.users = [user_xml("maya", "AIDAMAYA", READ)]
    iam.report = [f"maya,arn,{MADE},{row}"]

    (maya,) = pull(world, aws_base).accounts

    assert (maya.active, maya.mfa, maya.last_used) == (active, mfa, used)


def test_a_user_whom_the_report_does_not_have_yet_is_unknown_in_every_fact_of_it(
    world: World, iam: Iam, aws_base: str
) -> None:
    iam.generated = "2025-12-31T00:00:00Z"
    iam.report = []
    iam.users = [user_xml("maya", "AIDAMAYA", READ)]

    (maya,) = pull(world, aws_base).accounts

    assert (maya.active, maya.mfa, maya.last_used) == (None, None, LastUse())
    assert {"active", "mfa", "last_used", "email", "kind"} <= set(maya.unknown)


def test_the_root_user_is_a_row_of_its_own_and_privileged(world: World, iam: Iam, aws_base: str) -> None:
    iam.report.append(
        f"<root_account>,arn:aws:iam::123456789012:root,{MADE},not_supported,2026-08-08T00:00:00+00:00,false,false,N/A,false,N/A"
    )

    found = pull(world, aws_base)

    root = next(x for x in found.lines if x.account.login == "<root_account>")
    assert root.key == ("AWS", "arn:aws:iam::123456789012:root", "root")
    assert (root.entitlement.privileged, root.account.active, root.account.mfa, root.account.link) == (
        True, True, False, "orphan",
    )  # fmt: skip


def test_each_access_key_is_a_line_with_its_own_use(world: World, iam: Iam, aws_base: str) -> None:
    iam.keys = {"maya": ["AKIAONE0000000000000", "AKIATWO0000000000000"]}
    iam.used = {"AKIAONE0000000000000": "2026-09-09T00:00:00Z"}

    found = pull(world, aws_base)

    keys: dict[str, Line] = {x.entitlement.native_id: x for x in found.lines if x.entitlement.resource == "access keys"}
    assert keys["AKIAONE0000000000000"].last_used == LastUse(at=datetime(2026, 9, 9, tzinfo=UTC))
    assert keys["AKIATWO0000000000000"].last_used == LastUse(none_since=date(2026, 1, 2))
    assert [s.name for s in found.certificate.streams] == ["users", "summary", "report", "keys", "key_use"]


def test_a_machine_is_owned_and_is_not_the_person_who_owns_it(world: World, iam: Iam, aws_base: str) -> None:
    iam.users = [
        user_xml("ci", "AIDACI", tags_xml(owner="ravi@acme.test", kind="Service") + READ),
        user_xml("ravi", "AIDARAVI", tags_xml(owner="ravi@acme.test") + READ),
    ]
    iam.report, iam.generated = [], "2025-01-01T00:00:00Z"

    found = pull(world, aws_base)

    assert [(a.login, a.kind, a.person, a.owner) for a in found.accounts] == [
        ("ci", "service", None, RAVI.id), ("ravi", "unknown", RAVI.id, RAVI.id),
    ]  # fmt: skip


def test_a_user_made_again_under_the_same_name_is_another_account(world: World, iam: Iam, aws_base: str) -> None:
    before = pull(world, aws_base).lines[0].key
    iam.users = [user_xml("maya", "AIDANEW")]

    after = pull(world, aws_base).lines[0].key

    assert (before[1], after[1]) == ("AIDAMAYA", "AIDANEW")


def test_the_raw_file_alone_gives_the_same_digests_again_and_holds_no_secret(
    world: World, iam: Iam, aws_base: str
) -> None:
    iam.keys = {"maya": ["AKIAONE0000000000000"]}
    found = pull(world, aws_base)

    connector = AwsConnector(AwsSettings(), aws_base, now=lambda: NOW, wait=lambda _: None, progress=lambda _: None)
    assert reverify(found.certificate, world.raw(found)) == []
    assert renormalised(found.certificate, world.raw(found), AWS, connector, STAFF) == []
    assert not [data for data in world.vault.kept.values() if b"SecretOfDana" in data]
    assert found.certificate.credential == "arn:aws:iam::123456789012:user/attester"
