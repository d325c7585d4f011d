"""Any pipeline asks over a signed webhook, comes back for the answer, and is never called back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.hook.signature import signature
from tests.deploy.house import HOOK_SECRET, MAYA, RAVI, House, house

COMMIT = "1" * 40


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme")) as made:
        yield made


def waits(number: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "repository": "acme/billing", "environment": "production", "commit": COMMIT,
        "requester": "lena-novak", "authors": ["lena@acme.test"], "title": "Round invoices once",
        "url": "https://ci.acme.test/billing/41", **more,
    }  # fmt: skip


def test_a_pipeline_asks_polls_is_told_yes_once_and_says_how_it_went(acme: House) -> None:
    sent = acme.hook(waits("build-41"))
    case = sent.json()["case"]
    acme.settle()
    waiting = acme.poll("build-41").json()
    card = str(acme.card(RAVI, case))
    acme.press(RAVI, case, "approve")
    acme.settle()
    told = [acme.poll("build-41").json() for _ in range(3)]
    ended = acme.hook({"id": "build-41", "outcome": "success"})

    assert sent.status_code == 202
    assert case == "approval/deploy/hook/jenkins/build-41"
    assert sent.json()["poll"] == "/hooks/jenkins/build-41"
    assert waiting == {"state": "waiting", "attestation": None}
    assert "Round invoices once" in card
    assert "Lena Novak" in card
    assert told == [{"state": "approved", "attestation": acme.state(case).decisions[0].attestation}] * 3
    assert acme.names(case).count("deploy_released") == 1
    assert ended.status_code == 200
    assert acme.state(case).over


def test_the_same_id_again_is_the_same_case_and_for_another_commit_it_is_refused(acme: House) -> None:
    first = acme.hook(waits("build-42"))

    again = acme.hook(waits("build-42"))
    other = acme.hook(waits("build-42", commit="2" * 40))

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 409)
    assert again.json()["case"] == first.json()["case"]
    assert "Send a new id" in other.json()["error"]
    assert acme.names(first.json()["case"]).count("approval_requested") == 1


def test_a_refusal_and_a_lapse_are_told_as_such(acme: House) -> None:
    refused = acme.hook(waits("build-43", environment="Production", repository="Acme/Billing")).json()["case"]
    acme.settle()
    acme.refuse(MAYA, refused, "Not before the freeze is over.")
    acme.settle()
    lapsed = acme.hook(waits("build-44")).json()["case"]
    acme.stage.pass_time(timedelta(hours=25))

    assert acme.poll("build-43").json()["state"] == "refused"
    assert acme.names(refused)[-1] == "deploy_rejected"
    assert acme.poll("build-44").json()["state"] == "lapsed"
    assert "freeze" not in acme.poll("build-43").text
    assert acme.state(lapsed).told == "rejected"
    acme.stage.product.puller.pull("people", "test")


def test_a_newer_question_about_the_environment_supersedes_the_older(acme: House) -> None:
    first = acme.hook(waits("build-45")).json()["case"]

    acme.hook(waits("build-46", commit="3" * 40))

    assert acme.state(first).status == "superseded"
    assert acme.poll("build-45").json()["state"] == "superseded"


def test_unknown_people_make_it_refusable_only(acme: House) -> None:
    case = acme.hook(waits("build-47", requester="somebody", authors=["lena@acme.test", "else"])).json()["case"]
    acme.settle()

    card = str(acme.card(RAVI, case))

    assert "attester:approve" not in card
    assert "attester:refuse" in card
    assert "It can only be refused" in card
    assert acme.state(case).request.deploy.unknown == ("somebody", "else")  # type: ignore[union-attr]


@pytest.mark.parametrize("more", [{"repository": "acme/payments"}, {"environment": "staging"}, {"repository": "x"}])
def test_a_hook_asks_about_the_environments_that_the_program_gives_it_and_no_others(
    acme: House, more: dict[str, str]
) -> None:
    answer = acme.hook(waits("build-48", **more))

    assert answer.status_code == 422
    assert answer.json()["code"] == "no_such_environment"
    assert acme.stage.product.record.head("approval/deploy/hook/jenkins/build-48") is None


def test_an_environment_of_a_hook_is_no_matter_of_githubs(acme: House) -> None:
    acme.github.run("500")
    payload = acme.github.payload("500")

    acme.deliver({**payload, "repository": {**payload["repository"], "full_name": "acme/billing"}})
    acme.settle()

    assert acme.outcomes()[-1].startswith(("refused", "rejected"))


def unsigned(acme: House) -> list[httpx.Response]:
    """Requests that are not the hook's."""
    raw, now = b'{"id": "build-49"}', int(time.time())
    url = f"{acme.stage.web}/hooks/jenkins"

    def sent(stamp: str, mac: str, body: bytes = raw, to: str = url) -> httpx.Response:
        headers = {"content-type": "application/json", "x-attester-timestamp": stamp, "x-attester-signature": mac}
        return httpx.post(to, content=body, headers=headers, timeout=10)

    good = signature(HOOK_SECRET, str(now), raw)
    return [
        sent(str(now), good, raw + b" "),
        sent(str(now + 1), good),
        sent(str(now), signature("wrong" * 8, str(now), raw)),
        sent(str(now - 301), signature(HOOK_SECRET, str(now - 301), raw)),
        sent(str(now + 400), signature(HOOK_SECRET, str(now + 400), raw)),
        sent("", good),
        sent("NaN", good),
        sent(str(now), ""),
        sent(str(now), good, to=f"{acme.stage.web}/hooks/gitlab"),
        sent(str(now), good, to=f"{acme.stage.web}/hooks/..%2f"),
    ]


