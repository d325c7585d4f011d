"""What AWS refuses, delays or gets wrong: waited for, tried again, or partial with a sentence that mends it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sources.iam import Iam, error, user_xml
from tests.sources.server import Reply
from tests.sources.world import World
from workflows.kernel.identity import Pull
from workflows.kernel.ports import SourceFailed
from workflows.kernel.program import SourceConfig

AWS = SourceConfig(id="aws", kind="aws", system="AWS")


def pull(world: World, aws_base: str, **settings: Any) -> Pull:
    return world.pull(AWS.model_copy(update={"settings": settings}), aws_base)


def test_the_report_is_waited_for_and_given_up_with_a_sentence(world: World, iam: Iam, aws_base: str) -> None:
    iam.unready = 3
    late = pull(world, aws_base)
    iam.unready = 1_000
    never = pull(world, aws_base, report_tries=2)

    assert (late.certificate.verdict, world.waits[:3]) == ("complete", [1.0, 1.0, 1.0])
    assert (
        never.certificate.reasons[0] == "report: AWS did not finish the credential report. Pull again in a few minutes."
    )
    assert never.certificate.verdict == "partial"


@pytest.mark.parametrize(
    ("reply", "said", "lists"),
    [
        (error(403, "AccessDenied"), "users: the credential may not read this (AccessDenied). Allow it: iam:GetAccount", True),
        (error(403, "InvalidClientTokenId"), "users: AWS refused the credential (InvalidClientTokenId). Make a new", False),
        (Reply(200, b"<html>hello</html>", content_type="text/html"), "users: the answer is not one of AWS's", True),
        (Reply(400, b"not xml at all"), "users: the answer is not one of AWS's", True),
    ],
)  # fmt: skip
def test_a_refusal_is_partial_and_says_how_to_mend_it(
    world: World, iam: Iam, aws_base: str, reply: Reply, said: str, lists: bool
) -> None:
    iam.faults.append(lambda asked: reply if asked["Action"] == "GetAccountAuthorizationDetails" else None)

    found = pull(world, aws_base)

    assert found.certificate.verdict == "partial"
    assert [r for r in found.certificate.reasons if r.startswith(said)]
    assert any(a["Action"] == "GetAccountSummary" for a in iam.asked) == lists


def test_a_server_error_is_tried_again_and_every_answer_is_kept(world: World, iam: Iam, aws_base: str) -> None:
    left = [1]

    def once(asked: dict[str, str]) -> Reply | None:
        if asked["Action"] != "GetAccountSummary" or not left:
            return None
        left.pop()
        return error(500, "ServiceFailure")

    iam.faults.append(once)

    found = pull(world, aws_base)

    assert (found.certificate.verdict, found.certificate.retries) == ("complete", 1)
    assert [(e["status"], e["rows"]) for e in world.entries(found) if e["stream"] == "summary"] == [(500, 0), (200, 1)]


def test_markers_that_run_in_a_circle_are_partial(world: World, iam: Iam, aws_base: str) -> None:
    body = (
        "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><UserDetailList>"
        f"{user_xml('maya', 'AIDAMAYA')}</UserDetailList><IsTruncated>true</IsTruncated><Marker>x</Marker>"
        "</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
    )
    iam.faults.append(lambda a: Reply(200, body.encode()) if a["Action"] == "GetAccountAuthorizationDetails" else None)

    found = pull(world, aws_base)

    assert found.certificate.reasons[0] == "users: AWS says that there is more and does not say where. Pull again."
    assert (found.certificate.streams[0].done, found.certificate.streams[0].duplicates) == (False, 1)


def test_no_credential_is_partial_and_says_what_to_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(world.folder / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(world.folder / "none"))

    found = world.pull(AWS, "http://127.0.0.1:1")

    assert found.certificate.reasons[0] == (
        "account: AWS could not be asked (NoCredentialsError). "
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and look at the network."
    )
    with pytest.raises(SourceFailed, match="NoCredentialsError"):
        world.open(AWS, "http://127.0.0.1:1").probe()
