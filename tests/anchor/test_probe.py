"""The probe of a bucket's immutability finds what a store does wrong, and claims nothing where it could not try."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from bot.vault import VaultUnusable
from bot.vault.probe import Checked, Probe, probe_client
from tests.anchor.bucket import Bucket, error

EIGHT = [
    "delete", "delete with bypass", "delete in batch", "wrong checksum", "shorten", "weaken", "read back",
    "suspend versioning",
]  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


def probed(bucket: Bucket) -> dict[str, Checked]:
    client = probe_client("vault-acme", bucket.url)
    found = Probe(client, "vault-acme", "attester/", now).run()
    assert [one.name for one in found] == EIGHT
    return {one.name: one for one in found}


def verdicts(bucket: Bucket) -> dict[str, str]:
    return {name: one.verdict for name, one in probed(bucket).items()}


def test_a_faithful_store_keeps_all_eight(bucket: Bucket) -> None:
    assert verdicts(bucket) == dict.fromkeys(EIGHT, "kept")

    left = [version for versions in bucket.objects.values() for version in versions]
    assert all(version.locked and (version.until - now()).total_seconds() <= 660 for version in left)
    assert bucket.versioning == "Enabled"


@pytest.mark.parametrize("fault", EIGHT)
def test_each_seeded_fault_is_found_and_no_other(bucket: Bucket, fault: str) -> None:
    bucket.fault = fault

    found = probed(bucket)

    assert [name for name, one in found.items() if one.verdict == "broken"] == [fault]
    assert [name for name, one in found.items() if one.verdict == "kept"] == [name for name in EIGHT if name != fault]
    assert bucket.versioning == "Enabled"  # also after a store let it be suspended


@pytest.mark.parametrize(
    ("forbidden", "unprovable"),
    [
        ({"delete", "batch"}, ["delete", "delete in batch"]),
        ({"bypass"}, ["delete with bypass"]),
        ({"delete", "batch", "bypass"}, ["delete", "delete with bypass", "delete in batch"]),
        ({"retention"}, ["shorten", "weaken"]),
        ({"versioning"}, ["suspend versioning"]),
    ],
)
def test_what_this_principal_may_do_nowhere_proves_nothing(
    bucket: Bucket, forbidden: set[str], unprovable: list[str]
) -> None:
    bucket.forbidden = frozenset(forbidden)

    found = verdicts(bucket)

    assert [name for name in EIGHT if found[name] == "not provable"] == unprovable
    assert "broken" not in found.values()


def test_a_fault_is_found_also_by_a_principal_whose_denials_prove_nothing(bucket: Bucket) -> None:
    bucket.forbidden = frozenset({"delete"})
    bucket.fault = "delete in batch"

    found = verdicts(bucket)

    assert (found["delete"], found["delete in batch"]) == ("not provable", "broken")


def test_a_bucket_that_locks_by_itself_gets_no_canary_that_stays_for_years(bucket: Bucket) -> None:
    bucket.default = True
    waits: list[float] = []
    probe = Probe(probe_client("vault-acme", bucket.url), "vault-acme", "", now, lambda seconds: waits.append(seconds))

    probe.run()

    assert waits == [5.0]
    assert all(version.mode for versions in bucket.objects.values() for version in versions)


def test_a_bucket_that_takes_nothing_is_not_probed(bucket: Bucket) -> None:
    bucket.forbidden = frozenset({"put"})

    with pytest.raises(
        VaultUnusable, match=r"took no locked, versioned object \(AccessDenied\), so it cannot be probed"
    ):
        Probe(probe_client("vault-acme", bucket.url), "vault-acme", "", now).run()


def test_a_store_that_answers_with_faults_of_its_own_is_not_called_kept(bucket: Bucket) -> None:
    client = probe_client("vault-acme", bucket.url)
    probe = Probe(client, "vault-acme", "", now)
    probe.run()
    bucket.trouble = [error(501, "NotImplemented")] * 40

    with pytest.raises(VaultUnusable, match="NotImplemented"):
        probe.run()


def test_moto_breaks_exactly_what_it_is_known_to_break(aws: None) -> None:
    with mock_aws():
        client = boto3.client("s3")
        where = {"LocationConstraint": "eu-central-1"}
        client.create_bucket(Bucket="vault-acme", ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where)

        found = Probe(client, "vault-acme", "", now).run()

    assert [one.name for one in found if one.verdict == "broken"] == [
        "wrong checksum", "shorten", "weaken", "suspend versioning",
    ]  # fmt: skip
    assert [one.name for one in found if one.verdict == "not provable"] == []