def test_what_is_not_signed_or_not_fresh_is_answered_401_and_empty(acme: House) -> None:
    answers = unsigned(acme)

    assert [a.status_code for a in answers[:-1]] == [401] * 9
    assert answers[-1].status_code in (401, 404)
    assert all(a.text == "" for a in answers[:-1])


def test_a_question_is_signed_for_one_deployment_only(acme: House) -> None:
    acme.hook(waits("build-50"))
    stamp = str(int(time.time()))
    headers = {
        "x-attester-timestamp": stamp, "x-attester-signature": signature(HOOK_SECRET, stamp, b"/hooks/jenkins/build-50"),
    }  # fmt: skip

    mine = httpx.get(f"{acme.stage.web}/hooks/jenkins/build-50", headers=headers, timeout=10)
    other = httpx.get(f"{acme.stage.web}/hooks/jenkins/build-51", headers=headers, timeout=10)

    assert (mine.status_code, other.status_code) == (200, 401)
    assert acme.poll("build-999").status_code == 404


WRONG: list[tuple[Any, str]] = [
    ([], "body"),
    ({}, "id"),
    (waits("x", commit="main"), "commit"),
    (waits("x", authors=[]), "authors"),
    (waits("x", requester=""), "requester"),
    (waits("x", url="javascript:alert(1)"), "url"),
    (waits("x", url="https://user@evil.test/"), "url"),
    (waits("x", title="a\u202eb"), "title"),
    (waits("x", title="a\x00b"), "title"),
    (waits("x/../y"), "id"),
    (waits("x" * 65), "id"),
    (waits("x", callback="https://evil.test"), "callback"),
    (waits("x", authors=[{"a": 1}]), "authors"),
    ({"id": "build-41", "outcome": "great"}, "outcome"),
]


@pytest.mark.parametrize(("body", "where"), WRONG)
def test_a_request_of_another_shape_is_refused_with_where_it_is_wrong(acme: House, body: Any, where: str) -> None:
    answer = acme.hook(body)

    assert answer.status_code == 400
    assert where in answer.json()["error"]
    assert "evil" not in answer.text.replace("callback", "")


def test_names_that_would_be_mentions_are_inert_on_the_card(acme: House) -> None:
    case = acme.hook(waits("build-52", title="Fix <!channel> <https://evil.test|Approve>", requester="<@U1>")).json()[
        "case"
    ]
    acme.settle()

    card = str(acme.card(RAVI, case))

    assert "<!channel>" not in card
    assert "<https://evil" not in card
    assert "<@U1>" not in card


def test_an_outcome_before_the_answer_is_refused_and_for_nothing_asked_it_is_unknown(acme: House) -> None:
    acme.hook(waits("build-53"))

    early = acme.hook({"id": "build-53", "outcome": "success"})
    unknown = acme.hook({"id": "build-998", "outcome": "success"})

    assert (early.status_code, unknown.status_code) == (422, 404)
