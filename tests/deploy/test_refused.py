"""What is not GitHub's, or not what it says it is: no case comes of it, and no request leaves for a place we did not choose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.deploy.github import COMMIT, RELEASED
from tests.deploy.house import House, house


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme")) as made:
        yield made


def cases(acme: House) -> list[str]:
    return [s.case for s in acme.stage.product.record.summaries() if s.case.startswith("approval/deploy/")]


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "sha256=" + "é" * 64, "SHA256=" + "0" * 64]
)
def test_a_webhook_with_a_wrong_hmac_is_answered_401_and_nothing_is_kept(acme: House, signature: str) -> None:
    acme.github.run("100")
    before = (cases(acme), acme.outcomes())

    body = json.dumps(acme.github.payload("100")).encode()
    headers = {
        b"content-type": b"application/json", b"x-github-event": b"deployment_protection_rule",
        b"x-github-delivery": b"72d3162e-cc78-11e3-81ab-4c9367dc0958", b"x-hub-signature-256": signature.encode(),
    }  # fmt: skip
    answer = httpx.post(f"{acme.stage.web}/github/events", content=body, headers=headers, timeout=10)
    acme.settle()

    assert answer.status_code == 401
    assert (cases(acme), acme.outcomes()) == before


def test_a_body_changed_by_one_byte_is_not_githubs(acme: House) -> None:
    acme.github.run("101")
    payload = acme.github.payload("101")

    answer = acme.deliver(payload, **{"x-hub-signature-256": "sha256=" + "a" * 64})

    assert answer.status_code == 401
    assert answer.text == ""


def test_a_replayed_delivery_and_a_second_delivery_of_the_same_make_no_second_case(acme: House) -> None:
    acme.github.run("102")
    payload, delivery = acme.github.payload("102"), "aaaaaaaa-cc78-11e3-81ab-4c9367dc0958"

    answers = [acme.deliver(payload, delivery=delivery).status_code for _ in range(3)]
    acme.settle()
    once = (cases(acme), acme.outcomes())
    again = acme.deliver(payload, delivery="bbbbbbbb-cc78-11e3-81ab-4c9367dc0958").status_code
    acme.settle()

    assert [*answers, again] == [202] * 4
    assert [c for c in cases(acme) if "/102/" in c] == ["approval/deploy/acme/payments/production/102/1"]
    assert len(acme.outcomes()) == len(once[1]) + 1
    assert acme.outcomes()[-1].startswith("known: ")
    assert acme.names("approval/deploy/acme/payments/production/102/1").count("approval_requested") == 1


PLACES = [
    "http://127.0.0.1:9/repos/acme/payments/actions/runs/103/deployment_protection_rule",
    "https://api.github.com.evil.test/repos/acme/payments/actions/runs/103/deployment_protection_rule",
    "{url}@evil.test/repos/acme/payments/actions/runs/103/deployment_protection_rule",
    "{url}/repos/acme/other/actions/runs/103/deployment_protection_rule",
    "{url}/repos/acme/payments/actions/runs/103/deployment_protection_rule?to=evil",
    "{url}/repos/acme/payments/actions/runs/../runs/103/deployment_protection_rule",
    "{url}/repos/acme/payments/actions/runs/103/cancel",
    "{url}/repos/acme/payments/actions/runs/0103/deployment_protection_rule",
    "javascript:alert(1)",
    "",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_callback_address_of_another_host_or_repository_makes_no_case_and_nothing_is_sent(
    acme: House, place: str
) -> None:
    acme.github.run("103")
    before = len(acme.github.asked)

    answer = acme.deliver(acme.github.payload("103", deployment_callback_url=place.format(url=acme.github.url)))
    acme.settle()

    assert answer.status_code == 202
    assert [c for c in cases(acme) if "/103/" in c] == []
    assert acme.outcomes()[-1].startswith("refused: its callback address")
    assert not [a for a in acme.github.asked[before:] if "/103" in a[1]]
    assert any("turned away" in alarm.detail for alarm in acme.stage.product.queue.alarms())


def test_where_the_run_is_of_another_commit_github_is_told_no_and_no_case_comes_of_it(acme: House) -> None:
    acme.github.run("104")
    payload = acme.github.payload("104")
    payload["deployment"]["sha"] = RELEASED

    acme.deliver(payload)
    acme.settle()

    assert [c for c in cases(acme) if "/104/" in c] == []
    [decision] = acme.github.decisions("104")
    assert decision["state"] == "rejected"
    assert acme.outcomes()[-1].startswith("rejected: ")


def test_an_environment_that_the_program_does_not_name_is_rejected_at_once(acme: House) -> None:
    acme.github.run("105")
    acme.github.repository.environments["staging"] = {}

    acme.deliver(acme.github.payload("105", environment="staging"))
    acme.settle()

    [decision] = acme.github.decisions("105")
    assert (decision["environment_name"], decision["state"]) == ("staging", "rejected")
    assert "does not name this environment" in decision["comment"]


def test_where_everybody_who_may_decide_wrote_it_github_is_told_no(acme: House) -> None:
    here = acme.github.repository
    before = here.compared[f"{RELEASED}...{COMMIT}"]
    both = {"message": "Together\n\nCo-authored-by: Ravi <ravi@acme.test>\nCo-authored-by: Maya <maya@acme.test>"}
    here.compared[f"{RELEASED}...{COMMIT}"] = [
        {**before[0], "sha": "c" * 40, "commit": {**before[0]["commit"], **both}}
    ]

    acme.github.run("106")
    acme.deliver(acme.github.payload("106"))
    acme.settle()
    here.compared[f"{RELEASED}...{COMMIT}"] = before

    [decision] = acme.github.decisions("106")
    assert decision["state"] == "rejected"
    assert not any(name in decision["comment"] for name in ("Ravi", "Maya", "Lena"))
    assert [c for c in cases(acme) if "/106/" in c] == []


OTHERS: list[dict[str, str]] = [
    {"x-github-event": "ping"}, {"x-github-event": "push"}, {"x-github-event": ""}, {"x-github-event": "x" * 300},
]  # fmt: skip


@pytest.mark.parametrize("headers", OTHERS)
def test_other_events_are_answered_204_and_change_nothing(acme: House, headers: dict[str, str]) -> None:
    before = acme.outcomes()

    answer = acme.deliver({"zen": "Keep it logically awesome."}, **headers)

    assert answer.status_code == 204
    assert acme.outcomes() == before


def test_an_action_of_another_name_is_answered_204(acme: House) -> None:
    acme.github.run("107")

    assert acme.deliver(acme.github.payload("107", action="completed")).status_code == 204


HOSTILE: list[tuple[Any, int]] = [
    ([], 400), ("text", 400), (None, 400), ({"action": "requested"}, 400),
    ({"action": "requested", "environment": {"a": 1}}, 400), ({"action": ["requested"]}, 204),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "status"), HOSTILE)
def test_a_payload_of_another_shape_is_refused_with_what_is_wrong(acme: House, payload: Any, status: int) -> None:
    answer = acme.deliver(payload)

    assert answer.status_code == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("wrong", ["", "short", "x" * 200, "../../etc", "72d3162e cc78"])
def test_a_delivery_without_an_id_is_refused(acme: House, wrong: str) -> None:
    acme.github.run("108")

    answer = acme.deliver(acme.github.payload("108"), **{"x-github-delivery": wrong})

    assert answer.status_code == 400


def test_a_request_that_cannot_be_githubs_is_turned_away_unread(acme: House) -> None:
    url = f"{acme.stage.web}/github/events"
    json_type = {"content-type": "application/json"}

    large = httpx.post(url, content=b" " * (1024 * 1024 + 1), headers=json_type, timeout=10)
    form = httpx.post(url, data={"payload": "{}"}, timeout=10)
    got = httpx.get(url, timeout=10)

    assert (large.status_code, form.status_code, got.status_code) == (413, 415, 405)
