"""What every source promises, asked of each: a file, Okta (ours and the independent stand-in), AWS (ours and moto)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from bot.sources.certificate import reverify
from tests.sources.iam import Iam, account
from tests.sources.okta import Okta, organisation
from tests.sources.world import NOW, STAFF, World, collection_of
from tests.support.node import running_emulate
from workflows.kernel.identity import Directory, Pull
from workflows.kernel.jcs import canonical
from workflows.kernel.ports import SourceFailed
from workflows.kernel.program import SourceConfig

SECRET = "00SecretTokenOfDana"
SEED = {
    "tokens": {SECRET: {"login": "dana@acme.test", "scopes": ["okta.users.read"]}},
    "okta": {
        "users": [
            {"okta_id": "00umaya", "login": "maya@acme.test", "email": "maya@acme.test", "first_name": "Maya",
             "last_name": "Chen", "status": "ACTIVE"}
        ],
        "groups": [{"okta_id": "00gadm", "name": "admins"}],
        "group_memberships": [{"group_okta_id": "00gadm", "user_okta_id": "00umaya"}],
    },
}  # fmt: skip


@dataclass
class Case:
    """A source that works, where it is, and how to take it away."""

    config: SourceConfig
    base: str | None
    break_it: Callable[[], None]


@pytest.fixture(params=["csv", "okta", "okta stand-in", "aws", "aws moto"])
def case(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Each source with at least one account and one line."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with ExitStack() as stack:
        yield _CASES[request.param](world, stack, monkeypatch)


def _csv(world: World, _stack: ExitStack, _patch: pytest.MonkeyPatch) -> Case:
    path = world.folder / "figma.csv"
    path.write_text("login,role\nmaya@acme.test,admin\n", encoding="utf-8")
    settings = {"file": "figma.csv", "columns": {"login": "login", "entitlement": "role"}, "as_of": "pulled"}
    return Case(SourceConfig(id="s", kind="csv", system="S", settings=settings), None, path.unlink)


def _okta(_world: World, stack: ExitStack, _patch: pytest.MonkeyPatch) -> Case:
    okta = Okta()
    base = stack.enter_context(organisation(okta))
    return Case(SourceConfig(id="s", kind="okta", system="S", directory=True), base, okta.users.clear)


def _stand_in(world: World, stack: ExitStack, _patch: pytest.MonkeyPatch) -> Case:
    running = stack.enter_context(ExitStack())
    base = running.enter_context(running_emulate("okta", SEED, world.folder)).url
    settings = {"reviews": ["groups"]}
    return Case(SourceConfig(id="s", kind="okta", system="S", directory=True, settings=settings), base, running.close)


def _aws(_world: World, stack: ExitStack, _patch: pytest.MonkeyPatch) -> Case:
    iam = Iam()
    base = stack.enter_context(account(iam))
    return Case(SourceConfig(id="s", kind="aws", system="S"), base, iam.users.clear)


def _moto(_world: World, stack: ExitStack, patch: pytest.MonkeyPatch) -> Case:
    stack.enter_context(mock_aws())
    iam = boto3.client("iam", region_name="us-east-1")
    iam.create_user(UserName="maya", Tags=[{"Key": "email", "Value": "maya@acme.test"}])
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    policy = iam.create_policy(PolicyName="everything", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="maya", PolicyArn=policy)
    iam.create_access_key(UserName="maya")

    def leave() -> None:
        iam.detach_user_policy(UserName="maya", PolicyArn=policy)
        for key in iam.list_access_keys(UserName="maya")["AccessKeyMetadata"]:
            iam.delete_access_key(UserName="maya", AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName="maya")

    return Case(SourceConfig(id="s", kind="aws", system="S"), None, leave)


_CASES: dict[str, Callable[[World, ExitStack, pytest.MonkeyPatch], Case]] = {
    "csv": _csv, "okta": _okta, "okta stand-in": _stand_in, "aws": _aws, "aws moto": _moto,
}  # fmt: skip


def pull(world: World, case: Case, previous: Pull | None = None) -> Pull:
    directory = Directory(people={}) if case.config.directory else STAFF
    return world.pull(case.config, case.base, directory=directory, previous=previous)


def test_a_good_pull_is_complete_and_all_that_it_names_is_in_the_vault(world: World, case: Case) -> None:
    found = pull(world, case)

    certificate = found.certificate
    assert certificate.verdict == "complete", certificate.reasons
    assert certificate.streams
    assert all(s.done for s in certificate.streams)
    for digest in (certificate.raw_sha256, certificate.lines_sha256, certificate.accounts_sha256):
        assert world.vault.has(digest)
    assert world.vault.get(found.certificate_sha256) == canonical(certificate.model_dump(mode="json"))
    assert reverify(certificate, world.raw(found)) == []


def test_accounts_and_lines_are_whole_and_in_order(world: World, case: Case) -> None:
    found = pull(world, case)

    keys = [line.key for line in found.lines]
    assert found.lines
    assert keys == sorted(set(keys))
    assert [a.native_id for a in found.accounts] == sorted({a.native_id for a in found.accounts})
    assert {line.account.native_id for line in found.lines} <= {a.native_id for a in found.accounts}
    rows = world.vault.get(found.certificate.lines_sha256).splitlines()
    assert [hashlib.sha256(row).hexdigest() for row in rows] == [line.shown() for line in found.lines]
    assert found.certificate.counts["lines"] == len(rows)


def test_unknown_is_null_with_a_reason_in_every_account(world: World, case: Case) -> None:
    found = pull(world, case)

    for row in world.vault.get(found.certificate.accounts_sha256).splitlines():
        account_row = json.loads(row)
        for field in ("active", "mfa", "email_verified"):
            assert account_row[field] in (True, False, None)
            assert (account_row[field] is None) == (field in account_row["unknown"])


def test_pulling_twice_gives_the_same_normalised_digests(world: World, case: Case) -> None:
    first, second = pull(world, case), pull(world, case)

    assert first.certificate.accounts_sha256 == second.certificate.accounts_sha256
    assert first.certificate.lines_sha256 == second.certificate.lines_sha256


def test_no_secret_is_in_anything_that_is_kept(world: World, case: Case) -> None:
    pull(world, case)

    assert [digest for digest, data in world.vault.kept.items() if SECRET.encode() in data] == []
    assert SECRET not in " ".join(world.heard)


def test_a_source_that_goes_away_is_partial_with_a_reason_and_raises_nothing(world: World, case: Case) -> None:
    before = pull(world, case)
    case.break_it()

    found = pull(world, case, before)

    assert found.certificate.verdict == "partial"
    assert all(reason.endswith(".") for reason in found.certificate.reasons)
    assert reverify(found.certificate, world.raw(found)) == []


def test_the_probe_is_one_sentence_or_says_how_to_mend_it(world: World, case: Case) -> None:
    assert world.open(case.config, case.base).probe().endswith(".")
    case.break_it()

    try:
        said = world.open(case.config, case.base).probe()
    except SourceFailed as failed:
        said = str(failed)

    assert said.endswith(".")


def test_the_certificate_says_who_when_and_from_where(world: World, case: Case) -> None:
    found = pull(world, case)

    certificate = found.certificate
    assert (certificate.source, certificate.system, certificate.code) == ("s", "S", "attester 0.1.0")
    assert (certificate.started_by, certificate.connector) == ("a test", case.config.kind)
    assert certificate.host
    assert certificate.credential
    assert certificate.started_at == NOW
    assert certificate.as_of <= certificate.started_at <= certificate.ended_at
    assert certificate.directory == ("" if case.config.directory else STAFF.digest)
    assert collection_of(found).verdict == "complete"
